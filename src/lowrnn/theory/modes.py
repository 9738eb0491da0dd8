"""Connectivity as a sum of modes: random modes of given strengths, and modes under modulation."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import check_array
from lowrnn.networks import LowRank

Array = NDArray[np.float64]


def random_modes(strengths: ArrayLike, neurons: int, seed: int = 0) -> LowRank:
    """Random modes, `J = Σ_a D_a l_a r_aᵀ`, with entries of l and r from `N(0, 1/N)`.

    In this library's convention `m = √N D l` and `n = √N r`, whose entries are of order D and 1.

    Parameters
    ----------
    strengths : array (mode,)
        The D_a; as N grows, the singular values of J for few modes.
    neurons : int
        Number of neurons N, not less than modes.
    seed : int
        Determines l and r.

    Raises
    ------
    InputError
        If there are more modes than neurons.

    References
    ----------
    Clark, Marschall, van Meegen & Litwin-Kumar 2025.
    """
    D = check_array("strengths", strengths, ("mode",), dtype=np.float64)
    left, right = np.random.default_rng(seed).standard_normal((2, neurons, len(D)))
    return LowRank(D * left, right)


def bulk_radius(strengths: ArrayLike, neurons: int) -> float:
    """Radius of the disc that the eigenvalues of `random_modes` fill, `√(Σ D²/N)`.

    For many modes; it is the radius of a matrix of independent entries of the same variance.

    Parameters
    ----------
    strengths : array (mode,)
        The D_a.
    neurons : int
        Number of neurons N.
    """
    D = check_array("strengths", strengths, ("mode",), dtype=np.float64)
    return math.sqrt(float(D @ D) / neurons)


def effective_rank(strengths: ArrayLike) -> float:
    """How many modes count, `(Σ D²)² / Σ D⁴`.

    With the variance of couplings it sets the dimension of chaotic activity.

    Parameters
    ----------
    strengths : array (mode,)
        The D_a, not all 0.

    References
    ----------
    Clark, Marschall, van Meegen & Litwin-Kumar 2025.
    """
    squares = check_array("strengths", strengths, ("mode",), dtype=np.float64) ** 2
    return float(squares.sum() ** 2 / (squares**2).sum())


def modulated(connectivity: LowRank, gains: ArrayLike) -> LowRank:
    """The connectivity `(1/N) m diag(s) nᵀ`, whose modes have been scaled.

    Its overlap `(1/N) diag(s) nᵀm` has the eigenvalues of J other than 0. With gains of 1 it is the
    same network, bit by bit.

    Parameters
    ----------
    connectivity : LowRank
        m and n; the modes are their columns, so that the gauge matters.
    gains : array (rank,)
        The s, such as those that a neuromodulator sets.

    Raises
    ------
    InputError
        If there is not one gain for each mode.

    References
    ----------
    Costacurta, Bhandarkar, Zoltowski & Linderman 2024.
    """
    s = check_array("gains", gains, (connectivity.rank,), dtype=connectivity.m.dtype)
    return LowRank(connectivity.m * s, connectivity.n)
