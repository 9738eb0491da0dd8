"""R² of what changes over the trials of a condition."""

import numpy as np
import pytest

from lowrnn import InputError
from lowrnn.fitting.learning_r2 import learning_r2

CONDITIONS = np.arange(12) % 3
RATES = np.random.default_rng(0).standard_normal((12, 5, 4))


def test_a_static_prediction_scores_0_and_the_truth_1():
    static = np.stack([RATES[q == CONDITIONS].mean(axis=0) for q in range(3)])[CONDITIONS]
    assert learning_r2(RATES, static + 7, CONDITIONS) == pytest.approx(0, abs=1e-12)
    assert learning_r2(RATES, RATES - 5, CONDITIONS) == 1


def test_missing_entries_are_left_out_of_both_means():
    seen = RATES.copy()
    seen[:4, :, 0] = np.nan
    assert learning_r2(seen, np.where(np.isnan(seen), 99.0, seen), CONDITIONS) == 1


def test_without_change_it_is_undefined():
    assert np.isnan(learning_r2(np.ones((4, 2, 2)), np.ones((4, 2, 2)), np.zeros(4)))


def test_refuses_other_shapes():
    with pytest.raises(InputError, match="prediction has shape"):
        learning_r2(RATES, RATES[:3], CONDITIONS)
