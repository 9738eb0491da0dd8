"""Limit cycles of circular connectivity, with or without a random part: an exact solution.

Where `cov(n, m)` rotates and stretches the plane of two latents, and m has the same variance in all
its directions, latents run on a circle at constant speed. Everything else then depends on a lag
alone, and the autocovariance of the random part is a periodic function of it.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from lowrnn.theory.averages import average, product
from lowrnn.theory.equations import Equations
from lowrnn.theory.limit_cycle import SAMPLES, LimitCycle

Array = NDArray[np.float64]

#: Intervals of half a period, and how many suffice to look for solutions.
INTERVALS, COARSE_INTERVALS = 32, 4
#: Radii that are tried, without and with a random part.
RADII, COSTLY_RADII = 400, 16
#: How far to look where phi does not saturate, relative to where one that does would end.
UNBOUNDED_REACH = 3.0
#: Iterations of the map before Newton's method, which take it near the right solution.
FIRST_ITERATIONS = 4
NEWTON_STEPS = 12
ACCURACY, COARSE_ACCURACY = 1e-12, 1e-6
ROUNDING = 1e-9


class _Solutions(NamedTuple):
    """Self-consistent quantities on circles, and the derivatives of what has to vanish."""

    radius: Array  # (circle,)
    psi: Array  # (circle, lag), over half a period
    gain: NDArray[np.complex128]  # (circle,)
    jacobian: Array  # (circle, lag + 1, lag + 1): by psi, then by the radius
    residual: Array  # (circle,), of psi


@dataclass(frozen=True)
class Circle:
    """The plane of the latents in coordinates in which cycles are circles.

    Attributes
    ----------
    equations : Equations
        Of the network.
    axes : array (2, 2)
        `kappa = axes @ (coordinates in the plane)`.
    stretch : array of complex (population,)
        `cov(n, m)`, as the number that multiplies coordinates `x + iy`.
    spread : array (population,)
        Variance of the state for a radius of 1.
    psi : float
        Constant variance that private noise gives the state of a neuron; for g = 0.
    """

    equations: Equations
    axes: Array
    stretch: NDArray[np.complex128]
    spread: Array
    psi: float = 0.0

    @classmethod
    def find(cls, equations: Equations, psi: float = 0.0) -> "Circle | None":
        """The circle of a network, or None where structure is not circular."""
        e = equations
        means = (e.mean_m, e.mean_n, e.mu_cov, e.nu_cov)
        if e.rank != 2 or any(each.any() for each in means):
            return None
        values, vectors = np.linalg.eigh(np.einsum("p,prs->rs", e.alpha, e.mm))
        if values[0] <= ROUNDING * values[1]:
            return None
        axes = vectors / np.sqrt(values)
        mm = axes.T @ e.mm @ axes
        nm = np.linalg.inv(axes) @ e.nm @ axes
        size = ROUNDING * (1 + np.abs(nm).max())
        isotropic = np.abs(mm - mm[:, :1, :1] * np.eye(2)).max() < size
        skew = np.abs(nm[:, 0, 0] - nm[:, 1, 1]) + np.abs(nm[:, 0, 1] + nm[:, 1, 0])
        if not isotropic or skew.max() > size:
            return None
        return cls(e, axes, nm[:, 0, 0] + 1j * nm[:, 1, 0], mm[:, 0, 0], psi)

    def cycles(self) -> list[LimitCycle]:
        """Every limit cycle, stable or not, by falling radius."""
        e = self.equations
        # By Cauchy and Schwarz, as for `Equations.largest_kappa`.
        explained = np.abs(self.stretch) ** 2 / np.where(self.spread > 0, self.spread, 1.0)
        saturates = e.nonlinearity in ("tanh", "erf")
        largest = np.sqrt(explained @ e.alpha) * (1.05 if saturates else UNBOUNDED_REACH)
        number, intervals = (COSTLY_RADII, COARSE_INTERVALS) if e.g > 0 else (RADII, 1)
        radii = largest * np.linspace(0.02, 1, number) ** 1.5
        psi = np.full((number, intervals + 1), self.psi)
        for _ in range(FIRST_ITERATIONS):
            psi = self._map(radii, psi)[0]
        scan = self._solve(radii, psi)
        grows, solved = scan.gain.real > 1, scan.residual < COARSE_ACCURACY
        crossings = np.flatnonzero((grows[:-1] != grows[1:]) & solved[:-1] & solved[1:])
        found = [self._near(scan, int(i)) for i in crossings]
        return [cycle for cycle in found[::-1] if cycle is not None]

    def _near(self, scan: _Solutions, i: int) -> LimitCycle | None:
        """The cycle with a radius between numbers i and i + 1 of those that were tried."""
        low, high = scan.gain.real[i : i + 2] - 1
        share = low / (low - high)
        radius = scan.radius[i] + share * (scan.radius[i + 1] - scan.radius[i])
        psi = np.array([scan.psi[i] + share * (scan.psi[i + 1] - scan.psi[i])])
        if self.equations.g > 0:
            # The same harmonics, sampled more finely.
            harmonics = scipy.fft.dct(psi, type=1, axis=1) * INTERVALS / COARSE_INTERVALS
            harmonics[:, -1] /= 2
            more = np.pad(harmonics, ((0, 0), (0, INTERVALS - COARSE_INTERVALS)))
            psi = scipy.fft.idct(more, type=1, axis=1)
        found = self._solve(np.array([radius]), psi, free_radius=True)
        residual = max(abs(float(found.gain.real[0]) - 1), float(found.residual[0]))
        radius, speed = float(found.radius[0]), float(found.gain.imag[0])
        if residual > ROUNDING or radius <= 0 or abs(speed) < ROUNDING:
            return None
        period = 2 * np.pi / abs(speed)
        matrix = found.jacobian[0]
        # How growth depends on the radius if psi follows: the Schur complement of its block.
        following = np.linalg.solve(matrix[:-1, :-1], matrix[:-1, -1])
        slope = matrix[-1, -1] - matrix[-1, :-1] @ following
        multipliers = np.array([1, np.exp(radius * slope * period)], complex)
        angle = 2 * np.pi * np.sign(speed) * np.arange(SAMPLES) / SAMPLES
        half = found.psi[0]
        return LimitCycle(
            period=period,
            kappa=radius * np.column_stack([np.cos(angle), np.sin(angle)]) @ self.axes.T,
            psi=np.concatenate([half, half[-2:0:-1]]) if self.equations.g > 0 else half[:1],
            multipliers=multipliers[np.argsort(-np.abs(multipliers))],
            bulk_rate=self._bulk_rate(radius, speed, half),
            residual=residual,
        )

    def _solve(self, radius: Array, psi: Array, free_radius: bool = False) -> _Solutions:
        """Autocovariances that agree with themselves on circles of given radii.

        With a free radius, also the radius at which the circle neither grows nor shrinks.
        """
        for _ in range(NEWTON_STEPS):
            new, gain, jacobian = self._map(radius, psi)
            residual = np.abs(psi - new).max(axis=1)
            off = np.append(psi - new, gain.real[:, None] - 1, axis=1)
            matrix = jacobian.copy()
            if not free_radius:
                matrix[:, -1], off[:, -1] = np.eye(psi.shape[1] + 1)[-1], 0.0
            if np.abs(off).max() < (ACCURACY if free_radius else COARSE_ACCURACY):
                break
            step = np.linalg.solve(matrix, off[..., None])[..., 0]
            psi, radius = psi - step[:, :-1], radius - step[:, -1]
        return _Solutions(radius, psi, gain, jacobian, residual)

    def _map(self, radius: Array, psi: Array) -> tuple[Array, NDArray[np.complex128], Array]:
        """The autocovariance that a circle implies, its gain, and derivatives of both.

        In harmonics of the cycle `psi'' = psi - g² ⟨phi phi⟩` is a division. The derivatives, by
        psi and by the radius, are those of `psi - map` and of the gain's real part.
        """
        e, lags = self.equations, psi.shape[1]
        delta0, delta, cosine = self._variances(radius, psi)
        by_radius = 2 * radius[:, None] * self.spread
        slope, curve = average(e.nonlinearity, [1, 3], e.mean_u, delta0)
        weight = e.alpha * self.stretch
        gain, by_delta = slope @ weight, 0.5 * curve @ weight
        gain_by_radius = (0.5 * curve * by_radius) @ weight
        jacobian = np.zeros((len(radius), lags + 1, lags + 1))
        jacobian[:, :-1, :-1] = np.eye(lags)
        jacobian[:, -1, 0], jacobian[:, -1, -1] = by_delta.real, gain_by_radius.real
        if e.g == 0:
            return psi, gain, jacobian
        pairs = [(0, 0), (1, 1), (0, 2)]
        mean = (e.mean_u + 0 * delta0)[:, None]
        rates, slopes, curves = product(e.nonlinearity, pairs, mean, delta0[:, None], delta)
        order = np.arange(lags)
        transform = scipy.fft.dct(np.eye(lags), type=1, axis=0)
        squared = 1 + (gain.imag[:, None] * order) ** 2
        back = e.g**2 * scipy.fft.idct(np.eye(lags), type=1, axis=0)
        filtered = (back / squared[:, None]) @ transform
        correlation = (rates @ e.alpha)[..., None]
        by_speed = -2 * gain.imag[:, None] * order**2 / squared**2
        slower = ((back * by_speed[:, None]) @ transform @ correlation)[..., 0]
        change = np.zeros((len(radius), lags, lags))
        change[:, order, order] = slopes @ e.alpha
        change[..., 0] += curves @ e.alpha
        jacobian[:, :-1, :-1] -= filtered @ change
        jacobian[:, :-1, 0] -= slower * by_delta.imag[:, None]
        moved = (slopes * cosine[:, None] + curves) * by_radius[:, None]
        jacobian[:, :-1, -1] = -(filtered @ (moved @ e.alpha)[..., None])[..., 0]
        jacobian[:, :-1, -1] -= slower * gain_by_radius.imag[:, None]
        return (filtered @ correlation)[..., 0], gain, jacobian

    def _variances(self, radius: Array, psi: Array) -> tuple[Array, Array, Array]:
        """Variance (circle, population), autocovariance (circle, lag, population) and cosine."""
        cosine = np.cos(np.pi * np.arange(psi.shape[-1]) / (psi.shape[-1] - 1))
        circling = radius[:, None] ** 2 * self.spread
        constant = np.asarray(self.equations.uu)
        delta = circling[:, None] * cosine[:, None] + constant + psi[..., None]
        return circling + constant + psi[:, :1], delta, cosine

    def _bulk_rate(self, radius: float, speed: float, psi: Array) -> float:
        """Growth of the covariance of two copies of the network: `(1 + rate)²` is the largest
        eigenvalue of `∂² + g² ⟨phi' phi'⟩` over lags (Sompolinsky, Crisanti & Sommers 1988)."""
        e = self.equations
        delta0, delta, _ = self._variances(np.array([radius]), psi[None])
        (slopes,) = product(e.nonlinearity, [(1, 1)], e.mean_u, delta0[:, None], delta)
        half = e.g**2 * (slopes[0] @ e.alpha)
        whole = np.concatenate([half, half[-2:0:-1]])
        wave = np.fft.fft(np.eye(len(whole)), norm="ortho")
        number = np.fft.fftfreq(len(whole), 1 / len(whole))
        operator = np.diag(whole) - ((wave.conj().T * (speed * number) ** 2) @ wave).real
        return float(np.sqrt(max(np.linalg.eigvalsh(operator)[-1], 0.0)) - 1)
