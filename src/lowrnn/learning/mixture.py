"""Training the distribution that networks are drawn from, rather than one network."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lowrnn.errors import InputError, check_number
from lowrnn.learning.checkpoint import fingerprint, read_checkpoint, write_checkpoint
from lowrnn.learning.descent import SCHEDULES
from lowrnn.learning.history import History
from lowrnn.learning.initial import PUBLISHED_NOISE
from lowrnn.learning.mixture_parameters import (
    PARAMETERS,
    Layout,
    initial_tensors,
    tensors_of,
)
from lowrnn.learning.mixture_training import Dynamics, MixtureTraining
from lowrnn.learning.score import Score, evaluate
from lowrnn.learning.seeds import check_seed, derived_seed
from lowrnn.learning.train import Progress
from lowrnn.networks import RNN, GaussianMixture
from lowrnn.networks.nonlinearity import check_nonlinearity
from lowrnn.networks.threads import one_torch_thread
from lowrnn.tasks import Task

METHODS = ("mean-field", "resampling")

#: A kill loses at most about this many seconds of training.
_CHECKPOINT_SECONDS = 5.0
_SCORING_TRIALS = 1000


@dataclass(frozen=True, eq=False)
class TrainedMixture:
    """The outcome of `train_mixture`.

    Attributes
    ----------
    mixture : GaussianMixture
        The trained distribution of the loadings.
    history : History
        How the loss and the accuracy moved.
    score : Score
        Of the infinite network, on trials that training has not seen.
    dynamics : Dynamics
        What networks drawn from the mixture need besides it.
    """

    mixture: GaussianMixture
    history: History
    score: Score
    dynamics: Dynamics

    def sample(self, neurons: int, seed: int, **settings: Any) -> RNN:
        """A finite network that does the task; see `GaussianMixture.sample`."""
        return self.dynamics.sample(self.mixture, neurons, seed, **settings)

    def scores(
        self, task: Task, neurons: int, *, networks: int = 10, n_trials: int = 200, seed: int = 0
    ) -> list[Score]:
        """The scores of finite networks, each on trials of its own.

        Parameters
        ----------
        task : Task
            The task.
        neurons : int
            Size of the networks.
        networks : int
            How many are drawn.
        n_trials : int
            Trials for each of them.
        seed : int
            Determines networks, trials and noise.
        """
        seeds = [derived_seed(seed, "scoring", index) for index in range(networks)]
        return [
            evaluate(self.sample(neurons, s, dtype=np.float32), task, n_trials=n_trials, seed=s)
            for s in seeds
        ]


def train_mixture(
    task: Task,
    *,
    populations: int = 1,
    rank: int = 1,
    method: str = "mean-field",
    neurons: int | None = 512,
    start: GaussianMixture | None = None,
    trained: Sequence[str] = ("factors",),
    tau: float = 0.1,
    nonlinearity: str = "tanh",
    noise_std: float = PUBLISHED_NOISE,
    updates: int = 600,
    batch_size: int = 32,
    learning_rate: float = 0.1,
    schedule: str = "cosine",
    clip: float | None = 1.0,
    n_trials: int = 800,
    evaluate_every: int = 25,
    target_loss: float | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    checkpoint: str | Path | None = None,
) -> TrainedMixture:
    """Train a Gaussian mixture, so that the networks drawn from it do a task.

    "mean-field" differentiates the latent dynamics of the infinite network through its Gaussian
    averages (`lowrnn.theory.latent_dynamics`): no network is simulated, and a few dozen numbers
    learn. "resampling" is the published method (Dubreuil et al. 2022): each update simulates a
    finite network whose Gaussian basis is drawn anew. The loss is that of `train`, and so is which
    weights are returned.

    The infinite network may rely on what finite ones only have roughly. So "mean-field" takes the
    sample mean and covariance of `neurons` neurons, drawn anew at every update: this is the leading
    finite-size error (`GaussianMixture.sample` removes it with `exact`), and training learns to
    withstand it. With `neurons=None` it takes those of the mixture.

    The defaults solve the decision tasks with one population and the context-dependent one, at
    `context_amplitude=0.5`, with two; parametric working memory takes rank 2. Delayed match to
    sample was not found from a random start: give a `start` that has the mechanism in outline.

    Parameters
    ----------
    task : Task
        The task.
    populations : int
        Number of populations P.
    rank : int
        Number of latents R.
    method : {"mean-field", "resampling"}
        What is simulated.
    neurons : int or None
        Size of the networks that "resampling" simulates, or whose sampling error "mean-field" takes
        into account; None, for "mean-field" alone, if there shall be none.
    start : GaussianMixture, optional
        Where to start, such as `GaussianMixture.estimate` of a trained network; `populations` and
        `rank` are then its own. By default random covariances, equal shares, and no means unless
        they are trained.
    trained : sequence of {"factors", "means", "shares"}
        What learns: the covariances through their factors, `Σ = A Aᵀ`; the means; the shares
        through a softmax.
    tau, nonlinearity, noise_std
        Dynamics, as in `initial_network`.
    updates, batch_size, learning_rate, schedule, clip, n_trials, evaluate_every, target_loss
        As in `train`.
    seed : int
        Determines the start, the trials, the batches, the networks and the noise.
    progress, checkpoint
        As in `train`.

    Returns
    -------
    TrainedMixture
        Its `sample(neurons, seed)` draws networks.

    Raises
    ------
    InputError
        If a setting is out of range, `start` does not fit the task, the loss stops being finite,
        or the checkpoint belongs to another training.
    """
    trained = tuple(trained)
    if method not in METHODS:
        raise InputError(f"method is {method!r}: choose among {', '.join(METHODS)}")
    if start is not None:
        _check_start(start, task)
        populations, rank = start.populations, start.rank
    if neurons is None and method == "resampling":
        raise InputError("neurons is None: give the size of the networks that are resampled")
    counts = {
        "populations": populations,
        "rank": rank,
        "updates": updates,
        "n_trials": n_trials,
        "evaluate_every": evaluate_every,
    }
    for field, count in counts.items():
        if count < 1:
            raise InputError(f"{field} is {count}: give at least 1")
    if neurons is not None and neurons < max(populations, rank):
        raise InputError(
            f"neurons is {neurons}: give at least {max(populations, rank)}, one for each"
            " population and latent"
        )
    if not 1 <= batch_size <= n_trials:
        raise InputError(f"batch_size is {batch_size}: give 1 to {n_trials}, the training trials")
    if not trained or any(name not in PARAMETERS for name in trained):
        raise InputError(f"trained is {trained}: name one or more of {', '.join(PARAMETERS)}")
    check_number("learning_rate", learning_rate, above=0)
    if schedule not in SCHEDULES:
        raise InputError(f"schedule is {schedule!r}: choose among {', '.join(SCHEDULES)}")
    if clip is not None:
        check_number("clip", clip, above=0)
    if not 0 < task.dt <= check_number("tau", tau, above=0):
        raise InputError(f"tau is {tau}: give at least the task's time step, {task.dt} s")
    dynamics = Dynamics(
        dt=task.dt,
        tau=float(tau),
        nonlinearity=check_nonlinearity(nonlinearity),
        noise_std=check_number("noise_std", noise_std, at_least=0),
    )
    check_seed(seed)
    tensors = (
        initial_tensors(task, populations, rank, seed, means="means" in trained)
        if start is None
        else tensors_of(start)
    )
    settings = {f"task {name}": value for name, value in task.to_dict().items()} | {
        "method": method,
        "neurons": neurons,
        "trained": trained,
        "updates": updates,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "schedule": schedule,
        "clip": clip,
        "n_trials": n_trials,
        "evaluate_every": evaluate_every,
        "target_loss": target_loss,
        "seed": seed,
        "dynamics": asdict(dynamics),
        "initial mixture": fingerprint(tensors),
    }
    with one_torch_thread():
        layout = Layout(rank, task.n_inputs, task.n_outputs)
        training = MixtureTraining(tensors, layout, task, dynamics, settings)
        _run(training, None if checkpoint is None else Path(checkpoint), progress)
        mixture = training.mixture()
        trials = task.sample(_SCORING_TRIALS, derived_seed(seed, "scoring"))
        score = dynamics.score(mixture, task, trials)
    return TrainedMixture(mixture, training.history(), score, dynamics)


def _run(training: MixtureTraining, path: Path | None, progress: Progress | None) -> None:
    """Update until it is over, from where the checkpoint stands."""
    settings = training.settings
    if path is not None and path.exists():
        training.restore(read_checkpoint(path, settings))
    else:
        training.evaluate()
    due = time.monotonic() + _CHECKPOINT_SECONDS
    while not training.over:
        for _ in range(min(settings["evaluate_every"], settings["updates"] - training.done)):
            training.update()
        training.evaluate()
        if path is not None and (training.over or time.monotonic() >= due):
            write_checkpoint(path, settings, training.state())
            due = time.monotonic() + _CHECKPOINT_SECONDS
        if progress is not None:
            progress(training.done, training.recent_loss, training.metrics["accuracy"][-1])


def _check_start(start: GaussianMixture, task: Task) -> None:
    """Refuse a mixture that has not the task's inputs and outputs."""
    found, wanted = (start.inputs, start.outputs), (task.n_inputs, task.n_outputs)
    if found != wanted:
        raise InputError(
            f"start has {found[0]} inputs and {found[1]} outputs, the task {wanted[0]} and"
            f" {wanted[1]}: make them equal"
        )
