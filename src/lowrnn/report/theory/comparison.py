"""Theory beside simulation, against the size of the networks."""

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

from lowrnn.report.style import CATEGORIES, GREY, INK

if TYPE_CHECKING:
    import pandas as pd


def comparison_figure(table: "pd.DataFrame") -> Figure:
    """What `lowrnn.theory.compare` found: values, and their scatter from network to network.

    Left, a quantity in networks of growing size, a point each size with the standard error of the
    mean over networks, beside the value of the infinite network. Right, the scatter, beside the
    prediction and the slope -1/2 of independent neurons.

    Parameters
    ----------
    table : pandas.DataFrame
        As `compare` returns it.
    """
    drawn = table[table["network"] == "drawn"]
    names = [name for name in table["quantity"].unique() if name.startswith(("kappa", "psi0"))]
    figure = Figure(figsize=(8.4, 2.6 * len(names)), layout="constrained")
    grid = figure.subplots(len(names), 2, squeeze=False)
    for name, (left, right) in zip(names, grid, strict=True):
        for index, (state, rows) in enumerate(drawn[drawn["quantity"] == name].groupby("state")):
            colour = CATEGORIES[index % len(CATEGORIES)]
            given = table[
                (table["network"] == "given")
                & (table["state"] == state)
                & (table["quantity"] == name)
            ]
            _values(left, rows, given, colour)
            _scatter(right, rows, colour)
        label = _label(name)
        left.set(xscale="log", xlabel="neurons N", ylabel=label)
        right.set(
            xscale="log", yscale="log", xlabel="neurons N", ylabel=f"s.d. of {label} over networks"
        )
        for axes in (left, right):
            axes.spines[["top", "right"]].set_visible(False)
            sizes = sorted(drawn["neurons"].unique())
            axes.set_xticks(sizes, [str(size) for size in sizes])
            axes.xaxis.set_minor_locator(NullLocator())
        right.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        right.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        right.yaxis.set_minor_locator(NullLocator())
    grid[0, 0].legend(frameon=False, fontsize=8)
    grid[0, 1].legend(frameon=False, fontsize=8)
    return figure


def _values(axes: Any, rows: "pd.DataFrame", given: "pd.DataFrame", colour: str) -> None:
    theory, kind = rows["theory"].iloc[0], rows["kind"].iloc[0]
    axes.axhline(theory, color=colour, linewidth=1.2, label=f"theory, {kind}")
    axes.errorbar(
        rows["neurons"],
        rows["simulated"],
        rows["sem"].fillna(0),
        color=colour,
        linestyle="none",
        marker="o",
        markersize=4,
        capsize=2,
        label="networks, mean ± s.e.m.",
    )
    if len(given):
        axes.plot(
            given["neurons"], given["simulated"], "D", color=INK, markersize=5, label="this network"
        )


def _scatter(axes: Any, rows: "pd.DataFrame", colour: str) -> None:
    # Of a normal variable, n draws know the standard deviation to one part in √(2n - 2).
    error = rows["sd"] / np.sqrt(2 * np.maximum(rows["kept"] - 1, 1))
    axes.errorbar(
        rows["neurons"],
        rows["sd"],
        error,
        color=colour,
        linestyle="none",
        marker="o",
        markersize=4,
        capsize=2,
        label="networks ± error",
    )
    if rows["expected_sd"].gt(0).any():
        axes.plot(rows["neurons"], rows["expected_sd"], color=colour, label="theory, leading order")
    else:
        sizes, sd = rows["neurons"].to_numpy(float), rows["sd"].to_numpy(float)
        if np.isfinite(sd).any() and (sd > 0).all():
            guide = np.exp(np.nanmean(np.log(sd * np.sqrt(sizes)))) / np.sqrt(sizes)
            axes.plot(sizes, guide, ":", color=GREY, label="slope −1/2")


def _label(name: str) -> str:
    """A quantity's symbol."""
    kind, _, index = name.partition("_")
    symbol = {"kappa": "κ", "psi0": "Ψ₀", "z": "z"}.get(kind, name)
    return symbol + (index if index and index != "1" else "")
