from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from lowrnn import InputError
from lowrnn.inference import BoxPrior, Simulations, run_campaign

PRIOR = BoxPrior.of({"a": (-1, 1), "b": (-1, 1)})
THETA = PRIOR.sample(30, np.random.default_rng(0))


def test_results_do_not_depend_on_chunks_and_workers(simulators: ModuleType) -> None:
    one = run_campaign(simulators.gaussian, THETA, chunk=30, workers=1)
    other = run_campaign(simulators.gaussian, THETA[:20], chunk=7, workers=2)
    np.testing.assert_array_equal(one.x[:20], other.x)
    assert one.failed == 0
    later = run_campaign(simulators.gaussian, THETA, stream=1, workers=1)
    assert (later.x != one.x).all()


def test_nothing_runs_twice(simulators: ModuleType, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    settings = {"notes": str(notes)}
    store = tmp_path / "store"
    run = {"settings": settings, "store": store, "chunk": 10, "workers": 1}
    before = run_campaign(simulators.gaussian, THETA[:20], **run)
    after = run_campaign(simulators.gaussian, THETA, **run)
    np.testing.assert_array_equal(before.x, after.x[:20])
    ran = notes.read_text().split()
    assert len(ran) == len(set(ran)) == 30


def test_only_those_at_fault_are_lost(simulators: ModuleType) -> None:
    found = run_campaign(simulators.gaussian, THETA, settings={"wrong": 0.5}, chunk=10, workers=1)
    at_fault = THETA[:, 0] > 0.5
    assert 0 < at_fault.sum() < 20
    np.testing.assert_array_equal(found.status == "failed", at_fault)
    assert np.isnan(found.x[at_fault]).all()
    assert len(found.reasons) == 1
    assert "no such rule" in found.reasons[0]
    fine = run_campaign(simulators.gaussian, THETA, workers=1)
    np.testing.assert_array_equal(found.x[~at_fault], fine.x[~at_fault])


def test_a_student_that_kills_its_process_is_lost_alone(simulators: ModuleType) -> None:
    theta = np.array([[0.0, 0.0], [0.9, 0.0], [0.1, 0.2]])
    found = run_campaign(simulators.gaussian, theta, settings={"deadly": 0.5}, chunk=3, workers=2)
    assert found.status.tolist() == ["ok", "failed", "ok"]


def test_what_is_not_a_number_is_not_ok() -> None:
    found = Simulations(np.zeros((3, 1)), np.array([[1.0], [np.inf], [3.0]]), ["ok", "ok", "slow"])
    assert found.status.tolist() == ["ok", "non-finite", "slow"]
    assert found.counts() == {"ok": 1, "non-finite": 1, "slow": 1}
    assert found.failed == 2


def test_bad_campaigns_are_refused(simulators: ModuleType) -> None:
    with pytest.raises(InputError, match="1 statuses for 3 students"):
        run_campaign(simulators.short, THETA[:3], workers=1)
    with pytest.raises(InputError, match="simulator returned summaries: return x"):
        run_campaign(simulators.other, THETA[:3], workers=1)
    with pytest.raises(InputError, match="simulator failed for every student"):
        run_campaign(simulators.gaussian, THETA[:3], settings={"wrong": -2}, workers=1)
    with pytest.raises(InputError, match="settings has 'seeds'"):
        run_campaign(simulators.gaussian, THETA[:3], settings={"seeds": []}, workers=1)
    with pytest.raises(InputError, match="chunk is 0"):
        run_campaign(simulators.gaussian, THETA[:3], chunk=0, workers=1)
