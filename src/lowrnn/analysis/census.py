"""What attractors a network has gained along its learning."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.analysis.fixed_points import fixed_points
from lowrnn.errors import InputError, check_array
from lowrnn.networks import RNN

KINDS = ("stable", "saddle", "unstable", "marginal")


@dataclass(frozen=True, eq=False)
class Census:
    """Numbers of fixed points, network by network.

    Attributes
    ----------
    counts : dict of str to array (network,)
        How many are "stable", "saddle", "unstable" and "marginal", as `FixedPoints` says.
    complete : tuple of (bool or None)
        Whether all were found, as `FixedPoints` says.
    """

    counts: dict[str, NDArray[np.intp]]
    complete: tuple[bool | None, ...]

    @property
    def total(self) -> NDArray[np.intp]:
        """All fixed points, (network,)."""
        total: NDArray[np.intp] = np.sum(list(self.counts.values()), axis=0)
        return total


def fixed_point_census(networks: Sequence[RNN], u: ArrayLike | None = None) -> Census:
    """Count the fixed points of each network, such as those of the checkpoints of a training.

    Parameters
    ----------
    networks : sequence of RNN
        With `LowRank` connectivity.
    u : array (input,), optional
        The constant input; none by default.

    Raises
    ------
    InputError
        If there is no network, or for the reasons of `fixed_points`.

    References
    ----------
    Turner & Barak 2023.
    """
    if not networks:
        raise InputError("networks is empty: give at least one")
    found = [fixed_points(rnn, u) for rnn in networks]
    counts = {kind: np.array([points.kind.count(kind) for points in found]) for kind in KINDS}
    return Census(counts, tuple(points.complete for points in found))


def soft_eigenvalue_count(J: ArrayLike, low: float = 0.3, high: float = 1.3) -> float:
    """A smooth count of the eigenvalues outside the bulk, which tracks attractors.

    An eigenvalue counts 0 up to a modulus of `low` and its modulus from `high` on, with a straight
    line between them.

    Parameters
    ----------
    J : array (neuron, neuron)
        Connectivity.
    low, high : float
        The range of moduli in which the count rises.

    Returns
    -------
    float
        Mean over the N eigenvalues.

    Raises
    ------
    InputError
        If J is not square, or `high` is not above `low`.

    References
    ----------
    Turner & Barak 2023.
    """
    matrix = check_array("J", J, ("neuron", "neuron"), dtype=np.float64)
    check_array("J", matrix, (len(matrix), len(matrix)))
    if not 0 <= low < high:
        raise InputError(f"low is {low} and high {high}: give 0 <= low < high")
    modulus = np.abs(np.linalg.eigvals(matrix))
    rising = high * (modulus - low) / (high - low)
    return float(np.where(modulus >= high, modulus, np.maximum(rising, 0)).mean())
