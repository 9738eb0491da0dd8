"""The tasks by name."""

import difflib
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from lowrnn.errors import InputError
from lowrnn.tasks.base import Task
from lowrnn.tasks.context_decision import ContextDecision
from lowrnn.tasks.cosine import Cosine
from lowrnn.tasks.cue_set_go import CueSetGo
from lowrnn.tasks.flip_flop import FlipFlop
from lowrnn.tasks.match_to_sample import MatchToSample
from lowrnn.tasks.measure_wait_go import MeasureWaitGo
from lowrnn.tasks.multisensory_decision import MultisensoryDecision
from lowrnn.tasks.multitask import MultiTask
from lowrnn.tasks.perceptual_decision import PerceptualDecision
from lowrnn.tasks.working_memory import WorkingMemory

TASKS: dict[str, type[Task]] = {
    t.name: t
    for t in (
        PerceptualDecision,
        WorkingMemory,
        MultisensoryDecision,
        ContextDecision,
        MatchToSample,
        FlipFlop,
        Cosine,
        CueSetGo,
        MeasureWaitGo,
    )
}
"""Every task, under the name that the command line takes. A class of your own may join."""


def task(name: str, *, preset: str | None = None, **parameters: Any) -> Task:
    """The task of this name.

    Parameters
    ----------
    name : str
        A name in `TASKS`, such as `"context_decision"`; or `"multitask"`, with the names of `tasks`
        or what they stored as a parameter.
    preset : str, optional
        A published variant, such as `"lint2022"`; see `presets` of the task. Without it, the task
        has its defaults.
    **parameters
        Fields of the task that differ from the preset.

    Raises
    ------
    InputError
        If the name, the preset or a parameter is unknown, or a parameter is out of bounds.
    """
    kinds: dict[str, type[Task]] = {**TASKS, MultiTask.name: MultiTask}
    if name not in kinds:
        raise InputError(f"task is {name!r}: {_nearest(name, kinds)}")
    kind = kinds[name]
    known = [field.name for field in fields(kind)]
    for parameter in parameters:
        if parameter not in known:
            raise InputError(f"{name} has no parameter {parameter!r}: {_nearest(parameter, known)}")
    if preset is not None and preset not in kind.presets:
        mend = _nearest(preset, kind.presets) if kind.presets else "leave it out, there is none"
        raise InputError(f"preset of {name} is {preset!r}: {mend}")
    published = {} if preset is None else kind.presets[preset]
    if kind is MultiTask:
        parameters["tasks"] = tuple(_part(given) for given in parameters.get("tasks", ()))
    return kind(**{**published, **parameters})


def _part(given: Any) -> Any:
    """A task of several, given by name or as stored; else as it is, for `MultiTask` to judge."""
    if isinstance(given, str):
        return task(given)
    return task(**given) if isinstance(given, dict) and "name" in given else given


def _nearest(given: str, known: Iterable[str]) -> str:
    """The mend for a misspelt name."""
    close = difflib.get_close_matches(given, list(known), n=1)
    return f"did you mean {close[0]!r}?" if close else f"choose among {', '.join(known)}"
