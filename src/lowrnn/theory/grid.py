"""All solutions at every point of a grid of networks, each point learning from its neighbours."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from lowrnn.theory.equations import Equations
from lowrnn.theory.stack import ACCURACY, Indices, Stack, newton
from lowrnn.theory.state import NEUTRAL
from lowrnn.theory.stationary import default_starts

Array = NDArray[np.float64]

#: Two solutions are the same if they differ by less, relative to their size.
SAME = 1e-6
#: Points along each axis where solutions are looked for from scratch.
SCOUTS = 11
#: Newton's method takes so many members at once: enough for speed, little memory.
BLOCK = 2000
#: A neighbour's solution leads to a point's own in so many steps, or there is none.
FROM_NEIGHBOUR = 6
#: A state this close to the trivial one, if that exists, is the trivial one.
NEARLY_ZERO = 1e-4
#: Nonlinearities whose maps take a ball into itself.
BOUNDED = ("tanh", "erf")
#: What is smaller is what rounding leaves of 0.
ROUNDING = 1e-12

Progress = Callable[[int], None]


class Solutions:
    """The solutions at each point, and the least residual where there is none."""

    def __init__(self, points: int, unknowns: int) -> None:
        self.y = np.full((points, 4, unknowns), np.nan)
        self.best = np.full(points, np.inf)

    @property
    def count(self) -> Indices:
        """Number of solutions at each point, (point,)."""
        count: Indices = np.isfinite(self.y[:, :, 0]).sum(axis=1)
        return count

    def rows(self) -> tuple[Indices, Array]:
        """Every solution, with its point."""
        points, slots = np.nonzero(np.isfinite(self.y[:, :, 0]))
        return points, self.y[points, slots]

    def add(self, stack: Stack, points: Indices, y: Array) -> Indices:
        """Keep what is new at its point; returns the points that gained a solution."""
        gained: list[int] = []
        neutral = None
        if y.shape[1] == stack.rank + 1 and len(y):
            outliers = stack.take(points).stationary_outliers(y)
            neutral = np.abs(outliers - 1).min(axis=1) < NEUTRAL
        for i, (point, new) in enumerate(zip(points, y, strict=True)):
            slots = self.y[point]
            used = int(np.isfinite(slots[:, 0]).sum())
            near = SAME * (1 + np.abs(new).max())
            if used and (np.abs(slots[:used] - new).max(axis=1) < near).any():
                continue
            # Of a continuous attractor one state stands for all: they share mean and variance.
            if neutral is not None and neutral[i] and used:
                member = stack.take(np.full(used + 1, point))
                both = np.vstack([slots[:used], new])
                look = np.hstack(
                    [
                        member.mean(both[:, :-1]),
                        member.structured_variance(both[:, :-1]),
                        both[:, -1:],
                    ]
                )
                if (np.abs(look[:-1] - look[-1]).max(axis=1) < NEUTRAL**0.5).any():
                    continue
            if used == self.y.shape[1]:
                self.y = np.concatenate([self.y, np.full_like(self.y, np.nan)], axis=1)
            self.y[point, used] = new
            gained.append(int(point))
        return np.unique(np.array(gained, np.intp))


def solve(
    stack: Stack,
    solutions: Solutions,
    points: Indices,
    starts: Array,
    *,
    chaotic: bool = False,
    steps: int = 25,
    advance: Progress | None = None,
) -> Indices:
    """Newton's method at points from starts, one each; returns the points with new solutions."""
    gained = []
    if stack.odd and len(points):
        starts = starts * _orientation(starts, stack.rank)
        rounded = np.column_stack([points, np.round(starts, 6)])
        once = np.unique(rounded, axis=0, return_index=True)[1]
        points, starts = points[once], starts[once]
    for at in range(0, len(points), BLOCK):
        here = points[at : at + BLOCK]
        y, residual = newton(
            stack.take(here), starts[at : at + BLOCK], chaotic=chaotic, steps=steps
        )
        y = np.where(np.abs(y) < ROUNDING, 0.0, y)
        good = residual < ACCURACY
        if not chaotic:
            # Where the trivial state is neutral, all states nearby seem to solve the equations.
            silent = np.abs(stack.take(here).map(np.zeros_like(y))).max(axis=1) < ROUNDING
            y[silent & (np.abs(y).max(axis=1) < NEARLY_ZERO)] = 0.0
        if chaotic:
            good &= y[:, -2] - y[:, -1] > SAME * (1 + y[:, -2])
        np.fmin.at(solutions.best, here, np.where(np.isnan(residual), np.inf, residual))
        gained.append(solutions.add(stack, here[good], y[good]))
        if stack.odd:
            mirrored = good & y[:, : stack.rank].any(axis=1)
            image = y[mirrored] * np.where(np.arange(y.shape[1]) < stack.rank, -1, 1)
            solutions.add(stack, here[mirrored], image)
        if advance is not None:
            advance(len(here))
    return np.unique(np.concatenate(gained)) if gained else np.array([], np.intp)


