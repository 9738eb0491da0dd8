"""How the loss fell."""

import math

import numpy as np

from lowrnn.report.page import Figure, Section
from lowrnn.report.run import Run
from lowrnn.report.style import BLUE, counted, panels

MOST_POINTS = 2000


def training_section(run: Run) -> Section:
    """The loss against updates, on a logarithmic axis."""
    loss = run.array("loss", "update")
    if loss is None:
        return Section("Training", ["This run holds no course of its loss."])
    update = np.asarray(run.results["update"], np.float64)
    keep = np.unique(np.linspace(0, len(loss) - 1, min(len(loss), MOST_POINTS)).astype(int))
    finite = loss[np.isfinite(loss)]
    text = [
        f"The loss went from {finite[0]:.3g} to {finite[-1]:.3g} in"
        f" {counted(len(loss), 'update')}; its minimum is {finite.min():.3g}."
    ]
    before, after = np.array_split(finite[-max(len(finite) // 5, 2) :], 2)
    if len(finite) >= 20 and np.median(before) > 1.05 * np.median(after):
        text.append("It was still falling at the end: more updates may help.")
    if not np.isfinite(loss).all():
        text.append(f"{(~np.isfinite(loss)).sum()} updates had a loss that is not finite.")
    figure = panels(height=300)
    figure.add_scatter(
        x=update[keep],
        y=loss[keep].astype(np.float32),
        mode="lines",
        line={"color": BLUE, "width": 1.5},
        hovertemplate="update %{x}: %{y:.4g}<extra></extra>",
    )
    figure.update_xaxes(title_text="update")
    figure.update_yaxes(title_text="loss")
    if finite.min() > 0 and finite.max() > 3 * finite.min():
        figure.update_yaxes(type="log", dtick=1)
        if finite.max() < 30 * finite.min():
            decades = range(
                math.floor(math.log10(finite.min())), math.ceil(math.log10(finite.max()))
            )
            figure.update_yaxes(tickvals=[step * 10.0**k for k in decades for step in (1, 2, 5)])
    return Section("Training", text, figures=[Figure(figure, "Loss of the batch of each update.")])
