"""Figures over the course of trials: factors, and eigenvalues of the connectivity."""

from typing import Any

import numpy as np

from lowrnn.report.over_trials.found import Found, shade_epochs
from lowrnn.report.style import BLUE, GREY, INK, PALE, label, panels, rgba

#: Width of the band around smooth factors, in standard deviations.
BAND = 2.0


def factors_figure(found: Found) -> Any:
    """Trial factors over the numbers of trials, a panel a component."""
    factors, smooth = found.array("trial_factors"), found.array("smooth_factors")
    spread = BAND * found.array("smooth_factors_sd")
    numbers, rank = found.numbers, factors.shape[1]
    figure = panels(
        rank, 1, height=70 + 185 * rank, shared_xaxes=True, vertical_spacing=0.12 / rank
    )
    groups = found.conditions.groups
    others = np.setdiff1d(np.arange(len(numbers)), np.concatenate([g.trials for g in groups]))
    for r in range(rank):
        place = {"row": r + 1, "col": 1}
        edge = np.concatenate([smooth[:, r] + spread[:, r], (smooth[:, r] - spread[:, r])[::-1]])
        figure.add_scatter(
            x=np.concatenate([numbers, numbers[::-1]]), y=edge, fill="toself", mode="lines",
            fillcolor=rgba(INK, 0.16), line={"width": 0}, hoverinfo="skip", **place,
        )  # fmt: skip
        figure.add_scatter(
            x=numbers[others], y=factors[others, r], mode="markers",
            marker={"size": 4, "color": GREY, "opacity": 0.6},
            hovertemplate="trial %{x}: %{y:.3f}<extra></extra>", **place,
        )  # fmt: skip
        for index, group in enumerate(groups):
            figure.add_scatter(
                x=numbers[group.trials],
                y=factors[group.trials, r],
                mode="markers",
                marker={"size": 4.5, "color": group.colour, "opacity": 0.75},
                legendgroup=f"group{index}",
                name=label(group.label),
                hovertemplate="trial %{x}: %{y:.3f}",
                **place,
            )
        figure.add_scatter(
            x=numbers, y=smooth[:, r], mode="lines", line={"color": INK, "width": 2},
            hovertemplate="trial %{x}, smooth part: %{y:.3f}<extra></extra>", **place,
        )  # fmt: skip
        figure.update_yaxes(title_text=f"c{_sub(r)} (a.u.)", **place)
    figure.update_xaxes(title_text="trial number", row=rank, col=1)
    shade_epochs(figure, found, rank)
    return figure


def eigenvalues_figure(found: Found, eigenvalues: Any) -> Any:
    """Real and imaginary parts of the eigenvalues of the connectivity at rest, by trial."""
    figure = panels(2, 1, height=430, shared_xaxes=True, vertical_spacing=0.07)
    numbers = found.numbers
    for r in range(eigenvalues.shape[1]):
        colour = BLUE if r == 0 else INK
        for row, values in ((1, eigenvalues[:, r].real), (2, eigenvalues[:, r].imag)):
            figure.add_scatter(
                x=numbers,
                y=values,
                mode="markers",
                marker={"size": 3.5, "color": colour, "opacity": 1.0 if r == 0 else 0.45},
                hovertemplate="trial %{x}: %{y:.3f}<extra></extra>",
                row=row,
                col=1,
            )
    figure.add_hline(y=1, line={"color": GREY, "width": 1, "dash": "dash"}, row=1, col=1)
    figure.add_hline(y=0, line={"color": PALE, "width": 1}, row=2, col=1)
    figure.update_yaxes(title_text="real part", row=1, col=1)
    figure.update_yaxes(title_text="imaginary part", row=2, col=1)
    figure.update_xaxes(title_text="trial number", row=2, col=1)
    shade_epochs(figure, found, 2)
    return figure


def _sub(index: int) -> str:
    """The number of a component as a subscript."""
    return str(index + 1).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
