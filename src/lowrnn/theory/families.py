"""Rank-one networks by the few numbers that the literature gives, to be varied or scanned."""

from collections.abc import Callable
from typing import Any

import numpy as np

from lowrnn.errors import InputError, check_number
from lowrnn.networks.mixture import GaussianMixture
from lowrnn.theory.equations import Equations

#: How the overlap of m and n may be made.
OVERLAPS = ("covariance", "means")


def rank_one(
    *,
    overlap: float | None = None,
    by: str = "covariance",
    mean_m: float = 0.0,
    mean_n: float = 0.0,
    sigma_m: float = 1.0,
    sigma_n: float | None = None,
    cov_mn: float = 0.0,
    mean_I: float = 0.0,
    sigma_mI: float = 0.0,
    sigma_nI: float = 0.0,
    sigma_perp: float = 0.0,
) -> GaussianMixture:
    """Rank one with one input, in the parametrisation of Mastrogiuseppe & Ostojic 2018.

    Parameters
    ----------
    overlap : float, optional
        `λ = E[m n]`, the outlier of J. It replaces `cov_mn` or `mean_n`, as `by` says; by default
        it is `mean_m mean_n + cov_mn`.
    by : {"covariance", "means"}
        What a given overlap sets: with "covariance" the covariance of m and n, with "means" the
        mean of n, for which `mean_m` must not be 0.
    mean_m, mean_n, sigma_m : float
        Means of m and n, and the standard deviation of m.
    sigma_n : float, optional
        Standard deviation of n. It does not enter the equations of infinite networks; by default
        its square exceeds by 1 the least that the covariances allow.
    cov_mn : float
        Covariance of m and n (ρ² Σ_m Σ_n of the paper).
    mean_I, sigma_mI, sigma_nI, sigma_perp : float
        Mean of the input loadings I, their covariances with m and n, and the standard deviation of
        their part orthogonal to both: `var I = (Σ_mI/Σ_m)² + (Σ_nI/Σ_n)² + Σ_⊥²`, with Σ_n = 1
        where it is not given.

    Raises
    ------
    InputError
        If a standard deviation is negative, the overlap cannot be made as asked, or no loadings
        have such covariances.
    """
    sigma_m = check_number("sigma_m", sigma_m, at_least=0)
    wide = 1.0 if sigma_n is None else check_number("sigma_n", sigma_n, at_least=0)
    if by not in OVERLAPS:
        raise InputError(f"by is {by!r}: give one of {', '.join(OVERLAPS)}")
    if overlap is not None:
        overlap = check_number("overlap", overlap)
        if by == "covariance":
            cov_mn = overlap - mean_m * mean_n
        elif mean_m == 0:
            raise InputError('mean_m is 0: give another mean, or make the overlap by="covariance"')
        else:
            mean_n = (overlap - cov_mn) / mean_m
    var_I = sigma_perp**2
    for name, covariance, sigma in (("m", sigma_mI, sigma_m), ("n", sigma_nI, wide)):
        if covariance != 0 and sigma == 0:
            raise InputError(
                f"sigma_{name} is 0 but sigma_{name}I {covariance:g}: give a sigma_{name} above 0"
            )
        var_I += (covariance / sigma) ** 2 if covariance != 0 else 0.0
    inner = np.array([[sigma_m**2, sigma_mI], [sigma_mI, var_I]])
    outer = np.array([cov_mn, sigma_nI])
    least = float(outer @ np.linalg.pinv(inner, hermitian=True) @ outer)
    if sigma_n is None:
        wide = float(np.sqrt(least + 1))
    elif wide**2 < least * (1 - 1e-9):
        raise InputError(
            f"sigma_n is {wide:g}, too small for a covariance of m and n of {cov_mn:g} and of n and"
            f" I of {sigma_nI:g}: give at least {np.sqrt(least):.4g}, or smaller covariances"
        )
    m, n, I = 0, 1, 2  # noqa: E741
    full = np.empty((3, 3))
    full[np.ix_([m, I], [m, I])] = inner
    full[n, [m, I]] = full[[m, I], n] = outer
    full[n, n] = wide**2
    return GaussianMixture([1.0], [[mean_m, mean_n, mean_I]], [full], rank=1, inputs=1)


def rank_one_family(**fixed: Any) -> Callable[..., Equations]:
    """The equations of rank-one networks as a function of whatever is not fixed.

    `rank_one_family(by="means", mean_m=1.1)(g=0.5, overlap=2.2)` is a point of figure 1 of
    Mastrogiuseppe & Ostojic 2018.

    Parameters
    ----------
    **fixed
        Arguments of `rank_one`, and `g` (0 by default), `u`, the amplitude of the constant input
        along I (1 by default), and `nonlinearity` ("tanh" by default).

    Returns
    -------
    callable (**values) -> Equations
        Takes the same arguments; they replace fixed ones.
    """

    def family(**values: Any) -> Equations:
        given = fixed | values
        outer = {"g": 0.0, "u": 1.0, "nonlinearity": "tanh"}
        g, u, nonlinearity = (given.pop(name, default) for name, default in outer.items())
        return Equations(rank_one(**given), g, nonlinearity, [u])

    return family
