"""The loops of the fused kernel for low-rank networks: a trial at a time, its state in cache.

The step `x ← (1-α) x + Σ_p c_p W_p + noise` runs over rows `W` of length N: the columns of `m`,
then those of `B`, then the bias; `c` holds α times the latents and inputs. The rows `V` that are
read are the columns of `n`, then those of `w`. With a bias b the kernel's state is `x + b`, which
obeys the same equation with b as the weights of an input that is always 1.

The adjoint `a_t = dL/dx_t` runs back over the same rows; a trial's gradient is gathered from blocks
of eight steps, as a small matrix product. Trials are worked on in chunks of fixed size, each with a
gradient of its own, so that sums do not depend on the number of threads.
"""

from functools import cache
from typing import Any

import numpy as np
from numba import njit
from numba.extending import overload

from lowrnn.networks.kernels.compile import INNER, OUTER, ROWS
from lowrnn.networks.kernels.elementwise import ERF, fill_normal, phi, slope

#: What a squared error is taken on; GIVEN stands for a gradient that comes from outside.
OUTPUT, RATES, STATES, GIVEN = range(4)
BLOCK = 8
CHUNK = 4


@njit(**ROWS)
def _dot(a: Any, b: Any) -> Any:
    total = a.dtype.type(0)
    for i in range(a.shape[0]):
        total += a[i] * b[i]
    return total


@njit(**ROWS)
def _two_dots(a: Any, b: Any, c: Any) -> Any:
    one, two = a.dtype.type(0), a.dtype.type(0)
    for i in range(a.shape[0]):
        one += a[i] * b[i]
        two += a[i] * c[i]
    return one, two


@njit(**INNER)
def _project(a: Any, rows: Any, first: int, last: int, scale: Any, out: Any) -> None:
    """`out[p] = scale · a·rows[p]` for p from first to last."""
    for p in range(first, last - 1, 2):
        one, two = _two_dots(a, rows[p], rows[p + 1])
        out[p], out[p + 1] = scale * one, scale * two
    if (last - first) % 2:
        out[last - 1] = scale * _dot(a, rows[last - 1])


@njit(**ROWS)
def _gather_two(g: Any, h: Any, rows: Any, c: Any, d: Any) -> None:
    c0, c1, c2, c3, c4, c5, c6, c7 = c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]
    d0, d1, d2, d3, d4, d5, d6, d7 = d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7]
    r0, r1, r2, r3 = rows[0], rows[1], rows[2], rows[3]
    r4, r5, r6, r7 = rows[4], rows[5], rows[6], rows[7]
    for i in range(g.shape[0]):
        g[i] += (
            (c0 * r0[i] + c1 * r1[i] + c2 * r2[i] + c3 * r3[i])
            + (c4 * r4[i] + c5 * r5[i] + c6 * r6[i] + c7 * r7[i])
        )  # fmt: skip
        h[i] += (
            (d0 * r0[i] + d1 * r1[i] + d2 * r2[i] + d3 * r3[i])
            + (d4 * r4[i] + d5 * r5[i] + d6 * r6[i] + d7 * r7[i])
        )  # fmt: skip


@njit(**ROWS)
def _gather_one(g: Any, rows: Any, c: Any) -> None:
    c0, c1, c2, c3, c4, c5, c6, c7 = c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]
    r0, r1, r2, r3 = rows[0], rows[1], rows[2], rows[3]
    r4, r5, r6, r7 = rows[4], rows[5], rows[6], rows[7]
    for i in range(g.shape[0]):
        g[i] += (
            (c0 * r0[i] + c1 * r1[i] + c2 * r2[i] + c3 * r3[i])
            + (c4 * r4[i] + c5 * r5[i] + c6 * r6[i] + c7 * r7[i])
        )  # fmt: skip


@njit(**INNER)
def _gather(gradient: Any, first: int, rows: Any, coefficients: Any) -> None:
    """`gradient[first + p] += Σ_j coefficients[p, j] rows[j]` over the BLOCK rows."""
    count = coefficients.shape[0]
    for p in range(0, count - 1, 2):
        g, h = gradient[first + p], gradient[first + p + 1]
        _gather_two(g, h, rows, coefficients[p], coefficients[p + 1])
    if count % 2:
        _gather_one(gradient[first + count - 1], rows, coefficients[count - 1])


def _advance(
    P: int, code: int, noisy: int, x: Any, W: Any, c: Any, decay: Any, xi: Any, std: Any,
    rate: Any, slopes: Any,
) -> None:  # fmt: skip
    """One Euler step of one trial in place, its rates and, where phi' needs it, the slopes."""
    raise NotImplementedError


