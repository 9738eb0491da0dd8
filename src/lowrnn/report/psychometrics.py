"""How a trained network answers, condition by condition."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import beta

from lowrnn.errors import InputError
from lowrnn.report.contexts import context_variable
from lowrnn.report.intervals import produced_intervals
from lowrnn.report.page import Figure, Section
from lowrnn.report.run import Array, Run
from lowrnn.report.style import (
    CONTEXT_COLOURS,
    CONTEXT_SYMBOLS,
    INK,
    PALE,
    counted,
    label,
    number,
    panels,
    short,
)
from lowrnn.tasks import Task, Trials
from lowrnn.tasks.multitask import MultiTask
from lowrnn.tasks.timing import TimingTask

#: Trials of each condition at least, as published, and of all together.
REPEATS, TRIALS, SEED = 10, 400, 0
MOST_PANELS = 4
#: What a task may measure, the most telling first, and what it is called on the axis.
MEASURES = {"p_positive": "share of choices +1", "accuracy": "share of right answers"}
#: Of the variables of the tasks, where they have one.
UNITS = {"interval": "s", "delay": "s", "period": "s", "f1": "Hz", "f2": "Hz", "difference": "Hz"}


@dataclass(frozen=True, eq=False)
class _Answers:
    """What the network put out on the psychometric trials of its task."""

    task: Task
    trials: Trials
    z: NDArray[np.floating]

    def by(self, variables: list[str] | None = None) -> pd.DataFrame:
        return self.task.psychometric(self.z, self.trials, by=variables)


def psychometrics_section(run: Run) -> Section:
    """The psychometric curve of the task, or of each task of several."""
    title = "Psychometrics"
    try:
        task = run.task()
        grid = len(task.psychometric_grid())
        repeats = max(REPEATS, -(-TRIALS // grid))
        trials = task.psychometric_trials(repeats, SEED)
        z = run.rnn.simulate(trials.inputs, SEED).z
        parts = [_part(name, answers) for name, answers in _tasks(task, trials, z)]
    except InputError as error:
        return Section(title, [f"The psychometric curve was not measured: {error}."])
    each = "" if grid == 1 else f", {repeats} of each of {grid} conditions"
    text = [f"{counted(len(trials), 'new trial')} with the noise of task and network{each}."]
    text += [sentence for said, _ in parts for sentence in said]
    return Section(title, text, figures=[figure for _, own in parts for figure in own])


def _tasks(task: Task, trials: Trials, z: NDArray[np.floating]) -> list[tuple[str, _Answers]]:
    """The answers, by the name of the task where there are several."""
    if not isinstance(task, MultiTask):
        return [("", _Answers(task, trials, z))]
    each = [(name, task.only(name, z, trials)) for name in task.labels]
    return [(name, _Answers(own, its_trials, its_z)) for name, (own, its_z, its_trials) in each]


def _part(name: str, answers: _Answers) -> tuple[list[str], list[Figure]]:
    """What is to say and to draw of one task."""
    prefix = f"{name}: " if name else ""
    if isinstance(answers.task, TimingTask):
        text, figure = produced_intervals(answers.task, answers.trials, answers.z)
        return [prefix + text[0], *text[1:]], [replace(figure, caption=prefix + figure.caption)]
    table = answers.by()
    measure = next(name for name in MEASURES if name in table)
    if len(table) == 1:
        share = 100 * answers.task.accuracy(answers.z, answers.trials)
        return [f"{prefix}{number(share, 1)} % of the answers are right."], []
    variables = [str(c) for c in table if c not in (*MEASURES, "n_trials", "catch")]
    context = context_variable(variables)
    stimuli = [v for v in variables if v != context and _is_axis(table[v])]
    if stimuli:
        plot = _curves(answers, measure, context, stimuli[:MOST_PANELS])
        caption = _caption(context, several=len(variables) > 1 + (context is not None))
    else:
        plot = _points(table, measure, variables)
        caption = "One point a condition. Bars: 95 % interval."
    return [], [Figure(plot, prefix + caption, narrow=len(stimuli) == 1)]


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
                line={"color": CONTEXT_COLOURS[i % len(CONTEXT_COLOURS)], "width": 2},
                marker={"size": 8, "symbol": CONTEXT_SYMBOLS[i % len(CONTEXT_SYMBOLS)]},
                name=name,
                legendgroup=f"context{i}",
                showlegend=bool(context) and i not in named,
                hovertemplate="%{x:.3g}: %{y:.3g}",
                **place,
            )
            named.add(i)
        if measure == "p_positive":
            _add_odds(figure, table[stimulus].to_numpy(), **place)
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


def _bars(line: pd.DataFrame, measure: str) -> dict[str, Any]:
    """The 95 % interval of a share of trials (Jeffreys)."""
    n, share = line["n_trials"].to_numpy(), line[measure].to_numpy()
    low, high = beta.interval(0.95, n * share + 0.5, n * (1 - share) + 0.5)
    return {
        "type": "data",
        "array": np.maximum(high - share, 0),
        "arrayminus": np.maximum(share - low, 0),
        "thickness": 1.2,
        "width": 3,
    }


def _add_odds(figure: Any, x: Array, **place: int) -> None:
    """Even odds, and the stimulus 0 where they are expected."""
    line = {"color": PALE, "width": 1}
    figure.add_hline(0.5, line=line, layer="below", **place)
    if x.min() < 0 < x.max():
        figure.add_vline(0, line=line, layer="below", **place)


def _finish(figure: Any, measure: str) -> None:
    figure.update_yaxes(title_text=MEASURES[measure], col=1)
    figure.update_yaxes(range=[-0.05, 1.05])


def _with_unit(stimulus: str) -> str:
    return f"{stimulus} ({UNITS[stimulus]})" if stimulus in UNITS else stimulus


def _caption(context: str | None, *, several: bool) -> str:
    said = "Answers against each stimulus" + (f", by {context}" if context else "")
    return (
        said
        + ("; other variables are averaged out." if several else ".")
        + (" Bars: 95 % interval.")
    )
