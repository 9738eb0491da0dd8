"""The loops of the fused kernel for low-rank networks: a trial at a time, its state in cache.

The step `x ← (1-α) x + Σ_p c_p W_p + noise` runs over rows `W` of length N: the columns of `m`,
then those of `B`, then the bias; `c` holds α times the latents and inputs. The rows `V` that are
read are the columns of `n`, then those of `w`. With a bias b the kernel's state is `x + b`, which
obeys the same equation with b as the weights of an input that is always 1. With trial factors,
latent r of trial k counts `factors[k, r]` times.

The adjoint `a_t = dL/dx_t` runs back over the same rows; a trial's gradient is gathered from blocks
of eight steps, as a small matrix product. Trials are worked on in chunks of fixed size, each with a
gradient of its own, so that sums do not depend on the number of threads.
"""

from functools import cache
from typing import Any

import numpy as np
from numba import njit
from numba.extending import overload

from lowrnn.networks.kernels.compile import INNER, OUTER, ROWS, take
from lowrnn.networks.kernels.elementwise import ERF, fill_normal, phi, slope
from lowrnn.networks.kernels.rows import gather, project

#: What a squared error is taken on; GIVEN stands for a gradient that comes from outside.
OUTPUT, RATES, STATES, GIVEN = range(4)
BLOCK = 8
CHUNK = 4


def advance(
    P: int, code: int, noisy: int, x: Any, W: Any, c: Any, t: int, decay: Any, xi: Any, std: Any,
    rates: Any, slopes: Any, o: int,
) -> None:  # fmt: skip
    """One Euler step of one trial in place, with coefficients `c[t]`; its rates go to row `o`."""
    raise NotImplementedError


@overload(advance, prefer_literal=True, jit_options=ROWS)
def _advance(
    P: Any, code: Any, noisy: Any, x: Any, W: Any, c: Any, t: Any, decay: Any, xi: Any, std: Any,
    rates: Any, slopes: Any, o: Any,
) -> Any:  # fmt: skip
    count, kind, noise = P.literal_value, code.literal_value, noisy.literal_value
    keep_slope = kind == ERF

    def implementation(
        P: Any, code: Any, noisy: Any, x: Any, W: Any, c: Any, t: Any, decay: Any, xi: Any,
        std: Any, rates: Any, slopes: Any, o: Any,
    ) -> None:  # fmt: skip
        for k in range(x.shape[0]):
            state = decay * x[k]
            for p in range(count):
                state += W[p, k] * c[t, p]
            if noise:
                state += std * xi[k]
            x[k] = state
            rates[o, k] = phi(kind, state)
            if keep_slope:
                slopes[o, k] = slope(kind, state, rates[o, k])

    return implementation


def _retreat(
    Q: int, code: int, direct: int, adjoint: Any, after: int, before: int, rates: Any, slopes: Any,
    t: int, V: Any, s: Any, decay: Any, own: Any,
) -> None:  # fmt: skip
    """One step of the adjoint: row `before` from row `after`, and the direct gradient `own[t]`."""
    raise NotImplementedError


@overload(_retreat, prefer_literal=True, jit_options=ROWS)
def _retreat_for(
    Q: Any, code: Any, direct: Any, adjoint: Any, after: Any, before: Any, rates: Any, slopes: Any,
    t: Any, V: Any, s: Any, decay: Any, own: Any,
) -> Any:  # fmt: skip
    count, kind, add_own = Q.literal_value, code.literal_value, direct.literal_value
    keep_slope = kind == ERF

    def implementation(
        Q: Any, code: Any, direct: Any, adjoint: Any, after: Any, before: Any, rates: Any,
        slopes: Any, t: Any, V: Any, s: Any, decay: Any, own: Any,
    ) -> None:  # fmt: skip
        for k in range(rates.shape[1]):
            pull = V[0, k] * s[t, 0]
            for q in range(1, count):
                pull += V[q, k] * s[t, q]
            if keep_slope:
                total = decay * adjoint[after, k] + slopes[t, k] * pull
            else:
                total = decay * adjoint[after, k] + slope(kind, rates[t, k], rates[t, k]) * pull
            if add_own:
                total += own[t, k]
            adjoint[before, k] = total

    return implementation


@njit(**INNER)
def _retreat_factors(back: Any, t: int, latents: Any, factors: Any, b: int, g_factors: Any) -> None:
    """The gradient of trial factors, from coefficients `back[t]` that are then multiplied by them.

    `latents[t]` went forward without factors, times N / alpha.
    """
    for p in range(factors.shape[1]):
        g_factors[b, p] += back[t, p] * latents[t, p]
        back[t, p] *= factors[b, p]


def rate_error(
    code: int, rates: Any, slopes: Any, o: int, target: Any, b: int, t: int, scale: Any, own: Any
) -> Any:
    """Squared error of row `o` of the rates, NaN targets left out; gradient to `own[o]`."""
    raise NotImplementedError


