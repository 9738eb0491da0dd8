"""One network for several tasks, told by a cue which one to do."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array, check_number
from lowrnn.tasks.base import Task
from lowrnn.tasks.trials import Trials


@dataclass(frozen=True, kw_only=True)
class MultiTask(Task):
    """Several tasks in one network: each trial is of one of them, drawn evenly.

    The input channels are those of every task, one after the other, and then a rule cue for each
    task, on in the whole trial. The output channels are those of every task; on a trial of one
    task, the outputs of the others shall be 0. Shorter trials are padded with steps that do not
    count. The table of conditions holds the columns of all tasks, empty (NaN) where a task has no
    such variable, and `task`.

    Parameters
    ----------
    dt : float
        Duration of a time step in seconds, for all tasks.
    tasks : tuple of Task
        The tasks, at least one.
    rule_amplitude : float
        Input of the rule cue that is on.

    Raises
    ------
    InputError
        If a parameter is out of bounds.
    """

    name: ClassVar[str] = "multitask"

    tasks: tuple[Task, ...] = ()
    rule_amplitude: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("rule_amplitude", self.rule_amplitude, above=0)
        given = tuple(self.tasks)
        strange = [task for task in given if not isinstance(task, Task)]
        if strange or not given:
            found = repr(strange[0]) if strange else "empty"
            raise InputError(f"tasks is {found}: give at least one task, such as task('flip_flop')")
        object.__setattr__(self, "tasks", tuple(replace(task, dt=self.dt) for task in given))

    @property
    def labels(self) -> tuple[str, ...]:
        """The name of each task, numbered where it occurs again."""
        names = [task.name for task in self.tasks]
        seen = [names[: i + 1].count(name) for i, name in enumerate(names)]
        return tuple(
            n if count == 1 else f"{n}_{count}" for n, count in zip(names, seen, strict=True)
        )

    @property
    def input_names(self) -> tuple[str, ...]:
        own = [
            f"{label}: {channel}"
            for label, task in zip(self.labels, self.tasks, strict=True)
            for channel in task.input_names
        ]
        return (*own, *(f"rule: {label}" for label in self.labels))

    @property
    def output_names(self) -> tuple[str, ...]:
        return tuple(
            f"{label}: {channel}"
            for label, task in zip(self.labels, self.tasks, strict=True)
            for channel in task.output_names
        )

    def grid(self) -> pd.DataFrame:
        return self._table([task.grid() for task in self.tasks])

    def psychometric_grid(self) -> pd.DataFrame:
        return self._table([task.psychometric_grid() for task in self.tasks])

    def draw(self, n_trials: int, rng: np.random.Generator) -> pd.DataFrame:
        """Random conditions: the task first, evenly, then as the task draws them."""
        which = rng.integers(len(self.tasks), size=n_trials)
        counts = np.bincount(which, minlength=len(self.tasks))
        drawn = [task.draw(int(n), rng) for task, n in zip(self.tasks, counts, strict=True)]
        # The rows come task by task: put them where their task was drawn.
        place = np.argsort(np.argsort(which, kind="stable"), kind="stable")
        return self._table(drawn).iloc[place]

    def _table(self, tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
        """The conditions of all tasks, and which task each belongs to."""
        named = [table.assign(task=label) for label, table in zip(self.labels, tables, strict=True)]
        return pd.concat([table for table in named if len(table)], ignore_index=True)

    def generate(self, conditions: pd.DataFrame, rng: np.random.Generator | None) -> Trials:
        parts = {}
        for index, (label, task) in enumerate(zip(self.labels, self.tasks, strict=True)):
            rows = np.flatnonzero(conditions["task"] == label)
            if rows.size:
                own = _own_columns(conditions.iloc[rows], task)
                parts[index] = rows, task.generate(own, rng)
        time = max(part.inputs.shape[1] for _, part in parts.values())
        inputs = np.zeros((len(conditions), time, self.n_inputs))
        targets = np.zeros((len(conditions), time, self.n_outputs))
        mask = np.zeros((len(conditions), time))
        tables = []
        for index, (rows, part) in parts.items():
            until = part.inputs.shape[1]
            inputs[rows, :until, self._inputs(index)] = part.inputs
            inputs[rows, :, self.n_inputs - len(self.tasks) + index] = self.rule_amplitude
            targets[rows, :until, self._outputs(index)] = part.targets
            mask[rows, :until] = part.mask
            tables.append(part.conditions.assign(task=self.labels[index]).set_index(rows))
        return Trials(inputs, targets, mask, pd.concat(tables).sort_index(), self.dt)

    def _inputs(self, index: int) -> slice:
        """The input channels of a task."""
        start = sum(task.n_inputs for task in self.tasks[:index])
        return slice(start, start + self.tasks[index].n_inputs)

    def _outputs(self, index: int) -> slice:
        """The output channels of a task."""
        start = sum(task.n_outputs for task in self.tasks[:index])
        return slice(start, start + self.tasks[index].n_outputs)

    def only(
        self, label: str, outputs: ArrayLike, trials: Trials
    ) -> tuple[Task, NDArray[np.floating], Trials]:
        """The trials of one task as that task knows them, for example for its psychometric curve.

        Parameters
        ----------
        label : str
            The task, as in `labels`.
        outputs : array (trial, time, output)
            The readout of the network on `trials`.
        trials : Trials
            Trials of this task.

        Returns
        -------
        task, outputs, trials
            The task, its outputs and its trials: `task.psychometric(outputs, trials)`.

        Raises
        ------
        InputError
            If there is no such task, or no trial of it, or `outputs` does not fit `trials`.
        """
        values = check_array("outputs", outputs, trials.targets.shape)
        if label not in self.labels:
            raise InputError(f"label is {label!r}: choose among {', '.join(self.labels)}")
        rows = np.flatnonzero(trials.conditions["task"] == label)
        if not rows.size:
            raise InputError(f"label is {label!r}: give trials that hold at least one of this task")
        index = self.labels.index(label)
        own = Trials(
            inputs=trials.inputs[rows][:, :, self._inputs(index)],
            targets=trials.targets[rows][:, :, self._outputs(index)],
            mask=trials.mask[rows],
            conditions=trials.conditions.iloc[rows].dropna(axis=1, how="all").drop(columns="task"),
            dt=trials.dt,
        )
        return self.tasks[index], values[rows][:, :, self._outputs(index)], own

    def correct(self, outputs: ArrayLike, trials: Trials) -> NDArray[np.floating]:
        correct = np.full(len(trials), np.nan)
        for label in trials.conditions["task"].unique():
            task, own_outputs, own_trials = self.only(label, outputs, trials)
            rows = trials.conditions["task"] == label
            correct[rows] = task.correct(own_outputs, own_trials)
        return correct

    def _curve(self, by: Sequence[str] | None) -> list[str]:
        """The accuracy of each task, unless asked for more: their variables differ."""
        return ["task"] if by is None else list(by)

    def to_dict(self) -> dict[str, Any]:
        tasks = [task.to_dict() for task in self.tasks]
        rule = self.rule_amplitude
        return {"name": self.name, "dt": self.dt, "tasks": tasks, "rule_amplitude": rule}


def _own_columns(conditions: pd.DataFrame, task: Task) -> pd.DataFrame:
    """The columns of a task, in the types that its own table has."""
    types = task.grid().dtypes
    columns = [column for column in types.index if column in conditions.columns]
    return conditions[columns].astype(types[columns].to_dict())


def multitask(tasks: Sequence[Task], *, rule_amplitude: float = 1.0) -> MultiTask:
    """One task made of several, for one network; its time step is that of the first.

    Parameters
    ----------
    tasks : sequence of Task
        The tasks, such as `[task("context_decision"), task("match_to_sample")]`.
    rule_amplitude : float
        Input of the rule cue that says which task to do.

    Raises
    ------
    InputError
        If there is no task, or the others do not go with the time step of the first.
    """
    dt = tasks[0].dt if tasks and isinstance(tasks[0], Task) else Task.dt
    return MultiTask(tasks=tuple(tasks), dt=dt, rule_amplitude=rule_amplitude)
