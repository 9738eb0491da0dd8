"""How a trained network answers, condition by condition."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import beta

from lowrnn.errors import InputError
from lowrnn.report.contexts import context_variable
from lowrnn.report.page import Figure, Section
from lowrnn.report.run import Array, Run
from lowrnn.report.style import BLUE, GREEN, GREY, INK, PALE, VERMILLION, label, panels, short
from lowrnn.tasks import Task, Trials

#: Trials of each condition at least, as published, and of all together.
REPEATS, TRIALS, SEED = 10, 400, 0
MOST_PANELS = 4
#: What a task may measure, the most telling first, and what it is called on the axis.
MEASURES = {
    "p_positive": "share of choices 1",
    "produced": "produced interval (s)",
    "accuracy": "share of right answers",
}
#: Of contexts. Blue and vermillion come last: elsewhere on the page they are choices.
COLOURS = (INK, GREEN, BLUE, VERMILLION)
SYMBOLS = ("circle", "diamond", "square", "triangle-up")


@dataclass(frozen=True, eq=False)
class _Answers:
    """What the network put out on the psychometric trials of its task."""

    task: Task
    trials: Trials
    z: NDArray[np.floating]

    def by(self, variables: list[str]) -> pd.DataFrame:
        return self.task.psychometric(self.z, self.trials, by=variables)


def psychometrics_section(run: Run) -> Section:
    """The psychometric curve of the task: answers against each stimulus, by context."""
    title = "Psychometrics"
    try:
        task = run.task()
        repeats = max(REPEATS, -(-TRIALS // len(task.psychometric_grid())))
        trials = task.psychometric_trials(repeats, SEED)
        answers = _Answers(task, trials, run.rnn.simulate(trials.inputs, SEED).z)
        table = task.psychometric(answers.z, trials)
    except InputError as error:
        return Section(title, [f"The psychometric curve was not measured: {error}."])
    measure = next(name for name in MEASURES if name in table)
    variables = [str(c) for c in table if c not in (*MEASURES, "n_trials", "catch")]
    context = context_variable(variables)
    stimuli = [v for v in variables if v != context and _is_axis(table[v])]
    text = [
        f"{len(trials)} new trials with the noise of task and network, {repeats} of each of"
        f" {len(table)} conditions."
    ]
    if stimuli:
        figure = _curves(answers, measure, context, stimuli[:MOST_PANELS])
        caption = _caption(measure, context, several=len(variables) > 1 + (context is not None))
    else:
        figure = _points(table, measure, variables)
        caption = f"One point a condition.{_interval(measure)}"
    return Section(title, text, figures=[Figure(figure, caption, narrow=len(stimuli) == 1)])


def _is_axis(column: pd.Series) -> bool:
    """Whether a variable has numbers enough for a curve."""
    return pd.api.types.is_numeric_dtype(column) and column.nunique() > 2


def _curves(answers: _Answers, measure: str, context: str | None, stimuli: list[str]) -> Any:
    """One panel a stimulus, one line a context; other variables are averaged out."""
    figure = panels(
        1, len(stimuli), height=320, shared_yaxes=True, horizontal_spacing=0.05 / len(stimuli)
    )
    shared = [context] if context else []
    levels = np.unique(answers.trials.conditions[context]) if context else [""]
    named = set()
    for column, stimulus in enumerate(stimuli, start=1):
        place = {"row": 1, "col": column}
        table = answers.by([stimulus, *shared])
        for i, level in enumerate(levels):
            line = table[table[context] == level] if context else table
            if line[stimulus].nunique() < 2:
                continue
            name = label(f"{context} {short(level)}") if context else ""
            figure.add_scatter(
                x=line[stimulus],
                y=line[measure],
                error_y=_bars(line, measure),
                mode="lines+markers",
                line={"color": COLOURS[i % len(COLOURS)], "width": 2},
                marker={"size": 8, "symbol": SYMBOLS[i % len(SYMBOLS)]},
                name=name,
                legendgroup=f"context{i}",
                showlegend=bool(context) and i not in named,
                hovertemplate="%{x:.3g}: %{y:.3g}",
                **place,
            )
            named.add(i)
        _add_reference(figure, measure, table[stimulus].to_numpy(), **place)
        figure.update_xaxes(title_text=label(_with_unit(stimulus)), **place)
    _finish(figure, measure)
    figure.update_layout(showlegend=bool(context))
    return figure


def _points(table: pd.DataFrame, measure: str, variables: list[str]) -> Any:
    """One point a condition, side by side, where no stimulus makes an axis."""
    names = [
        label(", ".join(f"{v} {short(row[v])}" for v in variables)) for _, row in table.iterrows()
    ]
    figure = panels(height=320)
    figure.add_scatter(
        x=names,
        y=table[measure],
        error_y=_bars(table, measure),
        mode="markers",
        marker={"size": 10, "color": INK},
        hovertemplate="%{x}: %{y:.3g}",
    )
    _finish(figure, measure)
    figure.update_xaxes(title_text="condition", range=[-0.5, len(names) - 0.5])
    return figure


def _bars(line: pd.DataFrame, measure: str) -> dict[str, Any] | None:
    """The 95 % interval of a share of trials (Jeffreys)."""
    if measure == "produced":
        return None
    n, share = line["n_trials"].to_numpy(), line[measure].to_numpy()
    low, high = beta.interval(0.95, n * share + 0.5, n * (1 - share) + 0.5)
    return {
        "type": "data",
        "array": np.maximum(high - share, 0),
        "arrayminus": np.maximum(share - low, 0),
        "thickness": 1.2,
        "width": 3,
    }


def _add_reference(figure: Any, measure: str, x: Array, **place: int) -> None:
    """What a perfect answer would be, or even odds at a stimulus of 0."""
    if measure == "produced":
        ends = [x.min(), x.max()]
        line = {"color": GREY, "width": 1, "dash": "dot"}
        figure.add_scatter(
            x=ends, y=ends, mode="lines", line=line, showlegend=False, hoverinfo="skip", **place
        )
    elif measure == "p_positive":
        line = {"color": PALE, "width": 1}
        figure.add_hline(0.5, line=line, layer="below", **place)
        if x.min() < 0 < x.max():
            figure.add_vline(0, line=line, layer="below", **place)


def _finish(figure: Any, measure: str) -> None:
    figure.update_yaxes(title_text=MEASURES[measure], col=1)
    if measure != "produced":
        figure.update_yaxes(range=[-0.05, 1.05])


def _with_unit(stimulus: str) -> str:
    return f"{stimulus} (s)" if stimulus == "interval" else stimulus


def _interval(measure: str) -> str:
    return "" if measure == "produced" else " Bars: 95 % interval."


def _caption(measure: str, context: str | None, *, several: bool) -> str:
    said = "Answers against each stimulus" + (f", by {context}" if context else "")
    said += "; other variables are averaged out." if several else "."
    if measure == "produced":
        said += " Dotted: the interval that was asked for."
    return said + _interval(measure)
