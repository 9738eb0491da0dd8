"""Slice tensor components: arrays that are sums of vectors along one axis times matrices."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array, check_number

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SliceComponents:
    """`X = Σ_axis Σ_r vector_r × slice_r` (Pellegrino, Stein & Cayco-Gajic 2024).

    Components of an axis are a vector along it and a matrix over the two others. Those of one axis
    can be mixed by any invertible matrix, and parts may move between axes: read the ranks, and the
    sums, rather than single components.

    Attributes
    ----------
    vectors : tuple of array (entry, component)
        For each axis, orthonormal columns.
    slices : tuple of array (component, entry, entry)
        For each axis, over the two other axes in their order.
    error : float
        `|X - model|² / |X - mean|²` over the entries that were used.
    """

    vectors: tuple[Array, ...]
    slices: tuple[Array, ...]
    error: float

    @property
    def ranks(self) -> tuple[int, ...]:
        """The number of components of each axis."""
        return tuple(vectors.shape[1] for vectors in self.vectors)

    def predict(self) -> Array:
        """The array that the components make."""
        parts = [
            np.moveaxis(np.tensordot(vectors, slices, axes=1), 0, axis)
            for axis, (vectors, slices) in enumerate(zip(self.vectors, self.slices, strict=True))
        ]
        total: Array = parts[0] + parts[1] + parts[2]
        return total


def slice_components(
    array: ArrayLike,
    ranks: Sequence[int],
    mask: ArrayLike | None = None,
    *,
    sweeps: int = 200,
    tolerance: float = 1e-7,
) -> SliceComponents:
    """Fit slice tensor components by least squares.

    In turns, the components of each axis are the leading singular vectors of what the others leave
    over; entries that are not used take the value of the model.

    Parameters
    ----------
    array : array (i, j, k)
        NaN = not observed.
    ranks : sequence of int
        Number of components of each of the three axes; 0 for none.
    mask : boolean array (i, j, k), optional
        The entries to use; all by default. Those that are NaN are left out anyway.
    sweeps : int
        The largest number of turns.
    tolerance : float
        Stop once a turn lowers the error by less than this.

    Raises
    ------
    InputError
        If ranks do not fit the array, or nothing is used.
    """
    given = check_array("array", array, ("i", "j", "k"), finite=False, dtype=np.float64)
    check_number("sweeps", sweeps, at_least=1)
    if len(ranks) != 3 or sum(ranks) < 1:
        raise InputError(f"ranks is {tuple(ranks)}: give three numbers, one of them above 0")
    for axis, rank in enumerate(ranks):
        most = min(given.shape[axis], given.size // given.shape[axis])
        if not 0 <= rank <= most:
            raise InputError(f"ranks holds {rank} for axis {axis}: give 0 to {most}")
    used = np.isfinite(given)
    if mask is not None:
        used = used & check_array("mask", mask, given.shape).astype(bool)
    if not used.any():
        raise InputError("mask leaves no entry that was observed: use at least one")
    observed = np.where(used, given, 0.0)
    centre = observed.sum() / used.sum()
    total = float(np.sum(((observed - centre) ** 2)[used])) or 1.0
    filled = np.where(used, given, centre)
    parts = [np.zeros_like(filled) for _ in ranks]
    vectors = [np.zeros((length, 0)) for length in given.shape]
    slices = [np.zeros((0, *np.delete(given.shape, axis))) for axis in range(3)]
    last = np.inf
    for _ in range(sweeps):
        for axis, rank in enumerate(ranks):
            if not rank:
                continue
            rest = np.moveaxis(filled - sum(parts) + parts[axis], axis, 0)
            flat = rest.reshape(len(rest), -1)
            # The short side is small: its Gram matrix gives the leading vectors.
            _, basis = np.linalg.eigh(flat @ flat.T)
            vectors[axis] = basis[:, ::-1][:, :rank]
            weights = vectors[axis].T @ flat
            slices[axis] = weights.reshape(rank, *rest.shape[1:])
            parts[axis] = np.moveaxis((vectors[axis] @ weights).reshape(rest.shape), 0, axis)
        model = parts[0] + parts[1] + parts[2]
        filled = np.where(used, given, model)
        error = float(np.sum(((observed - model) ** 2)[used])) / total
        if last - error < tolerance:
            break
        last = error
    return SliceComponents(tuple(vectors), tuple(slices), error)
