"""Limit cycles of the latents, found by following the flow and polished by shooting."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from lowrnn.theory.equations import Equations
from lowrnn.theory.stationary import default_starts

Array = NDArray[np.float64]

#: Samples of a cycle over its period.
SAMPLES = 256
#: How long starts may take to settle, and the longest period that is found.
SETTLING, LONGEST_PERIOD, STEP = 100.0, 100.0, 0.1
#: A flow slower than this has come to rest.
AT_REST = 1e-6
#: Activity beyond this multiple of the largest start grows without bound.
ESCAPE = 2.0
#: A path has returned when it comes this near to where it was, relative to how far it went.
RETURNED = 0.1
SHOTS = 15
ACCURACY = 1e-9


@dataclass(frozen=True, eq=False)
class LimitCycle:
    """A periodic state of the mean field.

    Attributes
    ----------
    period : float
        In units of tau.
    kappa : array (sample, rank)
        Latents, evenly sampled over one period.
    psi : array (lag,)
        Autocovariance of what the random part and noise give a neuron, evenly sampled over lags of
        one period; one entry if it does not change.
    multipliers : array of complex
        By which factors small changes of the latents grow over one period, by falling modulus;
        one of them, along the cycle, is 1. With a random part its variance is taken to follow the
        latents at once, which gives the right sign but not the exact rate.
    bulk_rate : float
        Rate at which changes along the random part grow, -1 without one. Beyond 0 the cycle is
        chaotic or gives way to chaos.
    residual : float
        By how much the cycle fails to close, or its equations are violated.
    """

    period: float
    kappa: Array
    psi: Array
    multipliers: NDArray[np.complex128]
    bulk_rate: float
    residual: float

    @property
    def frequency(self) -> float:
        """Angular frequency in radians per tau, `2π / period`."""
        return 2 * np.pi / self.period

    @property
    def amplitude(self) -> Array:
        """Half the range of each latent, (rank,)."""
        span: Array = np.ptp(self.kappa, axis=0) / 2
        return span

    @property
    def psi0(self) -> float:
        """Variance that the random part and noise give a neuron."""
        return float(self.psi[0])

    @property
    def stable(self) -> bool:
        """Whether the cycle attracts: no multiplier but the neutral one reaches 1, and no chaos."""
        along = np.abs(self.multipliers - 1).argmin()
        others = np.delete(np.abs(self.multipliers), along)
        return bool((others < 1).all() and self.bulk_rate < 0)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for JSON; complex multipliers as [real, imaginary]."""
        return {
            "kind": "limit-cycle",
            "period": self.period,
            "frequency": self.frequency,
            "amplitude": self.amplitude.tolist(),
            "psi0": self.psi0,
            "stable": self.stable,
            "multipliers": [[each.real, each.imag] for each in self.multipliers],
            "bulk_rate": self.bulk_rate,
            "residual": self.residual,
        }


def attracting_cycles(equations: Equations, psi: float = 0.0) -> list[LimitCycle]:
    """Limit cycles without a random part that the flow from a grid of starts settles on.

    Parameters
    ----------
    equations : Equations
        With g = 0.
    psi : float
        Constant variance that private noise gives the state of a neuron.
    """
    if equations.rank == 1:
        return []
    kappa = np.unique(default_starts(equations)[:, :-1], axis=0)
    escaped = ESCAPE * (1 + np.abs(kappa).max())
    for _ in range(round(SETTLING / STEP)):
        kappa = _runge_kutta(equations, kappa, psi)
        kappa = kappa[np.abs(kappa).max(axis=-1) < escaped]
    speed = np.abs(_velocity(equations, kappa, psi)).max(axis=-1)
    kappa = kappa[speed > AT_REST]
    paths = [kappa]
    for _ in range(round(LONGEST_PERIOD / STEP) if len(kappa) else 0):
        paths.append(_runge_kutta(equations, paths[-1], psi))
    cycles: list[LimitCycle] = []
    tried: list[Array] = []
    # Backwards in time, so that shooting starts where the flow has settled the most.
    for path in np.swapaxes(paths, 0, 1)[:, ::-1]:
        if any(_near(path[0], other) for other in tried):
            continue
        tried.append(path)
        period = _first_return(path)
        cycle = None if period is None else _shoot(equations, path[0], period, psi)
        if cycle is not None and not any(_near(cycle.kappa[0], each.kappa) for each in cycles):
            cycles.append(cycle)
    return sorted(cycles, key=lambda cycle: (-cycle.amplitude.max(), *-cycle.kappa[0]))


