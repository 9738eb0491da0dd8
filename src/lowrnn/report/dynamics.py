"""The flow of the latents under constant inputs, its fixed points, and what trials made of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.figure_factory
from numpy.typing import NDArray

from lowrnn.analysis import FixedPoints, fixed_points, flow_field
from lowrnn.errors import InputError
from lowrnn.networks import LowRank
from lowrnn.report.conditions import Conditions, repeats
from lowrnn.report.contexts import contexts
from lowrnn.report.epochs import Epoch, constant_inputs, describe
from lowrnn.report.latents import add_plane
from lowrnn.report.page import Figure, Section, Table
from lowrnn.report.run import Array, Run
from lowrnn.report.style import INK, PALE, category_colours, label, number, panels, wrapped

MOST_CURVES, MOST_CONTEXTS, MOST_PLANES, MOST_PIECES = 5, 4, 6, 24
#: Plotly's marker of each kind of fixed point, and matplotlib's.
MARKERS = {
    "stable": ("circle", "o"),
    "unstable": ("circle-open", "o"),
    "saddle": ("x-thin-open", "x"),
    "marginal": ("diamond-open", "D"),
}


@dataclass(frozen=True, eq=False)
class Portrait:
    """One constant input with its fixed points and the latents while it was on."""

    epoch: Epoch
    points: FixedPoints
    visited: tuple[tuple[int, Array], ...]


def portraits(run: Run, limit: int, trials: NDArray[np.intp] | None = None) -> list[Portrait]:
    """The flow under each of the constant inputs that matter most, in some trials or all."""
    kappa = run.need("kappa", "trial", "time", "latent")
    inputs = run.array("inputs", "trial", "time", "input")
    if inputs is None:
        inputs = np.zeros((*kappa.shape[:2], run.rnn.inputs.shape[1]))
    same = repeats(run)
    # Repeats share their signal, not their noise.
    inputs = np.stack([inputs[same == k].mean(axis=0) for k in range(same.max() + 1)])[same]
    chosen = np.arange(len(kappa)) if trials is None else trials
    answer = []
    for epoch in constant_inputs(inputs[chosen], run.input_names(), limit):
        visited = tuple((int(chosen[t]), kappa[chosen[t], piece]) for t, piece in epoch.pieces)
        answer.append(Portrait(epoch, fixed_points(run.rnn, epoch.u), visited))
    return answer


def window(run: Run, shown: Sequence[Portrait]) -> list[tuple[float, float]]:
    """The range of each latent to draw: what was visited, and fixed points not far from it."""
    kappa = run.need("kappa", "trial", "time", "latent").reshape(-1, run.rnn.rank)
    low, high = np.nanmin(kappa, axis=0), np.nanmax(kappa, axis=0)
    span = np.maximum(high - low, 1e-3)
    points = np.concatenate([portrait.points.kappa for portrait in shown])
    near = ((points > low - 0.75 * span) & (points < high + 0.75 * span)).all(axis=1)
    low = np.minimum(low, points[near].min(axis=0, initial=np.inf))
    high = np.maximum(high, points[near].max(axis=0, initial=-np.inf))
    margin = 0.12 * (high - low)
    return list(zip(low - margin, high + margin, strict=True))


def dynamics_section(run: Run, groups: Conditions) -> Section:
    """Flow field and fixed points with inputs off and under the constant inputs of the trials."""
    title = "Flow and fixed points"
    if not isinstance(run.rnn.connectivity, LowRank):
        return Section(
            title, [f"A {run.rnn.connectivity.kind} network has no flow in its latents alone."]
        )
    rank = run.rnn.rank
    limit = {1: MOST_CURVES, 2: MOST_PLANES}.get(rank, 1)
    told = contexts(run)[:MOST_CONTEXTS] if rank == 1 and run.kind == "train" else []
    several = len(told) > 1
    try:
        if several:
            each = [(name, portraits(run, MOST_CURVES + 1, trials)) for name, trials in told]
        else:
            each = [("", portraits(run, limit))]
    except InputError as error:
        return Section(title, [f"The fixed points were not computed: {error}."])
    # Without input, and under what contexts share, the flow is the same.
    shown = list({p.epoch.label: p for _, found in each for p in found}.values())
    text = [_words(shown[0].points)]
    missing = [p.epoch.label for p in shown if p.points.complete is False]
    if missing:
        text.append("Fixed points are missing from the search under " + "; ".join(missing) + ".")
    text.append(
        "The flow holds for an input that stays on, without noise. Where no trial went, it is the"
        " model's extrapolation, not a finding about the data."
    )
    figures = []
    if rank == 1:
        figures.append(_curves(run, each))
    elif rank == 2:
        figures.append(_planes(run, groups, shown))
    else:
        text.append(f"A flow field of rank {rank} does not fit a plane and is not drawn.")
    return Section(title, text, figures=figures, table=_table(shown))


def _words(points: FixedPoints) -> str:
    if not len(points):
        return "Without input there is no fixed point."
    if len(points) == 1:
        return f"Without input there is one fixed point; it is {points.kind[0]}."
    counts = [(kind, points.kind.count(kind)) for kind in MARKERS if kind in points.kind]
    listed = ", ".join(f"{count} {kind}" for kind, count in counts)
    certain = " None is missing." if points.complete else ""
    return f"Without input there are {len(points)} fixed points: {listed}.{certain}"


def _table(shown: Sequence[Portrait]) -> Table:
    kinds = [kind for kind in MARKERS if any(kind in p.points.kind for p in shown)]
    rows = []
    for portrait in shown:
        cells = [portrait.epoch.label]
        for kind in kinds:
            chosen = [
                kappa
                for kappa, k in zip(portrait.points.kappa, portrait.points.kind, strict=True)
                if k == kind
            ]
            cells.append("; ".join(_coordinates(kappa) for kappa in chosen) or "none")
        rows.append(cells)
    return Table(["constant input", *(f"{kind} at κ" for kind in kinds)], rows)


def _coordinates(kappa: Array) -> str:
    listed = ", ".join(number(value + 0.0 if abs(value) >= 5e-3 else 0.0) for value in kappa)
    return listed if len(kappa) == 1 else f"({listed})"


def _curves(run: Run, each: Sequence[tuple[str, Sequence[Portrait]]]) -> Figure:
    """The flow of one latent against itself, in one panel or one for each context."""
    names = run.input_names()
    ((low, high),) = window(run, [portrait for _, shown in each for portrait in shown])
    grid = np.linspace(low, high, 241)
    cues = [_shared(shown) for _, shown in each]
    titles = [
        f"{context}: {describe(cue, names)}" if context else " "
        for (context, _), cue in zip(each, cues, strict=True)
    ]
    figure = panels(
        1,
        len(each),
        height=400,
        titles=[label(title, 60) for title in titles],
        shared_yaxes=True,
        horizontal_spacing=0.04,
    )
    legend: dict[str, str] = {}
    for column, ((context, shown), cue) in enumerate(zip(each, cues, strict=True), start=1):
        place = {"row": 1, "col": column}
        for portrait in shown:
            name = portrait.epoch.label
            if context and portrait.epoch.u.any():
                name = describe(portrait.epoch.u - cue, names).replace("no input", "no stimulus")
            new = name not in legend
            colour = legend.setdefault(name, category_colours(8)[len(legend) % 8])
            _add_curve(figure, run, portrait, grid, colour, name, new, **place)
        figure.add_hline(0, line={"color": PALE, "width": 1}, layer="below", **place)
    figure.update_layout(showlegend=True, legend={"tracegroupgap": 4})
    if len(each) > 1:
        below = {"orientation": "h", "y": -0.2, "yanchor": "top", "tracegroupgap": 0}
        figure.update_layout(height=460, legend=below)
    figure.update_xaxes(title_text="κ", range=[low, high])
    figure.update_yaxes(title_text="dκ/dt (1/s)", col=1)
    caption = (
        "Where dκ/dt is above 0, κ grows. Thick: the range that trials visited while the input was"
        " on. Filled circle: stable fixed point; open: unstable."
    )
    if len(each) > 1:
        caption += " Each panel has the inputs of a context; those that all share are in its title."
    return Figure(figure, caption)


def _shared(shown: Sequence[Portrait]) -> Array:
    """The inputs that have the same value in all portraits with any input, 0 elsewhere."""
    u = np.array([p.epoch.u for p in shown if p.epoch.u.any()] or [shown[0].epoch.u])
    same = np.ptp(u, axis=0) <= 1e-6 * np.abs(u).max(axis=0)
    return np.where(same, u[0], 0.0)


def _add_curve(
    figure: Any,
    run: Run,
    portrait: Portrait,
    grid: Array,
    colour: str,
    name: str,
    new: bool,
    **place: int,
) -> None:
    """The flow under one input, thick where trials went, with its fixed points."""
    speed = flow_field(run.rnn, portrait.epoch.u, kappa_axes=[grid])[:, 0]
    style = {"legendgroup": f"input {label(name)}", "mode": "lines", **place}
    figure.add_scatter(
        x=grid,
        y=speed,
        line={"color": colour, "width": 1.2},
        name=wrapped(name, 30),
        showlegend=new,
        hovertemplate="κ %{x:.3g}: %{y:.3g} /s",
        **style,
    )
    if portrait.visited:
        everywhere = np.concatenate([path[:, 0] for _, path in portrait.visited])
        inside = (grid >= np.nanmin(everywhere)) & (grid <= np.nanmax(everywhere))
        figure.add_scatter(
            x=grid[inside],
            y=speed[inside],
            line={"color": colour, "width": 4},
            showlegend=False,
            hoverinfo="skip",
            **style,
        )
    _add_points(figure, portrait.points, colour, **place)


def _add_points(figure: Any, points: FixedPoints, colour: str, **place: int) -> None:
    two = points.kappa.shape[1] == 2
    for kind, (symbol, _) in MARKERS.items():
        chosen = points.kappa[np.array(points.kind) == kind]
        if len(chosen):
            figure.add_scatter(
                x=chosen[:, 0],
                y=chosen[:, 1] if two else np.zeros(len(chosen)),
                mode="markers",
                marker={
                    "symbol": symbol,
                    "size": 10,
                    "color": colour,
                    "line": {"width": 2.2, "color": colour},
                },
                name=kind,
                showlegend=False,
                hovertemplate=f"{kind}: %{{x:.3f}}" + (", %{y:.3f}" if two else ""),
                **place,
            )


def _planes(run: Run, groups: Conditions, shown: Sequence[Portrait]) -> Figure:
    (left, right), (bottom, top) = window(run, shown)
    columns = min(len(shown), 3)
    rows = -(-len(shown) // columns)
    figure = panels(
        rows,
        columns,
        height=60 + 310 * rows,
        titles=[wrapped(p.epoch.label, 40) for p in shown],
        shared_xaxes=True,
        shared_yaxes=True,
        horizontal_spacing=0.04,
        vertical_spacing=0.2 / rows,
    )
    figure.update_layout(margin={"t": 60})
    kappa = run.need("kappa", "trial", "time", "latent")
    x, y = np.linspace(left, right, 30), np.linspace(bottom, top, 30)
    for k, portrait in enumerate(shown):
        place = {"row": k // columns + 1, "col": k % columns + 1}
        velocity = flow_field(run.rnn, portrait.epoch.u, kappa_axes=[x, y])
        # Streamlines are drawn in the unit square, where both axes weigh the same.
        unit = np.linspace(0, 1, 30)
        u, v = velocity[..., 0].T / (right - left), velocity[..., 1].T / (top - bottom)
        lines = plotly.figure_factory.create_streamline(
            unit, unit, u, v, density=0.8, arrow_scale=0.035
        ).data[0]
        figure.add_scatter(
            x=_stretched(lines.x, left, right),
            y=_stretched(lines.y, bottom, top),
            mode="lines",
            line={"color": "#b9c4cc", "width": 1},
            hoverinfo="skip",
            **place,
        )
        add_plane(figure, groups, kappa, 0.3, **place)
        _add_paths(figure, groups, portrait, **place)
        _add_points(figure, portrait.points, INK, **place)
    figure.update_xaxes(range=[left, right])
    figure.update_yaxes(range=[bottom, top])
    # The last panel of each column, also where the last row is not full.
    for k in range(max(len(shown) - columns, 0), len(shown)):
        place = {"row": k // columns + 1, "col": k % columns + 1}
        figure.update_xaxes(title_text="κ₁", showticklabels=True, **place)
    figure.update_yaxes(title_text="κ₂", col=1)
    caption = (
        "Grey: direction of the flow. Thick: single trials while the input of the panel was on;"
        " thin: whole trials."
        " Filled circle: stable fixed point; open: unstable; cross: saddle."
    )
    return Figure(figure, caption)


def _stretched(values: Sequence[float | None], low: float, high: float) -> Array:
    """From the unit interval to another, with the gaps between lines as NaN."""
    unit = np.array([np.nan if v is None else v for v in values], np.float64)
    return np.round(low + (high - low) * unit, 4)


def _add_paths(figure: Any, groups: Conditions, portrait: Portrait, **place: int) -> None:
    # A short return to this input, such as a delay, would be a speck without a history.
    longest = max((len(path) for _, path in portrait.visited), default=0)
    visited = [(trial, path) for trial, path in portrait.visited if len(path) >= longest / 2]
    keep = np.unique(np.linspace(0, len(visited) - 1, min(len(visited), MOST_PIECES)).astype(int))
    for trial, path in (visited[i] for i in keep):
        index = next(i for i, group in enumerate(groups.groups) if trial in group.trials)
        group = groups.groups[index]
        figure.add_scatter(
            x=path[:, 0].astype(np.float32),
            y=path[:, 1].astype(np.float32),
            mode="lines",
            line={"color": group.colour, "width": 3},
            legendgroup=f"group{index}",
            name=label(group.label),
            hovertemplate="κ₁ %{x:.3g}, κ₂ %{y:.3g}",
            **place,
        )
