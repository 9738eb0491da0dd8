"""Which trials are drawn as one line, and in which colour."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lowrnn.report.run import Array, Run
from lowrnn.report.style import DASHES, INK, category_colours, ordered_colours, short

MOST_LINES = 12
MOST_DASHES = len(DASHES)


@dataclass(frozen=True, eq=False)
class Group:
    """Trials that are averaged and drawn as one line.

    Attributes
    ----------
    label : str
        The values that they share, as the user wrote them: not escaped.
    trials : array of int
        Their indices.
    colour : str
        Hexadecimal.
    dash : int
        Index into `style.DASHES`.
    """

    label: str
    trials: NDArray[np.intp]
    colour: str
    dash: int

    def mean(self, values: Array) -> Array:
        """The mean over the group of an array (trial, ...), ignoring NaN."""
        return nanmean(values[self.trials])


@dataclass(frozen=True, eq=False)
class Conditions:
    """The groups of a run and the variables that define them."""

    groups: tuple[Group, ...]
    by: tuple[str, ...]

    def sentence(self) -> str:
        """What a line is."""
        trials = sum(len(g.trials) for g in self.groups)
        if not self.by:
            if trials == 1:
                return "The line is the one condition that there is."
            return f"The line is the average over all {trials} trials."
        shared = " and ".join(self.by)
        if trials == len(self.groups):
            return f"One line for each of {trials} conditions, by {shared}."
        return f"Lines are averages over the trials that share {shared}."


def nanmean(values: Array, axis: int = 0) -> Array:
    """The mean along an axis over what was observed; NaN, without a warning, where nothing was."""
    seen = np.isfinite(values)
    count = seen.sum(axis=axis)
    total = np.where(seen, values, 0.0).sum(axis=axis)
    mean: Array = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return mean


def repeats(run: Run) -> NDArray[np.intp]:
    """A number for each trial, the same for trials that agree in every variable of the run."""
    table = run.labels("trial")
    if not len(table.columns):
        return np.arange(len(table))
    return pd.factorize(pd.MultiIndex.from_frame(table))[0].astype(np.intp)


def conditions(run: Run) -> Conditions:
    """Group the trials of a run by the one or two variables that move its latents most.

    Variables with many values are divided at their quintiles. At most 12 groups.
    """
    signal = run.array("kappa", "trial", "time", "latent")
    if signal is None:
        signal = run.need("z" if run.kind == "train" else "model", "trial", "time", _last(run))
    signal = np.nan_to_num(signal.reshape(len(signal), -1))
    table = run.labels("trial")
    if "task" in table:
        # The variables of one task are missing in the trials of the others.
        table = table.dropna(axis=1)
    levels = {str(name): found for name in table if (found := _levels(table[name])) is not None}
    by: list[str] = []
    grouped = np.zeros(len(signal), np.intp)
    for most in (MOST_LINES, MOST_DASHES):
        joint = {
            name: pd.factorize(grouped * len(names) + codes)[0].astype(np.intp)
            for name, (codes, names) in levels.items()
            if name not in by and len(names) <= most
        }
        joint = {name: codes for name, codes in joint.items() if codes.max() < MOST_LINES}
        gain = {name: _explained(signal, codes) for name, codes in joint.items()}
        best = max(gain, key=gain.__getitem__, default=None)
        if best is None or gain[best] <= _explained(signal, grouped) + 0.01:
            break
        by.append(best)
        grouped = joint[best]
    # Colours tell more levels apart than dashes do.
    by.sort(key=lambda name: -len(levels[name][1]))
    return _named(tuple(by), levels, len(signal))


def _last(run: Run) -> str:
    return "output" if run.kind == "train" else "neuron"


def _levels(column: pd.Series) -> tuple[NDArray[np.intp], list[str]] | None:
    """The level of each trial, in ascending order, and the names of the levels."""
    numeric = pd.api.types.is_numeric_dtype(column) and column.dtype != bool
    if numeric and column.nunique() > MOST_LINES:
        column = pd.qcut(column, 5, duplicates="drop")
        names = [f"{short(c.left)} to {short(c.right)}" for c in column.cat.categories]
        codes = np.asarray(column.cat.codes, np.intp)
    else:
        order, values = pd.factorize(column, sort=True)
        codes = order.astype(np.intp)
        names = [short(value) for value in values]
    if (codes < 0).any():
        codes = np.where(codes < 0, len(names), codes)
        names = [*names, "missing"]
    return (codes, names) if 1 < len(names) <= MOST_LINES else None


def _explained(signal: Array, codes: NDArray[np.intp]) -> float:
    """The share of the variance between groups, adjusted for their number as in regression."""
    trials, groups = len(signal), int(codes.max()) + 1
    total = ((signal - signal.mean(axis=0)) ** 2).sum()
    if groups == 1 or total == 0:
        return 0.0
    if groups == trials:
        return 1.0
    within = sum(
        ((signal[codes == g] - signal[codes == g].mean(axis=0)) ** 2).sum()
        for g in np.unique(codes)
    )
    return float(1 - (within / (trials - len(np.unique(codes)))) / (total / (trials - 1)))


def _named(
    by: tuple[str, ...], levels: dict[str, tuple[NDArray[np.intp], list[str]]], trials: int
) -> Conditions:
    """The groups that the variables `by` define, the first in colour and the second in dashes."""
    if not by:
        return Conditions((Group("all trials", np.arange(trials), INK, 0),), ())
    codes, names = levels[by[0]]
    colours = _colours(names)
    others, other_names = levels[by[1]] if len(by) > 1 else (np.zeros_like(codes), [""])
    groups = []
    for i, name in enumerate(names):
        for j, other in enumerate(other_names):
            chosen = np.flatnonzero((codes == i) & (others == j))
            if chosen.size:
                text = f"{by[0]} {name}" + (f", {by[1]} {other}" if other else "")
                groups.append(Group(text, chosen, colours[i], j))
    return Conditions(tuple(groups), by)


def _colours(names: list[str]) -> list[str]:
    """A scale where the levels are numbers in order, else categories."""
    try:
        values = [float(n.split(" to ")[0].replace("\N{MINUS SIGN}", "-")) for n in names]
    except ValueError:
        return category_colours(len(names))
    if len(names) < 3:
        return category_colours(len(names))
    return ordered_colours(len(names), signed=min(values) < 0 < max(values))
