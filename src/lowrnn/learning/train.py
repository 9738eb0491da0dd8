"""Gradient training of a network on a task."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from lowrnn.errors import InputError, check_number
from lowrnn.learning.checkpoint import fingerprint, read_checkpoint, write_checkpoint
from lowrnn.learning.descent import SCHEDULES
from lowrnn.learning.history import History
from lowrnn.learning.seeds import check_seed
from lowrnn.learning.training import ARGUMENTS, GAINS, Training
from lowrnn.networks import RNN, LowTensorRank, structured_part
from lowrnn.networks.threads import one_torch_thread
from lowrnn.tasks import Task

#: Called after each evaluation with the updates done, the mean loss of the last ones, the accuracy.
Progress = Callable[[int, float, float], None]

#: A kill loses at most about this many seconds of training.
_CHECKPOINT_SECONDS = 5.0


@dataclass(frozen=True, eq=False)
class Trained:
    """The outcome of `train`.

    Attributes
    ----------
    rnn : RNN
        The trained network, its low-rank part in the canonical gauge (`LowRank.canonical`). A
        full-rank matrix comes with the one before learning, `FullRank.J0`; where the network to
        start from has that already, it stays.
    history : History
        How it got there, its parameters as they were trained.
    """

    rnn: RNN
    history: History


def train(
    rnn: RNN,
    task: Task,
    *,
    updates: int = 600,
    batch_size: int = 32,
    learning_rate: float = 0.1,
    schedule: str = "cosine",
    rate_exponents: Mapping[str, float] = MappingProxyType({"J": -1.0}),
    clip: float | None = 1.0,
    rate_penalty: float = 0.0,
    weight_penalty: float = 0.0,
    trained: Sequence[str] | None = None,
    n_trials: int | None = 800,
    evaluate_every: int = 50,
    target_loss: float | None = None,
    target_accuracy: float | None = None,
    snapshots: Sequence[str] = (),
    seed: int = 0,
    progress: Progress | None = None,
    checkpoint: str | Path | None = None,
) -> Trained:
    """Train a network on a task by gradient descent through time.

    The loss is the squared error of the readout, averaged over outputs and over the steps of a
    trial that count, then over trials (Dubreuil et al. 2022; Valente et al. 2022). Every update
    sees a batch drawn without replacement from a fixed set of trials, or new trials (Schuessler et
    al. 2020), with fresh noise in the network (`rnn.noise_std`). The network returned has the
    weights at the end of the `evaluate_every` updates whose mean loss (with the penalties) was
    lowest, or those that met a target.

    The defaults solve the decision tasks at any rank and size. The published settings for
    context-dependent decisions at rank 1 are `learning_rate=0.01, schedule="constant", clip=0.1,
    updates=2500, target_loss=0.01`; expect the loss to stay near 0.6 for hundreds of updates
    before it falls.

    Parameters
    ----------
    rnn : RNN
        Where to start: see `initial_network`. Its dtype is the precision of training.
    task : Task
        The task, of the same time step.
    updates : int
        The number of updates, if no target is met before.
    batch_size : int
        Trials in each update.
    learning_rate : float
        Adam's learning rate at the start.
    schedule : {"cosine", "constant"}
        How the learning rate goes on; "cosine" falls to 0 at the last update.
    rate_exponents : mapping from str to float
        How learning rates scale with the number of neurons N: that of a parameter is
        `learning_rate * N**exponent`, 0 for those left out. Adam moves every entry by about its
        learning rate, so entries of order 1 need no scaling; those of a full-rank matrix by default
        move 1/N times as far, as those of `(1/N) m nᵀ` do.
    clip : float, optional
        The largest norm of the gradient; None for no limit.
    rate_penalty : float
        Added to the loss: this times the mean of `phi(x + bias)²` over trials, steps and neurons.
    weight_penalty : float
        Added to the loss: this times the sum of `|p|²/N` over the parameters that learn, a gain
        counting as the weights that it multiplies, and `|J|²` for a full-rank matrix.
    trained : sequence of str, optional
        What learns: among "J" (full rank) or "m", "n" (low rank), "B", "w", "bias",
        "initial_state", and the gains "s_in" and "s_out": one factor for each input and output, by
        which the weights "B" and "w" are multiplied where these stay frozen, as published. By
        default the connectivity, "B" and "w".
    n_trials : int, optional
        Size of the set of training trials, drawn from the task; None for new trials in every
        update.
    evaluate_every : int
        Updates between evaluations, which take the accuracy on 200 other trials.
    target_loss : float, optional
        Stop once the mean loss since the last evaluation is at most this.
    target_accuracy : float, optional
        Stop once an evaluation finds at least this accuracy.
    snapshots : sequence of str
        Parameters to keep in the history at every evaluation; a full-rank matrix as leading
        singular vectors of its change.
    seed : int
        Determines the trials, the batches and the noise: the same seed gives the same network,
        whatever the number of threads.
    progress : callable, optional
        Called after each evaluation with the updates done, the mean loss since the one before, and
        the accuracy.
    checkpoint : path, optional
        Where to keep the state of training. If the file exists, training goes on from it and
        ends as if it had never stopped. It is not removed at the end.

    Raises
    ------
    InputError
        If the network does not fit the task, a setting is out of range, the loss stops being
        finite, or the checkpoint belongs to another training.
    """
    trained = (*rnn.connectivity.parameters, "B", "w") if trained is None else tuple(trained)
    _check_fit(rnn, task)
    parameters = (*rnn.connectivity.parameters, *ARGUMENTS)
    _check_names("trained", trained, (*parameters, *GAINS))
    _check_names("snapshots", snapshots, parameters)
    _check_names("rate_exponents", rate_exponents, ("J", "m", "n", *ARGUMENTS, *GAINS))
    if not trained:
        raise InputError("trained is empty: name at least one parameter, such as 'm'")
    for gain, of in GAINS.items():
        if gain in trained and of in trained:
            raise InputError(
                f"trained holds {gain!r} and {of!r}, which it multiplies: leave one out"
            )
    counts = {"updates": updates, "n_trials": n_trials, "evaluate_every": evaluate_every}
    counts["batch_size"] = batch_size
    for field, count in counts.items():
        if count is not None and count < 1:
            raise InputError(f"{field} is {count}: give at least 1")
    if n_trials is not None and batch_size > n_trials:
        raise InputError(f"batch_size is {batch_size}: give 1 to {n_trials}, the training trials")
    check_number("learning_rate", learning_rate, above=0)
    if schedule not in SCHEDULES:
        raise InputError(f"schedule is {schedule!r}: choose among {', '.join(SCHEDULES)}")
    if clip is not None:
        check_number("clip", clip, above=0)
    check_number("rate_penalty", rate_penalty, at_least=0)
    check_number("weight_penalty", weight_penalty, at_least=0)
    settings = {f"task {name}": value for name, value in task.to_dict().items()} | {
        "updates": updates,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "schedule": schedule,
        "rate_exponents": dict(rate_exponents),
        "clip": clip,
        "rate_penalty": rate_penalty,
        "weight_penalty": weight_penalty,
        "trained": trained,
        "n_trials": n_trials,
        "evaluate_every": evaluate_every,
        "target_loss": target_loss,
        "target_accuracy": target_accuracy,
        "snapshots": tuple(snapshots),
        "seed": check_seed(seed),
        "dynamics": [rnn.alpha, rnn.nonlinearity, rnn.noise_std],
        "initial network": fingerprint(rnn.tensors()),
    }
    with one_torch_thread():
        training = Training(rnn, task, settings)
        path = None if checkpoint is None else Path(checkpoint)
        if path is not None and path.exists():
            training.restore(read_checkpoint(path, settings))
        else:
            training.evaluate()
        due = time.monotonic() + _CHECKPOINT_SECONDS
        while not training.over:
            for _ in range(min(evaluate_every, updates - training.done)):
                training.update()
            training.evaluate()
            if path is not None and (training.over or time.monotonic() >= due):
                started = time.monotonic()
                write_checkpoint(path, settings, training.state())
                # A large network must not spend its time on the disk.
                cost = time.monotonic() - started
                due = time.monotonic() + max(_CHECKPOINT_SECONDS, 20 * cost)
            if progress is not None:
                progress(training.done, training.recent_loss, training.metrics["accuracy"][-1])
        return Trained(_canonical(training.network(training.best)), training.history())


def _canonical(rnn: RNN) -> RNN:
    """The same network, its low-rank part in the canonical gauge."""
    connectivity = rnn.connectivity
    low_rank = structured_part(connectivity)
    if low_rank is None:
        return rnn
    gauge = low_rank.canonical()
    return rnn.replace(connectivity=replace(connectivity, m=gauge.m, n=gauge.n))  # type: ignore[type-var]


def _check_fit(rnn: RNN, task: Task) -> None:
    """Refuse a network that has not the task's inputs, outputs and time step."""
    if isinstance(rnn.connectivity, LowTensorRank):
        raise InputError(
            "connectivity of the network is low-tensor-rank, which belongs to the trials of a fit:"
            " give that of one trial, connectivity.at(trial)"
        )
    for what, found, wanted in (
        ("inputs", rnn.inputs.shape[1], task.n_inputs),
        ("outputs", rnn.readout.shape[1], task.n_outputs),
        ("dt", rnn.dt, task.dt),
    ):
        if found != wanted:
            raise InputError(
                f"{what} of the network is {found}, of the task {wanted}: make them equal, for"
                " example with initial_network"
            )


def _check_names(field: str, names: Iterable[str], known: Sequence[str]) -> None:
    """Refuse what is no parameter of the network."""
    for name in names:
        if name not in known:
            raise InputError(f"{field} holds {name!r}: choose among {', '.join(known)}")
