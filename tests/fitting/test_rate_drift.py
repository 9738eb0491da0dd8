"""Rates without their slow drift over trials."""

import numpy as np
import pytest

from lowrnn import InputError
from lowrnn.fitting.rate_drift import without_drift

TRIALS = 200
IDS = np.arange(TRIALS)


def test_drift_goes_and_what_differs_within_a_trial_or_between_conditions_stays():
    g = np.random.default_rng(0)
    course = g.standard_normal((10, 3)) + np.array([0.0, 2.0, 4.0])
    sign = np.where(IDS % 2, 1.0, -1.0)[:, None, None]
    signal = course - course.mean(axis=0) + sign * g.standard_normal(3)
    growing = signal * (1 + IDS / TRIALS)[:, None, None]
    drift = np.sin(2 * np.pi * IDS / TRIALS)[:, None] * [3.0, 0.0, -1.0]
    found = without_drift(growing + course.mean(axis=0) + drift[:, None], IDS, 5.0)
    inner = slice(15, -15)
    np.testing.assert_allclose(found[inner], (growing + course.mean(axis=0))[inner], atol=0.15)


def test_what_was_not_observed_lends_no_weight():
    rates = np.full((TRIALS, 4, 2), 3.0)
    rates[50:90, :, 0] = np.nan
    rates[:, :, 1] = np.nan
    np.testing.assert_allclose(without_drift(rates, IDS, 5.0), rates)


def test_gaps_between_trials_count():
    rates = np.where(np.arange(20) < 10, 0.0, 1.0)[:, None, None] * np.ones((20, 3, 1))
    together = without_drift(rates, np.arange(20), 10.0)
    apart = without_drift(rates, np.arange(20) + 1000.0 * (np.arange(20) >= 10), 10.0)
    np.testing.assert_allclose(apart, 0.5, atol=1e-9)
    assert np.ptp(together) > 0.3


def test_smoothness_of_nothing_is_refused():
    with pytest.raises(InputError, match="smoothness is 0"):
        without_drift(np.ones((3, 2, 1)), np.arange(3), 0.0)
