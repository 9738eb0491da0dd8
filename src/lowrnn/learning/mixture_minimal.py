"""The smallest number of populations that a task needs."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lowrnn.errors import InputError
from lowrnn.learning.mixture import TrainedMixture, train_mixture
from lowrnn.learning.seeds import check_seed
from lowrnn.tasks import Task


@dataclass(frozen=True, eq=False)
class MinimalPopulations:
    """The outcome of `fit_minimal_populations`.

    Attributes
    ----------
    populations : int or None
        The smallest number of populations that solved the task; None if no number did.
    evidence : pandas.DataFrame
        One row for each mixture that was trained: `populations`, `seed`, `loss` and `accuracy` of
        the infinite network, `sampled_accuracy` and `worst_accuracy` (mean and minimum over
        networks drawn from the mixture), `solved` and `seconds`.
    trained : TrainedMixture
        The mixture with this number of populations; where there is none, the one whose networks
        were most accurate.
    """

    populations: int | None
    evidence: pd.DataFrame
    trained: TrainedMixture


def fit_minimal_populations(
    task: Task,
    *,
    rank: int = 1,
    most: int = 3,
    accuracy: float = 0.95,
    neurons: int = 1024,
    networks: int = 10,
    restarts: int = 3,
    seed: int = 0,
    checkpoints: str | Path | None = None,
    **settings: Any,
) -> MinimalPopulations:
    """Find how few populations solve a task at a given rank.

    Mixtures of 1, 2, … populations are trained until the networks drawn from one solve the task. A
    number of populations is given up after `restarts` trainings, so what is found is an upper bound
    with evidence, no proof that fewer cannot.

    Parameters
    ----------
    task : Task
        The task.
    rank : int
        Number of latents.
    most : int
        The largest number of populations to try.
    accuracy : float
        A task is solved if the mean accuracy of the networks drawn reaches this.
    neurons : int
        Size of these networks, and the size that training takes into account.
    networks : int
        How many are drawn.
    restarts : int
        Trainings of each number of populations, from the seeds `seed`, `seed + 1`, …; those after
        the first that solves the task are left out.
    seed : int
        Determines everything.
    checkpoints : path, optional
        A folder for the state of each training. If it holds some, the search goes on from there.
    **settings
        Further arguments of `train_mixture`.

    Raises
    ------
    InputError
        If a setting is out of range.
    """
    counts = {"most": most, "networks": networks, "restarts": restarts}
    for field, count in counts.items():
        if count < 1:
            raise InputError(f"{field} is {count}: give at least 1")
    if not 0 < accuracy <= 1:
        raise InputError(f"accuracy is {accuracy}: give a fraction above 0 and at most 1")
    folder = None if checkpoints is None else Path(checkpoints)
    rows: list[Mapping[str, Any]] = []
    candidates: list[tuple[float, TrainedMixture]] = []
    for populations in range(1, most + 1):
        for start in range(check_seed(seed), seed + restarts):
            began = time.monotonic()
            found = train_mixture(
                task,
                populations=populations,
                rank=rank,
                neurons=neurons,
                seed=start,
                checkpoint=folder
                and folder / f"populations-{populations}-seed-{start}.safetensors",
                **settings,
            )
            scores = found.scores(task, neurons, networks=networks, seed=start)
            accuracies = [score.accuracy for score in scores]
            mean = float(np.mean(accuracies))
            rows.append(
                {
                    "populations": populations,
                    "seed": start,
                    "loss": found.score.loss,
                    "accuracy": found.score.accuracy,
                    "sampled_accuracy": mean,
                    "worst_accuracy": min(accuracies),
                    "solved": mean >= accuracy,
                    "seconds": time.monotonic() - began,
                }
            )
            candidates.append((mean, found))
            if mean >= accuracy:
                return MinimalPopulations(populations, pd.DataFrame(rows), found)
    _, best = max(candidates, key=lambda candidate: candidate[0])
    return MinimalPopulations(None, pd.DataFrame(rows), best)
