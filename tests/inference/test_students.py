from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lowrnn import RNN, FullRank, InputError
from lowrnn.inference import BoxPrior, InferenceSpec, infer, run_campaign
from lowrnn.inference.students import simulate_students

PRIOR = BoxPrior.of(dict.fromkeys(("post", "pre", "post2", "hebb"), (-1, 1)))
SMALL = {"neurons": 24, "steps": 10, "epochs": 3, "record": 2}


def summaries(theta: np.ndarray, **settings: Any) -> np.ndarray:
    found = simulate_students({"theta": theta, "seeds": range(len(theta)), **SMALL, **settings})
    return np.asarray(found["x"])


def test_students_do_not_depend_on_their_batch() -> None:
    theta = PRIOR.sample(12, np.random.default_rng(0))
    one = run_campaign(simulate_students, theta, settings=SMALL, chunk=12, workers=1)
    other = run_campaign(simulate_students, theta, settings=SMALL, chunk=5, workers=1)
    np.testing.assert_array_equal(one.x, other.x)
    # Courses in 3 epochs, 2 conditions, 2 steps and 4 directions, and the overlap.
    assert one.x.shape == (12, 3 * 2 * 2 * 4 + 1)


def test_a_rule_that_does_nothing_leaves_the_start() -> None:
    still = {"g": 0.0, "spread": 0.0, "overlap": 0.7}
    nothing = summaries(np.zeros((1, 4)), **still)[0]
    # nᵀ J m / N of J = m nᵀ / N is the squared overlap.
    assert nothing[-1] == pytest.approx(0.49, abs=1e-5)
    first, middle, last = nothing[:-1].reshape(3, -1)
    np.testing.assert_allclose(first, last, atol=1e-6)
    np.testing.assert_allclose(first, middle, atol=1e-6)
    hebb = summaries(np.array([[0, 0, 0, 0.3]]), **still)[0]
    early, _, late = hebb[:-1].reshape(3, -1)
    np.testing.assert_allclose(early, first, atol=1e-6)
    assert np.abs(late - early).max() > 0.05


def test_saturated_students_are_said_to_be() -> None:
    job = {"theta": [[0, 0, 0, 1.0]], "seeds": [0], **SMALL, "rate": 50.0}
    assert simulate_students(job)["status"] == "saturated"
    assert simulate_students({**job, "keep_saturated": True})["status"] == "ok"


def test_bad_settings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="settings: neurons is 1"):
        summaries(np.zeros((1, 4)), neurons=1)
    with pytest.raises(InputError, match="terms"):
        summaries(np.zeros((1, 1)), terms=["X1R"])
    path = tmp_path / "full.safetensors"
    RNN(FullRank(np.eye(4)), np.ones((4, 2)), dt=0.02, tau=0.1).save(path)
    with pytest.raises(InputError, match="has full rank: give a low-rank one"):
        summaries(np.zeros((1, 4)), network=str(path))


@pytest.mark.slow
def test_hidden_rules_are_recovered() -> None:
    """Rows 16 and 18 of the plan: recovery and calibration of four coefficients."""
    pytest.importorskip("sbi")
    truth = {"post": 0.1, "pre": -0.3, "post2": 0.4, "hebb": 0.4}
    job = {"theta": [list(truth.values())], "seeds": [77]}
    observed = np.asarray(simulate_students(job)["x"])[0]
    spec = InferenceSpec.model_validate(
        {"parameters": PRIOR.to_dict(), "simulations": 4000, "held_out": 400, "chunk": 100}
    )
    found = infer(simulate_students, spec, observed, truth=truth)
    results = found.to_dict()
    assert (found.calibration.r2 > [0.85, 0.85, 0.3, 0.88]).all()
    np.testing.assert_allclose(found.calibration.coverage[-1], 0.9, atol=0.07)
    for parameter in results["parameters"]:
        assert abs(parameter["mean"] - parameter["truth"]) < 4 * parameter["sd"]
    assert results["predictive_ratio"] < 0.5
