"""The tasks by name."""

import difflib
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from lowrnn.errors import InputError
from lowrnn.tasks.base import Task
from lowrnn.tasks.context_decision import ContextDecision
from lowrnn.tasks.perceptual_decision import PerceptualDecision

TASKS: dict[str, type[Task]] = {t.name: t for t in (ContextDecision, PerceptualDecision)}
"""Every task, under the name that the command line takes."""


def task(name: str, **parameters: Any) -> Task:
    """The task of this name.

    Parameters
    ----------
    name : str
        A name in `TASKS`, such as `"context_decision"`.
    **parameters
        Fields of the task that differ from its defaults.

    Raises
    ------
    InputError
        If the name or a parameter is unknown, or a parameter is out of bounds.
    """
    if name not in TASKS:
        raise InputError(f"task is {name!r}: {_nearest(name, TASKS)}")
    known = [field.name for field in fields(TASKS[name])]
    for parameter in parameters:
        if parameter not in known:
            raise InputError(f"{name} has no parameter {parameter!r}: {_nearest(parameter, known)}")
    return TASKS[name](**parameters)


def _nearest(given: str, known: Iterable[str]) -> str:
    """The mend for a misspelt name."""
    close = difflib.get_close_matches(given, list(known), n=1)
    return f"did you mean {close[0]!r}?" if close else f"choose among {', '.join(known)}"
