"""Spectra and bases of the three unfoldings of a series of matrices, from their factors."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lowrnn.learning import WeightChanges

Array = NDArray[np.float64]

#: Entries of the compressed series at most (128 MiB).
_MOST_ENTRIES = 2**24

#: Components of each axis at most in an array to decompose: beyond, all that is left is noise.
_MOST_COMPONENTS = 50

#: Evaluations that are taken up at once.
_CHUNK = 64


class Series(Protocol):
    """A series of matrices X_k of which only parts are ever formed."""

    def __len__(self) -> int: ...

    def post_rows(self) -> Iterator[Array]:
        """Blocks (row, neuron) whose stack has the Gram matrix `Σ_k X_k X_kᵀ`."""

    def pre_rows(self) -> Iterator[Array]:
        """Blocks (row, presynaptic) whose stack has the Gram matrix `Σ_k X_kᵀ X_k`."""

    def compressed(self, post: Array, pre: Array) -> Array:
        """`postᵀ X_k pre`, (evaluation, component of post, component of pre)."""


@dataclass(frozen=True)
class FactoredSeries:
    """Changes of weights, `left rightᵀ` at each evaluation."""

    changes: WeightChanges

    def __len__(self) -> int:
        return len(self.changes)

    def post_rows(self) -> Iterator[Array]:
        return _outer_rows(self.changes.left, self.changes.right)

    def pre_rows(self) -> Iterator[Array]:
        return _outer_rows(self.changes.right, self.changes.left)

    def compressed(self, post: Array, pre: Array) -> Array:
        core = np.empty((len(self), post.shape[1], pre.shape[1]))
        for chunk in _chunks(len(self)):
            left = post.T @ self.changes.left[chunk].astype(np.float64)
            right = pre.T @ self.changes.right[chunk].astype(np.float64)
            core[chunk] = left @ right.transpose(0, 2, 1)
        return core


@dataclass(frozen=True)
class DenseSeries:
    """An array (evaluation, neuron, presynaptic) that fits in memory."""

    array: NDArray[Any]

    def __len__(self) -> int:
        return len(self.array)

    def post_rows(self) -> Iterator[Array]:
        return _matrix_rows(self.array.transpose(0, 2, 1))

    def pre_rows(self) -> Iterator[Array]:
        return _matrix_rows(self.array)

    def compressed(self, post: Array, pre: Array) -> Array:
        core = np.empty((len(self), post.shape[1], pre.shape[1]))
        for chunk in _chunks(len(self)):
            core[chunk] = post.T @ self.array[chunk].astype(np.float64) @ pre
        return core


@dataclass(frozen=True, eq=False)
class Unfolded:
    """A series of matrices in bases of its own.

    Attributes
    ----------
    post_values, pre_values, step_values : array (component,)
        Singular values of the three unfoldings, falling.
    step, post, pre : array (entry, component)
        Their left singular vectors as far as they are above the tolerance.
    core : array (step component, post component, pre component)
        The series in these bases.
    left_out : float
        Frobenius norm outside of the bases of post and pre; singular values of the steps are exact
        up to it.
    """

    post_values: Array
    pre_values: Array
    step_values: Array
    step: Array
    post: Array
    pre: Array
    core: Array
    left_out: float

    def truncated(self, energy_left_out: float) -> tuple[tuple[Array, Array, Array], Array]:
        """Bases (step, post, pre), and the core in them.

        Each leaves out at most this energy, or more where it would have over 50 components.
        """
        bases, core = [], self.core
        parts = (
            (self.step, self.step_values),
            (self.post, self.post_values),
            (self.pre, self.pre_values),
        )
        for axis, (basis, values) in enumerate(parts):
            tail = np.cumsum(values[::-1] ** 2)[::-1]
            kept = max(1, int(np.sum(tail > energy_left_out)))
            kept = min(kept, basis.shape[1], _MOST_COMPONENTS)
            bases.append(basis[:, :kept])
            core = np.take(core, np.arange(kept), axis=axis)
        return (bases[0], bases[1], bases[2]), core


def unfolded(series: Series, tolerance: float) -> Unfolded:
    """All three unfoldings of a series, in double precision and without their Gram matrices.

    These would square the singular values, and hide those below 1e-8 of the largest. Rows are
    instead reduced to a triangle, block after block.

    Parameters
    ----------
    series : Series
    tolerance : float
        Singular vectors are kept above this share of the largest singular value; fewer of post and
        pre where the series would not fit in memory.
    """
    most = max(1, math.isqrt(_MOST_ENTRIES // len(series)))
    bases, spectra, outside = [], [], 0.0
    for rows in (series.post_rows(), series.pre_rows()):
        _, values, vectors = np.linalg.svd(_triangle(rows))
        kept = min(most, _rank(values, tolerance))
        bases.append(vectors[:kept].T)
        spectra.append(values)
        outside += float(np.sum(values[kept:] ** 2))
    core = series.compressed(*bases)
    flat = core.reshape(len(core), -1)
    # The left singular vectors of a wide matrix are those of the triangle of its transpose.
    square = _triangle(iter([flat.T])).T if flat.shape[0] < flat.shape[1] else flat
    step, values, _ = np.linalg.svd(square, full_matrices=False)
    step = step[:, : _rank(values, tolerance)]
    core = (step.T @ flat).reshape(-1, *core.shape[1:])
    return Unfolded(spectra[0], spectra[1], values, step, bases[0], bases[1], core, outside**0.5)


def _rank(values: Array, tolerance: float) -> int:
    return int(np.sum(values > tolerance * values[0]))


def _triangle(blocks: Iterator[Array]) -> Array:
    """The triangle R of the QR decomposition of stacked blocks, at most square."""
    triangle = np.empty((0, 0))
    for block in blocks:
        stacked = np.concatenate([triangle, block]) if triangle.size else block
        triangle = np.asarray(np.linalg.qr(stacked, mode="r"))
    return triangle


def _outer_rows(factor: NDArray[Any], other: NDArray[Any]) -> Iterator[Array]:
    """Of `factor otherᵀ` only the size and overlaps of the columns of `other` count here."""
    for chunk in _chunks(len(factor)):
        triangle = np.linalg.qr(other[chunk].astype(np.float64), mode="r")
        rows = triangle @ factor[chunk].astype(np.float64).transpose(0, 2, 1)
        yield rows.reshape(-1, factor.shape[1])


def _matrix_rows(matrices: NDArray[Any]) -> Iterator[Array]:
    for chunk in _chunks(len(matrices)):
        yield matrices[chunk].astype(np.float64).reshape(-1, matrices.shape[2])


def _chunks(count: int) -> list[slice]:
    return [slice(start, start + _CHUNK) for start in range(0, count, _CHUNK)]