@overload(_advance, prefer_literal=True, jit_options=ROWS)
def _advance_for(
    P: Any, code: Any, noisy: Any, x: Any, W: Any, c: Any, decay: Any, xi: Any, std: Any,
    rate: Any, slopes: Any,
) -> Any:  # fmt: skip
    count, kind, noise = P.literal_value, code.literal_value, noisy.literal_value
    keep_slope = kind == ERF

    def implementation(
        P: Any, code: Any, noisy: Any, x: Any, W: Any, c: Any, decay: Any, xi: Any, std: Any,
        rate: Any, slopes: Any,
    ) -> None:  # fmt: skip
        for i in range(x.shape[0]):
            state = decay * x[i]
            for p in range(count):
                state += W[p, i] * c[p]
            if noise:
                state += std * xi[i]
            x[i] = state
            rate[i] = phi(kind, state)
            if keep_slope:
                slopes[i] = slope(kind, state, rate[i])

    return implementation


def _retreat(
    Q: int, code: int, direct: int, after: Any, before: Any, rate: Any, slopes: Any, V: Any,
    s: Any, decay: Any, own: Any,
) -> None:  # fmt: skip
    """One step of the adjoint: `before` from `after`, with the direct gradient `own` added."""
    raise NotImplementedError


@overload(_retreat, prefer_literal=True, jit_options=ROWS)
def _retreat_for(
    Q: Any, code: Any, direct: Any, after: Any, before: Any, rate: Any, slopes: Any, V: Any,
    s: Any, decay: Any, own: Any,
) -> Any:  # fmt: skip
    count, kind, add_own = Q.literal_value, code.literal_value, direct.literal_value
    keep_slope = kind == ERF

    def implementation(
        Q: Any, code: Any, direct: Any, after: Any, before: Any, rate: Any, slopes: Any, V: Any,
        s: Any, decay: Any, own: Any,
    ) -> None:  # fmt: skip
        for i in range(rate.shape[0]):
            pull = V[0, i] * s[0]
            for q in range(1, count):
                pull += V[q, i] * s[q]
            if keep_slope:
                total = decay * after[i] + slopes[i] * pull
            else:
                total = decay * after[i] + slope(kind, rate[i], rate[i]) * pull
            if add_own:
                total += own[i]
            before[i] = total

    return implementation


def _rate_error(code: int, rate: Any, slopes: Any, target: Any, scale: Any, own: Any) -> Any:
    """Sum of squared errors of the rates, NaN targets left out; its gradient goes to `own`."""
    raise NotImplementedError


@overload(_rate_error, prefer_literal=True, jit_options=ROWS)
def _rate_error_for(code: Any, rate: Any, slopes: Any, target: Any, scale: Any, own: Any) -> Any:
    kind = code.literal_value

    def implementation(
        code: Any, rate: Any, slopes: Any, target: Any, scale: Any, own: Any
    ) -> Any:  # fmt: skip
        total = rate.dtype.type(0)
        for i in range(rate.shape[0]):
            error = rate[i] - target[i]
            error = error if error == error else rate.dtype.type(0)
            total += error * error
            if kind == ERF:
                own[i] = scale * error * slopes[i]
            else:
                own[i] = scale * error * slope(kind, rate[i], rate[i])
        return total

    return implementation


@njit(**ROWS)
def _state_error(x: Any, bias: Any, target: Any, scale: Any, own: Any) -> Any:
    """As `_rate_error`, on the states."""
    total = x.dtype.type(0)
    for i in range(x.shape[0]):
        error = x[i] - bias[i] - target[i]
        error = error if error == error else x.dtype.type(0)
        total += error * error
        own[i] = scale * error
    return total


def _respond(code: int, x: Any, rate: Any, slopes: Any) -> None:
    """The rates of a state and, where phi' needs it, the slopes."""
    raise NotImplementedError


@overload(_respond, prefer_literal=True, jit_options=ROWS)
def _respond_for(code: Any, x: Any, rate: Any, slopes: Any) -> Any:
    kind = code.literal_value

    def implementation(code: Any, x: Any, rate: Any, slopes: Any) -> None:
        for i in range(x.shape[0]):
            rate[i] = phi(kind, x[i])
            if kind == ERF:
                slopes[i] = slope(kind, x[i], rate[i])

    return implementation


@cache
def simulator(R: int, P: int, code: int, noisy: int) -> Any:
    """The compiled forward pass for R latents and P rows."""

    @njit(**OUTER)
    def simulate(
        W: Any, V: Any, bias: Any, start: Any, u: Any, alpha: Any, std: Any, keys: Any,
        first: int, last: int, out: Any,
    ) -> None:  # fmt: skip
        steps, inputs, neurons = u.shape[1], u.shape[2], W.shape[1]
        decay = W.dtype.type(1) - alpha
        gain = alpha / W.dtype.type(neurons)
        x, rate, xi = np.empty_like(bias), np.empty_like(bias), np.empty_like(bias)
        slopes = np.empty_like(bias)
        c = np.empty(P, W.dtype)
        for b in range(first, last):
            x[:] = start[b % start.shape[0]]
            _respond(code, x, rate, slopes)
            for t in range(steps):
                _project(rate, V, 0, R, gain, c)
                for p in range(inputs):
                    c[R + p] = alpha * u[b, t, p]
                if noisy:
                    fill_normal(xi, keys[b, 0], keys[b, 1], np.uint32(t))
                _advance(P, code, noisy, x, W, c, decay, xi, std, rate, slopes)
                for i in range(neurons):
                    out[b, t, i] = x[i] - bias[i]

    return simulate


