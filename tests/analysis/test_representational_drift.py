"""Sparseness and tuning over time, on activity whose answer is known."""

import numpy as np
import pytest

from lowrnn import InputError
from lowrnn.analysis import active_fraction, tuning_similarity


def test_active_fraction():
    rates = np.array([[0, 1.0, 0, 2], [0, 0, 0, 3]])
    assert active_fraction(rates) == (3 / 8, 2 / 4)
    assert active_fraction(np.zeros((3, 2))) == (0, 0)
    with pytest.raises(InputError, match=r"rates has shape \(3,\)"):
        active_fraction(np.ones(3))


def test_tuning_similarity_is_the_mean_correlation():
    curves = np.random.default_rng(0).normal(size=(3, 8, 5))
    found = tuning_similarity(curves)
    for a in range(3):
        for b in range(3):
            each = [np.corrcoef(curves[a, :, i], curves[b, :, i])[0, 1] for i in range(5)]
            assert found[a, b] == pytest.approx(np.mean(each))
    # Neither a gain nor an offset of a neuron is a change of tuning.
    np.testing.assert_allclose(tuning_similarity(3 * curves + np.arange(5)), found)


def test_neurons_without_tuning_are_left_out():
    curves = np.random.default_rng(0).normal(size=(2, 6, 4))
    silent = curves.copy()
    silent[1, :, 2] = 0.0
    kept = tuning_similarity(curves[:, :, [0, 1, 3]])
    np.testing.assert_allclose(tuning_similarity(silent)[0, 1], kept[0, 1])
    silent[1] = 1.0
    assert np.isnan(tuning_similarity(silent)[0, 1])
    assert tuning_similarity(silent)[0, 0] == pytest.approx(1)
