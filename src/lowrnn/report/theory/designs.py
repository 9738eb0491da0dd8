"""A designed network at work: its answers, or its flow beside the one that was wanted."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from lowrnn.networks import RNN
from lowrnn.report.style import (
    BLUE,
    CATEGORIES,
    DASHES,
    GREY,
    INK,
    PALE,
    VERMILLION,
    ordered_colours,
    short,
)
from lowrnn.theory.design import Design, FlowDesign

Array = NDArray[np.float64]

CURVE, GRID = 201, 25
#: Beyond so many conditions, colours are ordered instead of distinct.
MOST_DISTINCT = 6


def design_figure(
    design: Design, rnn: RNN, curves: dict[str, pd.DataFrame] | None = None
) -> Figure:
    """Readout of a designed network in each condition, beside what theory says it comes to.

    Parameters
    ----------
    design : Design
        The design.
    rnn : RNN
        A network that it gave.
    curves : dict of pandas.DataFrame, optional
        Tables of `psychometric` by name, for designs with noise in their input.
    """
    columns = 1 if curves is None else 2
    figure = Figure(figsize=(5.2 * columns, 3.8), layout="constrained")
    axes = figure.subplots(1, columns, squeeze=False)[0]
    for each in axes:
        each.spines[["top", "right"]].set_visible(False)
    _answers(axes[0], design, rnn)
    if curves is not None:
        _psychometric(axes[1], design, curves)
    return figure


def _answers(axes: Any, design: Design, rnn: RNN) -> None:
    trials = design.trials()
    run = rnn.simulate(trials.inputs)
    which = np.arange(len(trials.inputs))
    z = run.z[which, :, design.output]
    time = run.time / rnn.tau
    expected = design.predict()["z"]
    for i, (colour, line) in enumerate(_styles(design.conditions)):
        axes.plot(time, z[i], color=colour, linestyle=line, linewidth=1.6)
        axes.plot(time[-1] * 1.02, expected[i], "<", color=colour, markersize=6, clip_on=False)
    edges = np.cumsum([0, *design.epochs.values()])
    for epoch, start, end in zip(design.epochs, edges, edges[1:], strict=False):
        axes.axvline(start, color=PALE, linewidth=0.8, zorder=0)
        axes.annotate(
            epoch, ((start + end) / 2, 1.0), xycoords=("data", "axes fraction"), ha="center",
            va="bottom", fontsize=8, color=GREY,
        )  # fmt: skip
    axes.set(xlabel="time (τ)", ylabel="readout z", xlim=(0, time[-1]))
    axes.legend(
        handles=_key(design.conditions), frameon=False, fontsize=7, title="◂ theory",
        title_fontsize=8, loc="upper left",
    )  # fmt: skip


def _varied(conditions: pd.DataFrame) -> tuple[str, list[str]]:
    """The variable that colours tell, and those that line styles do."""
    counts = {str(c): len(conditions[c].unique()) for c in conditions if c != "choice"}
    columns = [name for name, count in counts.items() if count > 1]
    first = max(columns, key=lambda name: counts[name])
    return first, [c for c in columns if c != first]


def _styles(conditions: pd.DataFrame) -> list[tuple[str, Any]]:
    """Colour and line style of each condition."""
    first, others = _varied(conditions)
    colours, lines = _colours(conditions[first]), _lines(conditions, others)
    return [
        (colours[value], lines[tuple(rest)])
        for value, rest in zip(conditions[first], conditions[others].to_numpy(), strict=True)
    ]


def _colours(values: "pd.Series[Any]") -> dict[Any, str]:
    """Ordered colours for many numbers, distinct ones for few values."""
    unique = sorted(values.unique())
    if len(unique) <= MOST_DISTINCT:
        return dict(zip(unique, CATEGORIES, strict=False))
    return dict(zip(unique, ordered_colours(len(unique), signed=min(unique) < 0), strict=True))


def _lines(conditions: pd.DataFrame, others: list[str]) -> dict[Any, Any]:
    """A line style for each combination of the other variables."""
    combinations = dict.fromkeys(tuple(row) for row in conditions[others].to_numpy())
    return {key: DASHES[i % len(DASHES)][2] for i, key in enumerate(combinations)}


def _key(conditions: pd.DataFrame) -> list[Line2D]:
    """What colours and line styles mean."""
    first, others = _varied(conditions)
    keys = [
        Line2D([], [], color=colour, label=f"{first} {short(value)}")
        for value, colour in _colours(conditions[first]).items()
    ]
    if others:
        keys += [
            Line2D([], [], color=INK, linestyle=line, label=_tag(others, rest))
            for rest, line in _lines(conditions, others).items()
        ]
    return keys


def _tag(names: list[str], values: Any) -> str:
    return ", ".join(f"{name} {short(value)}" for name, value in zip(names, values, strict=True))


def _psychometric(axes: Any, design: Design, curves: dict[str, pd.DataFrame]) -> None:
    """Choices against the one number that the conditions vary, a line for each of the others."""
    x, others = _varied(design.conditions)
    styles = (("-", ""), ("none", "o"), ("none", "s"))
    for (name, table), (line, marker) in zip(curves.items(), styles, strict=False):
        groups = table.groupby(others, sort=False) if others else [((), table)]
        for (key, rows), colour in zip(groups, CATEGORIES, strict=False):
            rows = rows.sort_values(x)
            tag = f"{_tag(others, key)}: " if others else ""
            axes.plot(
                rows[x], rows["p_positive"], linestyle=line, marker=marker or None, color=colour,
                markersize=5, label=tag + name,
            )  # fmt: skip
    axes.set_xlabel(x)
    axes.axhline(0.5, color=PALE, linewidth=1, zorder=0)
    axes.set(ylabel="P(readout > 0)", ylim=(-0.03, 1.03))
    axes.legend(frameon=False, fontsize=7)


def flow_design_figure(
    design: FlowDesign, rnn: RNN, points: Array, target: Array, trajectories: Array | None = None
) -> Figure:
    """The wanted flow, that of the infinite network, and that of a network of finite size.

    Parameters
    ----------
    design : FlowDesign
        The design, for one or two latents and no input.
    rnn : RNN
        A network that it gave.
    points : array (point, rank)
        Where the target is known.
    target : array (point, rank)
        The wanted velocities there.
    trajectories : array (trial, time, rank), optional
        Latents of the network in time.
    """
    if points.shape[1] == 1:
        return _line(design, rnn, points[:, 0], target[:, 0])
    return _plane(design, rnn, points, trajectories)


def _line(design: FlowDesign, rnn: RNN, points: Array, target: Array) -> Figure:
    figure = Figure(figsize=(5.2, 3.8), layout="constrained")
    axes: Any = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    kappa = np.linspace(points.min(), points.max(), CURVE)[:, None]
    axes.axhline(0, color=PALE, linewidth=1, zorder=0)
    axes.plot(points, target, ".", color=GREY, markersize=4, label="wanted")
    axes.plot(kappa, design.flow(kappa), color=BLUE, label="infinite network")
    axes.plot(
        kappa, design.network_flow(rnn, kappa), "--", color=VERMILLION,
        label=f"network, N = {rnn.neurons}",
    )  # fmt: skip
    axes.set(xlabel="κ", ylabel="dκ/dt", xlim=(kappa[0, 0], kappa[-1, 0]))
    axes.legend(frameon=False, fontsize=8)
    return figure


def _plane(design: FlowDesign, rnn: RNN, points: Array, trajectories: Array | None) -> Figure:
    figure = Figure(figsize=(9.6, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    x, y = (np.linspace(points[:, i].min(), points[:, i].max(), GRID) for i in range(2))
    grid = np.stack(np.meshgrid(x, y), axis=-1)
    flows = (
        (left, design.flow(grid), "infinite network"),
        (right, design.network_flow(rnn, grid), f"network, N = {rnn.neurons}"),
    )
    for axes, velocity, title in flows:
        axes.spines[["top", "right"]].set_visible(False)
        axes.streamplot(
            x, y, velocity[..., 0], velocity[..., 1], color="#b9c4cc", linewidth=0.8,
            arrowsize=0.8,
        )  # fmt: skip
        axes.set(xlabel="κ₁", ylabel="κ₂", title=title, aspect="equal")
        axes.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))
    for path in [] if trajectories is None else trajectories:
        right.plot(path[:, 0], path[:, 1], color=VERMILLION, linewidth=1.2)
        right.plot(*path[0], "o", color=INK, markersize=3)
    return figure