@overload(rate_error, prefer_literal=True, jit_options=ROWS)
def _rate_error(
    code: Any, rates: Any, slopes: Any, o: Any, target: Any, b: Any, t: Any, scale: Any, own: Any
) -> Any:
    kind = code.literal_value

    def implementation(
        code: Any, rates: Any, slopes: Any, o: Any, target: Any, b: Any, t: Any, scale: Any,
        own: Any,
    ) -> Any:  # fmt: skip
        total = rates.dtype.type(0)
        for k in range(rates.shape[1]):
            error = rates[o, k] - target[b, t, k]
            error = error if error == error else rates.dtype.type(0)
            total += error * error
            if kind == ERF:
                own[o, k] = scale * error * slopes[o, k]
            else:
                own[o, k] = scale * error * slope(kind, rates[o, k], rates[o, k])
        return total

    return implementation


@njit(**ROWS)
def state_error(
    x: Any, bias: Any, target: Any, b: int, t: int, scale: Any, own: Any, o: int
) -> Any:
    """As `rate_error`, for the states."""
    total = x.dtype.type(0)
    for k in range(x.shape[0]):
        error = x[k] - bias[k] - target[b, t, k]
        error = error if error == error else x.dtype.type(0)
        total += error * error
        own[o, k] = scale * error
    return total


def respond(code: int, x: Any, rates: Any, slopes: Any, o: int) -> None:
    """The rates of a state and, where phi' needs them, the slopes, in row `o`."""
    raise NotImplementedError


@overload(respond, prefer_literal=True, jit_options=ROWS)
def _respond(code: Any, x: Any, rates: Any, slopes: Any, o: Any) -> Any:
    kind = code.literal_value

    def implementation(code: Any, x: Any, rates: Any, slopes: Any, o: Any) -> None:
        for k in range(x.shape[0]):
            rates[o, k] = phi(kind, x[k])
            if kind == ERF:
                slopes[o, k] = slope(kind, x[k], rates[o, k])

    return implementation


@cache
def simulator(R: int, P: int, code: int, noisy: int, factored: int) -> Any:
    """The compiled forward pass for R latents and P rows, with trial factors or without."""

    @njit(**OUTER)
    def simulate(
        W: Any, V: Any, bias: Any, start: Any, u: Any, factors: Any, alpha: Any, std: Any,
        keys: Any, first: int, last: int, out: Any,
    ) -> None:  # fmt: skip
        steps, inputs, neurons = u.shape[1], u.shape[2], W.shape[1]
        decay = W.dtype.type(1) - alpha
        gain = alpha / W.dtype.type(neurons)
        x, xi = np.empty_like(bias), np.empty_like(bias)
        rates, slopes = np.empty((1, neurons), W.dtype), np.empty((1, neurons), W.dtype)
        c = np.empty((1, P), W.dtype)
        for b in range(first, last):
            x[:] = start[b % start.shape[0]]
            respond(code, x, rates, slopes, 0)
            for t in range(steps):
                project(rates, 0, V, 0, R, gain, c, 0)
                if factored:
                    for p in range(R):
                        c[0, p] *= factors[b, p]
                for p in range(inputs):
                    c[0, R + p] = alpha * u[b, t, p]
                if noisy:
                    fill_normal(xi, keys[b, 0], keys[b, 1], np.uint32(t))
                advance(P, code, noisy, x, W, c, 0, decay, xi, std, rates, slopes, 0)
                for k in range(neurons):
                    out[b, t, k] = x[k] - bias[k]

    return simulate


