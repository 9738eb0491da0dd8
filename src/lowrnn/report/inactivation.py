"""What becomes of behaviour without each population, beside random groups of neurons."""

from typing import Any

import numpy as np
import pandas as pd

from lowrnn.analysis import inactivation
from lowrnn.report.contexts import context_variable
from lowrnn.report.page import Figure, Section, Table
from lowrnn.report.populations import COLOURS, SEED, Populations, affordable
from lowrnn.report.run import Run
from lowrnn.report.style import GREY, INK, label, number, panels, short
from lowrnn.tasks import DecisionTask

NULL_DRAWS = 39
#: Steps of neurons, over all trials, that the inactivations may take, and the trials.
BUDGET, TRIALS = 4e8, (50, 200)
MOST_PANELS = 4


def inactivation_section(run: Run, found: Populations) -> Section:
    """Accuracy in each context without each population."""
    title = "Inactivation"
    sizes = np.bincount(found.labels)
    if len(sizes) == 1:
        return Section(title, ["One population is the whole network: there is no part to silence."])
    context = context_variable(found.task.grid())
    trials = affordable(run, BUDGET, 1 + len(sizes) * (1 + NULL_DRAWS), TRIALS)
    table = inactivation(
        found.rnn,
        found.task,
        {f"population {p + 1}": found.labels == p for p in range(len(sizes))},
        by=[] if context is None else [context],
        n_trials=trials,
        null_draws=NULL_DRAWS,
        seed=SEED,
    )
    told = [("all\N{NO-BREAK SPACE}trials", table)]
    if context is not None:
        told = [
            (f"{context}\N{NO-BREAK SPACE}{short(level)}", rows)
            for level, rows in table.groupby(context)
        ]
    text = [
        "The rates of a population are held at 0, as an experimenter would silence it. What hurts"
        " more than silencing as many neurons at random is a prediction that an experiment can"
        f" test. All networks see the same {trials} trials."
    ]
    caption = (
        "Bars: accuracy without the population. Black: mean and central 95 % of"
        f" {NULL_DRAWS} random groups of the same size. Solid line: the intact network"
        + ("; dotted: chance." if isinstance(found.task, DecisionTask) else ".")
    )
    return Section(title, text, figures=[Figure(_bars(found, told), caption)], table=_table(told))


def _bars(found: Populations, told: list[tuple[str, pd.DataFrame]]) -> Any:
    told = told[:MOST_PANELS]
    figure = panels(
        1,
        len(told),
        height=320,
        titles=[label(name) for name, _ in told],
        shared_yaxes=True,
        horizontal_spacing=0.04,
    )
    for column, (_, rows) in enumerate(told, start=1):
        place = {"row": 1, "col": column}
        at = np.arange(len(rows))
        figure.add_bar(
            x=at,
            y=rows["accuracy"],
            width=0.42,
            marker={"color": COLOURS[: len(rows)]},
            hovertemplate="%{y:.3f}",
            showlegend=False,
            **place,
        )
        figure.add_scatter(
            x=at + 0.3,
            y=rows["null_mean"],
            error_y={
                "type": "data",
                "array": rows["null_high"] - rows["null_mean"],
                "arrayminus": rows["null_mean"] - rows["null_low"],
                "thickness": 1.6,
                "width": 4,
            },
            mode="markers",
            marker={"color": INK, "size": 8},
            hovertemplate="random groups: %{y:.3f}",
            showlegend=False,
            **place,
        )
        figure.add_hline(float(rows["intact"].iloc[0]), line={"color": GREY, "width": 1}, **place)
        if isinstance(found.task, DecisionTask):
            chance = {"color": GREY, "width": 1, "dash": "dot"}
            figure.add_hline(0.5, line=chance, **place)
        figure.update_xaxes(
            tickvals=at + 0.1,
            ticktext=[f"{p + 1} ({size})" for p, size in enumerate(rows["size"])],
            range=[-0.4, len(rows) - 0.4],
            title_text="silenced population (neurons)",
            **place,
        )
    figure.update_yaxes(range=[0, 1.04])
    figure.update_yaxes(title_text="share of right answers", col=1)
    return figure


def _table(told: list[tuple[str, pd.DataFrame]]) -> Table:
    header = ["context", "silenced", "neurons", "accuracy", "random groups (95 %)", "p", "intact"]
    rows = []
    for name, part in told:
        for row in part.itertuples():
            null = f"{number(row.null_mean)} ({number(row.null_low)} to {number(row.null_high)})"
            shares = [number(row.accuracy), null, number(row.p_value, 3), number(row.intact)]
            rows.append([name, str(row.group), str(row.size), *shares])
    return Table(header, rows)
