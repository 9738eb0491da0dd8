"""Trial factors as a Gaussian process."""

import numpy as np
import pytest

from lowrnn import InputError
from lowrnn.fitting.trial_factors import trial_process

IDS = np.array([0, 1, 2, 3, 5, 8, 9, 15, 30, 31])


def test_covariance_falls_with_the_distance_of_trials():
    process = trial_process([0, 15, 30, 45], smoothness=15, amplitude=0.2, jitter=0)
    correlation = process.smooth[0] / 0.2**2
    assert correlation == pytest.approx([1, 2 / 3, 1 / 3, 2 / 11])


def test_root_of_the_covariance():
    process = trial_process(IDS, amplitude=0.3, jitter=0.1)
    expected = process.smooth + 0.1**2 * np.eye(len(IDS))
    assert np.allclose(process.root @ process.root.T, expected, rtol=1e-5)


def test_many_close_trials_can_be_factorised():
    process = trial_process(np.arange(400), smoothness=60, jitter=0)
    assert np.isfinite(process.root).all()


def test_factors_may_jump_between_epochs():
    process = trial_process(IDS, IDS > 6)
    assert not process.smooth[np.ix_(IDS > 6, IDS <= 6)].any()
    assert (process.smooth[np.ix_(IDS > 6, IDS > 6)] > 0).all()


def test_without_smoothness_trials_are_independent():
    process = trial_process(IDS, smoothness=0, amplitude=0.3, jitter=0.4)
    assert np.allclose(process.root, 0.5 * np.eye(len(IDS)), rtol=1e-5)


def test_filter_is_the_conditional_mean():
    process = trial_process(IDS, amplitude=0.3, jitter=0.2)
    g = np.random.default_rng(0)
    smooth = np.linalg.cholesky(process.smooth + 1e-9 * np.eye(10)) @ g.standard_normal((10, 40000))
    factors = smooth + 0.2 * g.standard_normal(smooth.shape)
    regression = np.linalg.lstsq(factors.T, smooth.T)[0].T
    assert np.allclose(process.filter, regression, atol=0.02)


def test_uncertainty_goes_from_the_prior_to_what_jitter_leaves():
    process = trial_process(IDS, amplitude=0.3, jitter=0.2)
    scale = np.array([1.0, 2.0])
    without = process.smooth_sd(scale, np.zeros((10, 2)))
    assert without == pytest.approx(np.tile(0.3 * scale, (10, 1)), rel=1e-4)
    certain = process.smooth_sd(scale, np.full((10, 2), 1e12))
    left = np.sqrt(np.diag(process.smooth - process.filter @ process.smooth))
    assert certain == pytest.approx(left[:, None] * scale, rel=1e-3)


def test_uncertainty_of_noisy_factors():
    process = trial_process(IDS, amplitude=0.3, jitter=0.2)
    told = np.random.default_rng(1).uniform(1, 50, (10, 1))
    seen = process.covariance + np.diag(1 / told[:, 0])
    direct = process.smooth - process.smooth @ np.linalg.solve(seen, process.smooth)
    found = process.smooth_sd([1.0], told)
    assert found[:, 0] == pytest.approx(np.sqrt(np.diag(direct)), rel=1e-6)


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"smoothness": -1.0}, "smoothness is -1.0"),
        ({"amplitude": 0.0, "jitter": 0.0}, "amplitude and jitter are 0"),
        ({"epochs": [0, 1]}, "epochs has shape"),
    ],
)
def test_refuses(settings, match):
    with pytest.raises(InputError, match=match):
        trial_process(IDS, **settings)
