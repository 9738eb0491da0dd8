import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from lowrnn import InputError
from lowrnn.inference import Inference, InferenceSpec, infer

BOX = {"a": (-1.0, 1.0), "b": (-1.0, 1.0)}
TRUTH = {"a": 0.3, "b": -0.4}
OBSERVED = np.array([0.3, -0.4, 0.3, -0.4])


def specification(**given: Any) -> InferenceSpec:
    standard = {
        "parameters": BOX, "simulations": 800, "held_out": 150, "method": "abc", "quantile": 0.1,
        "predictive": 50, "draws": 400, "settings": {"failing": 0.5}, "noise": 0.0,
    }  # fmt: skip
    return InferenceSpec.model_validate(standard | given)


def test_results_and_resumption(simulators: ModuleType, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    spec = specification(settings={"failing": 0.5, "notes": str(notes)}, noise=0.05, quantile=0.3)
    run: dict[str, Any] = {"truth": TRUTH, "store": tmp_path / "store", "workers": 1}

    def stop(done: int, total: int, failed: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        infer(simulators.gaussian, spec, OBSERVED, **run, progress=stop)
    resumed = infer(simulators.gaussian, spec, OBSERVED, **run)
    assert len(notes.read_text().split()) == 800 + 50
    whole = infer(simulators.gaussian, spec, OBSERVED, truth=TRUTH, workers=1)
    np.testing.assert_array_equal(resumed.draws, whole.draws)

    results = json.loads(json.dumps(resumed.to_dict(), allow_nan=False))
    assert results["simulations"] == 800
    assert 150 < results["failed"] < 250
    assert results["status"]["blow-up"] == results["failed"]
    assert results["coverage_error"] < 0.2
    assert len(results["sbc_pvalues"]) == 2
    a, b = results["parameters"]
    assert (a["name"], a["truth"], b["truth"]) == ("a", 0.3, -0.4)
    assert a["q05"] < 0.3 < a["q95"]
    # Two observations with a noise of 0.2.
    assert a["sd"] == pytest.approx(0.2 / np.sqrt(2), rel=0.4)
    assert any("simulations failed (" in remark for remark in results["remarks"])


def test_selection_moves_the_posterior_to_where_students_fail(simulators: ModuleType) -> None:
    spec = {"settings": {"failing": 1.0, "sd": 0.5}, "simulations": 3000}
    means = {
        choice: infer(
            simulators.gaussian, specification(**spec, failures=choice), OBSERVED, workers=1
        ).draws[:, 0].mean()
        for choice in ("evidence", "selection")
    }  # fmt: skip
    grid = np.linspace(-1, 1, 2001)
    likelihood = np.exp(-((grid - 0.3) ** 2) / 0.5**2)
    exact = {"evidence": likelihood * (1 - grid) / 2, "selection": likelihood}
    for choice, p in exact.items():
        assert means[choice] == pytest.approx((p / p.sum()) @ grid, abs=0.09)
    assert means["selection"] > means["evidence"] + 0.05


def test_an_observation_that_no_rule_makes_is_reported(simulators: ModuleType) -> None:
    found = infer(simulators.gaussian, specification(settings={}), [1.6, -0.4, 1.6, 0.9], workers=1)
    said = " ".join(found.to_dict()["remarks"])
    assert "unusual for every rule in the prior" in said
    assert "of the posterior of a lies at the upper end of its prior" in said


def test_flows_in_two_rounds(simulators: ModuleType) -> None:
    pytest.importorskip("sbi")
    spec = specification(
        method="npe", rounds=2, simulations=900, settings={},
        flows={"members": 1, "transforms": 1, "hidden": 16, "embedding": 4, "epochs": 30,
               "learning_rate": 0.01},
    )  # fmt: skip
    with pytest.warns(UserWarning, match="raise epochs"):
        found: Inference = infer(simulators.gaussian, spec, OBSERVED, truth=TRUTH, workers=1)
    later = found.simulations.theta[450:]
    assert len(found.simulations) == 900
    # The second round is where the posterior of the first is.
    assert later.std(axis=0).mean() < 0.45
    np.testing.assert_allclose(found.draws.mean(axis=0), [0.3, -0.4], atol=0.12)
    np.testing.assert_allclose(found.draws.std(axis=0), 0.2 / np.sqrt(2), rtol=0.35)
    assert found.predictive.ratio < 0.6


def test_bad_requests_are_refused(simulators: ModuleType) -> None:
    with pytest.raises(InputError, match="truth names a: name the parameters a, b"):
        infer(simulators.gaussian, specification(), OBSERVED, truth={"a": 1}, workers=1)
    with pytest.raises(InputError, match="observed has 3 entries along axis 0: give 4"):
        infer(simulators.gaussian, specification(), OBSERVED[:3], workers=1)
