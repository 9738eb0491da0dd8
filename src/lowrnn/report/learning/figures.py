"""The figures of a sweep; those of Schuessler et al. 2020, figures 1 and 2."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lowrnn.analysis.learning_sweep import CONVERGED
from lowrnn.report.style import BLUE, DASHES, GREY, INK, ordered_colours, panels, short

_MOST_POINTS = 1500
_SHOWN = 40
_MEASURES = (
    ("converged_at", "learned at update"),
    ("norm_dw", "norm of the change"),
    ("participation_ratio", "participation ratio"),
    ("functional_rank", "functional rank"),
    ("shuffle_loss_ratio", "shuffled loss"),
)


def components_figure(results: xr.Dataset) -> Any:
    """Singular values of change and matrix, the first network of each strength."""
    figure = panels(height=340)
    for colour, index, g in _firsts(results):
        for name, dash in (("singular_values", "solid"), ("singular_values_after", "dot")):
            values = np.asarray(results[name][index])[:_SHOWN]
            figure.add_scatter(
                x=np.arange(1, len(values) + 1),
                y=values,
                mode="lines",
                line={"color": colour, "dash": dash, "width": 2 if dash == "solid" else 1.2},
                name=f"g = {short(g)}",
                showlegend=dash == "solid",
                hovertemplate=f"g = {short(g)}, component %{{x}}: %{{y:.3g}}<extra></extra>",
            )
    figure.update_xaxes(title_text="component")
    figure.update_yaxes(title_text="singular value", rangemode="tozero")
    figure.update_layout(showlegend=True, legend={"x": 1, "xanchor": "right", "y": 1})
    return figure


def truncation_figure(results: xr.Dataset) -> Any:
    """Loss against the number of components kept."""
    figure = panels(height=340)
    loss = np.asarray(results["truncated_loss"], np.float64)
    ranks = np.asarray(results["rank"])
    for colour, index, g in _each(results):
        figure.add_scatter(
            x=ranks,
            y=loss[index] / loss[index, 0],
            mode="lines+markers",
            marker={"size": 4, "color": colour},
            line={"color": colour, "width": 1},
            hovertemplate=f"g = {short(g)}, %{{x}} components: %{{y:.3g}}<extra></extra>",
        )
    figure.add_hline(y=CONVERGED, line={"color": GREY, "width": 1})
    figure.update_xaxes(title_text="components of the change")
    figure.update_yaxes(title_text="loss / loss with none", type="log")
    return figure


def starts_figure(rows: Sequence[dict[str, Any]]) -> Any:
    """Every measure of learning against the strength of the initial matrix."""
    figure = panels(2, 3, height=560, titles=[title for _, title in _MEASURES])
    gs = sorted({row["g"] for row in rows})
    for place, (name, title) in enumerate(_MEASURES):
        where = {"row": place // 3 + 1, "col": place % 3 + 1}
        known = [row for row in rows if row[name] is not None]
        figure.add_scatter(
            x=[row["g"] for row in known],
            y=[row[name] for row in known],
            mode="markers",
            marker={"color": BLUE, "size": 6, "opacity": 0.55},
            hovertext=[f"seed {row['seed']}" for row in known],
            hovertemplate="g = %{x}, %{hovertext}: %{y:.3g}<extra></extra>",
            **where,
        )
        means = [_mean([row[name] for row in rows if row["g"] == g]) for g in gs]
        figure.add_scatter(
            x=gs, y=means, mode="lines", line={"color": BLUE, "width": 2}, hoverinfo="skip", **where
        )
        figure.update_yaxes(title_text=title, rangemode="tozero", **where)
        figure.update_xaxes(title_text="strength g of the initial matrix", **where)
    return figure


def eigenvalues_figure(results: xr.Dataset) -> Any:
    """Eigenvalues after learning and of the change, a panel for each strength."""
    firsts = list(_firsts(results))
    columns = min(len(firsts), 4)
    count = math.ceil(len(firsts) / columns)
    names = ("eigenvalues", "eigenvalues_of_change")
    values = [np.asarray(results[name]) for name in names]
    chosen = [index for _, index, _ in firsts]
    reach = 1.08 * max(1.0, *(float(np.abs(value[chosen]).max()) for value in values))
    figure = panels(
        count, columns, height=290 * count + 40, titles=[f"g = {short(g)}" for _, _, g in firsts]
    )
    angle = np.linspace(0, 2 * np.pi, 100)
    for place, (_, index, g) in enumerate(firsts):
        where = {"row": place // columns + 1, "col": place % columns + 1}
        figure.add_scatter(
            x=g * np.cos(angle), y=g * np.sin(angle), mode="lines",
            line={"color": GREY, "width": 1}, hoverinfo="skip", **where,
        )  # fmt: skip
        figure.add_scatter(
            x=[1, 1], y=[-reach, reach], mode="lines",
            line={"color": GREY, "width": 1, "dash": "dash"}, hoverinfo="skip", **where,
        )  # fmt: skip
        looks = (
            {"color": BLUE, "size": 4, "opacity": 0.6},
            {"color": "#d55e00", "size": 6, "symbol": "circle-open"},
        )
        for value, look in zip(values, looks, strict=True):
            figure.add_scatter(
                x=value[index, :, 0],
                y=value[index, :, 1],
                mode="markers",
                marker=look,
                hovertemplate="%{x:.3g} + %{y:.3g} i<extra></extra>",
                **where,
            )
        figure.update_xaxes(title_text="real part", range=[-reach, reach], **where)
        figure.update_yaxes(title_text="imaginary part", range=[-reach, reach], **where)
        # A circle shall look like one.
        figure.update_yaxes(scaleanchor=f"x{place + 1 if place else ''}", **where)
        figure.update_xaxes(constrain="domain", **where)
    return figure


def variance_figure(results: xr.Dataset) -> Any:
    """Share of the changes explained by CP components."""
    figure = panels(height=320)
    shares = np.asarray(results["tensor_variance"], np.float64)
    for colour, index, g in _each(results):
        figure.add_scatter(
            x=np.arange(1, shares.shape[1] + 1),
            y=shares[index],
            mode="lines+markers",
            marker={"size": 5, "color": colour},
            line={"color": colour, "width": 1.2},
            hovertemplate=f"g = {short(g)}, %{{x}} patterns: %{{y:.3f}}<extra></extra>",
        )
    figure.update_xaxes(title_text="number of patterns", dtick=1)
    figure.update_yaxes(title_text="variance explained", range=[0, 1.03])
    return figure


def steps_figure(results: xr.Dataset) -> Any:
    """Course of the largest components."""
    figure = panels(height=320)
    steps = np.asarray(results["steps"], np.float64)
    update = np.asarray(results["evaluation"])
    for colour, index, g in _firsts(results):
        for component, (dash, _, _) in zip(range(3), DASHES, strict=False):
            figure.add_scatter(
                x=update,
                y=steps[index, :, component],
                mode="lines",
                line={"color": colour, "dash": dash, "width": 1.6},
                name=f"g = {short(g)}",
                showlegend=component == 0,
                hovertemplate=f"g = {short(g)}, update %{{x}}: %{{y:.3g}}<extra></extra>",
            )
    figure.update_layout(showlegend=True)
    figure.update_xaxes(title_text="update")
    figure.update_yaxes(title_text="weight of the pattern")
    return figure


def courses_figure(results: xr.Dataset) -> Any:
    """Loss of every update, and where networks have learned."""
    figure = panels(height=340)
    loss = np.asarray(results["loss"], np.float64)
    for colour, index, g in _each(results):
        relative = loss[index] / loss[index, 0]
        ended = int(np.isfinite(relative).sum())
        keep = np.unique(np.linspace(0, ended - 1, min(ended, _MOST_POINTS)).astype(int))
        figure.add_scatter(
            x=keep,
            y=relative[keep].astype(np.float32),
            mode="lines",
            line={"color": colour, "width": 1},
            hovertemplate=f"g = {short(g)}, update %{{x}}: %{{y:.3g}}<extra></extra>",
        )
        below = np.flatnonzero(relative < CONVERGED)
        if below.size:
            figure.add_scatter(
                x=below[:1], y=relative[below[:1]], mode="markers", hoverinfo="skip",
                marker={"color": "white", "size": 8, "line": {"color": colour, "width": 2}},
            )  # fmt: skip
    figure.add_hline(y=CONVERGED, line={"color": GREY, "width": 1})
    for colour, _, g in _firsts(results):
        figure.add_scatter(
            x=[None], y=[None], mode="lines", line={"color": colour, "width": 2},
            name=f"g = {short(g)}", showlegend=True,
        )  # fmt: skip
    figure.update_layout(showlegend=True)
    for trace in figure.data:
        trace.showlegend = bool(trace.name)
    figure.update_xaxes(title_text="update")
    figure.update_yaxes(title_text="loss / loss of update 0", type="log", color=INK)
    return figure


def _each(results: xr.Dataset) -> list[tuple[str, int, float]]:
    """Colour, place and strength of every network."""
    gs: NDArray[np.float64] = np.asarray(results["g"], np.float64)
    strengths = sorted(set(gs.tolist()))
    colours = dict(zip(strengths, ordered_colours(len(strengths)), strict=True))
    return [(colours[g], index, g) for index, g in enumerate(gs.tolist())]


def _firsts(results: xr.Dataset) -> list[tuple[str, int, float]]:
    """The same for the first network of each strength."""
    first: dict[float, tuple[str, int, float]] = {}
    for each in _each(results):
        first.setdefault(each[2], each)
    return [first[g] for g in sorted(first)]


def _mean(values: Sequence[float | None]) -> float | None:
    """The mean of all values, None if one is missing."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None
