"""How long an update of a training takes, on every task: lowrnn and the eager loop."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from lowrnn.bench.clock import interleave
from lowrnn.bench.eager import EagerTraining
from lowrnn.bench.machine import machine
from lowrnn.learning import initial_network, one_torch_thread, recipe_for, train
from lowrnn.learning.training import Training
from lowrnn.tasks import task


@dataclass(frozen=True)
class Case:
    """A task, and the network that learns it.

    Parameters
    ----------
    task : str
        Name of the task.
    rank : int, optional
        Rank of the network; full by default.
    neurons, batch : int
        Size of the network, and trials in an update.
    preset : str, optional
        The published variant of the task, whose recipe is followed. By default the task and the
        settings are the library's own.
    """

    task: str
    rank: int | None = None
    neurons: int = 512
    batch: int = 32
    preset: str | None = None


#: All nine tasks at the ranks at which they are published, and one at full rank.
CASES = (
    Case("perceptual_decision", 1),
    Case("working_memory", 2),
    Case("multisensory_decision", 1),
    Case("context_decision", 1),
    Case("match_to_sample", 2),
    Case("flip_flop", 2),
    Case("cosine", 2),
    Case("cue_set_go", 2),
    Case("measure_wait_go", 3),
    Case("flip_flop", neurons=256, preset="schuessler2020"),
)

_DEFAULTS: dict[str, Any] = train.__kwdefaults__ or {}


def training_of(case: Case) -> Training:
    """A training that has just begun: the recipe's network, and the defaults of `train`.

    A published recipe of the preset also sets its first stage.
    """
    preset = {} if case.preset is None else {"preset": case.preset}
    what = task(case.task, **preset)
    recipe = recipe_for(case.task, case.rank, preset=case.preset)
    settings = recipe.stages[0].settings if case.preset else {}
    rnn = initial_network(what, case.neurons, case.rank, **recipe.network)
    trained = *rnn.connectivity.parameters, "B", "w"
    return Training(
        rnn, what, {**_DEFAULTS, "trained": trained, **settings, "batch_size": case.batch}
    )


def measure_update(case: Case, *, seconds: float = 1.5) -> dict[str, Any]:
    """Time whole updates: the choice of trials, forward, loss, backward, clipping and Adam.

    The eager loop runs with one torch thread and with as many as torch was set to, and its better
    time counts. lowrnn runs as in `train`: kernels on numba's threads, torch on one.

    Parameters
    ----------
    case : Case
        Which training.
    seconds : float
        The time to spend on the clock; slow tasks take longer, for three updates of each.

    Returns
    -------
    dict
        The fields of `case`, `steps` of a trial, `lowrnn_ms`, `eager_ms`, and `ratio_eager`, how
        many times longer the eager update takes.
    """
    training = training_of(case)
    eager = EagerTraining(training)
    steps = training.batch(eager.random)[0].shape[1]

    def on(threads: int, update: Callable[[], None]) -> Callable[[], None]:
        def call() -> None:
            torch.set_num_threads(threads)
            update()

        return call

    counts = sorted({1, torch.get_num_threads()})
    contenders = {"lowrnn": on(1, training.update)}
    contenders |= {f"eager {count}": on(count, eager.update) for count in counts}
    with one_torch_thread():
        times = interleave(contenders, seconds=seconds)
    lowrnn = times["lowrnn"]
    fastest = min(times[f"eager {count}"] for count in counts)
    return {
        "task": case.task,
        "preset": case.preset,
        "rank": case.rank,
        "neurons": case.neurons,
        "batch": case.batch,
        "steps": steps,
        "lowrnn_ms": 1e3 * lowrnn,
        "eager_ms": 1e3 * fastest,
        "ratio_eager": fastest / lowrnn,
    }


def training_updates(
    cases: Sequence[Case] = CASES,
    *,
    seconds: float = 1.5,
    progress: Callable[[int, str], None] = lambda done, remark: None,
) -> dict[str, Any]:
    """Time the updates of every case.

    Parameters
    ----------
    cases : sequence of Case
        Which trainings.
    seconds : float
        See `measure_update`.
    progress : callable
        Called with the number of cases done and a remark, before each case and at the end.

    Returns
    -------
    dict
        `rows`, see `measure_update`; `geomean_ratio_eager` and `worst_ratio_eager` over all rows;
        `machine`.
    """
    found = machine()
    rows = []
    for done, case in enumerate(cases):
        rank = "full rank" if case.rank is None else f"rank {case.rank}"
        progress(done, f"{case.task}, {rank}")
        rows.append(measure_update(case, seconds=seconds))
    progress(len(cases), "")
    ratios = [row["ratio_eager"] for row in rows]
    return {
        "rows": rows,
        "geomean_ratio_eager": math.exp(sum(map(math.log, ratios)) / len(ratios)),
        "worst_ratio_eager": min(ratios),
        "machine": found,
    }
