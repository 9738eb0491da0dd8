"""The latents of a zero-mean population alone, with a random part that follows them at once."""

from collections import deque
from collections.abc import Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lowrnn.errors import InputError, check_array
from lowrnn.networks.mixture import GaussianMixture
from lowrnn.theory.averages import average, product

Array = NDArray[np.float64]

#: Standard deviations of the state that the table of gains covers, at least 1e-5 accurate.
WIDEST, ENTRIES = 30.0, 3001


class ReducedModel:
    """`dκ/dt = -κ + (Σ_nm κ + Σ_nB v) ⟨phi'⟩`, `dv/dt = -v + u`, for one zero-mean population.

    The state is `x = m κ + B v` plus what the random part adds, whose variance ψ is taken to be the
    stationary one for the present κ and v, `ψ = g² ⟨phi²⟩`. The gain ⟨phi'⟩ is then a function of
    the variance along m and B alone, and is tabulated. Exact for g = 0 and N → ∞; for g > 0 the
    input has to be slow (Mastrogiuseppe & Ostojic 2018).

    Parameters
    ----------
    mixture : GaussianMixture
        One population with zero means.
    g : float
        Strength of the random part, below 1: beyond, the random part has a life of its own.
    nonlinearity : str
        phi, by name.

    Raises
    ------
    InputError
        If the mixture has several populations or means other than 0, or g is not below 1.
    """

    def __init__(
        self, mixture: GaussianMixture, g: float = 0.0, nonlinearity: str = "tanh"
    ) -> None:
        if mixture.populations != 1 or mixture.means.any():
            raise InputError(
                f"the mixture has {mixture.populations} populations and means up to"
                f" {np.abs(mixture.means).max():g}: give one population with zero means"
            )
        if not 0 <= g < 1:
            raise InputError(f"g is {g}: the reduced model needs at least 0 and less than 1")
        self.mixture, self.g, self.nonlinearity = mixture, g, nonlinearity

    @cached_property
    def _table(self) -> tuple[Array, Array, Array]:
        """Variance along m and B, gain, and ψ, for a range of total variances."""
        delta = np.linspace(0, WIDEST, ENTRIES) ** 2
        (gain,) = average(self.nonlinearity, [1], 0.0, delta)
        (square,) = product(self.nonlinearity, [(0, 0)], 0.0, delta)
        psi = self.g**2 * square
        return delta - psi, gain, psi

    def structured_variance(self, kappa: Array, v: Array) -> Array:
        """Variance of the state along m and B, (...), at κ (..., rank) and v (..., input)."""
        y = np.concatenate([kappa, v], axis=-1)
        r, k = self.mixture.rank, self.mixture.inputs
        keep = np.r_[0:r, 2 * r : 2 * r + k]
        within = self.mixture.covariances[0][np.ix_(keep, keep)]
        return np.asarray(((y @ within) * y).sum(axis=-1))

    def gain(self, kappa: Array, v: Array) -> Array:
        """⟨phi'⟩, (...)."""
        return self._look_up(self._table[1], kappa, v)

    def psi(self, kappa: Array, v: Array) -> Array:
        """Variance that the random part adds, (...)."""
        return self._look_up(self._table[2], kappa, v)

    def _look_up(self, column: Array, kappa: Array, v: Array) -> Array:
        variance, known = self.structured_variance(kappa, v), self._table[0]
        # Written so that NaN fails too.
        if not (variance <= known[-1]).all():
            raise InputError(
                f"the variance along m and B reaches {variance.max():.4g}: the reduced model goes"
                f" up to {known[-1]:.4g}, so give smaller inputs or overlaps"
            )
        return np.interp(variance, known, column)

    def readout(self, kappa: Array, v: Array) -> Array:
        """z, (..., output)."""
        along = kappa @ self.mixture.covariance("w", "m")[0].T
        along = along + v @ self.mixture.covariance("w", "B")[0].T
        return np.asarray(along * self.gain(kappa, v)[..., None])

    def run(self, u: Array, start: float = 0.0, dt: float = 0.1) -> tuple[Array, Array]:
        """Euler steps; entry `t` holds what the input of step `t` led to, as in a `Trajectory`.

        Parameters
        ----------
        u : array (trial, time, input)
            Inputs, with their noise.
        start : float
            Each κ before the first step; v begins at 0.
        dt : float
            Time step in units of tau.

        Returns
        -------
        kappa : array (trial, time, rank)
            Latents.
        v : array (trial, time, input)
            Filtered inputs.
        """
        path = [(kappa, v) for kappa, v in self._steps(u, start, dt)]
        kappas, vs = zip(*path, strict=True)
        return np.stack(kappas, axis=1), np.stack(vs, axis=1)

    def final(self, u: Array, start: float = 0.0, dt: float = 0.1) -> tuple[Array, Array]:
        """The last κ (trial, rank) and v (trial, input) of `run`, which it does not store."""
        return deque(self._steps(u, start, dt), maxlen=1).pop()

    def _steps(self, u: Array, start: float, dt: float) -> Iterator[tuple[Array, Array]]:
        """κ and v after every step."""
        u = check_array("u", u, ("trial", "time", self.mixture.inputs), dtype=np.float64)
        nm, nB = self.mixture.covariance("n", "m")[0], self.mixture.covariance("n", "B")[0]
        kappa, v = np.full((len(u), self.mixture.rank), float(start)), np.zeros_like(u[:, 0])
        for now in u.swapaxes(0, 1):
            drive = (kappa @ nm.T + v @ nB.T) * self.gain(kappa, v)[:, None]
            kappa, v = kappa + dt * (drive - kappa), v + dt * (now - v)
            yield kappa, v
