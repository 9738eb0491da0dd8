"""An experiment on plasticity in one YAML file: teacher, students, and what is inferred."""

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from lowrnn.errors import InputError
from lowrnn.files import checksum
from lowrnn.inference.campaign import run_campaign
from lowrnn.inference.infer import Inference, infer
from lowrnn.inference.simulations import Simulations
from lowrnn.inference.spec import Finite, InferenceSpec, Positive
from lowrnn.inference.students import (
    StudentSettings,
    learning_course,
    setting_of,
    simulate_students,
)
from lowrnn.inference.summary import Summary
from lowrnn.inference.teachers import gradient_course
from lowrnn.learning.plasticity.family import RuleFamily
from lowrnn.learning.plasticity.students import Students, students
from lowrnn.recordings.schema import Strict, load_yaml, validate
from lowrnn.tasks import task

Array = NDArray[np.float64]
Progress = Callable[[int, int, int], None]

#: Of stored students: raised whenever `simulate_students` computes something else.
_VERSION = "1"
#: A stream of seeds that `infer` does not use.
_PICTURED = 2000


class Teacher(Strict):
    """The network whose rule is asked for: give `theta` or `updates`.

    Attributes
    ----------
    theta : mapping from str to float, optional
        A known rule, a coefficient for each parameter: the teacher is a student that learned by it.
    updates : int, optional
        The teacher learns `student.task` by so many gradient updates instead, from where students
        start: no rule need make such a network.
    learning_rate : float
        Of gradient descent.
    seed : int
        Determines random connectivity, and the initial state or the trials.
    """

    theta: dict[str, Finite] | None = None
    updates: Annotated[int, Field(ge=2)] | None = None
    learning_rate: Positive = 0.01
    seed: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _one(self) -> "Teacher":
        if (self.theta is None) == (self.updates is None):
            raise ValueError("give either theta, a known rule, or updates, of gradient descent")
        return self


class Experiment(InferenceSpec):
    """The keys of `InferenceSpec`, the teacher, and the students; `settings` are the students'.

    Attributes
    ----------
    teacher : Teacher
        Where the observation comes from.
    student : StudentSettings
        Where students start, what they are shown, and the terms of their rules: one for each of
        `parameters`, in their order.
    """

    teacher: Teacher
    student: StudentSettings = StudentSettings()

    @model_validator(mode="after")
    def _consistent(self) -> "Experiment":
        if self.settings:
            raise ValueError("settings are those of the students: give them under student")
        names = list(self.parameters)
        if len(names) != len(self.student.terms):
            raise ValueError(
                f"parameters are {len(names)} and student.terms {len(self.student.terms)}: name one"
                " parameter for each term"
            )
        theta = self.teacher.theta
        if theta is not None and set(theta) != set(names):
            raise ValueError(f"teacher.theta names {', '.join(theta)}: name {', '.join(names)}")
        if theta is None and self.student.task is None:
            raise ValueError("teacher.updates needs a task to learn: give student.task")
        return self

    @property
    def spec(self) -> InferenceSpec:
        """What `infer` takes."""
        own = {name: getattr(self, name) for name in InferenceSpec.model_fields}
        return InferenceSpec(**{**own, "settings": self.student.model_dump(mode="json")})

    def to_dict(self) -> dict[str, Any]:
        """All keys as plain data, defaults among them, as `read_experiment` takes them."""
        return self.model_dump(mode="json", exclude={"settings"})


