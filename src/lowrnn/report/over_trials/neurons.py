"""Figures of the neurons: their loadings on the components, and how well each is explained."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lowrnn.report.over_trials.found import Found
from lowrnn.report.style import BLUE, GREY, PALE, category_colours, label, number, panels, rgba

MOST_COMPONENTS = 4
_MOST_AREAS = 6


def loadings_figure(found: Found) -> Any:
    """Loadings b against a, a panel a component and a dot a neuron."""
    parts = found.connectivity
    a, b = parts.a.astype(np.float64), parts.b.astype(np.float64)
    shown = min(parts.rank, MOST_COMPONENTS)
    figure = panels(
        1, shown, height=340, titles=[f"component {r + 1}" for r in range(shown)],
        horizontal_spacing=0.05,
    )  # fmt: skip
    areas = _areas(found)
    for r in range(shown):
        place = {"row": 1, "col": r + 1}
        figure.add_hline(y=0, line={"color": PALE, "width": 1}, **place)
        figure.add_vline(x=0, line={"color": PALE, "width": 1}, **place)
        for name, colour, of in areas:
            figure.add_scatter(
                x=a[of, r].astype(np.float32),
                y=b[of, r].astype(np.float32),
                mode="markers",
                marker={"size": 5, "color": rgba(colour, 0.65)},
                name=label(name, 20),
                showlegend=r == 0 and len(areas) > 1,
                legendgroup=name,
                hovertemplate="a %{x:.2f}, b %{y:.2f}",
                **place,
            )
        figure.add_annotation(
            text=f"r {number(np.corrcoef(a[:, r], b[:, r])[0, 1])}", xref="x domain",
            yref="y domain", x=0.03, y=0.99, showarrow=False, **place,
        )  # fmt: skip
        figure.update_xaxes(title_text="a, output (a.u.)", **place)
    figure.update_yaxes(title_text="b, input selection (a.u.)", row=1, col=1)
    figure.update_layout(
        showlegend=True, legend={"orientation": "h", "x": 0, "y": 1.1, "yanchor": "bottom"},
        margin={"t": 60},
    )  # fmt: skip
    return figure


def explained_figure(found: Found) -> Any:
    """A histogram of R² over neurons."""
    figure = panels(height=300)
    score = found.array("r2_neuron")
    figure.add_histogram(
        x=np.clip(score[np.isfinite(score)], -0.1, 1),
        xbins={"start": -0.1, "end": 1.0001, "size": 0.025},
        marker={"color": BLUE},
        hovertemplate="R² %{x}: %{y} neurons<extra></extra>",
    )
    figure.update_xaxes(title_text="R² of a neuron, fitted data")
    figure.update_yaxes(title_text="neurons")
    return figure


def loss_figure(found: Found) -> Any:
    """Loss of each update."""
    figure = panels(height=300)
    loss = found.array("loss")
    figure.add_scatter(
        x=np.arange(len(loss)), y=loss.astype(np.float32), mode="lines",
        line={"color": GREY, "width": 1.5},
        hovertemplate="update %{x}: %{y:.4g}<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(title_text="update")
    figure.update_yaxes(title_text="loss (1 − R², or − log likelihood)")
    return figure


def _areas(found: Found) -> list[tuple[str, str, NDArray[np.bool_]]]:
    """Name, colour and neurons of each area, the largest first; small ones come together."""
    neurons = found.rnn.neurons
    column = found.results.coords.get("area")
    if column is None or column.dims != ("neuron",):
        return [("all neurons", BLUE, np.ones(neurons, bool))]
    values = np.asarray(column).astype(str)
    names, counts = np.unique(values, return_counts=True)
    names = names[np.argsort(-counts, kind="stable")]
    shown = names[:_MOST_AREAS]
    groups = [
        (str(name), colour, values == name)
        for name, colour in zip(shown, category_colours(len(shown)), strict=True)
    ]
    rest = ~np.isin(values, shown)
    return [*groups, ("others", GREY, rest)] if rest.any() else groups
