"""The curves in a phase diagram on which states appear, vanish or change in kind."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lowrnn.theory.curve import Family
from lowrnn.theory.grid import NEARLY_ZERO, Solutions
from lowrnn.theory.stack import ACCURACY, Indices, Stack

Array = NDArray[np.float64]

#: Kinds of boundaries, numbered from 0.
BOUNDARIES = ("steady", "hopf", "chaos-onset", "chaos-steady")
#: Bits of the stationary and of the chaotic kinds of states.
STATIONARY_KINDS, CHAOTIC_KINDS = 7, 24
#: How many of the solutions at both ends of an edge to start from.
CANDIDATES = 2
STEPS = 12
#: No step of Newton's method changes an unknown, or the place on the edge, by more.
LONGEST = 0.3
DIFFERENCE = 1e-6


def boundaries(
    family: Family, axes: Mapping[str, Array], diagram: Any, rest: Solutions, chaos: Solutions
) -> Any:
    """Where boundaries cross the edges of the grid, linked within its cells.

    Each crossing is solved for: the equations, and an outlier or the bulk radius at 1.

    Returns
    -------
    xarray.Dataset
        `boundary` (segment, end, parameter) and `boundary_kind` (segment), and in its attributes
        how many edges with a change have no crossing that was solved.
    """
    import xarray as xr

    names, lines = list(axes), list(axes.values())
    grid = np.arange(len(rest.y)).reshape(len(lines[0]), len(lines[1]))
    edges = np.concatenate(
        [
            np.column_stack([grid[:-1].ravel(), grid[1:].ravel()]),
            np.column_stack([grid[:, :-1].ravel(), grid[:, 1:].ravel()]),
        ]
    )
    kind = diagram["kind"].values.reshape(len(rest.y), -1)
    lost = diagram["unsolved"].values.ravel()
    still, wild = ((kind & bits > 0).sum(axis=1) for bits in (STATIONARY_KINDS, CHAOTIC_KINDS))
    solved = ~lost[edges].any(axis=1)
    changes = solved & (still[edges[:, 0]] != still[edges[:, 1]])
    wilder = solved & (wild[edges[:, 0]] != wild[edges[:, 1]])
    corners = np.stack([axis.ravel() for axis in np.meshgrid(*lines, indexing="ij")], axis=1)

    found: dict[tuple[int, int], Array] = {}
    for test, chosen, solutions in (
        ("outlier", changes, rest),
        ("radius", changes & wilder, rest),
        ("outlier", wilder & ~changes, chaos),
    ):
        edge = np.flatnonzero(chosen)
        chaotic = solutions is chaos
        for number, at, rotates in _crossings(
            family, names, corners, edges[edge], solutions, test, chaotic
        ):
            name = "chaos-steady" if chaotic else "chaos-onset" if test == "radius" else "steady"
            name = "hopf" if rotates and not chaotic and test == "outlier" else name
            found[int(edge[number]), BOUNDARIES.index(name)] = at
    crossed = {edge for edge, _ in found}
    missed = len(set(np.flatnonzero(changes | wilder).tolist()) - crossed)
    segments, kinds = _link(grid, edges, found)
    flags = {"flag_values": list(range(len(BOUNDARIES))), "flag_meanings": " ".join(BOUNDARIES)}
    return xr.Dataset(
        {
            "boundary": (("segment", "end", "parameter"), segments),
            "boundary_kind": ("segment", kinds, flags),
        },
        {"parameter": names},
        {**diagram.attrs, "boundary_edges_unsolved": missed},
    )


def _crossings(
    family: Family,
    names: list[str],
    corners: Array,
    edges: Indices,
    solutions: Solutions,
    test: str,
    chaotic: bool,
) -> list[tuple[int, Array, bool]]:
    """The solved crossing of edges: which edge, where, and whether its outlier is complex."""
    starts = [solutions.y[edges[:, end]] for end in (0, 1)]
    here = np.concatenate(starts, axis=1)
    slots = starts[0].shape[1]
    rows, columns = np.nonzero(np.isfinite(here[:, :, 0]))
    if not len(rows):
        return []
    t = (columns >= slots).astype(float)
    y = here[rows, columns]

    def stack(rows: Indices, t: Array) -> Stack:
        ends = corners[edges[rows]]
        values = ends[:, 0] + t[:, None] * (ends[:, 1] - ends[:, 0])
        return Stack([family(**dict(zip(names, v, strict=True))) for v in values.tolist()])

    def measure(member: Stack, y: Array) -> tuple[Array, NDArray[np.complex128]]:
        if chaotic:
            outlier = member.chaotic_outliers(y)[0][:, 0]
        else:
            outlier = member.stationary_outliers(y)[:, 0]
        if test == "radius":
            return member.bulk_radius(y[:, :-1], y[:, -1]) - 1, outlier
        return outlier.real - 1, outlier

    value, _ = measure(stack(rows, t), y)
    # Nearest to the critical value first, and so many of each edge.
    order = np.lexsort([np.abs(value), rows])
    first = np.searchsorted(rows[order], rows[order])
    order = order[np.arange(len(order)) - first < CANDIDATES]
    rows, t, y = rows[order], t[order], y[order]
    size = np.full(len(rows), np.inf)
    active = np.arange(len(rows))
    with np.errstate(all="ignore"):
        for _ in range(STEPS):
            error, matrix = _bordered(stack, measure, rows[active], t[active], y[active], chaotic)
            size[active] = np.abs(error).max(axis=1)
            usable = np.isfinite(matrix).all(axis=(1, 2)) & np.isfinite(error).all(axis=1)
            usable &= size[active] > 1e-12
            if not usable.any():
                break
            inverse = np.linalg.pinv(matrix[usable], rcond=1e-10)
            step = -np.einsum("iab,ib->ia", inverse, error[usable])
            active = active[usable]
            reach = np.abs(step) / LONGEST
            step /= np.maximum(1, reach.max(axis=1, keepdims=True))
            # Beyond the edge the family may not exist.
            t[active] = np.clip(t[active] + step[:, -1], 0, 1)
            y[active] += step[:, :-1]
            y[active, -1] = np.maximum(y[active, -1], 0)
    good = np.flatnonzero(size < ACCURACY)
    if not len(good):
        return []
    member = stack(rows[good], t[good])
    # Close to the trivial state it is the trivial state that has to pass the test.
    y[good[np.abs(y[good]).max(axis=1) < NEARLY_ZERO]] = 0
    value, outlier = measure(member, y[good])
    relevant = (outlier.real < 1 + 1e-6) & (np.abs(value) < 1e-6)
    if not chaotic:
        relevant &= member.bulk_radius(y[good, :-1], y[good, -1]) < 1 + 1e-6
    ends = corners[edges[rows[good]]]
    where = ends[:, 0] + t[good, None] * (ends[:, 1] - ends[:, 0])
    rotates = np.abs(outlier.imag) > 1e-6
    return [
        (int(rows[good[i]]), where[i], bool(rotates[i])) for i in np.flatnonzero(relevant)[::-1]
    ]


def _bordered(
    stack: Any, measure: Any, rows: Indices, t: Array, y: Array, chaotic: bool
) -> tuple[Array, Array]:
    """The equations and the test, and their derivatives by y and t."""
    member = stack(rows, t)
    # Into the edge, beyond which the family may not exist.
    change = np.where(t > 0.5, -DIFFERENCE, DIFFERENCE)
    moved = stack(rows, t + change)
    conditions = Stack.chaotic if chaotic else Stack.stationary
    residual, slopes = conditions(member, y)
    value, _ = measure(member, y)
    unknowns = y.shape[1]
    matrix = np.empty((len(y), unknowns + 1, unknowns + 1))
    matrix[:, :-1, :-1] = slopes
    matrix[:, :-1, -1] = (conditions(moved, y)[0] - residual) / change[:, None]
    matrix[:, -1, -1] = (measure(moved, y)[0] - value) / change
    for k in range(unknowns):
        step = DIFFERENCE * (np.arange(unknowns) == k)
        # At the trivial state psi stays 0, and so does its part in the test.
        trivial = ~y.any(axis=1) & (k == unknowns - 1)
        matrix[:, -1, k] = np.where(
            trivial, 0.0, (measure(member, y + step)[0] - value) / DIFFERENCE
        )
    return np.column_stack([residual, value]), matrix


def _link(
    grid: Indices, edges: Indices, found: Mapping[tuple[int, int], Array]
) -> tuple[Array, NDArray[np.int8]]:
    """Segments between the crossings of one kind on the edges of each cell."""
    across = len(edges) - grid.shape[0] * (grid.shape[1] - 1)
    upright = np.arange(across).reshape(grid.shape[0] - 1, grid.shape[1])
    level = np.arange(across, len(edges)).reshape(grid.shape[0], grid.shape[1] - 1)
    segments, kinds = [], []
    for i in range(grid.shape[0] - 1):
        for j in range(grid.shape[1] - 1):
            around = (upright[i, j], upright[i, j + 1], level[i, j], level[i + 1, j])
            for kind in range(len(BOUNDARIES)):
                points = [found[int(e), kind] for e in around if (int(e), kind) in found]
                for one, other in combinations(points, 2):
                    if np.abs(one - other).max() > 0:
                        segments.append([one, other])
                        kinds.append(kind)
    shape = (len(segments), 2, 2)
    return np.array(segments, np.float64).reshape(shape), np.array(kinds, np.int8)
