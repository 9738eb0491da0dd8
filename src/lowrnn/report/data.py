"""The data at a glance: what was shown, what the neurons did."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lowrnn.report.conditions import Conditions, nanmean, repeats
from lowrnn.report.page import Figure, Section
from lowrnn.report.run import Array, Run
from lowrnn.report.style import DASHES, DIVERGING, label, panels, wrapped

MOST_INPUTS = 6
#: Inputs that differ more in size than this have an axis each.
MOST_UNLIKE = 5.0
MOST_COURSES = 40
MOST_ROWS = 300


def data_section(run: Run, groups: Conditions) -> Section:
    """Inputs, population mean and the activity of every neuron, beside the model's."""
    data = run.need("data", "trial", "time", "neuron")
    model = run.need("model", "trial", "time", "neuron")
    missing = 1 - np.isfinite(data).mean()
    step = float(np.median(np.diff(run.time))) if len(run.time) > 1 else np.nan
    text = [
        f"{data.shape[2]} neurons in {data.shape[0]} trials or conditions of {data.shape[1]} bins"
        f" of {1000 * step:.3g} ms. " + groups.sentence()
    ]
    if missing:
        share = f"{100 * missing:.1f} %" if missing >= 5e-4 else "Less than 0.1 %"
        text.append(f"{share} of the entries were not observed; they are left out.")
    figures = inputs_figures(run, groups)
    figures.append(
        Figure(
            _population(run, groups, data, model),
            "Mean over neurons of the data (left) and of the model (right).",
        )
    )
    heat, shown = _heatmaps(run, data, model)
    selection = f" {shown} of {data.shape[2]} neurons are shown." if shown < data.shape[2] else ""
    figures.append(
        Figure(
            heat,
            "Each row is a neuron, averaged over all conditions and standardised by the mean and"
            " standard deviation of its data; rows are sorted by the time of the peak in the data,"
            " which makes a diagonal of noise, too: the model, in the same order, cannot profit"
            " from that." + selection,
        )
    )
    return Section("The data at a glance", text, figures=figures)


def inputs_figures(run: Run, groups: Conditions) -> list[Figure]:
    """The inputs by condition, or nothing for a network without inputs."""
    inputs = run.array("inputs", "trial", "time", "input")
    if inputs is None:
        return []
    names = run.input_names()
    shown = min(len(names), MOST_INPUTS)
    columns = shown if shown <= 4 else 3
    rows = -(-shown // columns)
    # A pulse would hide a small tonic input on the same axis.
    peaks = np.nanmax(np.abs(inputs[..., :shown]), axis=(0, 1))
    peaks = peaks[peaks > 0]
    alike = not peaks.size or bool(peaks.max() <= MOST_UNLIKE * peaks.min())
    figure = panels(
        rows,
        columns,
        height=40 + 200 * rows,
        titles=[wrapped(name, 26) for name in names[:shown]],
        vertical_spacing=0.36 / rows,
        horizontal_spacing=0.03 if alike else 0.06,
        shared_yaxes="all" if alike else False,
    )
    courses = _courses(run, groups)
    for i in range(shown):
        place = {"row": i // columns + 1, "col": i % columns + 1}
        for index, trials in courses:
            group = groups.groups[index]
            figure.add_scatter(
                x=run.time,
                y=nanmean(inputs[trials, :, i]).astype(np.float32),
                mode="lines",
                line={"color": group.colour, "width": 1.5, "shape": "hvh"},
                legendgroup=f"group{index}",
                hoverinfo="skip",
                **place,
            )
    figure.update_xaxes(title_text="time (s)")
    figure.update_yaxes(title_text="input", col=1)
    more = f" (the first {shown} of {len(names)})" if shown < len(names) else ""
    return [Figure(figure, f"What the network receives{more}.")]


def _courses(run: Run, groups: Conditions) -> list[tuple[int, NDArray[np.intp]]]:
    """Trials of the same condition in every respect, with their group; a subset if many."""
    same = repeats(run)
    courses = [
        (index, group.trials[same[group.trials] == condition])
        for index, group in enumerate(groups.groups)
        for condition in np.unique(same[group.trials])
    ]
    keep = np.unique(np.linspace(0, len(courses) - 1, MOST_COURSES).astype(int))
    return [courses[i] for i in keep]


def add_lines(
    figure: Any, time: Array, groups: Conditions, values: Array, width: float = 1.8, **place: int
) -> None:
    """One line for each group of an array (trial, time), which the key of the section controls."""
    for i, group in enumerate(groups.groups):
        figure.add_scatter(
            x=time,
            y=group.mean(values).astype(np.float32),
            mode="lines",
            line={"color": group.colour, "dash": DASHES[group.dash][0], "width": width},
            name=label(group.label),
            legendgroup=f"group{i}",
            hovertemplate="%{x:.3g} s: %{y:.3g}",
            **place,
        )


def _population(run: Run, groups: Conditions, data: Array, model: Array) -> Any:
    figure = panels(
        1, 2, height=260, titles=["data", "model"], shared_yaxes=True, horizontal_spacing=0.04
    )
    seen = np.where(np.isfinite(data), model, np.nan)
    add_lines(figure, run.time, groups, nanmean(data, axis=2), row=1, col=1)
    add_lines(figure, run.time, groups, nanmean(seen, axis=2), row=1, col=2)
    figure.update_xaxes(title_text="time (s)")
    figure.update_yaxes(title_text=f"activity ({label(run.unit)})", row=1, col=1)
    return figure


def _heatmaps(run: Run, data: Array, model: Array) -> tuple[Any, int]:
    """Data and model side by side, and the number of rows."""
    mean, spread = nanmean(data.reshape(-1, data.shape[2])), _deviation(data)
    rows = [((nanmean(a) - mean) / spread).T for a in (data, model)]
    drawable = np.flatnonzero(np.isfinite(rows[0]).any(axis=1))
    peak = np.nanargmax(rows[0][drawable], axis=1)
    order = drawable[np.argsort(peak, kind="stable")]
    order = order[np.unique(np.linspace(0, len(order) - 1, MOST_ROWS).astype(int))]
    limit = float(np.nanquantile(np.abs(rows[0][order]), 0.98))
    figure = panels(
        1, 2, height=380, titles=["data", "model"], shared_yaxes=True, horizontal_spacing=0.04
    )
    for column, values in enumerate(rows, start=1):
        figure.add_heatmap(
            x=run.time,
            z=values[order].astype(np.float32),
            coloraxis="coloraxis",
            hovertemplate="%{x:.3g} s: %{z:.2f} s.d.<extra></extra>",
            row=1,
            col=column,
        )
    figure.update_layout(
        coloraxis={
            "colorscale": DIVERGING,
            "cmin": -limit,
            "cmax": limit,
            "colorbar": {"title": {"text": "s.d."}, "thickness": 12, "outlinewidth": 0},
        }
    )
    figure.update_xaxes(title_text="time (s)")
    figure.update_yaxes(title_text="neuron, by peak time of the data", row=1, col=1)
    figure.update_yaxes(autorange="reversed", showline=False, ticks="")
    return figure, len(order)


def _deviation(data: Array) -> Array:
    """The standard deviation of each neuron over trials and time; NaN if it never changes."""
    flat = data.reshape(-1, data.shape[2])
    deviation = np.sqrt(nanmean((flat - nanmean(flat)) ** 2))
    return np.where(deviation > 0, deviation, np.nan)
