"""The smallest rank at which networks learn a task."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from lowrnn.errors import InputError
from lowrnn.learning.recipe import Recipe, train_recipe
from lowrnn.learning.score import evaluate
from lowrnn.learning.seeds import check_seed
from lowrnn.learning.train import Trained
from lowrnn.tasks import Task


@dataclass(frozen=True, eq=False)
class MinimalRank:
    """The outcome of `fit_minimal_rank`.

    Attributes
    ----------
    rank : int or None
        The smallest rank that solved the task; None if none did.
    evidence : pandas.DataFrame
        One row for each network that was trained: `rank`, `seed`, `loss`, `accuracy`, `solved`,
        `updates` and `seconds`.
    trained : Trained
        The network of this rank that solved the task; where there is none, the most accurate one.
    """

    rank: int | None
    evidence: pd.DataFrame
    trained: Trained


def fit_minimal_rank(
    task: Task,
    *,
    most: int = 5,
    accuracy: float = 0.95,
    neurons: int = 512,
    restarts: int = 3,
    recipe: Recipe | None = None,
    seed: int = 0,
    checkpoints: str | Path | None = None,
) -> MinimalRank:
    """Find how low a rank solves a task.

    Networks of rank 1, 2, … are trained until one solves the task. A rank is given up after
    `restarts` trainings, so what is found is an upper bound with evidence, no proof that a lower
    rank cannot. `fit_minimal_populations` does the same for populations.

    Parameters
    ----------
    task : Task
        The task.
    most : int
        The largest rank to try.
    accuracy : float
        A task is solved if the accuracy on 1000 new trials, with noise, reaches this.
    neurons : int
        Size of the networks.
    restarts : int
        Trainings of each rank, from the seeds `seed`, `seed + 1`, …; those after the first that
        solves the task are left out.
    recipe : Recipe, optional
        How each is trained, as for `train_recipe`.
    seed : int
        Determines everything.
    checkpoints : path, optional
        A folder for the state of each training. If it holds some, the search goes on from there.

    Raises
    ------
    InputError
        If a setting is out of range, or for the reasons of `train_recipe`.
    """
    for field, count in {"most": most, "restarts": restarts}.items():
        if count < 1:
            raise InputError(f"{field} is {count}: give at least 1")
    if not 0 < accuracy <= 1:
        raise InputError(f"accuracy is {accuracy}: give a fraction above 0 and at most 1")
    folder = None if checkpoints is None else Path(checkpoints)
    rows: list[Mapping[str, Any]] = []
    best, reached = None, -1.0
    for rank in range(1, most + 1):
        for start in range(check_seed(seed), seed + restarts):
            began = time.monotonic()
            checkpoint = folder and folder / f"rank-{rank}-seed-{start}"
            found = train_recipe(task, neurons, rank, recipe, seed=start, checkpoint=checkpoint)
            score = evaluate(found.rnn, task, seed=start)
            rows.append(
                {
                    "rank": rank,
                    "seed": start,
                    "loss": score.loss,
                    "accuracy": score.accuracy,
                    "solved": score.accuracy >= accuracy,
                    "updates": len(found.history.loss),
                    "seconds": time.monotonic() - began,
                }
            )
            if score.accuracy >= accuracy:
                return MinimalRank(rank, pd.DataFrame(rows), found)
            if score.accuracy > reached:
                best, reached = found, score.accuracy
    assert best is not None  # At least one network was trained.
    return MinimalRank(None, pd.DataFrame(rows), best)
