"""The simulator of campaigns on plasticity rules: students of a family, and their summaries."""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from lowrnn.errors import InputError
from lowrnn.inference.activity_summaries import fixed_frame
from lowrnn.inference.courses import read_start, stamp
from lowrnn.inference.summary import Summary
from lowrnn.learning.plasticity.family import RuleFamily
from lowrnn.learning.plasticity.students import STATUS, Students, students
from lowrnn.networks import RNN, RandomPlusLowRank, structured_part
from lowrnn.recordings.schema import Strict, validate
from lowrnn.tasks import Task
from lowrnn.tasks import task as make_task

Array = NDArray[Any]

#: A direction of which less than this share is new lies in the span of those before it.
_NEW = 1e-3


class StudentSettings(Strict):
    """The settings of `simulate_students`: where students start and what they are shown.

    Attributes
    ----------
    terms : tuple of str
        Terms of the family, one for each parameter: see `RuleFamily`.
    pre, post : "rate" or "centred"
        What X and Y are in them: see `RuleFamily`.
    network : path, optional
        A saved low-rank network, with or without a random part, to start from, in the canonical
        gauge; or a run folder (`read_course`), of which the network before learning is taken, and
        whose conditions are shown. Without it, one of rank 1 is drawn: `m` and input weights
        normal, `m` with mean `mean`, `n` normal and then moved along `m` to the overlap
        `nᵀ m / N = overlap`.
    task : str, optional
        The task whose conditions are shown. Without it, and without a run folder, two inputs are
        held, one in each of two conditions.
    task_settings : mapping
        Fields of the task.
    neurons, g, mean, overlap, network_seed
        Of the network that is drawn.
    steps : int
        Time steps of the two conditions, each of `alpha` time constants.
    epochs, record, spread, rate, decay
        As for `lowrnn.learning.plasticity.students` and `RuleFamily`.
    middle : bool
        Whether the epoch in the middle is compared, beside the first and the last one.
    keep_saturated : bool
        Whether students of which most rates are beyond ±0.95 count as ok.
    """

    terms: tuple[str, ...] = ("Y1", "X1", "Y2", "X1Y1")
    pre: Literal["rate", "centred"] = "rate"
    post: Literal["rate", "centred"] = "rate"
    network: str | None = None
    task: str | None = None
    task_settings: dict[str, Any] = Field(default_factory=dict)
    neurons: int = Field(default=64, ge=5)
    g: float = Field(default=0.5, ge=0)
    mean: float = 1.0
    overlap: float = 1.2
    network_seed: int = Field(default=0, ge=0)
    steps: int = Field(default=30, ge=2)
    alpha: float = Field(default=0.2, gt=0, le=1)
    epochs: int = Field(default=6, ge=3)
    record: int = Field(default=5, ge=1)
    spread: float = Field(default=0.1, ge=0)
    rate: float = Field(default=1.5, gt=0)
    decay: float = Field(default=0.05, ge=0, lt=1)
    middle: bool = True
    keep_saturated: bool = False

    @field_validator("terms")
    @classmethod
    def _readable(cls, terms: tuple[str, ...]) -> tuple[str, ...]:
        RuleFamily(terms=terms)
        return terms


def simulate_students(job: dict[str, Any]) -> dict[str, Any]:
    """A simulator for `run_campaign`; further settings are those of `StudentSettings`."""
    settings, _, found = run_students(job)
    status = [STATUS[number] for number in found.status]
    if settings.keep_saturated:
        status = ["ok" if each == "saturated" else each for each in status]
    values = learning_course(found, middle=settings.middle).values
    return {"x": values, "status": ",".join(status)}


def run_students(job: dict[str, Any]) -> tuple[StudentSettings, RNN, Students]:
    """The settings of a job of `simulate_students`, where its students start, and the students."""
    given = {name: value for name, value in job.items() if name not in ("theta", "seeds")}
    settings, rnn, u = setting_of(json.dumps(given, sort_keys=True))
    family = RuleFamily(
        terms=settings.terms, pre=settings.pre, post=settings.post, rate=settings.rate,
        decay=settings.decay,
    )  # fmt: skip
    found = students(
        family, job["theta"], job["seeds"], rnn, u, epochs=settings.epochs, record=settings.record,
        frame=frame_of(rnn), spread=settings.spread,
    )  # fmt: skip
    return settings, rnn, found


def learning_course(found: Students, *, middle: bool = True) -> Summary:
    """Courses in a fixed frame in the first, middle and last epoch, and overlaps in the last.

    All are of the weights with which an epoch began, so that they are those of three networks.

    Parameters
    ----------
    found : Students
        Of any number, and of at least two epochs.
    middle : bool
        Whether the epoch in the middle is one of them.
    """
    kept = compared(found.projections.shape[1], middle)
    projections = found.projections[:, kept]
    return course_of(projections, found.overlap[:, kept[-1] - 1], found.steps, kept)


