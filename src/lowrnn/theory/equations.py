"""The self-consistency equations of a random-plus-low-rank network, and their Jacobian."""

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import check_array, check_number
from lowrnn.networks.mixture import GaussianMixture
from lowrnn.networks.nonlinearity import check_nonlinearity
from lowrnn.theory.averages import average, product

Array = NDArray[np.float64]


class Equations:
    """Mean-field equations at one constant input: what a state implies about itself.

    The unknowns are the latents `kappa`, `(1/N) nᵀ phi(x)`, and the variance `psi` that the random
    part gives to the state of a neuron. Populations are independent Gaussians given these: means
    and variances follow from the moments of the mixture (Mastrogiuseppe & Ostojic 2018, eqs. 19-21;
    Beiran et al. 2021, section 3).

    All methods take any leading axes; `kappa` has shape (..., rank) and `psi` (...).

    Parameters
    ----------
    mixture : GaussianMixture
        Distribution of the loadings.
    g : float
        Strength of the random part.
    nonlinearity : str
        phi, by name.
    u : array (input,), optional
        The constant input; none by default.
    """

    def __init__(
        self,
        mixture: GaussianMixture,
        g: float = 0.0,
        nonlinearity: str = "tanh",
        u: ArrayLike | None = None,
    ) -> None:
        self.g = check_number("g", g, at_least=0)
        self.nonlinearity = check_nonlinearity(nonlinearity)
        self.u: Array = check_array(
            "u", np.zeros(mixture.inputs) if u is None else np.atleast_1d(u), (mixture.inputs,)
        )
        self.mixture = mixture
        self.alpha = mixture.weights
        self.rank = mixture.rank
        self.mean_m, self.mean_n = mixture.mean("m"), mixture.mean("n")
        self.mm, self.nm = mixture.covariance("m", "m"), mixture.covariance("n", "m")
        self.mean_u = mixture.mean("B") @ self.u
        self.mu_cov = mixture.covariance("m", "B") @ self.u
        self.nu_cov = mixture.covariance("n", "B") @ self.u
        self.uu = self.u @ mixture.covariance("B", "B") @ self.u

    def mean(self, kappa: Array) -> Array:
        """Mean state of each population, (..., population)."""
        along: Array = np.einsum("...r,...pr->...p", kappa, self.mean_m)
        return along + self.mean_u

    def structured_variance(self, kappa: Array) -> Array:
        """Variance of the state over a population along m and B, (..., population)."""
        along: Array = np.einsum("...r,...prs,...s->...p", kappa, self.mm, kappa)
        along += 2 * np.einsum("...r,...pr->...p", kappa, self.mu_cov) + self.uu
        return along

    def covariance_m(self, kappa: Array) -> Array:
        """`cov(m, x)` in each population, (..., population, rank)."""
        along: Array = np.einsum("...prs,...s->...pr", self.mm, kappa)
        return along + self.mu_cov

    def covariance_n(self, kappa: Array) -> Array:
        """`cov(n, x)` in each population, (..., population, rank)."""
        along: Array = np.einsum("...prs,...s->...pr", self.nm, kappa)
        return along + self.nu_cov

    def latents(self, kappa: Array, psi: Array | float) -> Array:
        """`E[n phi(x)]` for given latents and variance, (..., rank)."""
        delta = self.structured_variance(kappa) + np.asarray(psi)[..., None]
        phi, slope = average(self.nonlinearity, [0, 1], self.mean(kappa), delta)
        return self._collect(self.mean_n * phi[..., None]) + self._collect(
            self.covariance_n(kappa) * slope[..., None]
        )

    def variance(self, kappa: Array, psi: Array | float) -> Array:
        """`g² E[phi(x)²]` for given latents and variance, (...)."""
        delta = self.structured_variance(kappa) + np.asarray(psi)[..., None]
        (square,) = product(self.nonlinearity, [(0, 0)], self.mean(kappa), delta)
        return np.asarray((self.g**2 * square) @ self.alpha)

    def readout(self, kappa: Array, psi: Array | float) -> Array:
        """`E[w phi(x)]`, (..., output)."""
        delta = self.structured_variance(kappa) + np.asarray(psi)[..., None]
        phi, slope = average(self.nonlinearity, [0, 1], self.mean(kappa), delta)
        along = np.einsum("pos,...s->...po", self.mixture.covariance("w", "m"), kappa)
        along = along + self.mixture.covariance("w", "B") @ self.u
        return self._collect(self.mixture.mean("w") * phi[..., None]) + self._collect(
            along * slope[..., None]
        )

    def map(self, y: Array) -> Array:
        """What the state `y = (kappa, psi)`, (..., rank + 1), implies: itself, at a solution."""
        kappa, psi = y[..., :-1], y[..., -1]
        return np.concatenate(
            [self.latents(kappa, psi), self.variance(kappa, psi)[..., None]], axis=-1
        )

    def jacobian(self, y: Array) -> Array:
        """Derivatives of `map`, (..., rank + 1, rank + 1).

        At a solution its eigenvalues are the outliers of the linearised dynamics, so it is both
        Newton's matrix and the test of stability.
        """
        kappa, psi = y[..., :-1], y[..., -1]
        mean = self.mean(kappa)
        delta = self.structured_variance(kappa) + psi[..., None]
        phi1, phi2, phi3 = average(self.nonlinearity, [1, 2, 3], mean, delta)
        b, c = self.covariance_m(kappa), self.covariance_n(kappa)
        # Derivatives of the average of n phi by the mean of x and by its variance.
        by_mean = self.mean_n * phi1[..., None] + c * phi2[..., None]
        by_variance = 0.5 * (self.mean_n * phi2[..., None] + c * phi3[..., None])
        result = np.empty((*y.shape, self.rank + 1))
        result[..., :-1, :-1] = np.einsum("p,...p,...prs->...rs", self.alpha, phi1, self.nm)
        result[..., :-1, :-1] += np.einsum("p,...pr,...ps->...rs", self.alpha, by_mean, self.mean_m)
        result[..., :-1, :-1] += 2 * np.einsum("p,...pr,...ps->...rs", self.alpha, by_variance, b)
        result[..., :-1, -1] = self._collect(by_variance)
        if not np.any(self.g):
            result[..., -1, :] = 0.0
            return result
        cross, slopes, curve = product(self.nonlinearity, [(0, 1), (1, 1), (0, 2)], mean, delta)
        h = slopes + curve
        change = cross[..., None] * self.mean_m + h[..., None] * b
        result[..., -1, :-1] = 2 * self.g**2 * self._collect(change)
        result[..., -1, -1] = (self.g**2 * h) @ self.alpha
        return result

    def bulk_radius(self, kappa: Array, psi: Array | float) -> Array:
        """Radius of the bulk of the eigenvalues of `J diag(phi')`, (...)."""
        delta = self.structured_variance(kappa) + np.asarray(psi)[..., None]
        (slopes,) = product(self.nonlinearity, [(1, 1)], self.mean(kappa), delta)
        return np.asarray(np.sqrt((self.g**2 * slopes) @ self.alpha))

    @cached_property
    def largest_kappa(self) -> Array:
        """A bound on each |kappa| where |phi| ≤ 1, by Cauchy and Schwarz, (rank,).

        Only the part of n that m and B predict enters kappa.
        """
        mixture, r = self.mixture, self.rank
        predictors = np.r_[0:r, 2 * r : 2 * r + mixture.inputs]
        inner = mixture.covariances[:, predictors][:, :, predictors]
        outer = mixture.covariances[:, r : 2 * r][:, :, predictors]
        explained = outer @ np.linalg.pinv(inner, hermitian=True) @ outer.swapaxes(1, 2)
        second = np.diagonal(explained, axis1=1, axis2=2) + self.mean_n**2
        return np.sqrt(np.maximum(self.alpha @ second, 0.0))

    def _collect(self, values: Array) -> Array:
        """Average over populations of values (..., population, k)."""
        total: Array = np.einsum("p,...pk->...k", self.alpha, values)
        return total
