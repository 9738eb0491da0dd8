"""The autocorrelation of fluctuating activity, as the fall of a particle in a potential.

With `u = psi - psi_inf`, conservation of energy gives `u' = -u √(1 - chord(u))`, where chord is
g² times the mean of `⟨phi' phi'⟩` from psi_inf to psi, weighted towards psi_inf. This first-order
form is integrated over a variable v in which it is regular: `u = psi0 - psi_inf` times
`cosh² v0 / cosh² v`, from v0 at lag 0 to infinity. (The second-order equation is of no use: psi
is an unstable orbit of it.)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicHermiteSpline, make_interp_spline

from lowrnn.errors import InputError, check_array
from lowrnn.theory.averages import product
from lowrnn.theory.equations import Equations
from lowrnn.theory.fluctuating import INTERVAL, INTERVAL_WEIGHTS, NEAR, Fluctuations, start_of
from lowrnn.theory.state import State

Array = NDArray[np.float64]

#: Nodes in v, and how far they reach beyond v0: there 1e-10 of the fluctuations are left.
NODES, REACH = 128, 12.0
#: A state that violates the equations by more belongs to others.
FOREIGN = 1e-6


@dataclass(frozen=True, eq=False)
class Autocorrelation:
    """Autocovariances of a fluctuating state, at lags in units of tau.

    Attributes
    ----------
    lag : array (lag,)
        From 0 on; autocovariances are even.
    psi : array (lag,)
        Autocovariance of what the random part and noise give a neuron: psi0 at lag 0, psi_inf at
        long lags.
    delta : array (population, lag)
        The same for the whole state over a population.
    half_width : float
        Lag at which psi has gone half of its way.
    """

    lag: Array
    psi: Array
    delta: Array
    half_width: float


def autocorrelation(
    equations: Equations, state: State, lag: ArrayLike | None = None
) -> Autocorrelation:
    """Autocorrelation of a fluctuating state.

    Parameters
    ----------
    equations : Equations
        Those that the state solves.
    state : State
        Chaotic or driven by noise.
    lag : array (lag,), optional
        Lags of at least 0, in units of tau; by default 401 until psi has gone 99.99 % of its way.

    Raises
    ------
    InputError
        If the state does not fluctuate or solves other equations, or a lag is negative.

    References
    ----------
    Sompolinsky, Crisanti & Sommers, Physical Review Letters 61 (1988) 259-262; with noise,
    Schuecker, Goedeke & Helias, Physical Review X 8 (2018) 041029.
    """
    _check(equations, state)
    d = state.psi0 - state.psi_inf
    energy = state.noise_std**4 / d**2
    force = float(equations.variance(state.kappa, state.psi0)) - state.psi0
    slope = max(2 * (force / d + energy), 0.0)
    # With this v0 noise leaves v a regular variable: 1 - chord is close to slope tanh² v cosh² v0.
    v0 = float(np.arcsinh(np.sqrt(min(energy / slope, 1.0) if slope > 0 else 1.0)))
    v = v0 + np.linspace(0, REACH, NODES)
    u = d * (np.cosh(v0) / np.cosh(v)) ** 2
    chord = _chord(equations, state, u)
    speed = np.sqrt(energy + np.maximum(chord[0] - chord, 0))
    with np.errstate(invalid="ignore"):
        pace = 2 * np.tanh(v) / speed
    if v0 == 0:
        pace[0] = 2 / np.sqrt(slope)
    spline = make_interp_spline(v, pace, k=5)
    elapsed = spline.antiderivative()
    fine = v0 + np.linspace(0, REACH, 16 * NODES)
    inverse = CubicHermiteSpline(elapsed(fine), fine, 1 / spline(fine))

    def excess(lags: Array) -> Array:
        last = float(elapsed(fine[-1]))
        at = inverse(np.minimum(lags, last)) + np.maximum(lags - last, 0) / pace[-1]
        return np.asarray(d * (np.cosh(v0) / np.cosh(np.minimum(at, 300.0))) ** 2)

    def when(share: float) -> float:
        return float(elapsed(np.arccosh(np.cosh(v0) / np.sqrt(share))))

    if lag is None:
        lags = np.linspace(0, when(1e-4), 401)
    else:
        lags = check_array("lag", lag, ("lag",), dtype=np.float64)
        if lags.min() < 0:
            raise InputError(f"lag has the negative entry {lags.min():.6g}: give lags from 0 on")
    psi = state.psi_inf + excess(lags)
    structured = state.delta0 - state.psi0
    return Autocorrelation(lags, psi, structured[:, None] + psi, when(0.5))


def _check(equations: Equations, state: State) -> None:
    if not state.fluctuating:
        raise InputError(
            f"state is {state.kind}: its activity does not change in time, give a fluctuating state"
        )
    violation, _ = Fluctuations(equations, state.noise_std).conditions(start_of(state))
    if not np.abs(violation).max() < FOREIGN * (1 + np.abs(start_of(state)).max()):
        raise InputError(
            f"state violates the equations by {np.abs(violation).max():.2g}: give the equations,"
            " with their input, that it was found with"
        )


def _chord(equations: Equations, state: State, u: Array) -> Array:
    """g² times the mean of `⟨phi' phi'⟩` from psi_inf to psi_inf + u."""
    mean, delta0, delta_inf = state.mu, state.delta0, state.delta_inf
    far = u > NEAR * min(1, delta0.min())

    def two_point(order: int, covariance: Array) -> Array:
        (values,) = product(equations.nonlinearity, [(order, order)], mean, delta0, covariance)
        return values

    chord = np.empty((len(u), len(mean)))
    gap = two_point(-1, delta_inf + u[far, None]) - two_point(-1, delta_inf)
    gap = gap - u[far, None] * two_point(0, delta_inf)
    chord[far] = 2 * gap / u[far, None] ** 2
    s = INTERVAL[:, None, None]
    close = two_point(1, delta_inf + s * u[~far, None])
    chord[~far] = np.einsum("k,kup->up", INTERVAL_WEIGHTS, close)
    return np.asarray(equations.g**2 * (chord @ equations.alpha))
