"""What the networks of a two-parameter family do: the kinds of their stable states."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import ConvergenceError, InputError, check_array
from lowrnn.theory.boundaries import boundaries
from lowrnn.theory.curve import Family
from lowrnn.theory.equations import Equations
from lowrnn.theory.fluctuating import Fluctuations
from lowrnn.theory.grid import (
    BLOCK,
    Progress,
    Solutions,
    solve,
    spread,
    stationary_solutions,
)
from lowrnn.theory.stack import Indices, Stack
from lowrnn.theory.state import NEUTRAL, ZERO

Array = NDArray[np.float64]

#: Kinds of states, and the bit of each in `kinds`.
KINDS = {
    "trivial": 1,
    "structured-stationary": 2,
    "unstructured-stationary": 4,
    "structured-chaotic": 8,
    "unstructured-chaotic": 16,
}
#: Stages of the work, each of which counts every point once.
STAGES = 3


def phase_diagram(
    family: Family,
    parameters: Mapping[str, ArrayLike],
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Any:
    """The stable states at each point of a grid, and the curves on which they change in kind.

    Scattered points are searched from scratch; every other point starts from its neighbours'
    solutions, and solutions spread until none is new. For tanh and erf the degree of the
    self-consistency map then tells where a solution is missing, and the search is repeated there.

    Parameters
    ----------
    family : callable (**{name: float}) -> Equations
        The equations at a value of both parameters, for example
        `rank_one_family(by="means", mean_m=1.1)` for "g" and "overlap". The nonlinearity, the rank,
        and the shares of populations must not change.
    parameters : mapping of str to array
        The names of the two parameters, each with its values: at least 2, ascending.
    progress : callable (done, total), optional
        Called as points are finished.

    Returns
    -------
    xarray.Dataset
        With the two parameters as dimensions:

        - `kinds`: which kinds of states are stable, as the sum of the bits in its attribute
          `flag_meanings`. 0 where none is and an unstable state spirals out: an oscillation.
        - `stable_states`: how many are stable; the two signs of kappa count as two.
        - `unsolved`: where equations were not solved. There `kinds` is 0, and `residual` the least
          that was reached (infinite where activity grows without bound); elsewhere `residual` is
          the greatest of any state.

        With a dimension `state`, by falling kappa and NaN beyond the last: `kind` (a bit),
        `kappa`, `psi0`, `psi_inf`, `delta0`, `bulk_radius`, `outlier_real` and `outlier_imag` of
        the leading outlier. With a dimension `segment`: pieces of the boundaries, `boundary_kind`
        and `boundary` (segment, end, parameter). The attribute `unsolved` counts unsolved points.

    Raises
    ------
    InputError
        If there are not two parameters with ascending values, or the family changes what it must
        not.

    Notes
    -----
    Along a boundary stable states change: "steady" is a fold or pitchfork of a stationary state,
    "hopf" its loss of stability to an oscillation, "chaos-onset" where its bulk radius is 1, and
    "chaos-steady" a fold or pitchfork of a chaotic state, as at the end of structured chaos.
    """
    names, axes = _axes(parameters)
    shape = (len(axes[0]), len(axes[1]))
    total, done = STAGES * shape[0] * shape[1], 0

    def advance(count: int) -> None:
        nonlocal done
        done = min(done + count, total)
        if progress is not None:
            progress(done, total)

    members = []
    for first in axes[0].tolist():
        members += [family(**{names[0]: first, names[1]: second}) for second in axes[1].tolist()]
        advance(shape[1])
    stack, part = Stack(members), shape[0] * shape[1]
    rest = stationary_solutions(members, stack, shape, _share(advance, part))
    advance(2 * part - done)
    chaos, sought = _chaotic_solutions(stack, rest, shape, _share(advance, part))
    tables = _describe(stack, rest), _describe(stack, chaos, chaotic=True)
    odd = np.flatnonzero(sought & ~_explained(len(members), *tables))
    if len(odd):
        _search_chaos(members, stack, chaos, odd)
        tables = tables[0], _describe(stack, chaos, chaotic=True)
    lost = (rest.count == 0) | (sought & (chaos.count == 0)) | ~_explained(len(members), *tables)
    dataset = _dataset(names, axes, *tables, lost)
    left = np.where(rest.count == 0, rest.best, chaos.best)[lost]
    dataset["residual"].values.ravel()[lost] = left
    pieces = boundaries(family, dict(zip(names, axes, strict=True)), dataset, rest, chaos)
    advance(total - done)
    return dataset.merge(pieces, combine_attrs="drop_conflicts")


def _axes(parameters: Mapping[str, ArrayLike]) -> tuple[list[str], list[Array]]:
    if len(parameters) != 2:
        raise InputError(
            f"parameters names {', '.join(parameters) or 'nothing'}: give two, with their values"
        )
    axes = []
    for name, values in parameters.items():
        axis = check_array(name, values, ("value",), dtype=np.float64)
        if len(axis) < 2 or (np.diff(axis) <= 0).any():
            raise InputError(f"{name} has {len(axis)} values: give at least 2, ascending")
        axes.append(axis)
    return list(parameters), axes


def _share(advance: Progress, most: int) -> Progress:
    """Progress of a stage whose work shows only as it is done: never more than its part."""
    left = most

    def step(count: int) -> None:
        nonlocal left
        taken = min(count, left)
        left -= taken
        advance(taken)

    return step


def _chaotic_solutions(
    stack: Stack, rest: Solutions, shape: tuple[int, int], advance: Progress
) -> tuple[Solutions, NDArray[np.bool_]]:
    """Chaotic states near every stationary one whose bulk is unstable, and what neighbours have.

    Also at which points there must be one.
    """
    chaos = Solutions(len(rest.y), stack.rank + 2)
    points, y = rest.rows()
    member = stack.take(points)
    wild = (member.bulk_radius(y[:, :-1], y[:, -1]) > 1 + NEUTRAL) & (y[:, -1] > 0)
    plain = ~(
        y[:, :-1].any(axis=1)
        | member.mean(y[:, :-1]).any(axis=1)
        | member.structured_variance(y[:, :-1]).any(axis=1)
    )
    starts = np.column_stack([y[:, :-1], 0.98 * y[:, -1], 0.5 * y[:, -1]])
    # Without input or structure only g counts: solved once for each.
    alone = np.flatnonzero(wild & plain)
    _, first, back = np.unique(stack.gains[points[alone]], return_index=True, return_inverse=True)
    solve(stack, chaos, points[alone][first], starts[alone][first], chaotic=True, advance=advance)
    same = chaos.y[points[alone][first], 0][back]
    known = np.isfinite(same[:, 0])
    chaos.add(stack, points[alone][known], same[known])
    chaos.best[points[alone]] = chaos.best[points[alone][first]][back]
    others = np.flatnonzero(wild & ~plain)
    solve(stack, chaos, points[others], starts[others], chaotic=True, advance=advance)
    spread(stack, chaos, shape, chaotic=True)
    sought = np.zeros(len(rest.y), bool)
    sought[points[wild]] = True
    return chaos, sought


def _describe(stack: Stack, solutions: Solutions, *, chaotic: bool = False) -> dict[str, Any]:
    """Every solution as a row: its point and all that the diagram says of it."""
    points, y = solutions.rows()
    psi0 = y[:, stack.rank]
    outlier, radius, residual = np.empty(len(y), complex), np.empty(len(y)), np.empty(len(y))
    delta0 = np.empty((len(y), len(stack.alpha)))
    for at in range(0, len(y), BLOCK):
        here = slice(at, at + BLOCK)
        member, now = stack.take(points[here]), y[here]
        if chaotic:
            outliers, errors = member.chaotic_outliers(now)
        else:
            outliers, errors = member.stationary_outliers(now), member.map(now) - now
        outlier[here] = outliers[:, 0]
        radius[here] = member.bulk_radius(now[:, : stack.rank], psi0[here])
        residual[here] = np.abs(errors).max(axis=1)
        delta0[here] = member.structured_variance(now[:, : stack.rank]) + psi0[here, None]
    structured = np.abs(y[:, : stack.rank]).max(axis=1, initial=0) >= ZERO
    names = np.where(structured, "structured", "unstructured").astype(object)
    names += "-chaotic" if chaotic else "-stationary"
    names[~structured & (psi0 < ZERO)] = "trivial"
    return {
        "point": points,
        "kind": np.array([KINDS[name] for name in names], np.int8),
        "kappa": y[:, : stack.rank],
        "psi0": psi0,
        "psi_inf": y[:, -1],
        "delta0": delta0,
        "bulk_radius": radius,
        "outlier_real": outlier.real,
        "outlier_imag": outlier.imag,
        "residual": residual,
        "stable": (outlier.real < 1 + NEUTRAL) & (chaotic | (radius < 1 + NEUTRAL)),
    }


def _explained(points: int, *tables: dict[str, Any]) -> NDArray[np.bool_]:
    """Where a state is stable, or an unstable one spirals out, so that the network oscillates.

    Elsewhere a state is missing.
    """
    explained = np.zeros(points, bool)
    for table in tables:
        spirals = (table["outlier_imag"] != 0) & (table["outlier_real"] > 1)
        explained[table["point"][table["stable"] | spirals]] = True
    return explained


def _search_chaos(
    members: list[Equations], stack: Stack, chaos: Solutions, points: Indices
) -> None:
    """All chaotic states at some points from scratch."""
    for point in points:
        # Where activity has no bound there is nothing to start from: the point stays unsolved.
        with suppress(ConvergenceError):
            starts = Fluctuations(members[point], 0.0).starts()
            solve(stack, chaos, np.full(len(starts), point), starts, chaotic=True)


def _dataset(
    names: list[str],
    axes: list[Array],
    rest: dict[str, Any],
    chaos: dict[str, Any],
    lost: NDArray[np.bool_],
) -> Any:
    """The stable states, arranged on the grid."""
    import xarray as xr

    shape, points = tuple(len(axis) for axis in axes), len(lost)
    table = {name: np.concatenate([rest[name], chaos[name]]) for name in rest}
    keep = table["stable"] & ~lost[table["point"]]
    table = {name: values[keep] for name, values in table.items()}
    keys = [-np.round(column, 9) for column in table["kappa"].T[::-1]]
    order = np.lexsort([table["psi0"], *keys, table["point"]])
    table = {name: values[order] for name, values in table.items()}
    count = np.bincount(table["point"], minlength=points)
    slot = np.arange(len(order)) - np.repeat(np.cumsum(count) - count, count)
    most = max(1, int(count.max(initial=0)))
    kinds, residual = np.zeros(points, np.int8), np.zeros(points)
    np.bitwise_or.at(kinds, table["point"], table["kind"])
    np.maximum.at(residual, table["point"], table["residual"])
    flags = {"flag_masks": list(KINDS.values()), "flag_meanings": " ".join(KINDS)}
    data: dict[str, Any] = {
        "kinds": (names, kinds.reshape(shape), flags),
        "stable_states": (names, count.reshape(shape)),
        "unsolved": (names, lost.reshape(shape)),
        "residual": (names, residual.reshape(shape)),
    }
    last = {"kappa": ["rank"], "delta0": ["population"]}
    for name in set(table) - {"point", "stable", "residual"}:
        values = table[name]
        empty = np.zeros((), values.dtype) if name == "kind" else np.nan
        filled = np.full((points, most, *values.shape[1:]), empty, values.dtype)
        filled[table["point"], slot] = values
        dimensions = [*names, "state", *last.get(name, [])]
        data[name] = (dimensions, filled.reshape(*shape, *filled.shape[1:]))
    coordinates = {name: (name, axis) for name, axis in zip(names, axes, strict=True)}
    return xr.Dataset(data, coordinates, {"unsolved": int(lost.sum())})
