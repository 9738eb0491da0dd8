"""Gaussian noise from a counter, so that a number depends only on where it is used.

Threefry-2x32 with 13 rounds, the fewest that pass every test of BigCrush (Salmon et al. 2011),
turns (seed, trial, step, neuron) into bits; the Box-Muller transform turns these into normal
numbers. The kernels repeat this arithmetic inside their loops; this file is its definition.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lowrnn.errors import InputError

ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
ROUNDS = 13
PARITY = 0x1BD11BDA


def threefry(
    key0: NDArray[np.uint32],
    key1: NDArray[np.uint32],
    counter0: NDArray[np.uint32],
    counter1: NDArray[np.uint32],
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Two words of random bits for every pair of keys and counters; the arguments broadcast."""
    keys = (key0, key1, key0 ^ key1 ^ np.uint32(PARITY))
    with np.errstate(over="ignore"):
        a, b = counter0 + keys[0], counter1 + keys[1]
        for step in range(ROUNDS):
            rotation = ROTATIONS[step % 8]
            a = a + b
            b = ((b << np.uint32(rotation)) | (b >> np.uint32(32 - rotation))) ^ a
            if step % 4 == 3:
                injection = step // 4 + 1
                a = a + keys[injection % 3]
                b = b + keys[(injection + 1) % 3] + np.uint32(injection)
    return a, b


@dataclass(frozen=True)
class Noise:
    """Which noise a simulation gets.

    Parameters
    ----------
    std : float
        Standard deviation that an uncoupled neuron settles to as dt → 0; an Euler step adds
        `sqrt(2 dt/tau) std ξ`.
    seed : int
        Any integer from 0 to 2⁶⁴ - 1.
    first_trial : int
        Index of the first trial: a batch that is split in two gets the numbers of the whole.
    """

    std: float
    seed: int = 0
    first_trial: int = 0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.std) and self.std >= 0):
            raise InputError(f"noise_std is {self.std}: give a standard deviation of at least 0")
        if not 0 <= self.seed < 2**64:
            raise InputError(f"seed is {self.seed}: give an integer from 0 to 2**64 - 1")

    def keys(self, trials: int) -> NDArray[np.uint32]:
        """Two words of key for each of `trials` trials, (trial, 2)."""
        seed = np.array([self.seed & 0xFFFFFFFF, self.seed >> 32], np.uint32)
        index = np.arange(self.first_trial, self.first_trial + trials).astype(np.uint32)
        return np.stack(threefry(seed[:1], seed[1:], index, np.zeros_like(index)), axis=1)

    def normal(self, trials: int, step: int, neurons: int) -> NDArray[np.float64]:
        """The standard normal numbers ξ of one time step, (trial, neuron)."""
        half = (neurons + 1) // 2
        keys = self.keys(trials)
        pair = np.arange(half, dtype=np.uint32)
        a, b = threefry(keys[:, :1], keys[:, 1:], pair, np.full(half, step, np.uint32))
        # 23 bits: with half a unit added they still fit a single-precision number.
        uniform = ((a >> np.uint32(9)) + 0.5) * 2.0**-23
        radius = np.sqrt(-2 * np.log(uniform))
        # A signed fraction of a turn, in [-1/2, 1/2), for the accuracy of the kernels' polynomials.
        turn = (b >> np.uint32(8)) * 2.0**-24 - 0.5
        angle = 2 * np.pi * turn
        both = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
        return both[:, :neurons]
