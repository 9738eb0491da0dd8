"""Figures of held-out scores: ranks, and models of the selected rank split by split."""

from typing import Any

import numpy as np

from lowrnn.report.over_trials.found import Found
from lowrnn.report.over_trials.verdict import scores
from lowrnn.report.style import BLUE, GREEN, GREY, INK, VERMILLION, panels, rgba

#: Models in the order of the figure: what they are called, and their colour.
MODELS = {
    "varying": ("changing", BLUE),
    "static": ("static", VERMILLION),
    "shuffled": ("trials<br>shuffled", "#a5527f"),
    "free": ("each trial<br>by itself", INK),
    "blocks": ("network<br>per block", GREY),
    "cp": ("CP, no<br>dynamics", GREEN),
}
#: Scores below this say "worse than the mean" and no more.
FLOOR = -0.25


def ranks_figure(found: Found) -> Any:
    """Held-out R² against rank, of all models that were fitted at every rank."""
    figure = panels(height=360)
    results = found.results
    ranks = np.asarray(results["rank"], np.float64)
    models = np.asarray(results["model_name"]).astype(str).tolist()
    for model in ("cp", "static", "varying"):
        if scores(results, model) is None:
            continue
        name, colour = MODELS[model]
        name = name.replace("<br>", " ")
        cube = found.array("r2_heldout")[models.index(model)]
        scored = np.isfinite(cube).any(axis=1)
        cube = cube[scored]
        mean, count = np.nanmean(cube, axis=1), np.isfinite(cube).sum(axis=1)
        spread = np.nanstd(cube, axis=1, ddof=1) if cube.shape[1] > 1 else np.zeros(len(mean))
        figure.add_scatter(
            x=ranks[scored],
            y=np.maximum(mean, FLOOR),
            error_y={"array": spread / np.sqrt(count), "thickness": 1.2, "width": 3},
            mode="lines+markers",
            marker={"color": colour, "size": 6},
            line={"color": colour, "width": 2.4 if model == "varying" else 1.6},
            name=name,
            hovertemplate=f"{name}, rank %{{x}}: %{{y:.4f}}<extra></extra>",
        )
    selected = found.metrics["tensor_rank_selected"]
    figure.add_vline(x=selected, line={"color": GREY, "width": 1, "dash": "dot"})
    figure.update_xaxes(title_text="rank (number of components)", tickvals=ranks)
    figure.update_yaxes(title_text="R² on held-out entries")
    figure.update_layout(
        showlegend=True, legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
    )
    return figure


def models_figure(found: Found) -> Any:
    """Held-out R² of each model, a dot a split, with the mean."""
    figure = panels(height=360)
    rank = found.metrics["tensor_rank_selected"]
    shown: list[str] = []
    for model, (name, colour) in MODELS.items():
        values = scores(found.results, model, rank if model == "varying" else None)
        if values is None:
            continue
        place = len(shown)
        shown.append(name)
        clipped = np.maximum(values, FLOOR)
        figure.add_scatter(
            x=place + np.linspace(-0.12, 0.12, len(values)) * (len(values) > 1),
            y=clipped,
            mode="markers",
            marker={"color": rgba(colour, 0.6) if colour.startswith("#") else colour, "size": 7},
            customdata=values,
            hovertemplate="%{customdata:.4f}<extra></extra>",
        )
        figure.add_scatter(
            x=[place - 0.28, place + 0.28],
            y=[np.nanmean(clipped)] * 2,
            mode="lines",
            line={"color": colour, "width": 3},
            hoverinfo="skip",
        )
    figure.update_xaxes(tickvals=list(range(len(shown))), ticktext=shown, tickangle=0)
    figure.update_yaxes(title_text="R² on held-out entries")
    return figure
