"""The same training from several seeds."""

from collections.abc import Callable, Sequence
from pathlib import Path

from lowrnn.errors import InputError
from lowrnn.learning.recipe import Recipe, train_recipe
from lowrnn.learning.train import Trained
from lowrnn.tasks import Task


def train_many(
    task: Task,
    seeds: Sequence[int],
    *,
    neurons: int,
    rank: int | None = None,
    recipe: Recipe | None = None,
    checkpoint: str | Path | None = None,
    progress: Callable[[int, Trained], None] | None = None,
) -> list[Trained]:
    """Train a network from each seed.

    One after another: each training uses all cores by itself.

    Parameters
    ----------
    task, neurons, rank, recipe
        As for `train_recipe`.
    seeds : sequence of int
        One network each.
    checkpoint : path, optional
        A folder for the state of all trainings, as for `train_recipe`; those that it finds
        finished are not repeated.
    progress : callable, optional
        Called after each training with the seed and its outcome.

    Returns
    -------
    list of Trained
        In the order of `seeds`; each the same as from `train_recipe` with that seed.

    Raises
    ------
    InputError
        If `seeds` is empty or repeats itself, or for the reasons of `train_recipe`.
    """
    if not len(seeds) or len(set(seeds)) < len(seeds):
        raise InputError(f"seeds is {list(seeds)}: give at least one, each once")
    found = []
    for seed in seeds:
        folder = None if checkpoint is None else Path(checkpoint, f"seed-{seed}")
        trained = train_recipe(task, neurons, rank, recipe, seed=seed, checkpoint=folder)
        found.append(trained)
        if progress is not None:
            progress(seed, trained)
    return found