def read_experiment(path: str | Path, *, simulations: int | None = None) -> Experiment:
    """Read an experiment from a YAML file; `student.network` is relative to it.

    Parameters
    ----------
    path : path
        The file.
    simulations : int, optional
        Replaces that of the file; `held_out` becomes at most a quarter of it, and 20 at least.

    Raises
    ------
    InputError
        Naming the field that is wrong, and the nearest valid key for an unknown one.
    """
    path = Path(path)
    given = load_yaml(path)
    if simulations is not None and isinstance(given, dict):
        given = {**given, "simulations": simulations}
        rounds, held_out = given.get("rounds", 1), given.get("held_out", 200)
        if isinstance(rounds, int) and isinstance(held_out, int) and rounds > 0:
            given["held_out"] = min(held_out, max(20, simulations // rounds // 4))
    experiment = validate(Experiment, given, str(path))
    network = experiment.student.network
    if network is None:
        return experiment
    student = experiment.student.model_copy(update={"network": str(path.parent / network)})
    return experiment.model_copy(update={"student": student})


def run_experiment(
    experiment: Experiment,
    *,
    store: str | Path | None = None,
    workers: int | None = None,
    cluster: str | None = None,
    progress: Progress | None = None,
) -> Inference:
    """Make the teacher, simulate students, and infer the teacher's rule.

    Parameters
    ----------
    experiment : Experiment
        From `read_experiment`.
    store, workers, cluster, progress
        As for `infer`.

    Raises
    ------
    InputError
        If `sbi` is missing, which method "npe" needs; if the teacher fails; and as `infer`.
    """
    if experiment.method == "npe" and find_spec("sbi") is None:
        # Said before anything is simulated.
        raise InputError(
            "method is 'npe', which needs sbi: `pip install 'lowrnn[inference]'`, or use 'abc'"
        )
    return infer(
        simulate_students, experiment.spec, observation(experiment), truth=experiment.teacher.theta,
        version=version_of(experiment), store=store, workers=workers, cluster=cluster,
        progress=progress,
    )  # fmt: skip


def observation(experiment: Experiment) -> Array:
    """Summaries of the teacher, (feature,).

    Raises
    ------
    InputError
        If its activity or weights grow without bound, or it cannot be trained.
    """
    teacher, student = experiment.teacher, experiment.student
    if teacher.theta is None:
        assert student.task is not None
        assert teacher.updates is not None
        _, start, _ = setting_of(json.dumps(experiment.spec.settings, sort_keys=True))
        learned: Array = gradient_course(
            start, task(student.task, **student.task_settings), _idle(experiment).steps,
            updates=teacher.updates,
            learning_rate=teacher.learning_rate, seed=teacher.seed,
        ).values[0]  # fmt: skip
        return learned
    job: dict[str, Any] = {
        **experiment.spec.settings,
        "theta": [[teacher.theta[name] for name in experiment.parameters]],
        "seeds": [teacher.seed],
    }
    found = simulate_students(job)
    if found["status"] != "ok":
        raise InputError(
            f"teacher.theta is {teacher.theta}, with which its network ends as {found['status']!r}:"
            " give smaller coefficients, or a lower student.rate"
        )
    observed: Array = np.asarray(found["x"], np.float64)[0]
    return observed


def predicted_students(
    experiment: Experiment,
    found: Inference,
    count: int = 100,
    *,
    store: str | Path | None = None,
    workers: int | None = None,
) -> Simulations:
    """New students with parameters from the posterior, for a picture of what they do."""
    return run_campaign(
        simulate_students, found.draws[:count], settings=experiment.spec.settings,
        seed=experiment.seed, stream=_PICTURED, chunk=experiment.chunk,
        version=version_of(experiment), store=store, workers=workers,
    )  # fmt: skip


def version_of(experiment: Experiment) -> str:
    """What belongs to the identity of stored students beside their settings."""
    network = experiment.student.network
    return _VERSION if network is None else f"{_VERSION} {checksum(network)}"


def summary_of(experiment: Experiment) -> Summary:
    """The summaries of a student that does not learn: their identity and labels are those of all.

    The frame that they refer to is that of `simulate_students`: the columns of `m` of the network
    at the start, its input weights, and the mean over neurons.
    """
    return learning_course(_idle(experiment))


def _idle(experiment: Experiment) -> Students:
    """A student that does not learn."""
    settings, rnn, u = setting_of(json.dumps(experiment.spec.settings, sort_keys=True))
    family = RuleFamily(terms=settings.terms)
    return students(
        family, np.zeros((1, len(settings.terms))), [0], rnn, u, epochs=settings.epochs,
        record=settings.record,
    )  # fmt: skip
