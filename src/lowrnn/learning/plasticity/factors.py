"""A change of the recurrent matrix as factors: what rules do to it, without an N x N matrix."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lowrnn.errors import InputError, check_array, check_number

Array = NDArray[Any]

#: Columns after which a store is compressed, at the latest.
_COLUMNS = 64


class FactoredChange:
    """`ΔJ = left rightᵀ`, which grows by columns and is compressed when there are many.

    Parameters
    ----------
    neurons : int
        Number of neurons N.
    tolerance : float, optional
        The Frobenius norm that one compression may leave out, over that of the whole; by default
        1e-6 in single precision and 1e-13 in double. A truncation that is felt erases each new
        direction before it can grow: keep it at rounding errors.
    dtype : numpy dtype
        Floating-point type.
    """

    def __init__(
        self, neurons: int, *, tolerance: float | None = None, dtype: Any = np.float64
    ) -> None:
        check_number("neurons", neurons, at_least=1)
        if tolerance is None:
            tolerance = 1e-13 if np.dtype(dtype) == np.float64 else 1e-6
        self.tolerance = check_number("tolerance", tolerance, at_least=0)
        self.left = np.zeros((neurons, 0), dtype)
        self.right = np.zeros((neurons, 0), dtype)
        self._limit = max(_COLUMNS, neurons // 4)

    @property
    def columns(self) -> int:
        """Number K of columns held: at least the rank."""
        return int(self.left.shape[1])

    def dense(self) -> Array:
        """The change, (neuron, presynaptic)."""
        change: Array = self.left @ self.right.T
        return change

    def add(self, left: Array, right: Array) -> None:
        """Add `left rightᵀ`, both (neuron, column)."""
        neurons = len(self.left)
        left = check_array("left", left, (neurons, "column"), dtype=self.left.dtype)
        right = check_array("right", right, (neurons, left.shape[1]), dtype=self.left.dtype)
        self.left = np.concatenate([self.left, left], axis=1)
        self.right = np.concatenate([self.right, right], axis=1)
        if self.columns > self._limit:
            self.compress()

    def scale(self, factor: float | Array) -> None:
        """Multiply all entries, or with an array (neuron,) the rows: decay that post gates."""
        self.left = self.left * np.reshape(factor, (-1, 1)).astype(self.left.dtype)

    def scale_columns(self, factor: Array) -> None:
        """Multiply the entries that leave each neuron (neuron,): decay that pre gates."""
        self.right = self.right * np.reshape(factor, (-1, 1)).astype(self.left.dtype)

    def compress(self, tolerance: float | None = None) -> None:
        """The fewest columns that hold all but `tolerance` of the norm; O(N K² + K³)."""
        if not self.columns:
            return
        tolerance = self.tolerance if tolerance is None else tolerance
        if not (np.isfinite(self.left).all() and np.isfinite(self.right).all()):
            return
        q_left, r_left = np.linalg.qr(self.left)
        q_right, r_right = np.linalg.qr(self.right)
        u, s, vt = np.linalg.svd(r_left @ r_right.T)
        # What is left out if the first k are kept, for k = 0, 1, ...
        tails = np.sqrt(np.append(np.cumsum((s**2)[::-1])[::-1], 0.0))
        kept = int(np.argmax(tails <= tolerance * tails[0]))
        root = np.sqrt(s[:kept])
        self.left = q_left @ (u[:, :kept] * root)
        self.right = q_right @ (vt[:kept].T * root)
        self._limit = max(self._limit, 2 * kept)

    def eigenvalues(self) -> Array:
        """The eigenvalues of the change that are not 0, largest modulus first; those of K x K.

        With a random matrix beside it they are where outliers begin: 0.5 % off at g = 0.5, 7 % at
        g = 2.
        """
        values: Array = np.linalg.eigvals(self.right.T @ self.left)
        return values[np.argsort(-np.abs(values), kind="stable")]


def reversed_filter(signal: Array, keep: float) -> Array:
    """`w(s) = signal(s) + keep w(s + 1)` along axis 1: (trial, time, ...) to the same shape.

    A trace filters the products of a synapse forward and a modulator weighs it at every step. The
    sum over steps is the same if the modulator is filtered backward and weighs the products alone:
    no trace for each synapse is ever stored.
    """
    if keep == 0:
        return signal
    if keep == 1:
        return np.cumsum(signal[:, ::-1], axis=1)[:, ::-1]
    filtered = np.array(signal)
    for step in range(signal.shape[1] - 2, -1, -1):
        filtered[:, step] += keep * filtered[:, step + 1]
    return filtered


def squared_entries(left: Array, right: Array) -> tuple[Array, Array]:
    """Factors of the entries' squares `(left rightᵀ)²`: K (K + 1) / 2 columns for K.

    Parameters
    ----------
    left, right : array (neuron, column)
        Factors of a matrix, K columns each.
    """
    if left.shape[1] != right.shape[1]:
        raise InputError(
            f"left has {left.shape[1]} columns and right {right.shape[1]}: give as many in both"
        )
    i, j = np.triu_indices(left.shape[1])
    twice = np.where(i == j, 1.0, math.sqrt(2.0)).astype(left.dtype)
    return left[:, i] * left[:, j] * twice, right[:, i] * right[:, j] * twice
