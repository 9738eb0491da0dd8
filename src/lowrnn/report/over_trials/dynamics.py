"""Figures of the latents in early and late trials, and of their flow."""

from typing import Any

import numpy as np
import plotly.figure_factory
from numpy.typing import NDArray

from lowrnn.analysis.flow import LatentFlow
from lowrnn.analysis.over_trials import trial_flow
from lowrnn.networks import LowTensorRank
from lowrnn.report.conditions import nanmean
from lowrnn.report.over_trials.found import Found
from lowrnn.report.style import GREY, label, panels

Array = NDArray[np.float64]

MOST_COMPONENTS = 4
_GRID = 26


def latents_figure(found: Found) -> Any:
    """Mean latents of each condition, a row a component and a column a part of the trials."""
    kappa, time = found.array("kappa"), found.array("time")
    parts, groups = found.parts, found.conditions.groups
    rank = min(kappa.shape[2], MOST_COMPONENTS)
    figure = panels(
        rank, len(parts), height=80 + 170 * rank, titles=[label(name, 34) for name, _ in parts],
        shared_xaxes=True, shared_yaxes="rows", horizontal_spacing=0.03,
        vertical_spacing=0.12 / rank,
    )  # fmt: skip
    for r in range(rank):
        for column, (_, trials) in enumerate(parts):
            place = {"row": r + 1, "col": column + 1}
            for index, group in enumerate(groups):
                both = np.intersect1d(group.trials, trials)
                if not len(both):
                    continue
                figure.add_scatter(
                    x=time,
                    y=nanmean(kappa[both, :, r]).astype(np.float32),
                    mode="lines",
                    line={"color": group.colour, "width": 2},
                    legendgroup=f"group{index}",
                    name=label(group.label),
                    hovertemplate="%{x:.3g} s: %{y:.3f}",
                    **place,
                )
            if time[0] < 0 < time[-1]:
                figure.add_vline(x=0, line={"color": GREY, "width": 1, "dash": "dot"}, **place)
            if r == rank - 1:
                figure.update_xaxes(title_text="time (s)", **place)
        figure.update_yaxes(title_text=f"κ{'₁₂₃₄'[r]} (a.u.)", row=r + 1, col=1)
    return figure


def flow_figure(found: Found) -> Any:
    """The flow of two latents in each part of the trials, at its mean trial factors and input."""
    kappa, parts = found.array("kappa"), found.parts
    flat = kappa.reshape(-1, 2)
    low, high = np.nanmin(flat, axis=0), np.nanmax(flat, axis=0)
    margin = 0.12 * np.maximum(high - low, 1e-3)
    low, high = low - margin, high + margin
    figure = panels(
        1, len(parts), height=400, titles=[label(name, 34) for name, _ in parts],
        shared_yaxes=True, horizontal_spacing=0.03,
    )  # fmt: skip
    unit = np.linspace(0, 1, _GRID)
    span = high - low
    points = _grid(low, high)
    for column, (_, trials) in enumerate(parts):
        place = {"row": 1, "col": column + 1}
        velocity = flow_of(found, trials)(points) / found.rnn.tau
        u, v = (velocity[..., axis].T / span[axis] for axis in (0, 1))
        lines = plotly.figure_factory.create_streamline(
            unit, unit, u, v, density=0.8, arrow_scale=0.035
        ).data[0]
        figure.add_scatter(
            x=_stretched(lines.x, low[0], high[0]), y=_stretched(lines.y, low[1], high[1]),
            mode="lines", line={"color": "#b9c4cc", "width": 1}, hoverinfo="skip", **place,
        )  # fmt: skip
        for index, group in enumerate(found.conditions.groups):
            both = np.intersect1d(group.trials, trials)
            if not len(both):
                continue
            path = nanmean(kappa[both]).astype(np.float32)
            style = {
                "legendgroup": f"group{index}", "name": label(group.label),
                "hovertemplate": "κ₁ %{x:.3g}, κ₂ %{y:.3g}",
            }  # fmt: skip
            figure.add_scatter(
                x=path[:, 0], y=path[:, 1], mode="lines",
                line={"color": group.colour, "width": 2.2}, **style, **place,
            )  # fmt: skip
            figure.add_scatter(
                x=path[-1:, 0], y=path[-1:, 1], mode="markers",
                marker={"color": group.colour, "size": 7}, **style, **place,
            )  # fmt: skip
        figure.update_xaxes(title_text="κ₁ (a.u.)", range=[low[0], high[0]], **place)
    figure.update_yaxes(range=[low[1], high[1]])
    figure.update_yaxes(title_text="κ₂ (a.u.)", row=1, col=1)
    return figure


def flow_of(found: Found, trials: NDArray[np.intp]) -> LatentFlow:
    """The flow at the mean trial factors, under the mean input in the last bin."""
    parts = found.connectivity
    mean = parts.c[trials].mean(axis=0, keepdims=True)
    rnn = found.rnn.replace(connectivity=LowTensorRank(parts.a, parts.b, mean))
    return trial_flow(rnn, 0, found.array("inputs")[:, -1].mean(axis=0))


def _grid(low: Array, high: Array) -> Array:
    """Points of a plane, (x, y, 2)."""
    axes = [np.linspace(first, last, _GRID) for first, last in zip(low, high, strict=True)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)


def _stretched(values: Any, low: float, high: float) -> Array:
    """From the unit interval to another, with the gaps between lines as NaN."""
    unit = np.array([np.nan if v is None else v for v in values], np.float64)
    return np.round(low + (high - low) * unit, 4)
