"""How the loadings of single neurons are distributed: m, n and the input weights."""

from typing import Any

import numpy as np

from lowrnn.networks import structured_part
from lowrnn.report.neurons import areas
from lowrnn.report.page import Figure, Section
from lowrnn.report.run import Array, Run
from lowrnn.report.style import INK, label, number, panels, rgba

MOST_VECTORS, MOST_POINTS = 7, 600


def loadings_section(run: Run) -> Section:
    """Every pair of loading vectors, one point a neuron, and their correlations."""
    title = "Connectivity loadings"
    low_rank = structured_part(run.rnn.connectivity)
    if low_rank is None:
        return Section(title, ["A full-rank network has no loading vectors."])
    gauge = low_rank.canonical()
    m, n = gauge.m.astype(np.float64), gauge.n.astype(np.float64)
    eigenvalues = np.linalg.eigvals(n.T @ m / len(m))
    largest = eigenvalues[np.argmax(eigenvalues.real)]
    turning = f" {number(abs(largest.imag))}i" if largest.imag else ""
    text = [
        "Entries of m and n in the canonical gauge, and of the input weights B. The overlap nᵀm/N"
        f" has the largest eigenvalue {number(largest.real)}"
        + (f" ±{turning}" if turning else "")
        + ": above 1, feedback through the latents outweighs the decay where neurons have gain 1.",
        "n is known only in the part that reads the activity of these trials: neurons can be"
        " compared in m and B more safely than in n.",
    ]
    vectors = _vectors(run, m, n)
    dropped = list(vectors)[MOST_VECTORS:]
    if dropped:
        text.append(f"Not drawn: {', '.join(dropped)}.")
        vectors = {name: vectors[name] for name in list(vectors)[:MOST_VECTORS]}
    return Section(title, text, figures=[_pairs(run, vectors)])


def _vectors(run: Run, m: Array, n: Array) -> dict[str, Array]:
    """Names and entries: m and n by latent, then the input weights by size."""
    names = run.input_names()
    several = m.shape[1] > 1
    found: dict[str, Array] = {}
    for r in range(m.shape[1]):
        which = f"{r + 1}" if several else ""
        found |= {f"m{which}": m[:, r], f"n{which}": n[:, r]}
    B = run.rnn.inputs.astype(np.float64)
    for s in np.argsort(-np.linalg.norm(B, axis=0), kind="stable"):
        found[f"B {names[s]}"] = B[:, s]
    return found


def _pairs(run: Run, vectors: dict[str, Array]) -> Figure:
    names, count = list(vectors), len(vectors)
    neurons = len(next(iter(vectors.values())))
    shown = np.unique(np.linspace(0, neurons - 1, min(neurons, MOST_POINTS)).astype(int))
    figure = panels(
        count - 1,
        count - 1,
        height=90 + 125 * (count - 1),
        shared_xaxes=True,
        shared_yaxes=True,
        horizontal_spacing=0.012,
        vertical_spacing=0.014,
    )
    groups = areas(run, neurons)
    for i in range(1, count):
        for j in range(count - 1):
            place = {"row": i, "col": j + 1}
            if j >= i:
                _hide(figure, **place)
                continue
            x, y = vectors[names[j]], vectors[names[i]]
            for k, (name, colour, mask) in enumerate(groups):
                chosen = shown[mask[shown]]
                figure.add_scatter(
                    x=x[chosen].astype(np.float32),
                    y=y[chosen].astype(np.float32),
                    mode="markers",
                    marker={"size": 3.5, "color": rgba(colour, 0.55)},
                    name=label(name, 20),
                    legendgroup=f"area{k}",
                    showlegend=len(groups) > 1 and i == 1 and j == 0,
                    hovertemplate="%{x:.2f}, %{y:.2f}",
                    **place,
                )
            _note_correlation(figure, x, y, **place)
            figure.update_xaxes(nticks=5, **place)
            figure.update_yaxes(nticks=5, **place)
            if i == count - 1:
                figure.update_xaxes(title_text=label(names[j], 16), **place)
            if j == 0:
                figure.update_yaxes(title_text=label(names[i], 16), **place)
    figure.update_layout(
        showlegend=True,
        legend={"x": 1, "xanchor": "right", "y": 1, "itemsizing": "constant"},
        margin={"l": 70, "t": 16},
    )
    few = f" {len(shown)} of {neurons} neurons are drawn." if len(shown) < neurons else ""
    caption = f"One point a neuron; r is the correlation over all neurons.{few}"
    return Figure(figure, caption)


def _note_correlation(figure: Any, x: Array, y: Array, **place: int) -> None:
    constant = x.std() == 0 or y.std() == 0
    r = np.nan if constant else float(np.corrcoef(x, y)[0, 1])
    figure.add_annotation(
        text=f"r {number(r)}",
        xref="x domain",
        yref="y domain",
        x=0.03,
        y=0.99,
        showarrow=False,
        bgcolor="rgba(255,255,255,0.75)",
        borderpad=1,
        font={"size": 11, "color": INK},
        **place,
    )


def _hide(figure: Any, **place: int) -> None:
    figure.update_xaxes(visible=False, **place)
    figure.update_yaxes(visible=False, **place)
