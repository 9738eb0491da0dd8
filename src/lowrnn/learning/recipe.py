"""A network from nothing to a trained one: a random start, then one training after another."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lowrnn.errors import InputError
from lowrnn.learning.history import joined
from lowrnn.learning.initial import check_rank, initial_network, low_rank_start
from lowrnn.learning.seeds import derived_seed
from lowrnn.learning.train import Progress, Trained, train
from lowrnn.tasks import Task


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One training.

    Parameters
    ----------
    task : mapping
        Fields of the task that differ from those of the task to learn in the end, such as a
        shorter delay.
    settings : mapping
        Arguments of `train` that differ from its defaults.
    full_rank : bool
        Whether it trains a full-rank network, as a primer for the low-rank one: the stage after
        it takes its best approximation of the wanted rank (`low_rank_start`).
    """

    task: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    full_rank: bool = False


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How networks are trained on a task: a curriculum of stages.

    Parameters
    ----------
    stages : tuple of Stage
        The trainings, each from the network that the one before left. Primers come first.
    network : mapping
        Arguments of `initial_network` that differ from its defaults.
    """

    stages: tuple[Stage, ...] = (Stage(),)
    network: Mapping[str, Any] = field(default_factory=dict)

    @property
    def updates(self) -> int:
        """The largest number of updates that it takes."""
        return sum(stage.settings.get("updates", _DEFAULT_UPDATES) for stage in self.stages)

    def replace(self, **settings: Any) -> "Recipe":
        """The same with these arguments of `train` in every stage."""
        stages = (replace(s, settings={**s.settings, **settings}) for s in self.stages)
        return replace(self, stages=tuple(stages))

    def to_dict(self) -> dict[str, Any]:
        """Everything in it, as plain data, for run folders."""
        stages = [
            {"task": dict(s.task), "settings": dict(s.settings), "full_rank": s.full_rank}
            for s in self.stages
        ]
        return {"stages": stages, "network": dict(self.network)}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "Recipe":
        """The recipe that `to_dict` gave."""
        return cls(
            stages=tuple(Stage(**stage) for stage in content["stages"]), network=content["network"]
        )


_DEFAULT_UPDATES: int = (train.__kwdefaults__ or {})["updates"]


def train_recipe(
    task: Task,
    neurons: int,
    rank: int | None = None,
    recipe: Recipe | None = None,
    *,
    seed: int = 0,
    progress: Progress | None = None,
    checkpoint: str | Path | None = None,
) -> Trained:
    """Train a new network on a task.

    Parameters
    ----------
    task : Task
        What it shall learn in the end.
    neurons : int
        Number of neurons N.
    rank : int, optional
        Rank of the network; full by default.
    recipe : Recipe, optional
        How; by default one stage of the defaults of `train`. See `recipe_for`.
    seed : int
        Determines the initial network, trials and noise.
    progress : callable, optional
        As for `train`; updates are counted over all stages.
    checkpoint : path, optional
        A folder for the state of each stage. An interrupted training with the same arguments goes
        on from it and ends as if it had never stopped. It is not removed at the end.

    Returns
    -------
    Trained
        The network, and the history of all stages, one after another.

    Raises
    ------
    InputError
        If the rank exceeds the number of neurons, the recipe ends with a full-rank network where a
        low-rank one is wanted, or for the reasons of `train`.
    """
    recipe = Recipe() if recipe is None else recipe
    if rank is not None:
        check_rank(rank, neurons)
        if recipe.stages[-1].full_rank:
            raise InputError(
                f"rank is {rank} and the last stage of the recipe trains a full-rank network:"
                " add a stage that does not, or leave out the rank"
            )
    start = None if recipe.stages[0].full_rank else rank
    rnn = initial_network(task, neurons, start, seed=seed, **recipe.network)
    histories, done = [], 0
    for index, stage in enumerate(recipe.stages):
        if rank is not None and rnn.rank == 0 and not stage.full_rank:
            rnn = low_rank_start(rnn, rank)
        trained = train(
            rnn,
            replace(task, **stage.task),
            **stage.settings,
            seed=derived_seed(seed, "stage", index) if index else seed,
            progress=None if progress is None else _shifted(progress, done),
            checkpoint=None if checkpoint is None else Path(checkpoint, f"{index}.safetensors"),
        )
        rnn = trained.rnn
        histories.append(trained.history)
        done += len(trained.history.loss)
    return Trained(rnn, joined(histories))


def _shifted(progress: Progress, before: int) -> Progress:
    """Counts the updates of earlier stages as well."""
    return lambda done, loss, accuracy: progress(before + done, loss, accuracy)
