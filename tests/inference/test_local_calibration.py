from types import ModuleType

import numpy as np
import pytest

from lowrnn import InputError
from lowrnn.inference import calibrate, local_calibration

HERE = np.array([0.6, 2.0])


def probabilities(exact: ModuleType, seed: int, at: np.ndarray, **wrong: float) -> np.ndarray:
    """Of 300 simulations; the posterior is `wrong` only where the first summary is above 0.3."""
    tests = exact.simulations(300, seed=seed)
    draws = exact.Exact().sample(tests.x, 100, seed=seed)
    off = tests.x[:, 0] > 0.3
    draws[off] = exact.Exact(**wrong).sample(tests.x[off], 100, seed=seed)
    ranks = calibrate(tests.theta, draws, exact.PRIOR, seed=seed).ranks
    return local_calibration(ranks, draws.mean(axis=1), at, seed=seed)


def test_false_alarms_are_as_rare_as_they_should_be(exact: ModuleType) -> None:
    p = np.concatenate([probabilities(exact, seed, HERE) for seed in range(30)])
    # Of 60 tests; each of these has a probability of about 1e-3.
    assert (p < 0.05).sum() <= 9
    assert (p < 0.01).sum() <= 4
    assert abs(p.mean() - 0.5) < 0.12


@pytest.mark.parametrize("wrong", [{"shift": 0.7}, {"width": 0.5}, {"width": 2.0}])
def test_what_is_wrong_there_is_seen_there_alone(
    exact: ModuleType, wrong: dict[str, float]
) -> None:
    there = [probabilities(exact, seed, HERE, **wrong) for seed in range(5)]
    elsewhere = [probabilities(exact, seed, np.array([-0.8, 2.0]), **wrong) for seed in range(5)]
    assert np.median(there) < 0.002
    assert np.median(elsewhere) > 0.1


def test_far_from_all_simulations_the_nearest_count(exact: ModuleType) -> None:
    p = probabilities(exact, 1, np.array([50.0, 2.0]), shift=0.7)
    assert np.isfinite(p).all()
    assert p[0] < 0.01


def test_bad_ranks_are_refused() -> None:
    ranks = np.full((30, 2), 0.5)
    with pytest.raises(InputError, match="means has 3 entries along axis 1: give 2"):
        local_calibration(ranks, np.zeros((30, 3)), HERE)
    with pytest.raises(InputError, match="ranks has 10 tests: give at least 20"):
        local_calibration(ranks[:10], np.zeros((10, 2)), HERE)
