"""An experiment on plasticity in one YAML file: teacher, students, and what is inferred."""

import json
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from lowrnn.errors import InputError
from lowrnn.files import checksum
from lowrnn.inference.campaign import run_campaign
from lowrnn.inference.courses import files, read_course
from lowrnn.inference.infer import Inference, infer
from lowrnn.inference.recorded import FitProgress, fit_recording
from lowrnn.inference.simulations import Simulations
from lowrnn.inference.spec import InferenceSpec
from lowrnn.inference.students import (
    StudentSettings,
    frame_of,
    learning_course,
    setting_of,
    simulate_students,
)
from lowrnn.inference.summary import Summary
from lowrnn.inference.teacher_spec import Teacher
from lowrnn.inference.teachers import gradient_networks, learned, network_course
from lowrnn.learning.plasticity.family import RuleFamily
from lowrnn.learning.plasticity.students import Students, students
from lowrnn.networks import RNN
from lowrnn.recordings.schema import Model, load_yaml, validate
from lowrnn.tasks import task

Array = NDArray[np.float64]
Progress = Callable[[int, int, int], None]

#: Of stored students: raised whenever `simulate_students` computes something else.
_VERSION = "2"
#: Fields of a teacher that are paths, or several.
TEACHER_PATHS = ("networks", "fit", "recording")
#: A stream of seeds that `infer` does not use.
_PICTURED = 2000


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
        if self.teacher.updates is not None and self.student.task is None:
            raise ValueError("teacher.updates needs a task to learn: give student.task")
        if theta is None and self.teacher.updates is None and self.student.network is not None:
            raise ValueError("students start from the teacher's first network: leave out network")
        return self

    @property
    def students(self) -> StudentSettings:
        """The settings of students, who start from the first network of a course."""
        if not (paths := self.teacher.paths):
            return self.student
        middle = self.student.middle and len(read_course(paths).networks) > 2
        return self.student.model_copy(update={"network": paths[0], "middle": middle})

    @property
    def spec(self) -> InferenceSpec:
        """What `infer` takes."""
        own = {name: getattr(self, name) for name in InferenceSpec.model_fields}
        return InferenceSpec(**{**own, "settings": self.students.model_dump(mode="json")})

    def to_dict(self) -> dict[str, Any]:
        """All keys as plain data, defaults among them, as `read_experiment` takes them."""
        return self.model_dump(mode="json", exclude={"settings"})


def read_experiment(path: str | Path, *, simulations: int | None = None) -> Experiment:
    """Read an experiment from a YAML file, to which all paths in it are relative.

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
    folder = path.parent.resolve()
    parts = {
        "student": located(experiment.student, folder, "network"),
        "teacher": located(experiment.teacher, folder, *TEACHER_PATHS),
    }
    return experiment.model_copy(update=parts)


def located(part: Model, folder: Path, *names: str) -> Model:
    """A part of an experiment, with the paths in these fields absolute."""
    found: dict[str, Any] = {}
    for name in names:
        value = getattr(part, name)
        if isinstance(value, str):
            found[name] = str(folder / value)
        elif value is not None:
            found[name] = tuple(str(folder / each) for each in value)
    return part.model_copy(update=found)


def fitted(
    experiment: Experiment, store: str | Path, *, progress: FitProgress | None = None
) -> Experiment:
    """The experiment with a fit in place of a recording; others are returned as they are.

    Parameters
    ----------
    experiment : Experiment
        From `read_experiment`.
    store : path
        The folder of the campaign, which keeps the fit: it is made once.
    progress : callable, optional
        As of `LTRNN`.

    Raises
    ------
    InputError
        As `fit_recording`.
    """
    teacher = experiment.teacher
    if teacher.recording is None or teacher.tensor_rank is None:
        return experiment
    folder = fit_recording(
        teacher.recording, teacher.tensor_rank, store, condition=teacher.condition,
        trial=teacher.trial, epochs=teacher.epochs, settings=teacher.ltrnn, progress=progress,
    )  # fmt: skip
    return experiment.model_copy(update={"teacher": Teacher(fit=str(folder.resolve()))})


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

    Returns
    -------
    Inference
        Of a course of networks, `teacher` says what it was: its `kind` ("gradient descent",
        "networks" or "fit"), how many `networks`, how much J changed and how well they do
        `student.task` (`learned`), and the `scores` of a fit (`Course`).

    Raises
    ------
    InputError
        If `sbi` is missing, which method "npe" needs; if the teacher fails, or is a recording that
        is not `fitted` yet; and as `infer`.
    """
    if experiment.method == "npe" and find_spec("sbi") is None:
        # Said before anything is simulated.
        raise InputError(
            "method is 'npe', which needs sbi: `pip install 'lowrnn[inference]'`, or use 'abc'"
        )
    networks = _networks(experiment)
    found = infer(
        simulate_students, experiment.spec, _observed(experiment, networks),
        truth=experiment.teacher.theta, version=version_of(experiment), store=store,
        workers=workers, cluster=cluster, progress=progress,
    )  # fmt: skip
    return replace(found, teacher=_about(experiment, networks))