@cache
def differentiator(
    R: int, P: int, Q: int, code: int, noisy: int, mode: int, factored: int, driven: int
) -> Any:
    """The compiled loss and gradient for R latents, P rows `W` and Q rows `V`.

    The gradients of trial factors and of inputs are left out unless `factored` and `driven`.
    """
    direct = int(mode != OUTPUT)

    @njit(**OUTER)
    def differentiate(
        W: Any, V: Any, bias: Any, start: Any, u: Any, factors: Any, target: Any, weight: Any,
        given: Any, alpha: Any, std: Any, keys: Any, counter: Any, workspace: Any, loss: Any,
        gradients: Any, g_start: Any, g_factors: Any, g_rows: Any,
    ) -> None:  # fmt: skip
        trials, steps, inputs = u.shape
        neurons = W.shape[1]
        zero, one = W.dtype.type(0), W.dtype.type(1)
        count = W.dtype.type(neurons)
        decay, share = one - alpha, one / count
        gain = alpha * share
        blocks = (steps + BLOCK - 1) // BLOCK
        # Rows of the workspace: the rates of all steps, then direct gradients and slopes if kept.
        rows = BLOCK * blocks + 1
        rates = workspace[:rows]
        own = workspace[rows : 2 * rows] if direct else workspace[:rows]
        slopes = workspace[2 * rows :] if code == ERF else workspace[:rows]
        x, xi = np.empty_like(bias), np.empty_like(bias)
        adjoint = np.zeros((BLOCK + 1, neurons), W.dtype)
        q = np.zeros((1, Q), W.dtype)
        # Coefficients of step t: what multiplied the rows going forward, and going back.
        ahead = np.zeros((rows, P), W.dtype)
        back = np.zeros((rows, Q), W.dtype)
        latents = np.zeros((rows, R), W.dtype) if factored else ahead
        ahead_block = np.zeros((P, BLOCK), W.dtype)
        back_block = np.zeros((Q, BLOCK), W.dtype)
        chunk = take(counter)
        while chunk < gradients.shape[0]:
            # Rows as those of `W`, then of `V`, then of a bias that is taken off the states.
            gradient = gradients[chunk]
            gradient[:] = zero
            for b in range(chunk * CHUNK, min(trials, (chunk + 1) * CHUNK)):
                total = 0.0
                x[:] = start[b % start.shape[0]]
                respond(code, x, rates, slopes, 0)
                for t in range(steps + 1):
                    # Of the rates before step t: its latents, and the output of the step before.
                    project(rates, t, V, 0, Q, share, q, 0)
                    for o in range(R, Q):
                        if t > 0:
                            error = q[0, o] - target[b, t - 1, o - R]
                            error = error if error == error else zero
                            total += weight[b, t - 1] * error * error
                            back[t, o] = 2 * weight[b, t - 1] * error * share
                    if t == steps:
                        break
                    for p in range(R):
                        ahead[t, p] = alpha * q[0, p]
                        if factored:
                            latents[t, p] = count * q[0, p]
                            ahead[t, p] *= factors[b, p]
                    for p in range(inputs):
                        ahead[t, R + p] = alpha * u[b, t, p]
                    if mode == GIVEN:
                        for i in range(neurons):
                            x[i] = given[b, t, i] + bias[i]
                        respond(code, x, rates, slopes, t + 1)
                        for k in range(neurons):
                            own[t + 1, k] = target[b, t, k]
                        continue
                    if noisy:
                        fill_normal(xi, keys[b, 0], keys[b, 1], np.uint32(t))
                    advance(P, code, noisy, x, W, ahead, t, decay, xi, std, rates, slopes, t + 1)
                    scale = 2 * weight[b, t]
                    if mode == RATES:
                        total += weight[b, t] * rate_error(
                            code, rates, slopes, t + 1, target, b, t, scale, own
                        )
                    if mode == STATES:
                        total += weight[b, t] * state_error(
                            x, bias, target, b, t, scale, own, t + 1
                        )
                loss[b] = total

                adjoint[:] = zero
                for block in range(blocks - 1, -1, -1):
                    begin = block * BLOCK
                    end = min(begin + BLOCK, steps)
                    adjoint[end - begin] = adjoint[0]
                    for j in range(end - begin, BLOCK):
                        if block == blocks - 1:
                            rates[begin + j + 1] = zero
                            own[begin + j + 1] = zero
                    for t in range(end, begin, -1):
                        # From the adjoint after step t + 1 to the one after step t.
                        after = t - begin
                        project(adjoint, after, W, 0, R, gain, back, t)
                        if factored:
                            _retreat_factors(back, t, latents, factors, b, g_factors)
                        if driven:
                            project(adjoint, after, W, R, g_rows.shape[2], alpha, g_rows[b], t)
                        _retreat(
                            Q, code, direct, adjoint, after, after - 1, rates, slopes, t, V, back,
                            decay, own,
                        )  # fmt: skip
                    for j in range(BLOCK):
                        inside = begin + j < end
                        for p in range(P):
                            ahead_block[p, j] = ahead[begin + j, p] if inside else zero
                        for p in range(Q):
                            back_block[p, j] = back[begin + j + 1, p] if inside else zero
                    gather(gradient, 0, adjoint, 0, ahead_block)
                    gather(gradient, P, rates, begin + 1, back_block)
                # Last, the step from the initial state, which has no error of its own.
                x[:] = start[b % start.shape[0]]
                respond(code, x, rates, slopes, 0)
                for p in range(R, Q):
                    back[0, p] = zero
                project(adjoint, 0, W, 0, R, gain, back, 0)
                if factored:
                    _retreat_factors(back, 0, latents, factors, b, g_factors)
                if driven:
                    project(adjoint, 0, W, R, g_rows.shape[2], alpha, g_rows[b], 0)
                _retreat(Q, code, 0, adjoint, 0, BLOCK, rates, slopes, 0, V, back, decay, own)
                g_start[b] = adjoint[BLOCK]
                for p in range(Q):
                    for i in range(neurons):
                        gradient[P + p, i] += back[0, p] * rates[0, i]
                if mode in (STATES, GIVEN):
                    for t in range(1, steps + 1):
                        for i in range(neurons):
                            gradient[P + Q, i] -= own[t, i]
            chunk = take(counter)

    return differentiate
