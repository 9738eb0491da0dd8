"""Scores against what they are by hand."""

import numpy as np
import pytest

from lowrnn import InputError
from lowrnn.fitting import neuron_r2, r2


def test_the_mean_scores_nothing_and_the_truth_one():
    y = np.random.default_rng(0).standard_normal((4, 5, 3))
    assert r2(y, np.full_like(y, y.mean())) == pytest.approx(0)
    assert r2(y, y) == 1
    np.testing.assert_allclose(
        neuron_r2(y, np.broadcast_to(y.mean((0, 1)), y.shape)), 0, atol=1e-12
    )


def test_half_of_the_variance():
    y = np.array([[[-1.0], [1.0], [-1.0], [1.0]]])
    assert r2(y, y * (1 - np.sqrt(0.5))) == pytest.approx(0.5)


def test_missing_values_count_for_nothing():
    y = np.random.default_rng(0).standard_normal((4, 5, 3))
    p = y + 0.1
    masked, other = y.copy(), p.copy()
    masked[0], other[0] = np.nan, 1e9
    assert r2(masked, other) == pytest.approx(r2(y[1:], p[1:]))
    np.testing.assert_allclose(neuron_r2(masked, other), neuron_r2(y[1:], p[1:]))


def test_shapes_must_agree():
    with pytest.raises(InputError, match="prediction has shape"):
        r2(np.zeros((2, 3)), np.zeros((3, 2)))


def test_without_variance_there_is_no_share_of_it():
    # The mean of many 0.1 is not 0.1 in floating point.
    constant = np.full((3, 7, 5), np.float32(0.1))
    assert np.isnan(r2(constant, constant))
    assert np.isnan(r2(constant, constant + 1))
    assert np.isnan(r2(np.full(4, np.nan), np.zeros(4)))
    one = np.array([np.nan, 2.0, np.nan])
    assert np.isnan(r2(one, one))