def observation(experiment: Experiment) -> Array:
    """Summaries of the teacher, (feature,).

    Raises
    ------
    InputError
        If its activity or weights grow without bound, it cannot be trained, or its files are not
        what they should be.
    """
    return _observed(experiment, _networks(experiment))


def _networks(experiment: Experiment) -> tuple[RNN, ...]:
    """The teacher's course; none of a known rule, whose teacher is a student."""
    teacher, student = experiment.teacher, experiment.student
    if teacher.theta is not None:
        return ()
    if teacher.updates is None:
        return read_course(teacher.paths).networks
    assert student.task is not None
    return gradient_networks(
        _setting(experiment)[1], task(student.task, **student.task_settings),
        updates=teacher.updates, learning_rate=teacher.learning_rate, seed=teacher.seed,
    )  # fmt: skip


def _observed(experiment: Experiment, networks: tuple[RNN, ...]) -> Array:
    """Summaries of the teacher, given its course."""
    if networks:
        settings, _, u = _setting(experiment)
        steps = _idle(experiment).steps
        seen: Array = network_course(networks, u, steps, middle=settings.middle).values[0]
        if not np.isfinite(seen).all():
            raise InputError("activity of the teacher's networks grows without bound: give others")
        return seen
    theta = experiment.teacher.theta
    assert theta is not None
    job: dict[str, Any] = {
        **experiment.spec.settings,
        "theta": [[theta[name] for name in experiment.parameters]],
        "seeds": [experiment.teacher.seed],
    }
    found = simulate_students(job)
    if found["status"] != "ok":
        raise InputError(
            f"teacher.theta is {theta}, with which its network ends as {found['status']!r}:"
            " give smaller coefficients, or a lower student.rate"
        )
    observed: Array = np.asarray(found["x"], np.float64)[0]
    return observed


def _about(experiment: Experiment, networks: tuple[RNN, ...]) -> dict[str, Any]:
    """What is known of a teacher, as plain data; nothing of a student."""
    teacher, student = experiment.teacher, experiment.student
    if not networks:
        return {}
    shown = None if student.task is None else task(student.task, **student.task_settings)
    kind = "gradient descent" if teacher.updates is not None else "networks"
    scores: dict[str, float] = {}
    if teacher.paths:
        course = read_course(teacher.paths)
        kind, scores = "fit" if course.fitted else kind, dict(course.scores)
    return {"kind": kind, "networks": len(networks), **learned(networks, shown), **scores}


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
    """What belongs to the identity of stored students beside their settings.

    That is the content of the files with the network that they start from and what it is shown;
    later networks of a course make the observation, which is never stored.
    """
    paths = experiment.teacher.paths[:1] or (experiment.student.network,)
    read = [checksum(file) for path in paths if path is not None for file in files(path)]
    return " ".join([_VERSION, *read])


def summary_of(experiment: Experiment) -> Summary:
    """The summaries of a student that does not learn: their identity and labels are those of all.

    The frame that they refer to is that of `simulate_students`: the columns of `m` of the network
    at the start, its input weights, and the mean over neurons.
    """
    return learning_course(_idle(experiment), middle=experiment.students.middle)


def _setting(experiment: Experiment) -> tuple[StudentSettings, RNN, NDArray[Any]]:
    """Settings, start and inputs of students."""
    return setting_of(json.dumps(experiment.spec.settings, sort_keys=True))


def _idle(experiment: Experiment) -> Students:
    """A student that does not learn."""
    settings, rnn, u = _setting(experiment)
    family = RuleFamily(terms=settings.terms)
    return students(
        family, np.zeros((1, len(settings.terms))), [0], rnn, u, epochs=settings.epochs,
        record=settings.record, frame=frame_of(rnn),
    )  # fmt: skip
