"""A fused kernel: networks that learn by rules of one family, each with coefficients of its own.

Every student is a loop of its own, so that it is the same in any batch and any number of threads.
Matrices are kept transposed: their rows, which leave one neuron, are contiguous.
"""

from functools import cache
from typing import Any

import numpy as np
from numba import njit

from lowrnn.networks.kernels.compile import INNER, OUTER, ROWS
from lowrnn.networks.kernels.elementwise import CODES, fill_normal, phi, threefry

f32 = np.float32
u32 = np.uint32

OK, NON_FINITE, SATURATED, BLOW_UP = range(4)


@njit(**ROWS)
def _one_row(out: Any, row: Any, factor: Any) -> None:
    for i in range(out.shape[0]):
        out[i] += row[i] * factor


@njit(**ROWS)
def _add_rows(out: Any, rows: Any, factors: Any) -> None:
    """Add `Σ_j factors_j rows_j` to `out`, eight at a time, so that it is read less often."""
    count = rows.shape[0]
    full = count - count % 8
    for j in range(0, full, 8):
        c0, c1, c2, c3 = factors[j], factors[j + 1], factors[j + 2], factors[j + 3]
        c4, c5, c6, c7 = factors[j + 4], factors[j + 5], factors[j + 6], factors[j + 7]
        for i in range(out.shape[0]):
            low = rows[j, i] * c0 + rows[j + 1, i] * c1 + rows[j + 2, i] * c2 + rows[j + 3, i] * c3
            high = (
                rows[j + 4, i] * c4
                + rows[j + 5, i] * c5
                + rows[j + 6, i] * c6
                + rows[j + 7, i] * c7
            )
            out[i] += low + high
    for j in range(full, count):
        for i in range(out.shape[0]):
            out[i] += rows[j, i] * factors[j]


@njit(**ROWS)
def _power(out: Any, base: Any, exponent: Any) -> None:
    """`out *= base ** exponent`."""
    for _ in range(exponent):
        for i in range(out.shape[0]):
            out[i] *= base[i]


@njit(**INNER)
def _gradient(
    D: Any, a: Any, c: Any, terms: Any, theta: Any, before: Any, rates: Any, T: Any,
    Q: Any, P: Any, one: Any, column: Any,
) -> None:  # fmt: skip
    """Add to D (pre, post) the mean over samples of all terms with these exponents of X and W."""
    samples, neurons = rates.shape
    share = f32(1) / f32(samples)
    constant, mixed = f32(0), False
    Q[:] = f32(0)
    for k in range(terms.shape[0]):
        if terms[k, 0] != a or terms[k, 2] != c:
            continue
        b, d = terms[k, 1], terms[k, 3]
        if b == 0 and d == 0:
            constant += theta[k]
            continue
        mixed = True
        for s in range(samples):
            one[:] = theta[k]
            _power(one, rates[s], b)
            _power(one, T, d)
            _one_row(Q[s], one, f32(1))
    P[:] = f32(1)
    for s in range(samples):
        _power(P[s], before[s], a)
    if constant != f32(0):
        one[:] = f32(0)
        for s in range(samples):
            _one_row(one, P[s], share * constant)
        for j in range(neurons):
            for i in range(neurons):
                D[j, i] += one[j]
    if not mixed:
        return
    if a == 0:
        one[:] = f32(0)
        for s in range(samples):
            _one_row(one, Q[s], share)
        for j in range(neurons):
            _one_row(D[j], one, f32(1))
        return
    for j in range(neurons):
        for s in range(samples):
            column[s] = share * P[s, j]
        _add_rows(D[j], Q, column)


@njit(**INNER)
def _centre(out: Any, samples: Any, mean: Any) -> None:
    """`samples` without their mean, to `out`, which may be the same array."""
    mean[:] = f32(0)
    for s in range(samples.shape[0]):
        _one_row(mean, samples[s], f32(1) / f32(samples.shape[0]))
    for s in range(samples.shape[0]):
        for i in range(samples.shape[1]):
            out[s, i] = samples[s, i] - mean[i]


@njit(**ROWS)
def _move(row: Any, change: Any, start: Any, D: Any, keep: Any, step: Any) -> None:
    for i in range(row.shape[0]):
        change[i] = keep * change[i] + step * D[i]
        row[i] = start[i] + change[i]


@njit(**ROWS)
def _scaled_by_weight(total: Any, D: Any, row: Any, neurons: Any, exponent: Any) -> None:
    for i in range(row.shape[0]):
        value = D[i]
        for _ in range(exponent):
            value *= neurons * row[i]
        total[i] += value


