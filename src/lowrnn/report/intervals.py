"""How a network times its answers: produced intervals against those that were asked for."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lowrnn.report.contexts import context_variable
from lowrnn.report.page import Figure
from lowrnn.report.style import (
    CONTEXT_COLOURS,
    CONTEXT_SYMBOLS,
    GREY,
    PALE,
    label,
    number,
    panels,
    rgba,
    short,
)
from lowrnn.tasks import Trials
from lowrnn.tasks.timing import TimingTask


def produced_intervals(
    task: TimingTask, trials: Trials, z: NDArray[np.floating]
) -> tuple[list[str], Figure]:
    """What is to say of the trials with Set, and mean and spread of the interval by condition."""
    asked = np.flatnonzero(trials.conditions["catch"] == 0)
    trials, produced = trials[asked], task.produced_intervals(z, trials)[asked]
    interval = trials.conditions["interval"].to_numpy(np.float64)
    context = context_variable(trials.conditions.columns)
    levels = np.unique(trials.conditions[context]) if context else np.array([""])
    figure = _frame(task, interval, produced)
    for i, level in enumerate(levels):
        chosen = trials.conditions[context] == level if context else np.ones(len(trials), bool)
        rows = [
            (wanted, own.mean(), own.std(), len(own))
            for wanted in np.unique(interval[chosen])
            if len(own := _answered(produced[chosen & (interval == wanted)]))
        ]
        if not rows:
            continue
        x, mean, spread, count = (np.array(column) for column in zip(*rows, strict=True))
        figure.add_scatter(
            x=x,
            y=mean,
            error_y={"type": "data", "array": spread, "thickness": 1.2, "width": 4},
            customdata=count,
            mode="lines+markers",
            line={"color": CONTEXT_COLOURS[i % len(CONTEXT_COLOURS)], "width": 2},
            marker={"size": 8, "symbol": CONTEXT_SYMBOLS[i % len(CONTEXT_SYMBOLS)]},
            name=label(f"{context} {short(level)}") if context else "",
            showlegend=bool(context) and len(levels) > 1,
            hovertemplate="asked %{x:.3g} s, produced %{y:.3g} s, %{customdata} trials",
        )
    figure.update_layout(showlegend=bool(context) and len(levels) > 1)
    caption = (
        "Points: mean over the trials with an answer; bars: their standard deviation. Dotted: the"
        f" interval that was asked for; grey: within {100 * task.tolerance:.3g} % of it, which"
        " counts as right."
    )
    return _words(task, interval, produced), Figure(figure, caption, narrow=True)


def _answered(produced: NDArray[np.float64]) -> NDArray[np.float64]:
    return produced[~np.isnan(produced)]


def _frame(task: TimingTask, interval: NDArray[np.float64], produced: NDArray[np.float64]) -> Any:
    """Empty axes of one scale with the line of perfect answers and what is tolerated."""
    figure = panels(height=420)
    low, high = float(interval.min()), float(interval.max())
    margin = 0.15 * max(high - low, 0.1 * high)
    ends = np.array([max(low - margin, 0.0), high + margin])
    figure.add_scatter(
        x=[*ends, *ends[::-1]],
        y=[*(ends * (1 + task.tolerance)), *(ends[::-1] * (1 - task.tolerance))],
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor=rgba(PALE, 0.4),
        showlegend=False,
        hoverinfo="skip",
    )
    line = {"color": GREY, "width": 1, "dash": "dot"}
    figure.add_scatter(x=ends, y=ends, mode="lines", line=line, showlegend=False, hoverinfo="skip")
    figure.update_xaxes(title_text="interval asked for (s)", range=ends.tolist())
    figure.update_yaxes(title_text="produced interval (s)")
    return figure


def _words(
    task: TimingTask, interval: NDArray[np.float64], produced: NDArray[np.float64]
) -> list[str]:
    """How many trials are right, and on how many the answer never came."""
    right = np.abs(produced - interval) <= task.tolerance * interval
    text = [
        f"The interval from Set until the output crosses {number(task.threshold)} tells what the"
        f" network produced. {number(100 * right.mean(), 1)} % of the intervals are right."
    ]
    silent = {
        short(float(wanted)): int(np.isnan(produced[interval == wanted]).sum())
        for wanted in np.unique(interval)
    }
    missing = [f"{count} at {wanted} s" for wanted, count in silent.items() if count]
    if missing:
        text.append(
            f"On {sum(silent.values())} of {len(interval)} trials the output never came so far:"
            f" {', '.join(missing)}."
        )
    return text
