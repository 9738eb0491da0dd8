"""How figures look: colours that colour-blind readers can tell apart, one font, little ink."""

import html
import math
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from matplotlib.colors import LinearSegmentedColormap, to_hex
from numpy.typing import NDArray
from plotly.subplots import make_subplots

FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"
INK, GREY, PALE = "#222222", "#767676", "#d9d9d9"
BLUE, VERMILLION, GREEN, PURPLE = "#0072b2", "#d55e00", "#009e73", "#a5527f"
#: Okabe & Ito's palette without its yellow, which is invisible on white.
CATEGORIES = (BLUE, VERMILLION, GREEN, PURPLE, "#e69f00", "#56b4e9", INK, GREY)
#: Of contexts. Blue and vermillion come last: elsewhere on the page they are choices.
CONTEXT_COLOURS = (INK, GREEN, BLUE, VERMILLION)
CONTEXT_SYMBOLS = ("circle", "diamond", "square", "triangle-up")
#: Plotly's name, SVG's pattern and matplotlib's name of each line style.
DASHES = (
    ("solid", "none", "-"),
    ("dash", "6 4", "--"),
    ("dot", "1.5 3", ":"),
    ("dashdot", "6 3 1.5 3", "-."),
)
_ORDERED = LinearSegmentedColormap.from_list("ordered", ["#1b2a6b", "#1f7a8c", "#7ab648"])
_SIGNED = LinearSegmentedColormap.from_list(
    "signed", ["#08306b", "#2f7fc1", "#8c8c8c", "#e0862e", "#a63603"]
)
#: For standardised activity: below, at and above a neuron's mean.
DIVERGING = ((0.0, "#2166ac"), (0.5, "#f7f7f7"), (1.0, "#b2182b"))


def ordered_colours(count: int, *, signed: bool = False) -> list[str]:
    """Colours for `count` ordered values; `signed` has a neutral middle."""
    scale = _SIGNED if signed else _ORDERED
    return [to_hex(scale(x)) for x in np.linspace(0, 1, max(count, 2))[:count]]


def category_colours(count: int) -> list[str]:
    """Colours for `count` values without an order."""
    if count <= len(CATEGORIES):
        return list(CATEGORIES[:count])
    return ordered_colours(count)


def label(text: Any, longest: int = 40) -> str:
    """Text from the user for a figure: plotly reads some markup, so it is escaped, and cut."""
    plain = " ".join(str(text).split())
    if len(plain) > longest:
        plain = plain[: longest - 1] + "…"
    return html.escape(plain, quote=False)


def wrapped(text: Any, width: int) -> str:
    """`label` in lines of about `width` characters, broken at commas, three at most."""
    lines = textwrap.wrap(str(text), width, break_long_words=False, max_lines=3, placeholder=" …")
    return "<br>".join(label(line) for line in lines)


def number(value: Any, digits: int = 2) -> str:
    """A number for a sentence, with a true minus sign; "unknown" for None and NaN."""
    if value is None or not math.isfinite(value):
        return "unknown"
    # Adding 0 turns the -0 of rounding into 0.
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "\N{MINUS SIGN}")


def short(value: Any) -> str:
    """A number with as few digits as three significant ones need, or any other value as it is."""
    if isinstance(value, float | np.floating):
        return f"{value:.3g}".replace("-", "\N{MINUS SIGN}")
    if isinstance(value, int | np.integer):
        return str(value).replace("-", "\N{MINUS SIGN}")
    return str(value)


def counted(count: int, noun: str) -> str:
    """A count with its noun, such as "1 trial"; the plural ends in s."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def rgba(colour: str, opacity: float) -> str:
    """A hexadecimal colour with an opacity."""
    r, g, b = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({r},{g},{b},{opacity})"


def panels(
    rows: int = 1,
    columns: int = 1,
    *,
    height: int,
    titles: Sequence[str] | None = None,
    **spacing: Any,
) -> Any:
    """An empty figure with the look of the report, `height` in pixels."""
    figure = make_subplots(rows, columns, subplot_titles=titles, **spacing)
    figure.update_layout(template=_TEMPLATE, height=height, showlegend=False)
    figure.update_annotations(font={"size": 13, "color": INK})
    return figure


def shade(figure: Any, time: NDArray[Any], chosen: NDArray[np.bool_], **place: int) -> None:
    """Grey behind the chosen steps of a time axis."""
    half = (time[1] - time[0]) / 2 if len(time) > 1 else 0.0
    edges = np.flatnonzero(np.diff(np.concatenate([[0], chosen, [0]])))
    for first, last in edges.reshape(-1, 2):
        figure.add_vrect(
            time[first] - half,
            time[last - 1] + half,
            fillcolor=rgba(PALE, 0.4),
            line_width=0,
            layer="below",
            **place,
        )


_AXIS = {
    "showgrid": False,
    "zeroline": False,
    "showline": True,
    "linecolor": GREY,
    "ticks": "outside",
    "tickcolor": GREY,
    "ticklen": 4,
    "title": {"standoff": 8, "font": {"size": 13}},
    "automargin": True,
}
_TEMPLATE = go.layout.Template(
    layout={
        "font": {"family": FONT, "size": 12, "color": INK},
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "colorway": list(CATEGORIES),
        "margin": {"l": 60, "r": 16, "t": 34, "b": 48},
        "hovermode": "closest",
        "legend": {"bgcolor": "rgba(255,255,255,0)", "font": {"size": 12}},
        "xaxis": _AXIS,
        "yaxis": _AXIS,
    }
)
