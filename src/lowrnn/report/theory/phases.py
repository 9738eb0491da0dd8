"""A phase diagram as a figure."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import ListedColormap, to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from lowrnn.report.style import INK
from lowrnn.theory.boundaries import BOUNDARIES
from lowrnn.theory.phase_diagram import KINDS

#: Colours of one kind alone, from palettes that colour-blind readers can tell apart.
COLOURS = {
    "trivial": "#e8e8e8",
    "structured-stationary": "#0072b2",
    "unstructured-stationary": "#b9d9ec",
    "structured-chaotic": "#d55e00",
    "unstructured-chaotic": "#f5c892",
}
#: Where several kinds are stable, and where none is.
MIXED = ("#009e73", "#cc79a7", "#56b4e9", "#f0e442", "#7f6000", "#4b4b8f")
OSCILLATION = "#7b3294"
#: Values of `kinds` with one kind or none.
SINGLE = {0, *KINDS.values()}
#: States beyond this number are not told apart.
MOST = 100
STYLES = dict(zip(BOUNDARIES, ("-", "-.", "--", ":"), strict=True))
#: What a reader calls the boundaries.
MEANINGS = {
    "steady": "stationary state appears",
    "hopf": "oscillation appears (Hopf)",
    "chaos-onset": "onset of chaos",
    "chaos-steady": "chaotic state changes in structure",
}


def phase_diagram_figure(diagram: Any, labels: Mapping[str, str] | None = None) -> Figure:
    """Kinds of stable states with their boundaries, and how strong structured activity is.

    Parameters
    ----------
    diagram : xarray.Dataset
        From `phase_diagram`.
    labels : mapping of str to str, optional
        Axis labels of the parameters, with their units; by default their names, and that they have
        none.

    Returns
    -------
    matplotlib.figure.Figure
        Two panels. Not known to pyplot: save it with `savefig`.
    """
    names = list(diagram["kinds"].dims)
    text = {name: f"{name} (dimensionless)" for name in names} | dict(labels or {})
    figure = Figure(figsize=(10.5, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for panel in (left, right):
        panel.set_xlabel(text[names[0]])
        panel.set_ylabel(text[names[1]])
        panel.spines[["top", "right"]].set_visible(False)
    handles = _kinds(left, diagram, names)
    handles += _lines(left, diagram, INK)
    left.set_title("Stable states", loc="left", fontsize=10)
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False, fontsize=8)

    size = np.sqrt((diagram["kappa"] ** 2).sum("rank", skipna=False)).max("state")
    image = right.pcolormesh(
        diagram[names[0]], diagram[names[1]], size.values.T, cmap="cividis", shading="nearest"
    )
    right.set_facecolor("white")
    bar = figure.colorbar(image, ax=right)
    bar.set_label("largest |κ| of a stable state (units of φ's input)")
    _lines(right, diagram, "white")
    right.set_title("Structured activity", loc="left", fontsize=10)
    return figure


def _kinds(panel: Any, diagram: Any, names: list[str]) -> list[Any]:
    """The map of kinds, and its legend."""
    kinds, counts = diagram["kinds"].values, diagram["stable_states"].values
    lost = diagram["unsolved"].values
    codes = kinds.astype(int) * MOST + np.minimum(counts, MOST - 1)
    present = np.unique(codes[~lost]).tolist()
    mixed = dict(zip(sorted(set(kinds[~lost].tolist()) - SINGLE), MIXED * 6, strict=False))
    colours, handles = [], []
    for code in present:
        kind, count = divmod(code, MOST)
        others = [c % MOST for c in present if c // MOST == kind]
        parts = [name for name, bit in KINDS.items() if kind & bit]
        strong = COLOURS[parts[0]] if len(parts) == 1 else mixed[kind] if parts else OSCILLATION
        # Of one kind, the more states the darker.
        rank = (others.index(count) + 1) / len(others)
        red, green, blue = (1 - (1 - part) * (0.4 + 0.6 * rank) for part in to_rgb(strong))
        colour = to_hex((red, green, blue))
        name = " + ".join(part.replace("-", " ") for part in parts) or "oscillation"
        name += f", {count} states" if count > 1 else ""
        colours.append(colour)
        handles.append(Patch(facecolor=colour, edgecolor=INK, linewidth=0.5, label=name))
    image = np.ma.masked_array(np.searchsorted(present, codes), lost)
    if present:
        panel.pcolormesh(
            diagram[names[0]],
            diagram[names[1]],
            image.T,
            cmap=ListedColormap(colours),
            vmin=-0.5,
            vmax=len(present) - 0.5,
            shading="nearest",
        )
    if lost.any():
        panel.set_facecolor("white")
        panel.patch.set(hatch="////", edgecolor="#767676", linewidth=0)
        label = f"unsolved ({int(lost.sum())} points)"
        handles.append(Patch(facecolor="white", edgecolor="#767676", hatch="////", label=label))
    return handles


def _lines(panel: Any, diagram: Any, colour: str) -> list[Any]:
    """The boundaries, and their legend."""
    handles = []
    for code, name in enumerate(BOUNDARIES):
        chosen = diagram["boundary"].values[diagram["boundary_kind"].values == code]
        if len(chosen):
            lines = LineCollection(
                _chains(chosen), colors=colour, linewidths=1.4, linestyles=STYLES[name]
            )
            panel.add_collection(lines)
            handles.append(
                LineCollection([], colors=INK, linestyles=STYLES[name], label=MEANINGS[name])
            )
    return handles


def _chains(segments: Any) -> list[Any]:
    """Segments joined end to end, so that dashes run along the whole curve."""
    ends: dict[tuple[float, float], list[int]] = {}
    keys = [[tuple(point) for point in segment.tolist()] for segment in segments]
    for i, pair in enumerate(keys):
        for key in pair:
            ends.setdefault(key, []).append(i)
    unused, chains = set(range(len(keys))), []

    def walk(key: Any) -> list[Any]:
        path: list[Any] = []
        while True:
            following = [i for i in ends[key] if i in unused]
            if not following:
                return path
            unused.remove(following[0])
            one, other = keys[following[0]]
            key = other if key == one else one
            path.append(key)

    # From loose ends first.
    for i in sorted(unused, key=lambda i: min(len(ends[key]) for key in keys[i])):
        if i not in unused:
            continue
        unused.remove(i)
        one, other = keys[i]
        chains.append([*reversed(walk(one)), one, other, *walk(other)])
    return chains
