"""Branches of states along one parameter, followed around folds by pseudo-arclength."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import ConvergenceError, InputError, check_number
from lowrnn.theory.curve import CHAOTIC, STATIONARY, Curve, Family, System
from lowrnn.theory.equations import Equations
from lowrnn.theory.fluctuating import fluctuating_states
from lowrnn.theory.state import State
from lowrnn.theory.stationary import stationary_states

Array = NDArray[np.float64]

#: Two states at one parameter value are the same if they differ by less, relative to their size.
SAME = 1e-5


@dataclass(frozen=True, eq=False)
class Branch:
    """States that change continuously along a parameter, in order of arclength.

    The parameter itself may turn around, at folds.

    Attributes
    ----------
    values : array (point,)
        Its values.
    curve : Curve
        The equations behind the branch.
    points : array (point, unknown + 1)
        Coordinates on that curve.
    """

    curve: Curve
    points: Array

    def __repr__(self) -> str:
        low, high = self.values.min(), self.values.max()
        return f"Branch({len(self.points)} points, {self.name} from {low:.6g} to {high:.6g})"

    @property
    def name(self) -> str:
        """The parameter."""
        return self.curve.name

    @cached_property
    def values(self) -> Array:
        """The parameter at each point, (point,)."""
        return np.array([self.curve.value(Y) for Y in self.points])

    @cached_property
    def states(self) -> list[State]:
        """The state at each point."""
        return [self.curve.state(Y) for Y in self.points]

    @property
    def chaotic(self) -> bool:
        """Whether its states are chaotic."""
        return self.curve.chaotic

    def at(self, value: float) -> list[State]:
        """The states at one value of the parameter, one for each time the branch passes it."""
        t = (value - self.curve.start) / (self.curve.stop - self.curve.start)
        axis = np.append(np.zeros(self.points.shape[1] - 1), 1.0)
        found = []
        for one, other in zip(self.points[:-1], self.points[1:], strict=True):
            if min(one[-1], other[-1]) <= t <= max(one[-1], other[-1]) and one[-1] != other[-1]:
                share = (t - one[-1]) / (other[-1] - one[-1])
                guess = one + share * (other - one)
                guess[-1] = t
                Y = self.curve.correct(guess, axis)
                if Y is not None:
                    found.append(self.curve.state(Y))
        return found

    def to_dataset(self) -> Any:
        """The branch as an `xarray.Dataset` over `point`, with the parameter as coordinate."""
        import xarray as xr

        each = self.states
        scalars = ("psi0", "psi_inf", "bulk_radius", "stable", "residual")
        data: dict[str, Any] = {
            s: ("point", [getattr(state, s) for state in each]) for s in scalars
        }
        data["kind"] = ("point", [state.kind for state in each])
        data["kappa"] = (("point", "rank"), np.array([state.kappa for state in each]))
        for name in ("mu", "delta0", "delta_inf"):
            data[name] = (("point", "population"), np.array([getattr(s, name) for s in each]))
        # Of the trivial state one eigenvalue fewer is known.
        most = max(len(state.outliers) for state in each)
        outliers = np.full((len(each), most), np.nan, complex)
        for row, state in zip(outliers, each, strict=True):
            row[: len(state.outliers)] = state.outliers
        data["outliers_real"] = (("point", "outlier"), outliers.real)
        data["outliers_imag"] = (("point", "outlier"), outliers.imag)
        return xr.Dataset(data, coords={self.name: ("point", self.values)})


def branches(
    family: Family,
    name: str,
    start: float,
    stop: float,
    *,
    chaotic: bool = True,
    probes: int = 9,
    resolution: int = 40,
) -> list[Branch]:
    """Every branch of states between two values of a parameter.

    All states are looked for at a few values of the parameter; from each that is new its branch is
    followed both ways, around folds, to the ends of the range.

    Parameters
    ----------
    family : callable (**{name: float}) -> Equations
        The equations at a value of the parameter: a gain, an input, or any statistic of the
        loadings. For example `rank_one_family(overlap=2.2)`, or, with "g" for the name,
        `lambda g: MeanField(mixture, g).equations(u)`.
    name : str
        The parameter.
    start, stop : float
        Its range.
    chaotic : bool
        Whether to follow branches of chaotic states too.
    probes : int
        Number of values at which to look for states, at least 2. A branch that begins and ends
        between two of them is missed.
    resolution : int
        Least number of points of a branch that crosses the range.

    Returns
    -------
    list of Branch
        Stationary branches, stable or not, and then chaotic ones.

    Raises
    ------
    InputError
        If the range is empty.
    ConvergenceError
        If no stationary state was found at any of the values.
    """
    start, stop = check_number("start", start), check_number("stop", stop)
    if start == stop:
        raise InputError(f"start and stop are both {start:g}: give a range")
    if probes < 2 or resolution < 4:
        raise InputError(
            f"probes is {probes} and resolution {resolution}: give at least 2 and at least 4"
        )
    values = [float(value) for value in np.linspace(start, stop, probes)]
    searches: list[tuple[System, Callable[[Equations], list[State]]]] = [
        (STATIONARY, stationary_states)
    ]
    if chaotic:
        searches.append((CHAOTIC, fluctuating_states))
    found: list[Branch] = []
    for system, search in searches:
        seeds = _seeds(family, name, values, search)
        found += _follow_all(family, name, (start, stop), system, seeds, resolution)
    return found


def _seeds(
    family: Family, name: str, values: list[float], search: Callable[[Equations], list[State]]
) -> list[tuple[float, State]]:
    """States at values of the parameter, with these; some values may have none."""
    seeds: list[tuple[float, State]] = []
    failure: ConvergenceError | None = None
    for value in values:
        try:
            seeds += [(value, state) for state in search(family(**{name: value}))]
        except ConvergenceError as error:
            failure = error
    if failure is not None and not seeds:
        raise failure
    return seeds


def _follow_all(
    family: Family,
    name: str,
    ends: tuple[float, float],
    system: System,
    seeds: list[tuple[float, State]],
    resolution: int,
) -> list[Branch]:
    """The branches through seeds, each once."""
    size = max((float(np.abs(system.unknowns(state)).max()) for _, state in seeds), default=0.0)
    curve = Curve(family, name, *ends, system, size or 1.0)
    found: list[Branch] = []
    for value, state in seeds:
        if any(_passes(branch, value, state) for branch in found):
            continue
        Y = curve.point(state, value)
        forth = np.linalg.svd(curve.jacobian(Y))[2][-1]
        forth = forth if forth[-1] > 0 else -forth
        after, before = (
            curve.follow(Y, direction, 1 / resolution, 50 * resolution)
            for direction in (forth, -forth)
        )
        points = np.array([*reversed(before), Y, *after])
        if len(points) > 1:
            found.append(Branch(curve, points))
    return found


def _passes(branch: Branch, value: float, state: State) -> bool:
    """Whether a branch goes through a state, or through its continuous attractor."""

    def same(other: State) -> bool:
        neutral = state.neutral and other.neutral
        pairs: list[tuple[ArrayLike, ArrayLike]]
        pairs = [(state.mu, other.mu), (state.delta0, other.delta0)]
        if not neutral:
            pairs = [(state.kappa, other.kappa), (state.psi0, other.psi0)]
        scale = 1 + float(np.abs(state.kappa).max())
        return all(np.abs(np.subtract(*pair)).max() < SAME * scale for pair in pairs)

    return any(same(other) for other in branch.at(value))
