"""The simulator of campaigns on plasticity rules: students of a family, and their summaries."""

import json
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from lowrnn.errors import InputError
from lowrnn.inference.activity_summaries import fixed_frame
from lowrnn.inference.summary import Summary
from lowrnn.learning.plasticity.family import RuleFamily
from lowrnn.learning.plasticity.students import STATUS, Students, students
from lowrnn.networks import RNN, RandomPlusLowRank, structured_part
from lowrnn.recordings.schema import Strict, validate
from lowrnn.tasks import task as make_task

Array = NDArray[Any]


class StudentSettings(Strict):
    """The settings of `simulate_students`: where students start and what they are shown.

    Attributes
    ----------
    terms : tuple of str
        Terms of the family, one for each parameter: see `RuleFamily`.
    pre, post : "rate" or "centred"
        What X and Y are in them: see `RuleFamily`.
    network : path, optional
        A saved low-rank network, with or without a random part, to start from. Without it, one of
        rank 1 is drawn: `m` and input weights normal, `m` with mean `mean`, `n` normal and then
        moved along `m` to the overlap `nᵀ m / N = overlap`.
    task : str, optional
        The task whose conditions are shown. Without it, two inputs are held, one in each of two
        conditions.
    task_settings : mapping
        Fields of the task.
    neurons, g, mean, overlap, network_seed
        Of the network that is drawn.
    steps : int
        Time steps of the two conditions, each of `alpha` time constants.
    epochs, record, spread, rate, decay
        As for `lowrnn.learning.plasticity.students` and `RuleFamily`.
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
    keep_saturated: bool = False

    @field_validator("terms")
    @classmethod
    def _readable(cls, terms: tuple[str, ...]) -> tuple[str, ...]:
        RuleFamily(terms=terms)
        return terms


def simulate_students(job: dict[str, Any]) -> dict[str, Any]:
    """A simulator for `run_campaign`; further settings are those of `StudentSettings`."""
    given = {name: value for name, value in job.items() if name not in ("theta", "seeds")}
    settings, rnn, u = setting_of(json.dumps(given, sort_keys=True))
    family = RuleFamily(
        terms=settings.terms, pre=settings.pre, post=settings.post, rate=settings.rate,
        decay=settings.decay,
    )  # fmt: skip
    structured = structured_part(rnn.connectivity)
    assert structured is not None
    found = students(
        family, job["theta"], job["seeds"], rnn, u, epochs=settings.epochs, record=settings.record,
        frame=fixed_frame(structured.m, rnn.inputs, np.ones(rnn.neurons)), spread=settings.spread,
    )  # fmt: skip
    status = [STATUS[number] for number in found.status]
    if settings.keep_saturated:
        status = ["ok" if each == "saturated" else each for each in status]
    return {"x": learning_course(found).values, "status": ",".join(status)}


def learning_course(found: Students) -> Summary:
    """Courses in the fixed frame in the first, middle and last epoch, and the overlaps at the end.

    Parameters
    ----------
    found : Students
        Of any number.
    """
    epochs = found.projections.shape[1]
    kept = [0, epochs // 2, epochs - 1]
    conditions, times, directions = found.projections.shape[2:]
    labels = [
        f"epoch{e}.condition{c}.step{t}.{d}"
        for e in kept
        for c in range(conditions)
        for t in found.steps[:times]
        for d in range(directions)
    ]
    rank = found.overlap.shape[-1]
    labels += [f"overlap.{i}{j}" for i in range(rank) for j in range(rank)]
    count = len(found)
    values = np.hstack(
        [found.projections[:, kept].reshape(count, -1), found.overlap[:, -1].reshape(count, -1)]
    )
    return Summary("learning_course", 1, tuple(labels), values.astype(np.float64))


@lru_cache(maxsize=4)
def setting_of(text: str) -> tuple[StudentSettings, RNN, Array]:
    """The settings, the network to start from, and its inputs in all conditions."""
    settings = validate(StudentSettings, json.loads(text), "settings")
    shown = None
    if settings.task is not None:
        shown = make_task(settings.task, **settings.task_settings)
    if settings.network is not None:
        rnn = RNN.load(settings.network)
        if structured_part(rnn.connectivity) is None:
            raise InputError(f"network {settings.network} has full rank: give a low-rank one")
    else:
        rnn = _drawn(settings, 2 if shown is None else shown.conditions().inputs.shape[2])
    if shown is not None:
        return settings, rnn, shown.conditions().inputs
    u = np.zeros((2, settings.steps, rnn.inputs.shape[1]))
    u[0, :, 0] = u[1, :, -1] = 1
    return settings, rnn, u


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
