"""A run folder of a fit over trials, read, with the trials that figures set side by side."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lowrnn.networks import RNN, LowTensorRank
from lowrnn.report.conditions import Conditions, Group
from lowrnn.report.style import INK, PALE, category_colours, label, rgba

Array = NDArray[np.float64]

#: More conditions than this are not told apart by colours; the most frequent are.
MOST_CONDITIONS = 8
#: Epochs of which latents and flow are shown.
MOST_EPOCHS = 4
#: Without epochs, these shares of the trials at both ends are early and late.
END = 0.2


@dataclass(frozen=True, eq=False)
class Found:
    """What the sections look at.

    Attributes
    ----------
    results : xarray.Dataset
    rnn : RNN
    metrics : dict
    """

    results: xr.Dataset
    rnn: RNN
    metrics: dict[str, Any]

    def array(self, name: str) -> Array:
        """A variable of `results.nc`."""
        return np.asarray(self.results[name], np.float64)

    @property
    def connectivity(self) -> LowTensorRank:
        """That of all trials."""
        parts = self.rnn.connectivity
        if not isinstance(parts, LowTensorRank):
            raise ValueError(f"connectivity is {parts.kind}")
        return parts

    @property
    def numbers(self) -> Array:
        """Numbers of the trials in the session."""
        return self.array("number")

    @property
    def conditions(self) -> Conditions:
        """The most frequent conditions, in colours, in the order of their labels."""
        labels = np.asarray(self.results["condition_label"]).astype(str)
        names, counts = np.unique(labels, return_counts=True)
        if len(names) == 1:
            return Conditions((Group("all trials", np.arange(len(labels)), INK, 0),), ())
        frequent = names[np.sort(np.argsort(-counts, kind="stable")[:MOST_CONDITIONS])]
        colours = category_colours(len(frequent))
        groups = [
            Group(str(name), np.flatnonzero(labels == name), colour, 0)
            for name, colour in zip(frequent, colours, strict=True)
        ]
        return Conditions(tuple(groups), ("condition",))

    @property
    def epochs(self) -> list[tuple[str, NDArray[np.intp]]]:
        """Epochs in their order, with their trials; none if they have no labels."""
        labels = np.asarray(self.results["epoch_label"]).astype(str)
        names = list(dict.fromkeys(labels.tolist()))
        if names == [""]:
            return []
        return [(name, np.flatnonzero(labels == name)) for name in names]

    @property
    def parts(self) -> list[tuple[str, NDArray[np.intp]]]:
        """Early and late trials; with epochs, the second half of each of the first four."""
        if self.epochs:
            return [
                (f"{name}, 2nd half", trials[len(trials) // 2 :])
                for name, trials in self.epochs[:MOST_EPOCHS]
            ]
        count = len(self.numbers)
        some = max(1, round(END * count))
        share = f"{100 * END:.0f} %"
        return [
            (f"first {share} of trials", np.arange(some)),
            (f"last {share} of trials", np.arange(count - some, count)),
        ]


def shade_epochs(figure: Any, found: Found, panels: int) -> None:
    """Grey behind every other epoch of the panels, and their names above the first row's."""
    numbers = found.numbers
    for index, (name, trials) in enumerate(found.epochs):
        low, high = numbers[trials].min() - 0.5, numbers[trials].max() + 0.5
        for panel in range(1, panels + 1):
            axis = "" if panel == 1 else str(panel)
            if index % 2:
                figure.add_shape(
                    type="rect", xref=f"x{axis}", yref=f"y{axis} domain", x0=low, x1=high, y0=0,
                    y1=1, fillcolor=rgba(PALE, 0.45), line_width=0, layer="below",
                )  # fmt: skip
            if panel == 1:
                figure.add_annotation(
                    text=label(name, 24), xref="x", yref="y domain", x=(low + high) / 2, y=1,
                    yanchor="bottom", showarrow=False, font={"size": 12, "color": INK},
                )  # fmt: skip