@cache
def differentiator(R: int, P: int, Q: int, code: int, noisy: int, mode: int) -> Any:
    """The compiled loss and gradient for R latents, P rows `W` and Q rows `V`."""
    direct = int(mode != OUTPUT)

    @njit(**OUTER)
    def differentiate(
        W: Any, V: Any, bias: Any, start: Any, u: Any, target: Any, weight: Any, given: Any,
        alpha: Any, std: Any, keys: Any, first: int, last: int, workspace: Any, loss: Any,
        gradients: Any, g_start: Any,
    ) -> None:  # fmt: skip
        trials, steps, inputs = u.shape
        neurons = W.shape[1]
        zero, one = W.dtype.type(0), W.dtype.type(1)
        decay, share = one - alpha, one / W.dtype.type(neurons)
        gain = alpha * share
        blocks = (steps + BLOCK - 1) // BLOCK
        # Rows of the workspace: the rates of all steps, then direct gradients and slopes if kept.
        rows = BLOCK * blocks + 1
        rates = workspace[:rows]
        own = workspace[rows : 2 * rows] if direct else workspace[:rows]
        slopes = workspace[2 * rows :] if code == ERF else workspace[:rows]
        x, xi = np.empty_like(bias), np.empty_like(bias)
        adjoint = np.zeros((BLOCK + 1, neurons), W.dtype)
        q = np.zeros(Q, W.dtype)
        # Coefficients of step t: what multiplied the rows going forward, and going back.
        ahead = np.zeros((rows, P), W.dtype)
        back = np.zeros((rows, Q), W.dtype)
        ahead_block = np.zeros((P, BLOCK), W.dtype)
        back_block = np.zeros((Q, BLOCK), W.dtype)
        for chunk in range(first, last):
            # Rows as those of `W`, then of `V`, then of a bias that is taken off the states.
            gradient = gradients[chunk]
            gradient[:] = zero
            for b in range(chunk * CHUNK, min(trials, (chunk + 1) * CHUNK)):
                total = 0.0
                x[:] = start[b % start.shape[0]]
                _respond(code, x, rates[0], slopes[0])
                for t in range(steps + 1):
                    # Of the rates before step t: its latents, and the output of the step before.
                    _project(rates[t], V, 0, Q, share, q)
                    for o in range(R, Q):
                        if t > 0:
                            error = q[o] - target[b, t - 1, o - R]
                            error = error if error == error else zero
                            total += weight[b, t - 1] * error * error
                            back[t, o] = 2 * weight[b, t - 1] * error * share
                    if t == steps:
                        break
                    for p in range(R):
                        ahead[t, p] = alpha * q[p]
                    for p in range(inputs):
                        ahead[t, R + p] = alpha * u[b, t, p]
                    if mode == GIVEN:
                        for i in range(neurons):
                            x[i] = given[b, t, i] + bias[i]
                        _respond(code, x, rates[t + 1], slopes[t + 1])
                        own[t + 1] = target[b, t]
                        continue
                    if noisy:
                        fill_normal(xi, keys[b, 0], keys[b, 1], np.uint32(t))
                    _advance(
                        P, code, noisy, x, W, ahead[t], decay, xi, std, rates[t + 1], slopes[t + 1]
                    )
                    scale = 2 * weight[b, t]
                    if mode == RATES:
                        total += weight[b, t] * _rate_error(
                            code, rates[t + 1], slopes[t + 1], target[b, t], scale, own[t + 1]
                        )
                    if mode == STATES:
                        total += weight[b, t] * _state_error(
                            x, bias, target[b, t], scale, own[t + 1]
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
                        after, before = adjoint[t - begin], adjoint[t - begin - 1]
                        _project(after, W, 0, R, gain, back[t])
                        _retreat(
                            Q, code, direct, after, before, rates[t], slopes[t], V, back[t], decay,
                            own[t],
                        )  # fmt: skip
                    for j in range(BLOCK):
                        inside = begin + j < end
                        for p in range(P):
                            ahead_block[p, j] = ahead[begin + j, p] if inside else zero
                        for p in range(Q):
                            back_block[p, j] = back[begin + j + 1, p] if inside else zero
                    _gather(gradient, 0, adjoint[:BLOCK], ahead_block)
                    _gather(gradient, P, rates[begin + 1 : begin + 1 + BLOCK], back_block)
                # Last, the step from the initial state, which has no error of its own.
                _respond(code, start[b % start.shape[0]], rates[0], slopes[0])
                for p in range(R, Q):
                    back[0, p] = zero
                _project(adjoint[0], W, 0, R, gain, back[0])
                _retreat(
                    Q, code, 0, adjoint[0], g_start[b], rates[0], slopes[0], V, back[0], decay,
                    own[0],
                )  # fmt: skip
                for p in range(Q):
                    for i in range(neurons):
                        gradient[P + p, i] += back[0, p] * rates[0, i]
                if mode in (STATES, GIVEN):
                    for t in range(1, steps + 1):
                        for i in range(neurons):
                            gradient[P + Q, i] -= own[t, i]

    return differentiate
