from types import ModuleType

import numpy as np
import pytest

from lowrnn import InputError
from lowrnn.inference import BoxPrior, Calibration, calibrate
from lowrnn.inference.verdict import calibration_verdict

TESTS = 500


def judged(exact: ModuleType, **wrong: float) -> Calibration:
    tests = exact.simulations(TESTS, seed=1)
    draws = exact.Exact(**wrong).sample(tests.x, 200)
    return calibrate(tests.theta, draws, exact.PRIOR)


def test_the_exact_posterior_is_calibrated(exact: ModuleType) -> None:
    found = judged(exact)
    assert found.calibrated
    assert (found.sbc_pvalues > 0.01).all()
    assert found.tarp_pvalue > 0.01
    assert abs(found.area_to_curve) < 0.04
    np.testing.assert_allclose(found.coverage, [[0.5] * 2, [0.8] * 2, [0.9] * 2], atol=0.08)
    assert found.coverage_error < 0.08
    # Variance explained is that not left in the posterior.
    np.testing.assert_allclose(found.r2, 1 - found.shrinkage**2, atol=0.08)
    (sentence,) = calibration_verdict(found, exact.PRIOR.names)
    assert sentence.startswith("The posterior is calibrated as far as 500 held-out")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"width": 0.5}, "too narrow"),
        ({"width": 2.0}, "too wide"),
        ({"shift": 0.7}, "too high"),
        ({"shift": -0.7}, "too low"),
    ],
)
def test_wrong_posteriors_are_told_in_plain_words(
    exact: ModuleType, wrong: dict[str, float], said: str
) -> None:
    found = judged(exact, **wrong)
    assert not found.calibrated
    first, *rest = calibration_verdict(found, exact.PRIOR.names)
    assert first.startswith("The posterior is NOT calibrated")
    assert len(rest) == 2
    assert all(said in sentence for sentence in rest)
    assert np.sign(found.area_to_curve) == (1 if said == "too wide" else -1)


def test_somewhat_wide_posteriors_are_told_by_coverage(exact: ModuleType) -> None:
    found = judged(exact, width=1.3)
    assert (found.parameter_pvalues < found.sbc_pvalues).all()
    assert not found.calibrated
    assert "too wide" in calibration_verdict(found, exact.PRIOR.names)[1]


def test_wrong_dependences_are_seen_in_joint_coverage_alone() -> None:
    prior = BoxPrior.of({"a": (-4, 4), "b": (-4, 4)})
    rng = np.random.default_rng(0)
    truth = np.clip(rng.multivariate_normal([0, 0], [[1, 0.97], [0.97, 1]], 800), -4, 4)
    draws = np.clip(rng.standard_normal((800, 200, 2)), -4, 4)
    found = calibrate(truth, draws, prior)
    assert (found.sbc_pvalues > 0.01).all()
    assert found.tarp_pvalue < 0.001
    said = calibration_verdict(found, prior.names)
    assert "The parameters together are not calibrated" in said[1]


def test_false_alarms_are_rare(exact: ModuleType) -> None:
    alarms = 0
    for seed in range(60):
        tests = exact.simulations(100, seed=seed)
        draws = exact.Exact().sample(tests.x, 50, seed=seed)
        alarms += not calibrate(tests.theta, draws, exact.PRIOR, seed=seed).calibrated
    # Each has a probability of about 0.02; more than 6 of 60 one of 0.0005.
    assert alarms <= 6


def test_few_tests_are_refused(exact: ModuleType) -> None:
    with pytest.raises(InputError, match="theta has 10 tests: give at least 20"):
        calibrate(np.zeros((10, 2)), np.zeros((10, 5, 2)), exact.PRIOR)