def compared(epochs: int, middle: bool) -> list[int]:
    """The epochs, or networks, that are compared."""
    return [0, *([epochs // 2] if middle else []), epochs - 1]


def course_of(
    projections: Array, overlap: Array, steps: NDArray[np.int64], epochs: Sequence[int]
) -> Summary:
    """The summary `learning_course`.

    Parameters
    ----------
    projections : array (student, epoch, condition, time, direction)
        `frameᵀ x / √N` in the epochs that are compared.
    overlap : array (student, rank, rank)
        `nᵀ J m / N` in the last of them, with the m and n at the start.
    steps : integer array (time,)
        Which steps these are.
    epochs : sequence of int
        Which epochs these are.
    """
    count, _, conditions, times, directions = projections.shape
    labels = [
        f"epoch{e}.condition{c}.step{t}.{d}"
        for e in epochs
        for c in range(conditions)
        for t in steps[:times]
        for d in range(directions)
    ]
    rank = overlap.shape[-1]
    labels += [f"overlap.{i}{j}" for i in range(rank) for j in range(rank)]
    values = np.hstack([projections.reshape(count, -1), overlap.reshape(count, -1)])
    return Summary("learning_course", 2, tuple(labels), values.astype(np.float64))


def frame_of(rnn: RNN) -> Array:
    """`m`, then input weights outside its span, then the mean, as `fixed_frame` orients them.

    Learned inputs of a fit lie along its components, so that they may add no direction.
    """
    structured = structured_part(rnn.connectivity)
    assert structured is not None
    kept = np.asarray(structured.m, np.float64)
    for direction in (*rnn.inputs.T.astype(np.float64), np.ones(rnn.neurons)):
        q, _ = np.linalg.qr(kept)
        new = direction - q @ (q.T @ direction)
        if np.linalg.norm(new) > _NEW * np.linalg.norm(direction):
            kept = np.column_stack([kept, direction])
    return fixed_frame(kept)


def setting_of(text: str) -> tuple[StudentSettings, RNN, Array]:
    """The settings, the network to start from, and its inputs in all conditions."""
    network = json.loads(text).get("network")
    return _setting(text, () if network is None else stamp(network))


@lru_cache(maxsize=4)
def _setting(text: str, files: tuple[Any, ...]) -> tuple[StudentSettings, RNN, Array]:
    """The same, made once as long as the files of the network stay."""
    settings = validate(StudentSettings, json.loads(text), "settings")
    shown = None
    if settings.task is not None:
        shown = make_task(settings.task, **settings.task_settings)
    u: Array | None = None
    if settings.network is not None:
        rnn, u = read_start(settings.network)
        _check(settings.network, rnn, u, shown)
    else:
        rnn = _drawn(settings, 2 if shown is None else shown.conditions().inputs.shape[2])
    if u is not None:
        return settings, rnn, u
    if shown is not None:
        return settings, rnn, shown.conditions().inputs
    u = np.zeros((2, settings.steps, rnn.inputs.shape[1]))
    u[0, :, 0] = u[1, :, -1] = 1
    return settings, rnn, u


def _check(path: str, rnn: RNN, u: Array | None, task: Task | None) -> None:
    """Refuse conditions that are not those of a network that was read."""
    if task is None:
        if u is None and not rnn.inputs.shape[1]:
            raise InputError(f"network {path} has no inputs: give student.task")
        return
    if u is not None:
        raise InputError(
            f"task is {task.name!r}, and run folder {path} has conditions of its own: leave it out"
        )
    for what, one, other in (
        ("inputs", rnn.inputs.shape[1], task.n_inputs),
        ("steps in seconds", rnn.dt, task.dt),
    ):
        if not np.isclose(one, other, rtol=1e-6):
            raise InputError(
                f"task is {task.name!r}, whose {what} are {other:g}, and those of network {path}"
                f" {one:g}: give the task of the network"
            )


def _drawn(settings: StudentSettings, inputs: int) -> RNN:
    """A network of rank 1 with the wanted overlap."""
    rng = np.random.default_rng(settings.network_seed)
    m = settings.mean + rng.standard_normal((settings.neurons, 1))
    n = rng.standard_normal((settings.neurons, 1))
    n += m * (settings.overlap * settings.neurons - np.sum(m * n)) / np.sum(m**2)
    return RNN(
        RandomPlusLowRank(settings.g, m, n, seed=0),
        rng.standard_normal((settings.neurons, inputs)),
        dt=settings.alpha * 0.1,
        tau=0.1,
    )
