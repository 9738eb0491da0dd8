"""How a recurrent matrix changed while its network learned, as factors."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lowrnn.errors import InputError, check_array

Array = NDArray[Any]

#: How many singular vectors of a change are kept: far more than learned changes need.
KEPT = 32


@dataclass(frozen=True, eq=False)
class WeightChanges:
    """`ΔJ = J - J0` at several times, as `left rightᵀ`, where the factors hold all of it or most.

    A change of full rank is kept as its leading singular vectors, and its norm exactly; that of a
    low-rank network as the factors that it has, with nothing left out.

    Attributes
    ----------
    left : array (evaluation, neuron, factor)
        What the change adds to the input of each neuron. With `right`, from a singular value
        decomposition, both multiplied by the root of the singular value.
    right : array (evaluation, presynaptic, factor)
        What it reads from the rates.
    norm : array (evaluation,)
        Frobenius norm of the whole change.
    """

    left: Array
    right: Array
    norm: Array

    def __post_init__(self) -> None:
        left = check_array("left", self.left, ("evaluation", "neuron", "factor"))
        right = check_array("right", self.right, ("evaluation", "neuron", "factor"))
        if left.shape[::2] != right.shape[::2]:
            raise InputError(
                f"left has shape {left.shape} and right {right.shape}: give as many evaluations"
                " and factors in both"
            )
        for name, value in (("left", left), ("right", right)):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "norm", check_array("norm", self.norm, (len(left),)))

    def __len__(self) -> int:
        return len(self.left)

    def dense(self, evaluation: int) -> Array:
        """The change at one of the times, (neuron, presynaptic), without what was left out."""
        change: Array = self.left[evaluation] @ self.right[evaluation].T
        return change

    def singular_values(self) -> Array:
        """Singular values, falling, (evaluation, factor); O(N K²) for each of K factors."""
        _, r_left = np.linalg.qr(self.left.astype(np.float64))
        _, r_right = np.linalg.qr(self.right.astype(np.float64))
        values: Array = np.linalg.svd(r_left @ r_right.transpose(0, 2, 1), compute_uv=False)
        return values

    @property
    def discarded(self) -> Array:
        """Frobenius norm of what the factors leave out, (evaluation,)."""
        held = np.sum(self.singular_values() ** 2, axis=1)
        left_out: Array = np.sqrt(np.clip(self.norm.astype(np.float64) ** 2 - held, 0.0, None))
        return left_out

    @classmethod
    def of(cls, changes: Iterable[Array], kept: int = KEPT) -> "WeightChanges":
        """The leading singular vectors of dense changes, (neuron, presynaptic) each."""
        parts = [leading(change, kept) for change in changes]
        if not parts:
            raise InputError("changes is empty: give at least one matrix")
        left, right, norm = (np.stack(part) for part in zip(*parts, strict=True))
        return cls(left, right, norm)


def leading(change: Array, kept: int = KEPT) -> tuple[Array, Array, Array]:
    """Left and right factors of the best approximation of rank `kept`, and the whole norm."""
    u, s, vt = np.linalg.svd(change, full_matrices=False)
    root = np.sqrt(s[:kept])
    return u[:, :kept] * root, vt[:kept].T * root, np.asarray(np.linalg.norm(s))