def _orientation(y: Array, rank: int) -> Array:
    """Factors that make the first latent that is not 0 positive, (row, unknown)."""
    factor = np.ones_like(y)
    kappa = y[:, :rank]
    first = kappa[np.arange(len(y)), (kappa != 0).argmax(axis=1)]
    factor[:, :rank] = np.where(first < 0, -1.0, 1.0)[:, None]
    return factor


def stationary_solutions(
    members: Sequence[Equations], stack: Stack, shape: tuple[int, int], advance: Progress
) -> Solutions:
    """Every stationary solution: scouts search from scratch, others from what these found."""
    solutions = Solutions(len(members), stack.rank + 1)
    grid = np.arange(len(members)).reshape(shape)
    lines = [np.unique(np.linspace(0, n - 1, SCOUTS).round().astype(int)) for n in shape]
    scouts = grid[np.ix_(*lines)].ravel()
    _search(members, stack, solutions, scouts)
    nearest = [
        np.abs(np.arange(n)[:, None] - line).argmin(axis=1)
        for n, line in zip(shape, lines, strict=True)
    ]
    teacher = grid[np.ix_(lines[0][nearest[0]], lines[1][nearest[1]])].ravel()
    pupils = np.setdiff1d(grid.ravel(), scouts)
    counts = solutions.count[teacher[pupils]]
    points = np.repeat(pupils, counts)
    slots = np.concatenate([np.arange(count) for count in counts]) if len(counts) else counts
    solve(stack, solutions, points, solutions.y[teacher[points], slots], advance=advance)
    spread(stack, solutions, shape)
    if stack.nonlinearity in BOUNDED:
        doubtful = np.flatnonzero(degree(stack, solutions) != 1)
        _search(members, stack, solutions, doubtful)
        spread(stack, solutions, shape)
    return solutions


def _search(
    members: Sequence[Equations], stack: Stack, solutions: Solutions, points: Indices
) -> None:
    """All solutions at some points from scratch."""
    starts = [default_starts(members[point]) for point in points]
    if starts:
        repeated = np.repeat(points, [len(each) for each in starts])
        solve(stack, solutions, repeated, np.concatenate(starts))


def spread(
    stack: Stack, solutions: Solutions, shape: tuple[int, int], *, chaotic: bool = False
) -> None:
    """Let points try what neighbours with more solutions have, until nothing new is found."""
    grid = np.arange(len(solutions.y)).reshape(shape)
    pairs = np.concatenate(
        [
            np.column_stack([a.ravel(), b.ravel()])
            for one, other in ((grid[1:], grid[:-1]), (grid[:, 1:], grid[:, :-1]))
            for a, b in ((one, other), (other, one))
        ]
    )
    fresh = np.ones(len(solutions.y), bool)
    for _ in range(max(shape)):
        count = solutions.count
        useful = pairs[fresh[pairs[:, 1]] & (count[pairs[:, 1]] > count[pairs[:, 0]])]
        if not len(useful):
            return
        starts, rows = _unmatched(solutions.y[useful[:, 0]], solutions.y[useful[:, 1]])
        gained = solve(
            stack, solutions, useful[rows, 0], starts, chaotic=chaotic, steps=FROM_NEIGHBOUR
        )
        fresh[:] = False
        fresh[gained] = True


def _unmatched(own: Array, other: Array) -> tuple[Array, Indices]:
    """The neighbours' solutions that are the nearest to none of a point's own, and their rows."""
    distance = np.abs(other[:, :, None] - own[:, None]).max(axis=-1)
    nearest = np.where(np.isnan(distance), np.inf, distance).argmin(axis=1)
    matched = np.zeros(other.shape[:2], bool)
    rows, slots = np.nonzero(np.isfinite(own[:, :, 0]))
    matched[rows, nearest[rows, slots]] = True
    rows, slots = np.nonzero(np.isfinite(other[:, :, 0]) & ~matched)
    return other[rows, slots], rows


def degree(stack: Stack, solutions: Solutions) -> NDArray[np.int64]:
    """Sum of the indices of the solutions at each point: 1 where none is missing.

    The map of a bounded nonlinearity takes a ball into itself, so the signs of `det(1 - M)` add up
    to 1. The trivial state, at the edge of psi ≥ 0, counts only if psi returns to it.
    """
    points, y = solutions.rows()
    sums = np.zeros(len(solutions.y), np.int64)
    for at in range(0, len(points), BLOCK):
        here, found = points[at : at + BLOCK], y[at : at + BLOCK]
        member = stack.take(here)
        matrix = member.stationary(found)[1]
        trivial = ~found.any(axis=1)
        alone = matrix[trivial][:, :-1, :-1]
        sign = np.sign(np.linalg.det(-matrix)).astype(int)
        returns = matrix[trivial, -1, -1] < 0
        sign[trivial] = np.sign(np.linalg.det(-alone)).astype(int) * returns
        np.add.at(sums, here, sign)
    return sums
