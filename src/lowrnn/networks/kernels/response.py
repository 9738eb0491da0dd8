"""Rates and gains of many neurons at once, in one pass over memory."""

from functools import cache
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lowrnn.networks.kernels.compile import OUTER, share
from lowrnn.networks.kernels.elementwise import CODES, phi, slope

Array = NDArray[np.floating]


@cache
def _respond(code: int) -> Any:
    @njit(**OUTER)
    def respond(h: Any, rates: Any, gains: Any, first: int, last: int) -> None:
        for row in range(first, last):
            for i in range(h.shape[1]):
                rates[row, i] = phi(code, h[row, i])
                gains[row, i] = slope(code, h[row, i], rates[row, i])

    return respond


def respond(nonlinearity: str, h: Array) -> tuple[Array, Array]:
    """`phi(h)` and `phi'(h)` for float arrays of shape (..., neuron)."""
    flat = np.ascontiguousarray(h).reshape(-1, h.shape[-1])
    rates, gains = np.empty_like(flat), np.empty_like(flat)
    kernel = _respond(CODES[nonlinearity])
    share(lambda _, first, last: kernel(flat, rates, gains, first, last), len(flat), flat.size)
    return rates.reshape(h.shape), gains.reshape(h.shape)
