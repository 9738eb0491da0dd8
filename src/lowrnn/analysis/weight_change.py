"""How large and how low-dimensional a change of weights is, from its singular values."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array, check_number
from lowrnn.networks import RNN

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class WeightChange:
    """The singular value decomposition `Σ_r s_r left_r right_rᵀ` of a change of weights.

    Several numbers say how many of its dimensions matter. They agree, and are that number, if so
    many singular values are equal and the others 0. For a matrix of N x N independent Gaussian
    numbers `participation_ratio` is about N/2.

    Attributes
    ----------
    singular_values : array (component,)
        From largest to smallest; as many as the shorter side of the matrix.
    left : array (row, component)
        Orthonormal; what changed in what neurons receive. Signs of pairs are arbitrary.
    right : array (column, component)
        Orthonormal; what changed in what they read.
    """

    singular_values: Array
    left: Array
    right: Array

    @property
    def norm(self) -> float:
        """Frobenius norm."""
        return float(np.linalg.norm(self.singular_values))

    @property
    def cumulative_energy(self) -> Array:
        """Share of `norm²` in the first components, (component,); NaN if nothing changed."""
        return np.cumsum(_shares(self.singular_values**2))

    @property
    def participation_ratio(self) -> float:
        """`(Σ s²)² / Σ s⁴`; NaN if nothing changed."""
        return float(1 / np.sum(_shares(self.singular_values**2) ** 2))

    @property
    def entropy_rank(self) -> float:
        """`exp(-Σ p ln p)` with `p = s / Σ s` (Roy & Vetterli 2007); NaN if nothing changed.

        The shares are of singular values, not of their squares, so that small ones weigh more than
        in `participation_ratio`.
        """
        shares = _shares(self.singular_values)
        present = shares[shares != 0]
        return float(np.exp(-np.sum(present * np.log(present))))

    @property
    def stable_rank(self) -> float:
        """`Σ s² / s_1²`; NaN if nothing changed."""
        return float(1 / _shares(self.singular_values**2)[0])

    def rank(self, tolerance: float = 1e-6) -> int:
        """The number of singular values above `tolerance` times the largest.

        The difference of two matrices in single precision has the rounding errors of both: its
        singular values below about 1e-6 of the largest mean nothing, or earlier still where the
        change is much smaller than the weights. Lower the tolerance for double precision only.
        """
        check_number("tolerance", tolerance, at_least=0)
        return int(np.sum(self.singular_values > tolerance * self.singular_values[0]))

    def truncated(self, rank: int) -> Array:
        """The best approximation of the change by a matrix of this rank, (row, column).

        Raises
        ------
        InputError
            If there are not so many components.
        """
        if not 0 <= rank <= len(self.singular_values):
            raise InputError(f"rank is {rank}: give 0 to {len(self.singular_values)}")
        kept: Array = (self.left[:, :rank] * self.singular_values[:rank]) @ self.right[:, :rank].T
        return kept


def weight_change(after: ArrayLike | RNN, before: ArrayLike | RNN) -> WeightChange:
    """The change from one matrix of weights to another, taken apart.

    Schuessler et al. 2020: after learning, a full-rank matrix hides that its change is of low rank.

    Parameters
    ----------
    after, before : array (row, column) or RNN
        `W` and `W0`: the recurrent matrices of two networks, or any two matrices of the same
        shape, such as input weights. The difference is taken in double precision.

    Raises
    ------
    InputError
        If a matrix holds something else than finite numbers, or shapes differ.
    """
    late = as_matrix("after", after)
    early = as_matrix("before", before)
    if late.shape != early.shape:
        raise InputError(
            f"after has shape {late.shape} and before {early.shape}: give two states of one matrix"
        )
    left, values, right = np.linalg.svd(late - early, full_matrices=False)
    return WeightChange(values, left, right.T)


def as_matrix(field: str, weights: ArrayLike | RNN) -> Array:
    """A matrix of weights in double precision; of a network, the recurrent one."""
    if isinstance(weights, RNN):
        weights = weights.connectivity.dense()
    return check_array(field, weights, ("row", "column"), dtype=np.float64)


def _shares(parts: Array) -> Array:
    """Parts of their sum; NaN if that is 0."""
    total = parts.sum()
    return parts / total if total > 0 else np.full_like(parts, np.nan)
