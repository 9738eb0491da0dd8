import numpy as np
import pytest

from lowrnn.recordings import preprocess


def test_smooth_spreads_an_impulse_as_a_gaussian():
    rates = np.zeros((1, 81, 1))
    rates[0, 40, 0] = 1.0
    smoothed = preprocess.smooth(rates, 5.0)[0, :, 0]
    bins = np.arange(81) - 40
    expected = np.exp(-0.5 * (bins / 5) ** 2) / (5 * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(smoothed, expected, atol=2e-5)
    assert smoothed.sum() == pytest.approx(1.0)


def test_smooth_reflects_at_the_ends():
    rates = np.random.default_rng(0).normal(size=(2, 20, 3))
    mirrored = np.concatenate([rates[:, ::-1], rates, rates[:, ::-1]], axis=1)
    expected = preprocess.smooth(mirrored, 2.0)[:, 20:40]
    np.testing.assert_allclose(preprocess.smooth(rates, 2.0), expected)


def test_smooth_gives_no_weight_to_what_was_not_observed():
    rates = np.full((1, 30, 2), 4.0)
    rates[0, 10:14, 1] = np.nan
    smoothed = preprocess.smooth(rates, 3.0)
    np.testing.assert_array_equal(np.isnan(smoothed), np.isnan(rates))
    np.testing.assert_allclose(smoothed[~np.isnan(smoothed)], 4.0)


def test_mean_and_error_of_one_value_has_no_error():
    values = np.array([[1.0, 2.0, np.nan], [3.0, np.nan, np.nan]])
    mean, error = preprocess.mean_and_error(values)
    np.testing.assert_array_equal(mean, [2.0, 2.0, np.nan])
    np.testing.assert_array_equal(error, [1.0, np.nan, np.nan])
