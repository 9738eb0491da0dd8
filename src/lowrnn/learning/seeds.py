"""Independent random numbers for each use of a seed."""

from numbers import Integral
from typing import Any

import numpy as np

from lowrnn.errors import InputError

_USES = ("network", "training trials", "validation trials", "scoring", "update", "stage")


def check_seed(seed: Any) -> int:
    """A seed as an integer, or the sentence that says what is wrong with it."""
    if not isinstance(seed, Integral) or isinstance(seed, bool) or seed < 0:
        raise InputError(f"seed is {seed!r}: give an integer of at least 0")
    return int(seed)


def generator(seed: int, use: str, index: int = 0) -> np.random.Generator:
    """The generator for one use of a seed.

    It depends on nothing drawn before, so that update `index` of a resumed training gets the
    numbers that it would have had.
    """
    return np.random.default_rng([check_seed(seed), _USES.index(use), index])


def derived_seed(seed: int, use: str, index: int = 0) -> int:
    """A seed for something that takes one, such as `Task.sample` and the noise of a simulation."""
    return int(generator(seed, use, index).integers(2**63))
