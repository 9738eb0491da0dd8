"""How well a low-rank network fits, without a gradient: the loss and the drive of its latents."""

from functools import cache
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lowrnn.networks.kernels.compile import OUTER, share
from lowrnn.networks.kernels.elementwise import CODES
from lowrnn.networks.kernels.loops import (
    RATES,
    STATES,
    advance,
    rate_error,
    respond,
    state_error,
)
from lowrnn.networks.kernels.rows import project

Array = NDArray[np.floating]


@cache
def _evaluator(R: int, P: int, code: int, mode: int) -> Any:
    @njit(**OUTER)
    def run(
        W: Any, V: Any, bias: Any, start: Any, u: Any, target: Any, alpha: Any,
        first: int, last: int, drive: Any, loss: Any,
    ) -> None:  # fmt: skip
        steps, inputs, neurons = u.shape[1], u.shape[2], W.shape[1]
        one = W.dtype.type(1)
        decay, share_ = one - alpha, one / W.dtype.type(neurons)
        x, xi = np.empty_like(bias), np.empty_like(bias)
        rates, own = np.empty((1, neurons), W.dtype), np.empty((1, neurons), W.dtype)
        slopes = np.empty((1, neurons), W.dtype)
        c, q = np.empty((1, P), W.dtype), np.empty((1, R), W.dtype)
        for b in range(first, last):
            total = 0.0
            x[:] = start[b % start.shape[0]]
            respond(code, x, rates, slopes, 0)
            for t in range(steps):
                project(rates, 0, V, 0, R, share_, q, 0)
                for p in range(R):
                    drive[b, t, p] = q[0, p]
                    c[0, p] = alpha * q[0, p]
                for p in range(inputs):
                    c[0, R + p] = alpha * u[b, t, p]
                advance(P, code, 0, x, W, c, 0, decay, xi, one, rates, slopes, 0)
                if mode == RATES:
                    total += rate_error(code, rates, slopes, 0, target, b, t, one, own)
                else:
                    total += state_error(x, bias, target, b, t, one, own, 0)
            loss[b] = total

    return run


def evaluate(
    m: Array, n: Array, B: Array, bias: Array, initial_state: Array, u: Array, target: Array, *,
    alpha: float, nonlinearity: str, on: str,
) -> tuple[float, Array]:  # fmt: skip
    """Sum of squared errors of a noise-free network, and `(1/N) nᵀ phi` before each step.

    Parameters
    ----------
    m, n, B, bias : array
        The network; (neuron, ...) as in `RNN`.
    initial_state : array (neuron,) or (trial, neuron)
        The state before the first step.
    u : array (trial, time, input)
        Inputs.
    target : array (trial, time, neuron)
        What the rates or states should be; NaN entries are left out.
    alpha, nonlinearity : float, str
        As in `RNN`.
    on : {"rates", "states"}
        What `target` is.

    Returns
    -------
    loss : float
        Sum of squared errors.
    drive : array (trial, time, rank)
        What moves the latents in each step.
    """
    dtype = target.dtype
    W = np.ascontiguousarray(np.concatenate([m, B, bias[:, None]], axis=1).T, dtype)
    u = np.concatenate([u, np.ones((*u.shape[:2], 1))], axis=2).astype(dtype)
    V = np.ascontiguousarray(n.T, dtype)
    drive, loss = np.empty((*u.shape[:2], len(V)), dtype), np.empty(len(u))
    kernel = _evaluator(len(V), len(W), CODES[nonlinearity], RATES if on == "rates" else STATES)
    start = np.atleast_2d(initial_state + bias).astype(dtype)
    rest = bias.astype(dtype)

    def work(_: int, first: int, last: int) -> None:
        kernel(W, V, rest, start, u, target, dtype.type(alpha), first, last, drive, loss)

    share(work, len(u), target.size)
    return float(loss.sum()), drive
