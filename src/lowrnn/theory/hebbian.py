"""Random networks whose synapses follow their activity: coupled neuronal and synaptic dynamics.

`dx/dt = -x + (J + A) phi(x)` and `p dA/dt = -A + (k/N) phi(x) phi(x)ᵀ` with `phi = tanh`: Hebbian
plasticity for k > 0, anti-Hebbian for k < 0. Time is in units of tau. From `A = 0` on, A is a sum
of one rank for each past moment, that decays: a low-rank part that is never formed. Clark & Abbott
2024.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from lowrnn.errors import InputError, check_array, check_number

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class HebbianTrajectory:
    """A simulation of neurons and plastic synapses.

    Attributes
    ----------
    time : array (time,)
        In units of tau, from dt on.
    x : array (time, neuron)
        State after each step.
    rates : array (stored, neuron)
        Rates of the past that synapses still hold at the end.
    weights : array (stored,)
        What is left of each: `A = Σ_s weights_s rates_s rates_sᵀ`.
    """

    time: Array
    x: Array
    rates: Array
    weights: Array

    @property
    def plastic(self) -> Array:
        """The plastic part A at the end, (neuron, neuron)."""
        dense: Array = (self.rates.T * self.weights) @ self.rates
        return dense

    @property
    def speed(self) -> Array:
        """Root mean square over neurons of `dx/dt` in each step after the first, (time - 1,)."""
        step = self.time[1:] - self.time[:-1]
        return np.asarray(np.sqrt(np.mean(np.diff(self.x, axis=0) ** 2, axis=1)) / step)


def hebbian_dynamics(
    J: ArrayLike,
    k: float,
    p: float,
    initial_state: ArrayLike,
    steps: int,
    *,
    dt: float = 0.05,
    frozen_after: int | None = None,
    forgotten: float = 1e-12,
) -> HebbianTrajectory:
    """Simulate neurons and synapses by Euler steps, from `A = 0`.

    Parameters
    ----------
    J : array (neuron, neuron)
        The part of the connectivity that stays, such as `N(0, g²/N)`.
    k : float
        Strength of plasticity.
    p : float
        Time constant of synapses, in units of tau.
    initial_state : array (neuron,)
        Where to start.
    steps : int
        How many Euler steps.
    dt : float
        Length of a step in units of tau.
    frozen_after : int, optional
        Synapses stay as they are from this step on (`p → ∞`).
    forgotten : float
        Rates are kept until synapses have forgotten all but this share, K of them. A step takes
        O(N² + N K), and `K = p ln(1/forgotten) / dt` at most.

    Raises
    ------
    InputError
        If a shape does not fit or a number is out of range.
    """
    x: Array = check_array("initial_state", initial_state, ("neuron",), dtype=np.float64)
    neurons = len(x)
    J = check_array("J", J, (neurons, neurons), dtype=np.float64)
    k = check_number("k", k)
    dt = check_number("dt", dt, above=0)
    p = check_number("p", p, at_least=dt)
    forgotten = check_number("forgotten", forgotten, above=0)
    if steps < 1:
        raise InputError(f"steps is {steps}: give at least 1")
    if dt > 1 or forgotten >= 1:
        raise InputError(f"dt is {dt} and forgotten {forgotten}: give less than 1 for both")
    frozen_after = steps if frozen_after is None else frozen_after
    kept = min(max(1, math.ceil(p * math.log(1 / forgotten) / dt)), max(1, frozen_after))
    rates, weights = np.zeros((kept, neurons)), np.zeros(kept)
    states = np.empty((steps, neurons))
    for step in range(steps):
        now = np.tanh(x)
        drive = J @ now + (weights * (rates @ now)) @ rates
        if step < frozen_after:
            weights *= 1 - dt / p
            rates[step % kept], weights[step % kept] = now, dt * k / (p * neurons)
        x = x + dt * (drive - x)
        states[step] = x
    return HebbianTrajectory(dt * np.arange(1, steps + 1, dtype=np.float64), states, rates, weights)


def hebbian_threshold() -> tuple[float, float]:
    """The least k at which plasticity alone holds a state, 2.0169980, and |x| there, 1.4192232.

    Without J, all neurons at `±x` are at rest where `x = k tanh³ x`. The solution of smallest k has
    `sinh 2x = 6x`.
    """
    x = float(brentq(lambda x: math.sinh(2 * x) - 6 * x, 0.5, 3, xtol=1e-15))
    return x / math.tanh(x) ** 3, x


def homogeneous_states(k: float) -> Array:
    """The |x| > 0 at which plasticity alone holds a state without J, in ascending order.

    None below `hebbian_threshold`; above it two, of which the larger is stable. The state 0 is
    stable for every k, for the drive of plasticity is cubic.

    Parameters
    ----------
    k : float
        Strength of plasticity.

    Returns
    -------
    array (state,)
        Solutions of `x = k tanh³ x`.
    """
    k = check_number("k", k)
    least, turn = hebbian_threshold()
    if k < least:
        return np.empty(0)

    def excess(x: float) -> float:
        return k * math.tanh(x) ** 3 - x

    # tanh³ x < x³, so that no solution lies below 1/√k; tanh x < 1, so that none lies above k.
    ends = (1 / math.sqrt(k) / 2, turn, k + 1)
    if excess(turn) <= 0:
        return np.array([turn])
    return np.array([brentq(excess, a, b, xtol=1e-14) for a, b in pairwise(ends)])
