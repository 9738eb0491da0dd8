"""The run in one row, for a README or a slide."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lowrnn.analysis import flow_field
from lowrnn.networks import LowRank
from lowrnn.report.conditions import Conditions, conditions
from lowrnn.report.dynamics import MARKERS, Portrait, portraits, window
from lowrnn.report.ranks import FLOOR, curves
from lowrnn.report.run import Run
from lowrnn.report.style import DASHES, GREY, INK, PALE, category_colours

MOST_HEADLINE_CURVES = 3
_LOOK = {"linewidth": 1.8}


def headline_figure(folder: str | Path) -> Figure:
    """R² against rank (or the loss), the latents by condition and their flow, in one row.

    Parameters
    ----------
    folder : path
        A run folder, as for `write_report`.

    Returns
    -------
    matplotlib.figure.Figure
        Save it with `savefig`; pyplot and its state are not involved.

    Raises
    ------
    InputError
        If a file of the run is missing, damaged or lacks a variable.
    """
    run = Run.load(folder)
    groups = conditions(run)
    draw: list[Callable[[Any], None]] = []
    if run.kind == "fit":
        draw.append(lambda axes: _ranks(axes, run))
    elif run.array("loss", "update") is not None:
        draw.append(lambda axes: _loss(axes, run))
    if run.rnn.rank:
        draw.append(lambda axes: _latents(axes, run, groups))
    if isinstance(run.rnn.connectivity, LowRank) and run.rnn.rank == 1:
        draw.append(lambda axes: _curves(axes, run))
    elif isinstance(run.rnn.connectivity, LowRank) and run.rnn.rank == 2:
        draw.append(lambda axes: _plane(axes, run, groups))
    figure = Figure(figsize=(4.4 * max(len(draw), 1), 3.2), layout="constrained")
    for axes, panel in zip(figure.subplots(1, len(draw), squeeze=False)[0], draw, strict=True):
        axes.spines[["top", "right"]].set_visible(False)
        panel(axes)
    return figure


def _ranks(axes: Any, run: Run) -> None:
    for curve in curves(run).values():
        axes.errorbar(
            curve.rank,
            np.clip(curve.mean, FLOOR, None),
            np.nan_to_num(curve.sem),
            color=curve.colour,
            marker="o",
            markersize=4,
            capsize=2,
            label=curve.name,
            linewidth=0.7 * curve.width,
        )
    ceiling = run.metrics.get("noise_ceiling")
    if ceiling is not None:
        axes.axhline(ceiling, color=INK, linestyle="--", linewidth=1.2, label="noise ceiling")
    chosen = run.metrics["rank_selected"]
    axes.axvspan(chosen - 0.2, chosen + 0.2, color="#eef3f8", zorder=0)
    axes.set(xlabel="rank", ylabel="R²", title=f"rank {chosen} selected")
    axes.set_ylim(min(0, axes.get_ylim()[0]), 1.05)
    axes.set_xticks([row["rank"] for row in run.metrics["ranks"]])
    axes.legend(frameon=False, fontsize=8)


def _loss(axes: Any, run: Run) -> None:
    loss = run.need("loss", "update")
    axes.plot(np.asarray(run.results["update"]), loss, color=GREY, **_LOOK)
    axes.set(xlabel="update", ylabel="loss", title="training", yscale="log")


def _latents(axes: Any, run: Run, groups: Conditions) -> None:
    kappa = run.need("kappa", "trial", "time", "latent")
    for group in groups.groups:
        style = {"color": group.colour, "linestyle": DASHES[group.dash][2]}
        axes.plot(run.time, group.mean(kappa)[:, 0], label=group.label, **style, **_LOOK)
    name = "κ" if run.rnn.rank == 1 else "κ₁"
    axes.set(xlabel="time (s)", ylabel=name, title="latent by condition")
    if len(groups.groups) > 1:
        axes.legend(frameon=False, fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))


def _curves(axes: Any, run: Run) -> None:
    shown = portraits(run, MOST_HEADLINE_CURVES)
    ((low, high),) = window(run, shown)
    grid = np.linspace(low, high, 241)
    axes.axhline(0, color=PALE, linewidth=1)
    for portrait, colour in zip(shown, category_colours(len(shown)), strict=True):
        speed = flow_field(run.rnn, portrait.epoch.u, kappa_axes=[grid])[:, 0]
        axes.plot(grid, speed, color=colour, label=portrait.epoch.label, **_LOOK)
        _points(axes, portrait, colour)
    axes.set(xlabel="κ", ylabel="dκ/dt (1/s)", title="flow and fixed points", xlim=(low, high))
    axes.legend(frameon=False, fontsize=7)


def _plane(axes: Any, run: Run, groups: Conditions) -> None:
    portrait = portraits(run, 1)[0]
    (left, right), (bottom, top) = window(run, [portrait])
    x, y = np.linspace(left, right, 40), np.linspace(bottom, top, 40)
    velocity = flow_field(run.rnn, portrait.epoch.u, kappa_axes=[x, y])
    u, v = velocity[..., 0].T, velocity[..., 1].T
    axes.streamplot(x, y, u, v, color="#b9c4cc", linewidth=0.8, arrowsize=0.8, density=0.9)
    kappa = run.need("kappa", "trial", "time", "latent")
    for group in groups.groups:
        path = group.mean(kappa)
        axes.plot(path[:, 0], path[:, 1], color=group.colour, linestyle=DASHES[group.dash][2])
    _points(axes, portrait, INK)
    axes.set(xlabel="κ₁", ylabel="κ₂", title="flow without input", xlim=(left, right))
    axes.set_ylim(bottom, top)


def _points(axes: Any, portrait: Portrait, colour: str) -> None:
    for kappa, kind in zip(portrait.points.kappa, portrait.points.kind, strict=True):
        height = kappa[1] if len(kappa) == 2 else 0.0
        fill = "none" if kind in ("unstable", "marginal") else colour
        style = {"color": colour, "markerfacecolor": fill, "zorder": 3, "linestyle": "none"}
        axes.plot(kappa[0], height, marker=MARKERS[kind][1], markersize=6, **style)
