"""The condition variable that tells a network how to answer, by which results are told apart."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from lowrnn.report.run import Run
from lowrnn.report.style import short

#: The names under which tasks keep it; a task of the user's own may, too.
NAMES = ("task", "context", "modality")


def context_variable(variables: Iterable[object]) -> str | None:
    """The first of `NAMES` among condition variables; None if the task has a single context."""
    known = set(variables)
    return next((name for name in NAMES if name in known), None)


def contexts(run: Run) -> list[tuple[str, NDArray[np.intp]]]:
    """The name of each context and its trials among those of the run, or all trials together."""
    table = run.labels("trial")
    name = context_variable(table)
    if name is None:
        return [("all\N{NO-BREAK SPACE}trials", np.arange(len(table)))]
    values = table[name].to_numpy()
    # A no-break space: names head rows of tables.
    return [
        (f"{name}\N{NO-BREAK SPACE}{short(value)}", np.flatnonzero(values == value))
        for value in np.unique(values)
    ]
