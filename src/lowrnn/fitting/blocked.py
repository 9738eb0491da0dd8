"""Entries of an array held out in blocks, with a margin that nothing uses."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from lowrnn.errors import InputError, check_number


@dataclass(frozen=True, eq=False)
class BlockedMask:
    """Which entries of an array to fit and which to test; those around a test block do neither.

    Attributes
    ----------
    train, test : boolean array
        Of the shape of the array; no entry is in both.
    """

    train: NDArray[np.bool_]
    test: NDArray[np.bool_]


def blocked_mask(
    shape: Sequence[int],
    fraction: float = 0.2,
    *,
    test: Sequence[int] = (2, 2, 1),
    margin: Sequence[int] = (5, 5, 1),
    seed: int = 0,
) -> BlockedMask:
    """Hold out boxes of entries around random centres.

    Activity is alike in neighbouring bins and trials: single entries held out could be read off
    their neighbours that were fitted. So whole boxes are tested, and a wider box around each is not
    fitted. The scheme of the released code of Pellegrino et al. 2023 (there with the axes
    time, trial, neuron).

    Parameters
    ----------
    shape : sequence of int
        Of the array, (trial, time, neuron).
    fraction : float
        Share of entries in test blocks if none overlapped or crossed an edge, between 0 and 1;
        fewer are tested.
    test : sequence of int
        Half-widths of the tested boxes along each axis: a box has `2 h + 1` entries.
    margin : sequence of int
        Half-widths of the boxes that are not fitted, at least those of `test`.
    seed : int

    Raises
    ------
    InputError
        If lengths disagree, a margin is smaller than its test block, the fraction is out of range,
        or nothing would be left to fit or to test.
    """
    shape = tuple(int(length) for length in shape)
    if not len(shape) == len(test) == len(margin):
        raise InputError(
            f"shape, test and margin have {len(shape)}, {len(test)} and {len(margin)} entries: give"
            " one an axis in each"
        )
    if any(not 0 <= inner <= outer for inner, outer in zip(test, margin, strict=True)):
        raise InputError(
            f"test is {tuple(test)} and margin {tuple(margin)}: give margins at least as wide"
        )
    fraction = check_number("fraction", fraction, above=0)
    if fraction >= 1:
        raise InputError(f"fraction is {fraction}: give less than 1")
    total = int(np.prod(shape))
    count = int(fraction * total / np.prod([2 * half + 1 for half in test]))
    centres = np.zeros(total, np.uint8)
    centres[np.random.default_rng(seed).choice(total, count, replace=False)] = 1
    centres = centres.reshape(shape)
    near, around = (
        maximum_filter(centres, [2 * half + 1 for half in widths], mode="constant").astype(bool)
        for widths in (test, margin)
    )
    if around.all() or not count:
        left = "fit" if count else "test"
        raise InputError(
            f"blocks leave no entry to {left} in shape {shape}: change fraction, test or margin"
        )
    return BlockedMask(train=~around, test=near)
