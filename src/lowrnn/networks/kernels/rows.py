"""Products of few rows of length N: with one row, and as sums of eight of them."""

from typing import Any

from numba import njit

from lowrnn.networks.kernels.compile import INNER, ROWS


@njit(**ROWS)
def _dot(a: Any, i: int, b: Any, p: int) -> Any:
    total = a.dtype.type(0)
    for k in range(a.shape[1]):
        total += a[i, k] * b[p, k]
    return total


@njit(**ROWS)
def _two_dots(a: Any, i: int, b: Any, p: int) -> Any:
    one, two = a.dtype.type(0), a.dtype.type(0)
    for k in range(a.shape[1]):
        one += a[i, k] * b[p, k]
        two += a[i, k] * b[p + 1, k]
    return one, two


@njit(**INNER)
def project(a: Any, i: int, rows: Any, first: int, last: int, scale: Any, out: Any, o: int) -> None:
    """`out[o, p] = scale · a[i]·rows[p]` for p from first to last."""
    for p in range(first, last - 1, 2):
        one, two = _two_dots(a, i, rows, p)
        out[o, p], out[o, p + 1] = scale * one, scale * two
    if (last - first) % 2:
        out[o, last - 1] = scale * _dot(a, i, rows, last - 1)


@njit(**ROWS)
def _gather_two(g: Any, p: int, rows: Any, r: int, c: Any, q: int) -> None:
    c0, c1, c2, c3 = c[q, 0], c[q, 1], c[q, 2], c[q, 3]
    c4, c5, c6, c7 = c[q, 4], c[q, 5], c[q, 6], c[q, 7]
    d0, d1, d2, d3 = c[q + 1, 0], c[q + 1, 1], c[q + 1, 2], c[q + 1, 3]
    d4, d5, d6, d7 = c[q + 1, 4], c[q + 1, 5], c[q + 1, 6], c[q + 1, 7]
    for k in range(g.shape[1]):
        r0, r1, r2, r3 = rows[r, k], rows[r + 1, k], rows[r + 2, k], rows[r + 3, k]
        r4, r5, r6, r7 = rows[r + 4, k], rows[r + 5, k], rows[r + 6, k], rows[r + 7, k]
        one = (c0 * r0 + c1 * r1 + c2 * r2 + c3 * r3) + (c4 * r4 + c5 * r5 + c6 * r6 + c7 * r7)
        two = (d0 * r0 + d1 * r1 + d2 * r2 + d3 * r3) + (d4 * r4 + d5 * r5 + d6 * r6 + d7 * r7)
        g[p, k] += one
        g[p + 1, k] += two


@njit(**ROWS)
def _gather_one(g: Any, p: int, rows: Any, r: int, c: Any, q: int) -> None:
    c0, c1, c2, c3 = c[q, 0], c[q, 1], c[q, 2], c[q, 3]
    c4, c5, c6, c7 = c[q, 4], c[q, 5], c[q, 6], c[q, 7]
    for k in range(g.shape[1]):
        r0, r1, r2, r3 = rows[r, k], rows[r + 1, k], rows[r + 2, k], rows[r + 3, k]
        r4, r5, r6, r7 = rows[r + 4, k], rows[r + 5, k], rows[r + 6, k], rows[r + 7, k]
        one = (c0 * r0 + c1 * r1 + c2 * r2 + c3 * r3) + (c4 * r4 + c5 * r5 + c6 * r6 + c7 * r7)
        g[p, k] += one


@njit(**INNER)
def gather(gradient: Any, first: int, rows: Any, r: int, coefficients: Any) -> None:
    """`gradient[first + p] += Σ_j coefficients[p, j] rows[r + j]` over a block of rows."""
    count = coefficients.shape[0]
    for p in range(0, count - 1, 2):
        _gather_two(gradient, first + p, rows, r, coefficients, p)
    if count % 2:
        _gather_one(gradient, first + count - 1, rows, r, coefficients, count - 1)
