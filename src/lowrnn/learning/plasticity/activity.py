"""What a network does in a batch of trials, with all that plasticity can depend on."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lowrnn.networks.kernels.compile import OUTER
from lowrnn.networks.kernels.elementwise import CODES, phi, slope

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Activity:
    """A batch of trials.

    Attributes
    ----------
    before : array (trial, time, neuron)
        The rates that each step reads.
    x, rates, gains : array (trial, time, neuron)
        State, `phi` and `phi'` after each step.
    """

    before: Array
    x: Array
    rates: Array
    gains: Array


@cache
def _kernel(code: int) -> Any:
    @njit(**OUTER)
    def run(
        J: Any, left: Any, right: Any, u: Any, v: Any, drive: Any, bias: Any, start: Any,
        alpha: Any, before: Any, x: Any, rates: Any, gains: Any,
    ) -> None:  # fmt: skip
        trials, steps, neurons = drive.shape
        state, r = start.copy(), np.empty_like(start)
        for b in range(trials):
            for i in range(neurons):
                r[b, i] = phi(code, state[b, i] + bias[i])
        recurrent = np.zeros_like(start)
        for step in range(steps):
            if J.size:
                recurrent = np.dot(r, J)
            if left.size:
                latent = np.dot(np.dot(r, right), left)
                if J.size:
                    recurrent += latent
                else:
                    recurrent = latent
            for b in range(trials):
                read = r[b, 0] * 0
                if v.size:
                    for i in range(neurons):
                        read += v[b, i] * r[b, i]
                for i in range(neurons):
                    total = recurrent[b, i] + drive[b, step, i]
                    if v.size:
                        total += u[b, i] * read
                    before[b, step, i] = r[b, i]
                    now = state[b, i] + alpha * (total - state[b, i])
                    state[b, i] = now
                    x[b, step, i] = now
                    h = now + bias[i]
                    rate = phi(code, h)
                    r[b, i] = rate
                    rates[b, step, i] = rate
                    gains[b, step, i] = slope(code, h, rate)

    return run


def run_trials(
    J: Array | None,
    left: Array,
    right: Array,
    drive: Array,
    *,
    alpha: float,
    nonlinearity: str,
    bias: Array,
    initial_state: Array,
    perturbation: tuple[Array, Array] | None = None,
) -> Activity:
    """Euler steps of `tau dx/dt = -x + (J + left rightᵀ) phi(x + bias) + drive`.

    Parameters
    ----------
    J : array (neuron, presynaptic), optional
        The dense part of the recurrent matrix.
    left, right : array (neuron, column)
        Factors of the rest.
    drive : array (trial, time, neuron)
        All else that a neuron receives; a kick `k` of the state is `k / alpha` here.
    alpha : float
        `dt / tau`.
    nonlinearity : str
        Name of phi.
    bias, initial_state : array (neuron,)
    perturbation : two arrays (trial, neuron), optional
        u and v of what is added to the matrix in each trial, `u vᵀ`.
    """
    dtype = drive.dtype
    none = np.zeros((0, 0), dtype)
    u, v = (none, none) if perturbation is None else perturbation
    start = np.ascontiguousarray(np.broadcast_to(initial_state, drive.shape[::2])).astype(dtype)
    before, x, rates, gains = (np.empty_like(drive) for _ in range(4))
    _kernel(CODES[nonlinearity])(
        none if J is None else np.ascontiguousarray(J.T, dtype),
        np.ascontiguousarray(left.T, dtype),
        np.ascontiguousarray(right, dtype),
        np.ascontiguousarray(u, dtype),
        np.ascontiguousarray(v, dtype),
        np.ascontiguousarray(drive),
        np.ascontiguousarray(bias, dtype),
        start,
        dtype.type(alpha),
        before,
        x,
        rates,
        gains,
    )
    return Activity(before, x, rates, gains)


def low_pass(signal: Array, alpha: float) -> Array:
    """`p(t) = (1 - alpha) p(t - 1) + alpha signal(t)` along axis 1, from 0."""
    filtered = alpha * signal
    for step in range(1, signal.shape[1]):
        filtered[:, step] += (1 - alpha) * filtered[:, step - 1]
    return np.asarray(filtered, signal.dtype)