def _velocity(equations: Equations, kappa: Array, psi: float) -> Array:
    return equations.latents(kappa, psi) - kappa


def _runge_kutta(equations: Equations, kappa: Array, psi: float) -> Array:
    """One step of the classical method."""
    one = _velocity(equations, kappa, psi)
    two = _velocity(equations, kappa + 0.5 * STEP * one, psi)
    three = _velocity(equations, kappa + 0.5 * STEP * two, psi)
    four = _velocity(equations, kappa + STEP * three, psi)
    return kappa + STEP / 6 * (one + 2 * two + 2 * three + four)


def _near(kappa: Array, curve: Array) -> bool:
    """Whether a point lies on a curve (sample, rank), as far as its samples can tell."""
    distance = np.linalg.norm(curve - kappa, axis=1).min()
    return bool(distance < 0.03 * np.ptp(curve, axis=0).max())


def _first_return(path: Array) -> float | None:
    """How long a path (time, rank) takes to come back to its beginning."""
    distance = np.linalg.norm(path - path[0], axis=1)
    near = RETURNED * distance.max()
    away = int(np.argmax(distance > 3 * near))
    lowest = (distance[1:-1] <= distance[:-2]) & (distance[1:-1] <= distance[2:])
    back = 1 + np.flatnonzero(lowest & (distance[1:-1] < near))
    back = back[back > away]
    return STEP * float(back[0]) if len(back) else None


def _shoot(equations: Equations, start: Array, period: float, psi: float) -> LimitCycle | None:
    """Newton's method for a start and a period after which the path closes."""
    rank, residual = len(start), np.inf
    for _ in range(SHOTS):
        end, monodromy = _flow(equations, start, period, psi)
        gap = end - start
        residual = float(np.abs(gap).max())
        if residual < ACCURACY * (1 + np.abs(start).max()):
            break
        # A step along the cycle would change nothing: the last row forbids it.
        matrix = np.zeros((rank + 1, rank + 1))
        matrix[:rank, :rank] = monodromy - np.eye(rank)
        matrix[:rank, rank] = _velocity(equations, end, psi)
        matrix[rank, :rank] = _velocity(equations, start, psi)
        step = np.linalg.lstsq(matrix, np.append(-gap, 0.0))[0]
        start, period = start + step[:rank], period + float(step[rank])
        if not 0 < period < 2 * LONGEST_PERIOD:
            return None
    else:
        return None
    times = np.linspace(0, period, SAMPLES, endpoint=False)
    solution = solve_ivp(
        lambda _, kappa: _velocity(equations, kappa, psi),
        (0, period), start, "DOP853", times, rtol=1e-10, atol=1e-12,
    )  # fmt: skip
    kappa = solution.y.T
    if np.ptp(kappa, axis=0).max() < 1e3 * AT_REST:
        return None
    multipliers = np.linalg.eigvals(monodromy).astype(complex)
    return LimitCycle(
        period=period,
        kappa=np.roll(kappa, -int(kappa[:, 0].argmax()), axis=0),
        psi=np.array([psi]),
        multipliers=multipliers[np.argsort(-np.abs(multipliers))],
        bulk_rate=-1.0,
        residual=residual,
    )


def _flow(equations: Equations, start: Array, period: float, psi: float) -> tuple[Array, Array]:
    """Where the flow leads, and the derivatives by the start."""
    rank = len(start)
    identity = np.eye(rank)

    def change(_: float, state: Array) -> Array:
        kappa, derivatives = state[:rank], state[rank:].reshape(rank, rank)
        jacobian = equations.jacobian(np.append(kappa, psi))[:rank, :rank] - identity
        return np.append(_velocity(equations, kappa, psi), jacobian @ derivatives)

    at = np.append(start, identity)
    end = solve_ivp(change, (0, period), at, "DOP853", rtol=1e-10, atol=1e-12).y[:, -1]
    return end[:rank], end[rank:].reshape(rank, rank)
