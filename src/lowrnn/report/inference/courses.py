"""What students with parameters from the posterior do, beside the observation."""

import re
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lowrnn.inference.simulations import OK
from lowrnn.report.style import BLUE, GREY, INK, panels, rgba

Array = NDArray[Any]

_LABEL = re.compile(r"epoch(\d+)\.condition(\d+)\.step(\d+)\.(\d+)$")
_MOST = 4


def courses_figure(results: xr.Dataset, groups: tuple[str, str] = ("prior", "posterior")) -> Any:
    """Activity in the last epoch: a row for each direction, a column for each condition.

    `groups` are the names of the students in `x` and in `predicted`.
    """
    found = [_LABEL.match(str(name)) for name in results["feature"].values]
    keys = [None if match is None else tuple(map(int, match.groups())) for match in found]
    last = max(key[0] for key in keys if key is not None)
    conditions = sorted({key[1] for key in keys if key is not None})[:_MOST]
    directions = sorted({key[3] for key in keys if key is not None})[:_MOST]
    overlaps = sum(key is None for key in keys)
    names = _directions(directions, round(overlaps**0.5), 1 + max(k[3] for k in keys if k))
    ended = np.asarray(results["status"]).astype(str) == OK
    prior = np.asarray(results["x"])[ended]
    predicted = np.asarray(results["predicted"])
    predicted = predicted[np.isfinite(predicted).all(axis=1)]
    observed = np.asarray(results["observed"])
    figure = panels(
        len(directions), len(conditions), height=190 * len(directions) + 60, shared_xaxes=True,
        titles=[f"condition {c + 1}" for c in conditions],
    )  # fmt: skip
    for row, direction in enumerate(directions, 1):
        for column, condition in enumerate(conditions, 1):
            where = {"row": row, "col": column}
            chosen = [
                i for i, key in enumerate(keys)
                if key is not None and (key[0], key[1], key[3]) == (last, condition, direction)
            ]  # fmt: skip
            steps = np.array([key[2] for key in (keys[i] for i in chosen) if key is not None]) + 1
            _band(figure, steps, prior[:, chosen], GREY, groups[0], where)
            if len(predicted):
                _band(figure, steps, predicted[:, chosen], BLUE, groups[1], where)
            figure.add_scatter(
                x=steps, y=observed[chosen], mode="lines+markers", name="observed",
                line={"color": INK, "width": 2}, marker={"size": 5},
                showlegend=(row, column) == (1, 1), **where,
            )  # fmt: skip
            if column == 1:
                figure.update_yaxes(title_text=names[row - 1], **where)
    figure.update_xaxes(title_text="time step", row=len(directions))
    figure.update_layout(
        showlegend=True, legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.09}
    )
    return figure


def _band(
    figure: Any, x: Array, rows: Array, colour: str, name: str, where: dict[str, int]
) -> None:
    """Median and central 90 % of students."""
    low, middle, high = np.quantile(rows, [0.05, 0.5, 0.95], axis=0)
    first = where == {"row": 1, "col": 1}
    figure.add_scatter(
        x=np.concatenate([x, x[::-1]]), y=np.concatenate([low, high[::-1]]), fill="toself",
        fillcolor=rgba(colour, 0.22), line={"width": 0}, mode="lines", hoverinfo="skip",
        showlegend=False, **where,
    )  # fmt: skip
    figure.add_scatter(
        x=x, y=middle, mode="lines", line={"color": colour, "width": 1.5}, name=name,
        showlegend=first, **where,
    )  # fmt: skip


def _directions(shown: list[int], rank: int, count: int) -> list[str]:
    """Names of the directions of the frame: latents, inputs, mean over neurons."""
    names = [f"along m{r + 1}" for r in range(rank)]
    names += [f"along input {q + 1}" for q in range(count - rank - 1)]
    return [[*names, "along the mean"][direction] for direction in shown]
