"""Every fixed point of networks whose flow is linear in pieces: relu, at rank 1 and 2.

The kink of a neuron, `m_i · kappa + drive_i = 0`, is a point on the line of one latent and a line
in the plane of two. Between kinks the flow is affine, `A kappa + b - kappa`, and has one zero,
which counts if it lies in its own piece. The pieces are finitely many, so nothing is missed.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lowrnn.analysis.flow import Array, LatentFlow

#: A piece is degenerate if the determinant of `1 - A` is smaller than this: its zeros may fill it.
SINGULAR = 1e-9
#: Zeros of the flow up to rounding, relative to the size of a candidate.
ROUNDING = 1e-9


def relu_fixed_points(flow: LatentFlow) -> tuple[Array, bool]:
    """All fixed points (point, rank) of a relu network of rank 1 or 2, and whether that is certain.

    It is not where a piece is degenerate: it may hold a continuum of fixed points. Takes O(N log N)
    at rank 1 and O(N² log N) at rank 2, where N kinks make about N² / 2 pieces: a second for
    N = 512, twenty for 2000.
    """
    found, certain = [np.empty((0, flow.rank))], True
    pieces = _intervals(flow) if flow.rank == 1 else _polygons(flow)
    for A, b, inside, at, wide in pieces:
        determinant, scaled = _cramer(A, b)
        regular = np.abs(determinant) > SINGULAR
        certain &= bool((regular | ~wide).all())
        kappa = scaled[regular] / determinant[regular, None]
        margin = ROUNDING * (1 + np.abs(kappa).max(axis=1, keepdims=True))
        # On the same side as the piece of the kinks beside it, before the flow itself decides.
        bounds, offsets = inside[regular], at[regular]
        beside = (bounds * kappa[:, None]).sum(axis=2) + offsets
        candidates = kappa[(beside >= -margin).all(axis=1)]
        for part in np.array_split(candidates, 1 + len(candidates) * len(flow.m) // 4_000_000):
            scale = 1 + np.abs(part).max(axis=1, initial=0)
            found.append(part[np.abs(flow(part)).max(axis=1, initial=0) < ROUNDING * scale])
    return np.concatenate(found), certain


def _cramer(A: Array, b: Array) -> tuple[Array, Array]:
    """Determinant of `1 - A`, and with its factor the solution of `(1 - A) kappa = b`.

    By hand, for LAPACK takes longer to call than to compute millions of these.
    """
    if A.shape[1] == 1:
        return 1 - A[:, 0, 0], b
    p, q, r, s = 1 - A[:, 0, 0], -A[:, 0, 1], -A[:, 1, 0], 1 - A[:, 1, 1]
    scaled = np.stack([s * b[:, 0] - q * b[:, 1], p * b[:, 1] - r * b[:, 0]], axis=1)
    return p * s - q * r, scaled


#: Slope `A`, offset `b`, kinks beside the piece as `inside · kappa + at >= 0`, and whether the
#: piece is more than the point where several kinks meet.
_Pieces = Iterator[tuple[Array, Array, Array, Array, NDArray[np.bool_]]]


def _intervals(flow: LatentFlow) -> _Pieces:
    """All intervals at once."""
    m, drive = flow.m[:, 0], flow.drive
    bends = m != 0
    kinks = np.full(len(m), -np.inf)
    kinks[bends] = -drive[bends] / m[bends]
    order = np.argsort(kinks[bends], kind="stable")
    # From left to right, neurons with m > 0 switch on and those with m < 0 off.
    left = np.where(bends, m < 0, drive > 0)
    change = np.sign(m[bends])[order]
    A, b = _cumulate(_table(flow), left, np.flatnonzero(bends)[order], change)
    at = kinks[bends][order]
    inside = np.zeros((len(A), 2, 1))
    offset = np.zeros((len(A), 2))
    inside[1:, 0], offset[1:, 0] = 1.0, -at
    inside[:-1, 1], offset[:-1, 1] = -1.0, at
    yield A, b, inside, offset, _wide(at)


def _polygons(flow: LatentFlow) -> _Pieces:
    """The polygons on either side of each kink line, walked from end to end.

    Every polygon has a side, so every polygon comes up.
    """
    m, drive = flow.m, flow.drive
    length, table = np.linalg.norm(m, axis=1), _table(flow)
    for line in np.flatnonzero(length > 0):
        normal = m[line] / length[line]
        along = np.array([-normal[1], normal[0]])
        origin = -drive[line] / length[line] * normal
        slope, value = m @ along, m @ origin + drive
        crosses = np.abs(slope) > 1e-12 * length
        where = -value[crosses] / slope[crosses]
        order = np.argsort(where, kind="stable")
        where = where[order]
        # A line on top of this one sides with it; a parallel one stays on its side.
        on_top = ~crosses & (np.abs(value) <= 1e-12 * (length + np.abs(drive)))
        start = np.where(crosses, slope < 0, value > 0)
        crossing = np.flatnonzero(crosses)[order]
        change = np.sign(slope[crossing])
        for side in (1.0, -1.0):
            start[on_top] = side * (m[on_top] @ normal) > 0
            A, b = _cumulate(table, start, crossing, change)
            inside = np.zeros((len(A), 3, 2))
            offset = np.zeros((len(A), 3))
            inside[:, 0], offset[:, 0] = side * normal, -side * (normal @ origin)
            # Beyond a crossing, the neuron that crosses has the sign of `change`.
            outward = change[:, None] * m[crossing]
            inside[1:, 1], offset[1:, 1] = outward, change * drive[crossing]
            inside[:-1, 2], offset[:-1, 2] = -outward, -change * drive[crossing]
            yield A, b, inside, offset, _wide(where)


def _wide(ends: Array) -> NDArray[np.bool_]:
    """Which of the pieces between sorted points have a width."""
    width = np.diff(ends) > 1e-12 * (1 + np.abs(ends[:-1]))
    return np.concatenate([[True], width, [True]]) if len(ends) else np.array([True])


def _table(flow: LatentFlow) -> Array:
    """What each neuron adds to `A` and to `b` while it is on, in one row."""
    neurons = len(flow.m)
    slope = (flow.n[:, :, None] * flow.m[:, None, :]).reshape(neurons, -1)
    table: Array = np.concatenate([slope, flow.n * flow.drive[:, None]], axis=1) / neurons
    return table


def _cumulate(
    table: Array, start: NDArray[np.bool_], crossing: NDArray[np.intp], change: Array
) -> tuple[Array, Array]:
    """`A` and `b` of each piece on a walk, from the neurons on at its start and their changes."""
    first = table[start].sum(axis=0)
    steps = np.cumsum(change[:, None] * table[crossing], axis=0)
    sums = np.concatenate([first[None], first + steps])
    rank = 1 if table.shape[1] == 2 else 2
    return sums[:, : rank * rank].reshape(-1, rank, rank), sums[:, rank * rank :]
