"""What learning does at several strengths of the initial connectivity."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lowrnn import tasks
from lowrnn.analysis.eigenvalue_outliers import eigenvalue_outliers
from lowrnn.analysis.learning_speed import convergence_time
from lowrnn.analysis.other_starts import shuffled_start_loss
from lowrnn.analysis.tensor_rank import tensor_rank
from lowrnn.analysis.truncation import TruncationCurve, functional_rank, truncation_curve
from lowrnn.analysis.weight_change import WeightChange, weight_change
from lowrnn.compute import JobResult, run_jobs
from lowrnn.errors import InputError, check_number
from lowrnn.learning import History, Recipe, evaluate, recipe_for, train_recipe
from lowrnn.networks import RNN, FullRank
from lowrnn.tasks import Task

Array = NDArray[Any]

#: Of the loss at the start: below it a network has converged (Schuessler et al. 2020).
CONVERGED = 0.05
_RANKS = 25
_COMPONENTS = (1, 2, 3, 4, 5, 6)
_NOT_OVER_TIME = {
    "updates": np.zeros(0, int),
    "tensor_variance": np.zeros(0),
    "multilinear_rank": np.zeros(0, int),
    "steps": np.zeros((0, 0)),
}
_SETTINGS = ("dt", "tau", "nonlinearity", "noise_std")
#: Trials that networks are scored on.
_TRIALS = 512


@dataclass(frozen=True, eq=False)
class Learned:
    """One training of a sweep, and what it changed.

    Attributes
    ----------
    g : float
        Strength of the initial matrix.
    seed : int
        Of the network and its training.
    rnn : RNN
        The trained network, with its matrix before learning (`FullRank.J0`).
    loss : array (update,)
        Loss of each update.
    start_loss : float
        Loss before learning, on the trials that all losses below are taken on.
    truncated : TruncationCurve
        Loss with the change of weights cut to its first 0, 1, 2, ... components.
    shuffled : array (draw,)
        Loss with all entries of the matrix before learning permuted.
    accuracy : float
        Fraction of trials answered correctly.
    updates : integer array (evaluation,)
        Updates before each of the times that the changes below are of; empty if not asked for.
    tensor_variance : array (rank,)
        Share of the changes that CP components explain, 1, 2, 3, ... of them; see `tensor_rank`.
    multilinear_rank : integer array (3,)
        Numerical ranks of the changes over learning: (post, pre, step).
    steps : array (evaluation, component)
        How far learning went along each of the largest number of components.
    """

    g: float
    seed: int
    rnn: RNN
    loss: Array
    start_loss: float
    truncated: TruncationCurve
    shuffled: Array
    accuracy: float
    updates: Array
    tensor_variance: Array
    multilinear_rank: Array
    steps: Array

    @property
    def converged_at(self) -> int | None:
        """First update whose loss is below 5 % of that of update 0; None if there is none."""
        return convergence_time(self.loss, CONVERGED)

    @property
    def change(self) -> WeightChange:
        """What learning changed in the recurrent matrix."""
        return weight_change(self.rnn, self.before)

    @property
    def before(self) -> Array:
        """The recurrent matrix before learning, (neuron, neuron)."""
        connectivity = self.rnn.connectivity
        assert isinstance(connectivity, FullRank)
        return connectivity.J - connectivity.change

    @property
    def functional_rank(self) -> int | None:
        """The fewest components of the change that do the task; None where it is not learned."""
        return None if self.converged_at is None else functional_rank(self.truncated, CONVERGED)

    @property
    def shuffle_loss_ratio(self) -> float | None:
        """Mean loss on a shuffled start over that before learning; None where not learned."""
        if self.converged_at is None:
            return None
        return float(np.mean(self.shuffled) / self.start_loss)

    def outliers(self) -> Array:
        """Eigenvalues outside the disc of radius g, where g is 0 those of modulus above 1."""
        return eigenvalue_outliers(self.rnn, self.g or 1.0, margin=2.0 if self.g else 0.0)

    def row(self) -> dict[str, Any]:
        """The numbers of `lowrnn learn`; None for what a network that did not learn has not."""
        change = self.change
        tensor = {
            "tensor_variance": self.tensor_variance.tolist(),
            "multilinear_rank": self.multilinear_rank.tolist(),
        }
        return {
            "g": self.g,
            "seed": self.seed,
            "converged_at": self.converged_at,
            "norm_dw": change.norm,
            "participation_ratio": change.participation_ratio,
            "functional_rank": self.functional_rank,
            "shuffle_loss_ratio": self.shuffle_loss_ratio,
            "outliers": [[float(z.real), float(z.imag)] for z in self.outliers()],
            "accuracy": self.accuracy,
        } | (tensor if len(self.steps) else {})


def learning_sweep(
    task: Task,
    gs: Sequence[float],
    *,
    neurons: int,
    seeds: Sequence[int],
    recipe: Recipe | None = None,
    over_time: bool = False,
    store: str | Path | None = None,
    workers: int | None = None,
    cluster: str | None = None,
    progress: Callable[[int, int, int], None] | None = None,
) -> list[Learned]:
    """Train full-rank networks from random matrices of several strengths, and compare.

    Schuessler et al. 2020, figures 1 and 2: learning is fastest, and changes least, from a random
    matrix of intermediate strength; the change is of low rank, and of no use without the matrix
    that it was learned on.

    Parameters
    ----------
    task : Task
        One of the registry, with any parameters.
    gs : sequence of float
        Strengths: the entries of initial matrices are normal with variance g²/N.
    neurons : int
        Number of neurons N.
    seeds : sequence of int
        Networks at each strength.
    recipe : Recipe, optional
        How they are trained; by default `recipe_for(task.name, preset="schuessler2020")`. Its
        networks are of full rank.
    over_time : bool
        Whether to take the tensor rank of the changes at all evaluations too (`tensor_rank`).
    store : path, optional
        A folder for finished trainings: the same call goes on from it.
    workers, cluster
        As for `lowrnn.compute.run_jobs`; by default a process for each core.
    progress : callable, optional
        Called with the trainings that ended, all of them, and those that failed.

    Returns
    -------
    list of Learned
        For each strength, all seeds. A training whose loss stops being finite is left out.

    Raises
    ------
    InputError
        If a strength is negative, strengths or seeds are missing or repeat themselves, the task is
        not in the registry, or every training failed.
    """
    for field, values in (("gs", gs), ("seeds", seeds)):
        if not len(values) or len(set(values)) < len(values):
            raise InputError(f"{field} is {list(values)}: give at least one, each once")
    for g in gs:
        check_number("gs", g, at_least=0)
    if tasks.task(**task.to_dict()) != task:
        raise InputError(f"task is {task!r}: give one of the registry")
    if recipe is None:
        recipe = recipe_for(task.name, preset="schuessler2020")
    common = {"task": task.to_dict(), "recipe": recipe.to_dict(), "neurons": neurons}
    jobs = [{**common, "g": g, "seed": s, "over_time": over_time} for g in gs for s in seeds]
    results = run_jobs(
        learn, jobs, store=store, workers=workers, cluster=cluster, progress=progress
    )
    found = [_learned(result) for result in results if result.state == "finished"]
    if not found:
        raise InputError(f"no training ended: {results[0].reason}")
    return found


def learn(job: dict[str, Any]) -> dict[str, Any]:
    """One training of a sweep, and the scores that need simulations: a job of `run_jobs`."""
    task = tasks.task(**job["task"])
    recipe = Recipe.from_dict(job["recipe"])
    recipe = replace(recipe, network={**recipe.network, "g": job["g"]})
    if job["over_time"]:
        recipe = recipe.replace(snapshots=("J",))
    seed = job["seed"]
    trained = train_recipe(task, job["neurons"], None, recipe, seed=seed)
    rnn, start = trained.rnn, trained.history.start
    connectivity = rnn.connectivity
    assert isinstance(connectivity, FullRank)
    assert connectivity.J0 is not None
    before = rnn.replace(
        connectivity=FullRank(connectivity.J0),
        inputs=start.get("B", rnn.inputs),
        readout=start.get("w", rnn.readout),
    )
    curve = truncation_curve(
        rnn, connectivity.J0, task, ranks=range(_RANKS + 1), n_trials=_TRIALS, seed=seed
    )
    shuffled = shuffled_start_loss(rnn, connectivity.J0, task, n_trials=_TRIALS, seed=seed)
    return {
        "J": connectivity.J,
        "J0": connectivity.J0,
        "inputs": rnn.inputs,
        "readout": rnn.readout,
        "loss": trained.history.loss,
        "start_loss": evaluate(before, task, n_trials=_TRIALS, seed=seed).loss,
        "ranks": curve.ranks,
        "truncated_loss": curve.loss,
        "truncated_accuracy": curve.accuracy,
        "shuffled": shuffled.loss,
        "accuracy": evaluate(rnn, task, n_trials=_TRIALS, seed=seed).accuracy,
        **(_over_time(trained.history) if job["over_time"] else _NOT_OVER_TIME),
        **{name: getattr(rnn, name) for name in _SETTINGS},
    }


def _over_time(history: History) -> dict[str, Any]:
    """Tensor rank of the changes at all evaluations."""
    found = tensor_rank(history, _COMPONENTS)
    return {
        "updates": history.evaluated,
        "tensor_variance": np.array(list(found.variance_explained.values())),
        "multilinear_rank": np.array(found.multilinear_rank),
        "steps": found.components[_COMPONENTS[-1]].step,
    }


def _learned(result: JobResult) -> Learned:
    values = dict(result.values)
    connectivity = FullRank(values.pop("J"), values.pop("J0"))
    network = {name: values.pop(name) for name in ("inputs", "readout", *_SETTINGS)}
    curve = [values.pop(name) for name in ("ranks", "truncated_loss", "truncated_accuracy")]
    return Learned(
        g=result.parameters["g"],
        seed=result.parameters["seed"],
        rnn=RNN(connectivity, **network),
        truncated=TruncationCurve(*curve),
        **values,
    )