@cache
def student_kernel(nonlinearity: str) -> Any:
    """The kernel for one phi: see `students` for its arguments."""
    code = CODES[nonlinearity]

    @njit(**ROWS)
    def respond(x: Any, bias: Any, rates: Any) -> None:
        for i in range(x.shape[0]):
            rates[i] = phi(code, x[i] + bias[i])

    @njit(**ROWS)
    def euler(x: Any, recurrent: Any, drive: Any, bias: Any, rates: Any, alpha: Any) -> Any:
        size = f32(0)
        for i in range(x.shape[0]):
            now = x[i] + alpha * (recurrent[i] + drive[i] - x[i])
            x[i] = now
            rates[i] = phi(code, now + bias[i])
            size += abs(now)
        return size

    @njit(**OUTER)
    def run(
        first: Any, last: Any, theta: Any, seeds: Any, terms: Any, centred_pre: Any,
        centred_post: Any, m: Any, n: Any, g: Any, drive: Any, bias: Any, start_state: Any,
        spread: Any, frame: Any, readout: Any, recorded: Any, alpha: Any, rate: Any, decay: Any,
        forget: Any, projections: Any, outputs: Any, overlap: Any, norm: Any, saturation: Any,
        status: Any,
    ) -> None:  # fmt: skip
        conditions, steps, neurons = drive.shape
        epochs = norm.shape[1]
        samples = conditions * steps
        J, start = np.empty((neurons, neurons), f32), np.empty((neurons, neurons), f32)
        change, D = np.empty_like(J), np.empty_like(J)
        total = np.empty_like(J)
        before, rates = np.empty((samples, neurons), f32), np.empty((samples, neurons), f32)
        P, Q = np.empty_like(before), np.empty_like(before)
        # The rates themselves are needed again, for the threshold and the saturation.
        post = np.empty_like(rates) if centred_post else rates
        work, column = np.empty((5, neurons), f32), np.empty(samples, f32)
        x, r, recurrent, one, T = work[0], work[1], work[2], work[3], work[4]
        for k in range(first, last):
            key0, key1 = threefry(
                u32(seeds[k] & np.uint64(0xFFFFFFFF)),
                u32(seeds[k] >> np.uint64(32)),
                u32(0),
                u32(0),
            )
            for j in range(neurons):
                start[j] = f32(0)
                if g != f32(0):
                    fill_normal(start[j], key0, key1, u32(j))
                    for i in range(neurons):
                        start[j, i] *= g
                for rank in range(m.shape[0]):
                    _one_row(start[j], m[rank], n[rank, j] / f32(neurons))
                J[j] = start[j]
                change[j] = f32(0)
            T[:] = f32(1)
            state = OK
            for epoch in range(epochs):
                for condition in range(conditions):
                    if spread != f32(0):
                        fill_normal(x, key0, key1, u32(neurons + epoch * conditions + condition))
                    else:
                        x[:] = f32(0)
                    for i in range(neurons):
                        x[i] = start_state[i] + spread * x[i]
                    respond(x, bias, r)
                    place = 0
                    for step in range(steps):
                        sample = condition * steps + step
                        before[sample] = r
                        recurrent[:] = f32(0)
                        _add_rows(recurrent, J, r)
                        size = euler(x, recurrent, drive[condition, step], bias, r, alpha)
                        # Also where it is not a number.
                        if not size <= f32(1e3) * neurons:
                            state = BLOW_UP
                            break
                        rates[sample] = r
                        if place < recorded.shape[0] and recorded[place] == step:
                            for f in range(frame.shape[0]):
                                dot = f32(0)
                                for i in range(neurons):
                                    dot += frame[f, i] * x[i]
                                projections[k, epoch, condition, place, f] = dot
                            for o in range(readout.shape[0]):
                                dot = f32(0)
                                for i in range(neurons):
                                    dot += readout[o, i] * r[i]
                                outputs[k, epoch, condition, place, o] = dot / f32(neurons)
                            place += 1
                    if state != OK:
                        break
                if state != OK:
                    break
                if centred_pre:
                    _centre(before, before, one)
                if centred_post:
                    _centre(post, rates, one)
                total[:] = f32(0)
                for c in range(3):
                    present = False
                    for term in range(terms.shape[0]):
                        present |= terms[term, 2] == c
                    if not present:
                        continue
                    D[:] = f32(0)
                    for a in range(4):
                        used = False
                        for term in range(terms.shape[0]):
                            used |= terms[term, 0] == a and terms[term, 2] == c
                        if used:
                            _gradient(D, a, c, terms, theta[k], before, post, T, Q, P, one, column)
                    for j in range(neurons):
                        _scaled_by_weight(total[j], D[j], J[j], f32(neurons), c)
                squares = f32(0)
                for j in range(neurons):
                    _move(J[j], change[j], start[j], total[j], f32(1) - decay, rate / f32(neurons))
                    row = f32(0)
                    for i in range(neurons):
                        row += change[j, i] * change[j, i]
                    squares += row
                if not np.isfinite(squares):
                    state = NON_FINITE
                    break
                norm[k, epoch] = np.sqrt(squares)
                for p in range(m.shape[0]):
                    one[:] = f32(0)
                    _add_rows(one, J, m[p])
                    # `one` is J m, for rows of J here are its columns.
                    for q in range(n.shape[0]):
                        dot = f32(0)
                        for i in range(neurons):
                            dot += n[q, i] * one[i]
                        overlap[k, epoch, q, p] = dot / f32(neurons)
                for i in range(neurons):
                    mean = f32(0)
                    for s in range(samples):
                        mean += rates[s, i] * rates[s, i]
                    T[i] += forget * (mean / f32(samples) - T[i])
            if state == OK:
                count = 0
                for s in range(samples):
                    for i in range(neurons):
                        count += abs(rates[s, i]) > f32(0.95)
                saturation[k] = count / (samples * neurons)
                if saturation[k] > 0.5:
                    state = SATURATED
            else:
                projections[k] = np.nan
                outputs[k] = np.nan
                overlap[k] = np.nan
                norm[k] = np.nan
                saturation[k] = np.nan
            status[k] = state

    return run
