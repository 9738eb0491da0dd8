"""Blocks of held-out entries: how many, and what is kept away from them."""

import numpy as np
import pytest
from scipy.ndimage import binary_dilation

from lowrnn import InputError
from lowrnn.fitting import blocked_mask


def test_shares_of_the_published_masks():
    mask = blocked_mask((21, 250, 200))
    assert mask.train.mean() == pytest.approx(0.44, abs=0.02)
    assert mask.test.mean() == pytest.approx(0.17, abs=0.01)
    other = blocked_mask((265, 182, 150), 0.1, test=(1, 1, 5), margin=(1, 1, 10))
    assert other.train.mean() == pytest.approx(0.833, abs=0.005)
    assert other.test.mean() == pytest.approx(0.093, abs=0.003)


def test_nothing_near_a_tested_entry_is_fitted():
    mask = blocked_mask((40, 30, 20), test=(2, 1, 0), margin=(5, 3, 1))
    near = binary_dilation(mask.test, np.ones((7, 5, 3), bool))
    assert not (near & mask.train).any()
    assert (near | mask.train).all()


def test_one_block_is_a_box():
    # Seldom enough that there is one centre.
    mask = blocked_mask((15, 15, 15), 75 / 15**3 + 1e-9, test=(2, 2, 1), margin=(3, 3, 2), seed=3)
    where = np.argwhere(mask.test)
    assert len(where) == np.prod(np.ptp(where, axis=0) + 1) <= 75


def test_seeds():
    one, same, other = (blocked_mask((20, 20, 20), seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.test, same.test)
    assert (one.test != other.test).any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fraction": 1.0}, "fraction is 1.0"),
        ({"fraction": 1e-9}, "no entry to test"),
        ({"margin": (1, 5, 1)}, "give margins at least as wide"),
        ({"test": (2, 2)}, "give one an axis in each"),
        ({"margin": (50, 50, 50)}, "no entry to fit"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(InputError, match=message):
        blocked_mask((20, 20, 20), **arguments)
