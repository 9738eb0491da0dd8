"""The largest Lyapunov exponent: how fast two nearby states of a network part."""

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline, make_interp_spline
from scipy.linalg import eigh_tridiagonal

from lowrnn.theory.autocorrelation import autocorrelation
from lowrnn.theory.averages import product
from lowrnn.theory.equations import Equations
from lowrnn.theory.state import State

Array = NDArray[np.float64]

#: Points of the grid of lags on which the ground state is found.
POINTS = 4000
#: How often its decay at the end of the grid is matched to its energy.
MATCHES = 5


def lyapunov_exponent(equations: Equations, state: State) -> float:
    """Largest Lyapunov exponent of a state, in units of 1/tau: above 0 for chaos.

    Of a fluctuating state, `√(1 - E) - 1` where E is the ground-state energy of
    `-∂² + 1 - g² ⟨phi' phi'⟩` over lags (Sompolinsky, Crisanti & Sommers 1988): the growth of a
    small difference, at random in all neurons, between two copies that receive the same noise
    (Schuecker, Goedeke & Helias 2018). Of a stationary state, the largest real part of the
    eigenvalues of its linearised dynamics.

    Parameters
    ----------
    equations : Equations
        Those that the state solves.
    state : State
        Of any kind.

    Raises
    ------
    InputError
        If a fluctuating state solves other equations.
    """
    if not state.fluctuating:
        return max(state.bulk_radius, state.outlier.real) - 1
    course = autocorrelation(equations, state)
    (slopes,) = product(equations.nonlinearity, [(1, 1)], state.mu, state.delta0, course.delta.T)
    potential = make_interp_spline(course.lag, 1 - equations.g**2 * (slopes @ equations.alpha), k=3)
    coarse, fine = (
        _ground_energy(potential, course.lag[-1], points) for points in (POINTS // 2, POINTS)
    )
    # The error of second differences falls as the square of the step.
    energy = fine + (fine - coarse) / 3
    return float(np.sqrt(max(1 - energy, 0.0)) - 1)


def _ground_energy(potential: BSpline, end: float, points: int) -> float:
    """Lowest eigenvalue of `-∂² + potential`, even in lag and constant beyond the end."""
    step = end / points
    diagonal = potential(step * (np.arange(points) + 0.5)) + 2 / step**2
    diagonal[0] -= 1 / step**2
    beside = np.full(points - 1, -1 / step**2)
    outside, last = float(potential(end)), diagonal[-1]
    energy = outside
    for _ in range(MATCHES):
        # Beyond the end the function decays as its energy demands.
        decay = np.sqrt(max(outside - energy, 0.0))
        diagonal[-1] = last - np.exp(-decay * step) / step**2
        energy = eigh_tridiagonal(
            diagonal, beside, eigvals_only=True, select="i", select_range=(0, 0)
        )[0]
    return float(energy)
