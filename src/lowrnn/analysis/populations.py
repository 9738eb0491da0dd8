"""How many populations a network needs: by evidence, and by what becomes of its function."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lowrnn.analysis.clustering import Clusters, cluster, loadings, stability
from lowrnn.errors import InputError, check_number
from lowrnn.learning import evaluate
from lowrnn.networks import RNN, GaussianMixture, RandomPlusLowRank
from lowrnn.tasks import Task

Array = NDArray[np.float64]

#: Called with the number of populations done and that of all.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class PopulationSelection:
    """Numbers of populations side by side.

    Attributes
    ----------
    by_function : int or None
        The smallest number whose resampled networks do the task as well as the network itself, up
        to the tolerance; None if none does.
    by_bic : int
        The number with the smallest Bayesian information criterion.
    by_heldout : int
        The number under which the loadings of held-out neurons are most probable.
    accuracy : float
        Of the network itself.
    table : pandas.DataFrame
        One row a number: `populations`, `bic`, `heldout` (log density of a held-out neuron's
        loadings, in nats), `stability` (mean adjusted Rand index, NaN for one population), and
        `accuracy`, `accuracy_sd`, `accuracy_min`, `accuracy_max` over resampled networks.
    clusters : dict from int to Clusters
        The populations that were found.
    """

    by_function: int | None
    by_bic: int
    by_heldout: int
    accuracy: float
    table: pd.DataFrame
    clusters: dict[int, Clusters]


def resample(
    rnn: RNN,
    labels: ArrayLike | None = None,
    seed: int = 0,
    *,
    neurons: int | None = None,
    means: bool = False,
) -> RNN:
    """A new network whose loadings are drawn from the Gaussians of a network's populations.

    It has the covariances of the loadings in each population and nothing else of the network. If it
    does the same, these statistics are the mechanism (Dubreuil et al. 2022).

    Parameters
    ----------
    rnn : RNN
        A network with loadings and without bias.
    labels : array (neuron,) of int, optional
        The population of each neuron, such as `cluster(loadings(rnn), 2).labels`; one by default.
    seed : int
        Determines the loadings.
    neurons : int, optional
        Size of the new network; by default that of the old one.
    means : bool
        Whether populations keep their means. They are 0 by default, as published.

    Raises
    ------
    InputError
        If the network has no loadings or a bias, or the labels leave a population empty.
    """
    mixture = GaussianMixture.estimate(rnn, labels)
    if not means:
        mixture = GaussianMixture(
            mixture.weights,
            np.zeros_like(mixture.means),
            mixture.covariances,
            rank=mixture.rank,
            inputs=mixture.inputs,
            outputs=mixture.outputs,
        )
    random = rnn.connectivity.g if isinstance(rnn.connectivity, RandomPlusLowRank) else 0.0
    return mixture.sample(
        rnn.neurons if neurons is None else neurons,
        seed,
        g=random,
        dt=rnn.dt,
        tau=rnn.tau,
        dtype=rnn.dtype,
        nonlinearity=rnn.nonlinearity,
        noise_std=rnn.noise_std,
    )


def select_populations(
    rnn: RNN,
    task: Task,
    populations: Sequence[int] = (1, 2, 3),
    *,
    method: str = "zero-mean",
    draws: int = 10,
    tolerance: float = 0.1,
    folds: int = 5,
    bootstraps: int = 20,
    restarts: int = 20,
    n_trials: int = 400,
    seed: int = 0,
    progress: Progress | None = None,
) -> PopulationSelection:
    """Compare numbers of populations by evidence and by function.

    By evidence: how probable the loadings are under the mixture. More populations than function
    needs may describe the tails of trained loadings better. By function: networks are drawn from
    the populations and do the task. Their accuracy depends on their size, for finite samples miss
    the covariances: judge with 2000 neurons or more.

    Parameters
    ----------
    rnn : RNN
        A network with loadings and without bias.
    task : Task
        What it does.
    populations : sequence of int
        The numbers to compare.
    method, restarts
        As for `cluster`.
    draws : int
        Networks resampled for each number.
    tolerance : float
        Loss of mean accuracy that still counts as doing the task.
    folds : int
        Parts of the neurons, each held out once.
    bootstraps : int
        As for `stability`.
    n_trials : int
        Trials on which each network is scored, the same for all.
    seed : int
        Determines everything.
    progress : callable, optional
        Called with the numbers done and their number.

    Raises
    ------
    InputError
        If the network or a setting cannot be used.
    """
    numbers = sorted(set(populations))
    if not numbers:
        raise InputError("populations is empty: give at least one number")
    for field, value, least in (("draws", draws, 1), ("folds", folds, 2)):
        check_number(field, value, at_least=least)
    X = loadings(rnn)
    own = evaluate(rnn, task, n_trials=n_trials, seed=seed).accuracy
    clusters, rows = {}, []
    for done, number in enumerate(numbers, start=1):
        fit = cluster(X, number, method=method, restarts=restarts, seed=seed)
        settings: dict[str, Any] = {"method": method, "restarts": restarts, "seed": seed}
        alike = np.array([np.nan])
        if number > 1:
            alike = stability(X, number, bootstraps=bootstraps, **settings)
        networks = [resample(rnn, fit.labels, seed + draw) for draw in range(draws)]
        accuracies = np.array(
            [evaluate(net, task, n_trials=n_trials, seed=seed).accuracy for net in networks]
        )
        rows.append(
            {
                "populations": number,
                "bic": fit.bic,
                "heldout": _heldout(X, number, folds, settings),
                "stability": alike.mean(),
                "accuracy": accuracies.mean(),
                "accuracy_sd": accuracies.std(ddof=1) if draws > 1 else np.nan,
                "accuracy_min": accuracies.min(),
                "accuracy_max": accuracies.max(),
            }
        )
        clusters[number] = fit
        if progress is not None:
            progress(done, len(numbers))
    table = pd.DataFrame(rows)
    enough = table["populations"][table["accuracy"] >= own - tolerance]
    return PopulationSelection(
        by_function=int(enough.iloc[0]) if len(enough) else None,
        by_bic=numbers[int(table["bic"].argmin())],
        by_heldout=numbers[int(table["heldout"].argmax())],
        accuracy=own,
        table=table,
        clusters=clusters,
    )


def _heldout(X: Array, number: int, folds: int, settings: dict[str, Any]) -> float:
    """Mean log density of neurons that took no part in the fit."""
    fold = np.random.default_rng(settings["seed"]).permutation(len(X)) % folds
    total = 0.0
    for part in range(folds):
        fit = cluster(X[fold != part], number, **settings)
        total += float(fit.log_density(X[fold == part]).sum())
    return total / len(X)
