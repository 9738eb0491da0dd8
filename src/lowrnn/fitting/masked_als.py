"""Alternating least squares of a CP decomposition over the entries that are there."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Share of the mean diagonal that is added to the equations of each row.
_RIDGE = 1e-10


def masked_als(
    array: Array,
    used: NDArray[np.bool_],
    start: Sequence[Array],
    iterations: int,
    tolerance: float,
) -> tuple[list[Array], float]:
    """Factors of the least squared error over the entries in `used`, and the relative error.

    Each row of a factor solves equations of its own, as it sees entries of its own (Tomasi & Bro
    2005). The sums over entries in all of these are matrix products with the array and with the
    mask, of the same form: in the mask's, products of two columns stand for one.

    Parameters
    ----------
    array : array (i, j, k)
        0 where `used` is False.
    used : boolean array (i, j, k)
    start : sequence of array (entry, component)
        Three factors.
    iterations, tolerance
        As in `cp`.
    """
    first, second, third = (factor.copy() for factor in start)
    shape, rank = array.shape, first.shape[1]
    flat = array.reshape(-1, shape[2])
    seen = used.reshape(flat.shape).astype(np.float64)
    upper = np.triu_indices(rank)

    def pairs(factor: Array) -> Array:
        """Products of every two columns, (entry, pair)."""
        return factor[:, upper[0]] * factor[:, upper[1]]

    def over_third(values: Array, factor: Array) -> Array:
        return (values @ factor).reshape(*shape[:2], -1)

    norm, last = float(np.linalg.norm(flat)), np.inf
    for _ in range(iterations):
        data, mask = over_third(flat, third), over_third(seen, pairs(third))
        first = _rows(np.einsum("ijr,jr->ir", data, second),
                      np.einsum("ijs,js->is", mask, pairs(second)), upper)  # fmt: skip
        second = _rows(np.einsum("ijr,ir->jr", data, first),
                       np.einsum("ijs,is->js", mask, pairs(first)), upper)  # fmt: skip
        both = (first[:, None] * second).reshape(-1, rank)
        right, packed = flat.T @ both, seen.T @ pairs(both)
        third = _rows(right, packed, upper)
        twice = np.where(upper[0] == upper[1], 1.0, 2.0)
        square = norm**2 - 2 * np.sum(right * third) + np.sum(packed * pairs(third) * twice)
        error = float(np.sqrt(max(square, 0.0))) / norm
        first, second, third = _balanced(first, second, third)
        if abs(last - error) < tolerance:
            break
        last = error
    return [first, second, third], error


def _rows(right: Array, packed: Array, upper: tuple[NDArray[np.intp], ...]) -> Array:
    """Solve the equations of every row: right sides (row, component), packed Grams (row, pair)."""
    rows, rank = right.shape
    gram = np.empty((rows, rank, rank))
    gram[:, upper[0], upper[1]] = packed
    gram[:, upper[1], upper[0]] = packed
    ridge = _RIDGE * np.trace(gram, axis1=1, axis2=2) / rank + np.finfo(float).tiny
    gram[:, np.arange(rank), np.arange(rank)] += ridge[:, None]
    return np.asarray(np.linalg.solve(gram, right[:, :, None])[:, :, 0], np.float64)


def _balanced(*factors: Array) -> list[Array]:
    """The same components with their norms spread evenly over the factors, which would drift."""
    lengths = np.array([np.linalg.norm(factor, axis=0) for factor in factors])
    size = lengths.prod(axis=0) ** (1 / len(factors))
    scale = np.divide(size, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return [factor * one for factor, one in zip(factors, scale, strict=True)]
