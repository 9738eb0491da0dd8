"""Noise from a counter."""

import numpy as np
import pytest
from scipy import stats

from lowrnn.errors import InputError
from lowrnn.networks import Noise
from lowrnn.networks.noise import threefry


def test_bits_do_not_repeat_and_are_balanced():
    counter = np.arange(4096, dtype=np.uint32)
    a, b = threefry(np.uint32([7]), np.uint32([9]), counter, np.zeros_like(counter))
    words = np.concatenate([a, b])
    assert len(np.unique(words)) > 8180
    ones = np.unpackbits(words.view(np.uint8)).mean()
    assert abs(ones - 0.5) < 4 * 0.5 / np.sqrt(32 * len(words))


def test_one_bit_of_the_counter_changes_half_of_the_bits():
    zero = np.zeros(32, np.uint32)
    flipped = np.uint32(1) << np.arange(32, dtype=np.uint32)
    key = np.uint32([3]), np.uint32([4])
    for before, after in zip(
        threefry(*key, zero, zero), threefry(*key, flipped, zero), strict=True
    ):
        changed = np.unpackbits((before ^ after).view(np.uint8)).mean()
        assert abs(changed - 0.5) < 0.08


def test_numbers_are_standard_normal_and_independent():
    noise = Noise(1.0, seed=2)
    x = np.concatenate([noise.normal(200, step, 101) for step in range(10)], axis=1)
    assert stats.kstest(x.ravel(), "norm").pvalue > 1e-3
    assert abs(stats.kurtosis(x.ravel())) < 5 * np.sqrt(24 / x.size)
    between = np.corrcoef(x)[np.triu_indices(200, 1)]
    assert between.std() < 1.1 / np.sqrt(x.shape[1])


def test_a_trial_has_the_same_noise_in_any_batch():
    whole = Noise(1.0, seed=5).normal(6, 3, 11)
    np.testing.assert_array_equal(Noise(1.0, seed=5, first_trial=4).normal(2, 3, 11), whole[4:])


@pytest.mark.parametrize(("std", "seed"), [(-0.1, 0), (float("nan"), 0), (0.1, -1), (0.1, 2**64)])
def test_bad_settings(std, seed):
    with pytest.raises(InputError, match=r"noise_std|seed"):
        Noise(std, seed)
