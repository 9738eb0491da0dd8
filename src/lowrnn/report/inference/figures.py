"""The figures of an inference: posterior, calibration, recovery, failures."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.stats import binom

from lowrnn.inference.simulations import OK
from lowrnn.report.style import BLUE, GREY, INK, PALE, VERMILLION, label, number, panels, rgba

Array = NDArray[Any]

#: More parameters than this are shown one by one, without pairs.
_MOST_PAIRED = 6
_SHOWN = 600
_COLUMNS = 4
#: Between these is what chance alone does, in 99 % of cases.
_TAILS = (0.005, 0.995)


def posterior_figure(results: xr.Dataset) -> Any:
    """Marginals, and below them pairs of parameters; axes span the prior."""
    names, low, high = _box(results)
    draws = np.asarray(results["draws"])
    truth = _truth(results)
    count = len(names)
    paired = 1 < count <= _MOST_PAIRED
    rows, columns = (count, count) if paired else _grid(count)
    figure = panels(
        rows, columns, height=max(300, (170 if paired else 220) * rows + 70),
        horizontal_spacing=0.04 if paired else 0.06, vertical_spacing=0.22 / max(rows, 2),
    )  # fmt: skip
    for k, name in enumerate(names):
        where = _diagonal(k) if paired else _place(k, columns)
        _marginal(figure, draws[:, k], low[k], high[k], truth[k], where)
        if not paired or k == count - 1:
            figure.update_xaxes(title_text=label(name), **where)
        for j in range(k if paired else 0):
            at = {"row": k + 1, "col": j + 1}
            figure.add_scatter(
                x=draws[:_SHOWN, j], y=draws[:_SHOWN, k], mode="markers",
                marker={"color": BLUE, "size": 3, "opacity": 0.35}, hoverinfo="skip", **at,
            )  # fmt: skip
            if np.isfinite(truth[[j, k]]).all():
                figure.add_scatter(
                    x=[truth[j]], y=[truth[k]], mode="markers", hoverinfo="skip",
                    marker={"color": VERMILLION, "size": 10, "symbol": "cross-thin",
                            "line": {"color": VERMILLION, "width": 2.5}}, **at,
                )  # fmt: skip
            figure.update_xaxes(range=[low[j], high[j]], **at)
            figure.update_yaxes(range=[low[k], high[k]], showticklabels=j == 0, **at)
            if j == 0:
                figure.update_yaxes(title_text=label(name), **at)
            if k == count - 1:
                figure.update_xaxes(title_text=label(names[j]), **at)
    return figure


def _marginal(
    figure: Any, draws: Array, low: float, high: float, truth: float, where: dict[str, int]
) -> None:
    """Histogram of one parameter over its prior."""
    density, edges = np.histogram(draws, bins=40, range=(low, high), density=True)
    figure.add_bar(
        x=(edges[1:] + edges[:-1]) / 2, y=density, width=np.diff(edges), marker={"color": BLUE},
        hovertemplate="%{x:.2f}<extra></extra>", **where,
    )  # fmt: skip
    figure.add_scatter(
        x=[low, high], y=[1 / (high - low)] * 2, mode="lines", line={"color": GREY, "dash": "dot"},
        hovertemplate="prior<extra></extra>", **where,
    )  # fmt: skip
    if math.isfinite(truth):
        figure.add_vline(x=truth, line={"color": VERMILLION, "width": 2.5}, **where)
    figure.update_xaxes(range=[low, high], **where)
    figure.update_yaxes(showticklabels=False, ticks="", showline=False, rangemode="tozero", **where)


def ranks_figure(results: xr.Dataset) -> Any:
    """Histograms of the ranks of true parameters, with the band of what chance does."""
    names, _, _ = _box(results)
    ranks = np.asarray(results["ranks"])
    tests, bins = len(ranks), max(5, min(20, len(ranks) // 15))
    low, high = (float(binom.ppf(tail, tests, 1 / bins)) for tail in _TAILS)
    rows, columns = _grid(len(names))
    figure = panels(rows, columns, height=230 * rows + 30, titles=[label(name) for name in names])
    for k, where in _places(len(names)):
        counts, edges = np.histogram(ranks[:, k], bins=bins, range=(0, 1))
        outside = (counts < low) | (counts > high)
        figure.add_bar(
            x=(edges[1:] + edges[:-1]) / 2, y=counts, width=np.diff(edges) * 0.9,
            marker={"color": np.where(outside, VERMILLION, BLUE)},
            hovertemplate="%{y} simulations<extra></extra>", **where,
        )  # fmt: skip
        figure.add_hrect(
            y0=low, y1=high, fillcolor=rgba(PALE, 0.7), line_width=0, layer="below", **where
        )
        figure.update_xaxes(title_text="rank of the truth", range=[0, 1], **where)
        figure.update_yaxes(rangemode="tozero", **where)
    figure.update_yaxes(title_text="simulations", col=1)
    return figure


def coverage_figure(results: xr.Dataset) -> Any:
    """How often central intervals hold the truth against how often they should."""
    names, _, _ = _box(results)
    ranks, tarp = np.asarray(results["ranks"]), np.asarray(results["tarp"])
    levels = np.linspace(0, 1, 41)
    figure = panels(height=380)
    band = [np.asarray(binom.ppf(tail, len(ranks), levels)) / len(ranks) for tail in _TAILS]
    figure.add_scatter(
        x=np.concatenate([levels, levels[::-1]]), y=np.concatenate([band[0], band[1][::-1]]),
        fill="toself", fillcolor=rgba(PALE, 0.7), line={"width": 0}, mode="lines",
        hoverinfo="skip", showlegend=False,
    )  # fmt: skip
    columns = [(label(name), ranks[:, k], 1.5) for k, name in enumerate(names)]
    for name, values, width in [*columns, ("all together", tarp, 3)]:
        covered = (np.abs(values[:, None] - 0.5) <= levels / 2).mean(axis=0)
        line: dict[str, Any] = {"width": width}
        if width > 2:
            line["color"] = INK
        figure.add_scatter(x=levels, y=covered, mode="lines", line=line, name=name)
    figure.update_xaxes(title_text="probability of the interval", range=[0, 1])
    figure.update_yaxes(title_text="share that holds the truth", range=[0, 1])
    figure.update_layout(showlegend=True, legend={"x": 1, "xanchor": "right", "y": 0})
    return figure


def recovery_figure(results: xr.Dataset) -> Any:
    """Posterior means of held-out simulations against their true parameters."""
    names, low, high = _box(results)
    truth = np.asarray(results["held_out_truth"])
    mean, sd = np.asarray(results["held_out_mean"]), np.asarray(results["held_out_sd"])
    r2 = 1 - ((mean - truth) ** 2).sum(axis=0) / ((truth - truth.mean(axis=0)) ** 2).sum(axis=0)
    rows, columns = _grid(len(names))
    titles = [f"{label(name)}: R² {number(value)}" for name, value in zip(names, r2, strict=True)]
    figure = panels(rows, columns, height=270 * rows + 30, titles=titles)
    for k, where in _places(len(names)):
        figure.add_scatter(
            x=[low[k], high[k]], y=[low[k], high[k]], mode="lines", hoverinfo="skip",
            line={"color": GREY, "width": 1}, **where,
        )  # fmt: skip
        figure.add_scatter(
            x=truth[:, k], y=mean[:, k], mode="markers",
            error_y={"array": sd[:, k], "width": 0, "thickness": 0.7, "color": rgba(BLUE, 0.3)},
            marker={"color": BLUE, "size": 4, "opacity": 0.7},
            hovertemplate="truth %{x:.2f}, mean %{y:.2f}<extra></extra>", **where,
        )  # fmt: skip
        figure.update_xaxes(title_text="truth", range=[low[k], high[k]], **where)
        figure.update_yaxes(range=[low[k], high[k]], **where)
    figure.update_yaxes(title_text="posterior mean", col=1)
    return figure


def failures_figure(results: xr.Dataset) -> Any:
    """The share of failed students along each parameter."""
    names, low, high = _box(results)
    theta = np.asarray(results["theta"])
    failed = np.asarray(results["status"]).astype(str) != OK
    draws = np.asarray(results["draws"])
    rows, columns = _grid(len(names))
    figure = panels(rows, columns, height=240 * rows + 30, titles=[label(name) for name in names])
    for k, where in _places(len(names)):
        edges = np.linspace(low[k], high[k], 13)
        every, _ = np.histogram(theta[:, k], edges)
        ended, _ = np.histogram(theta[failed, k], edges)
        share = np.divide(ended, every, out=np.full(len(every), np.nan), where=every > 0)
        figure.add_bar(
            x=(edges[1:] + edges[:-1]) / 2, y=share, width=np.diff(edges) * 0.9,
            marker={"color": GREY}, hovertemplate="%{y:.0%} failed<extra></extra>", **where,
        )  # fmt: skip
        interval = np.quantile(draws[:, k], [0.05, 0.95])
        figure.add_scatter(
            x=interval, y=[1.06, 1.06], mode="lines", line={"color": BLUE, "width": 5},
            hovertemplate="90 % of the posterior<extra></extra>", **where,
        )  # fmt: skip
        figure.update_xaxes(range=[low[k], high[k]], **where)
        figure.update_yaxes(range=[0, 1.12], tickvals=[0, 0.5, 1], tickformat=".0%", **where)
    figure.update_yaxes(title_text="share that failed", col=1)
    return figure


def _box(results: xr.Dataset) -> tuple[list[str], Array, Array]:
    """Names of the parameters, and the faces of their prior."""
    names = [str(name) for name in results["parameter"].values]
    return names, np.asarray(results["low"]), np.asarray(results["high"])


def _truth(results: xr.Dataset) -> Array:
    """True parameters, NaN where they are not known."""
    if "truth" in results:
        return np.asarray(results["truth"], np.float64)
    return np.full(results.sizes["parameter"], np.nan)


def _grid(count: int) -> tuple[int, int]:
    """Rows and columns of panels, one for each parameter."""
    columns = min(count, _COLUMNS)
    return math.ceil(count / columns), columns


def _diagonal(k: int) -> dict[str, int]:
    return {"row": k + 1, "col": k + 1}


def _place(k: int, columns: int) -> dict[str, int]:
    return {"row": k // columns + 1, "col": k % columns + 1}


def _places(count: int) -> Iterator[tuple[int, dict[str, int]]]:
    """The panel of each parameter."""
    _, columns = _grid(count)
    return ((k, _place(k, columns)) for k in range(count))
