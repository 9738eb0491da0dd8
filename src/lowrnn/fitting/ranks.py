"""How many latents: ranks compared on conditions and neurons that took no part in the fit."""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone

from lowrnn.errors import InputError
from lowrnn.files import write_json
from lowrnn.fitting.data import Data, as_data, check_dynamics
from lowrnn.fitting.lint import LINT
from lowrnn.fitting.loadings import Loadings
from lowrnn.fitting.scores import r2
from lowrnn.learning.checkpoint import fingerprint
from lowrnn.learning.seeds import check_seed
from lowrnn.recordings import Recording

#: Called after each fit with the fits done, their number, and what was fitted.
Progress = Callable[[int, int, str], None]

#: Difference of R² that does not justify another latent.
TOLERANCE = 0.01

_SCORES = ("r2_train", "r2_heldout_conditions", "r2_heldout_neurons")


@dataclass(frozen=True, eq=False)
class RankSelection:
    """Ranks side by side.

    Attributes
    ----------
    rank : int
        The smallest rank whose R² on held-out conditions falls short of the best by no more than
        one standard error of the difference, or the tolerance (`sufficient_rank`); the only one if
        one was given.
    splits : pandas.DataFrame
        One row a rank and split: `rank`, `split`, `r2_train`, `r2_heldout_conditions`,
        `r2_heldout_neurons`, `seconds`. Held-out neurons are scored on held-out conditions, from
        loadings fitted to the others.
    fits : dict from int to LINT
        For each rank, the fit to all of the data.
    condition_mean : float
        Mean R² on held-out conditions of the mean of the others: what no model of the inputs gets.
    linear : float
        Mean R² on held-out conditions of a linear network of the chosen rank.
    """

    rank: int
    splits: pd.DataFrame
    fits: dict[int, LINT]
    condition_mean: float
    linear: float

    def means(self) -> pd.DataFrame:
        """One row a rank: means over splits, and the standard error of `r2_heldout_conditions`."""
        grouped = self.splits.groupby("rank")
        means = grouped[[*_SCORES, "seconds"]].mean()
        means["standard_error"] = grouped["r2_heldout_conditions"].sem()
        return means.reset_index()


def shortfall(scores: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far each rank falls short of the one with the best mean score, split by split.

    Some conditions are harder to predict than others, for all ranks alike. This moves the scores of
    a split together and so cancels in their differences, which are what tells ranks apart. Splits
    share most of their training data, so the error is a guide and no test.

    Parameters
    ----------
    scores : array (rank, split)
        R² of each rank and split; a split in which either rank has NaN is left out.

    Returns
    -------
    mean, error : array (rank,)
        Mean over splits of the best rank's score minus this rank's, and its standard error; 0 where
        a single split leaves it unknown.
    """
    values = np.asarray(scores, np.float64)
    best = int(np.nanargmax(np.nanmean(values, axis=1)))
    differences = values[best] - values
    count = np.isfinite(differences).sum(axis=1)
    mean = np.nanmean(differences, axis=1)
    squares = np.nansum((differences - mean[:, None]) ** 2, axis=1)
    return mean, np.sqrt(squares / np.maximum(count - 1, 1) / np.maximum(count, 1))


def sufficient_rank(ranks: Sequence[int], scores: ArrayLike, tolerance: float = TOLERANCE) -> int:
    """The smallest rank that does not fall short of the best by more than chance, or by little.

    A rank is enough if the best mean score exceeds its own by no more than one standard error of
    their paired differences over splits (`shortfall`), or by no more than `tolerance`: where data
    are precise the rule alone buys a latent for any difference that is not chance. This is the
    usual one-standard-error rule (Breiman, Friedman, Olshen & Stone 1984), with the error of what
    is compared in place of that of the best score.

    Parameters
    ----------
    ranks : sequence of int
        The ranks.
    scores : array (rank, split)
        R² of each rank and split, the splits being the same for all ranks; NaN is left out.
    tolerance : float
        Difference of R² that does not justify another latent.
    """
    mean, error = shortfall(scores)
    enough = mean <= np.maximum(error, tolerance)
    return min(rank for rank, one in zip(ranks, enough, strict=True) if one)


def select_rank(
    X: Recording | ArrayLike,
    ranks: Sequence[int],
    *,
    inputs: ArrayLike | None = None,
    estimator: LINT | None = None,
    groups: ArrayLike | None = None,
    folds: int = 5,
    seeds: int = 1,
    held_out_neurons: float = 0.2,
    tolerance: float = TOLERANCE,
    seed: int = 0,
    store: str | Path | None = None,
    progress: Progress | None = None,
) -> RankSelection:
    """Fit every rank, several times with conditions and neurons held out and once to everything.

    Parameters
    ----------
    X : Recording or array (trial, time, neuron)
        Activity; NaN = not observed.
    ranks : sequence of int
        Ranks to compare.
    inputs : array (trial, time, input), optional
        Inputs that go with an array.
    estimator : LINT, optional
        Settings of the fits; its rank and seed are replaced.
    groups : array (trial,), optional
        Trials of equal value (of one condition) are held out together; by default each trial is a
        condition of its own, as in an averaged recording.
    folds : int
        Each condition is held out in one of so many folds, with a share of the neurons.
    seeds : int
        Repetitions of all folds, with other partitions and starts.
    held_out_neurons : float
        Share of the neurons held out in each fold; 0 for none.
    tolerance : float
        Difference of R² that does not justify another latent.
    seed : int
        Determines everything.
    store : path, optional
        Folder in which each finished fit is kept; the same call goes on from there.
    progress : callable, optional
        Called after each fit.

    Raises
    ------
    InputError
        If there are several ranks but one condition, or the data or a setting cannot be used.
    """
    estimator = LINT() if estimator is None else estimator
    data = as_data(X, inputs, estimator.dt)
    check_dynamics(data)
    trials, _, neurons = data.activity.shape
    ranks = sorted(set(ranks))
    if not ranks or ranks[0] < 1 or ranks[-1] > neurons:
        raise InputError(f"ranks are {list(ranks)}: give ranks from 1 to {neurons}, the neurons")
    labels = np.arange(trials) if groups is None else np.asarray(groups)
    if labels.shape != (trials,):
        raise InputError(
            f"groups has shape {labels.shape}: give one label for each of {trials} trials"
        )
    if folds < 2 or seeds < 1:
        raise InputError(f"folds is {folds} and seeds {seeds}: give at least 2 folds and 1 seed")
    if not 0 <= held_out_neurons < 1:
        raise InputError(f"held_out_neurons is {held_out_neurons}: give a share from 0 to below 1")
    check_seed(seed)
    conditions = len(np.unique(labels))
    if conditions == 1 and len(ranks) > 1:
        raise InputError(
            "conditions: there is 1, so ranks cannot be compared on held-out ones: give one rank,"
            " or more conditions"
        )
    splits = _splits(labels, neurons, min(folds, conditions), seeds, held_out_neurons, seed)
    if conditions == 1:
        splits = []
    work = _Work(estimator, data, store, progress, len(ranks) * (len(splits) + 1) + len(splits))
    rows = [
        {"rank": rank, "split": number} | work.score(rank, split, estimator.nonlinearity)
        for rank in ranks
        for number, split in enumerate(splits)
    ]
    columns = ["rank", "split", *_SCORES, "seconds"]
    table = pd.DataFrame(rows, columns=columns)
    chosen = ranks[0]
    if splits:
        scores = table.pivot_table(index="rank", columns="split", values=_SCORES[1])
        chosen = sufficient_rank(ranks, scores.loc[ranks], tolerance)
    linear = [work.score(chosen, split, "identity")[_SCORES[1]] for split in splits]
    means = [_condition_mean(data, split) for split in splits]
    fits = {rank: work.fit(rank, seed) for rank in ranks}
    return RankSelection(
        chosen,
        table,
        fits,
        condition_mean=float(np.mean(means)) if means else float("nan"),
        linear=float(np.mean(linear)) if linear else float("nan"),
    )


@dataclass(frozen=True)
class _Split:
    seed: int
    train: NDArray[np.intp]
    test: NDArray[np.intp]
    kept: NDArray[np.intp]
    held: NDArray[np.intp]


def _splits(
    labels: NDArray[Any], neurons: int, folds: int, seeds: int, share: float, seed: int
) -> list[_Split]:
    """The partitions of conditions and neurons."""
    found = []
    _, condition = np.unique(labels, return_inverse=True)
    for repetition in range(seeds):
        rng = np.random.default_rng([seed, repetition])
        fold_of = rng.permutation(condition.max() + 1) % folds
        for fold in range(folds):
            out = fold_of[condition] == fold
            order = rng.permutation(neurons)
            # At least one neuron is left to carry the dynamics.
            count = min(round(share * neurons), neurons - 1)
            held, kept = np.sort(order[:count]), np.sort(order[count:])
            number = seed + repetition * folds + fold
            found.append(_Split(number, np.flatnonzero(~out), np.flatnonzero(out), kept, held))
    return found


def _condition_mean(data: Data, split: _Split) -> float:
    """R² on held-out conditions of the mean over the others, for the same neurons as the fits."""
    from lowrnn.recordings.preprocess import nan_mean

    activity = data.activity[:, :, split.kept]
    mean = nan_mean(activity[split.train], axis=0, keepdims=True)
    target = activity[split.test]
    return r2(target, np.broadcast_to(np.nan_to_num(mean), target.shape))


def _stored(path: Path) -> dict[str, Any]:
    """Scores of an earlier call."""
    try:
        scores: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise InputError(f"{path} is damaged: delete it, and its fit is repeated") from None
    return scores


class _Work:
    """Fits, each kept as soon as it is done."""

    def __init__(
        self, estimator: LINT, data: Data, store: str | Path | None, progress: Progress | None,
        total: int,
    ) -> None:  # fmt: skip
        self.estimator, self.data, self.progress = estimator, data, progress
        self.done, self.total = 0, total
        self.folder = None
        if store is not None:
            skipped = ("rank", "seed", "checkpoint", "progress")
            settings = {k: v for k, v in estimator.get_params().items() if k not in skipped}
            arrays = {"u": torch.from_numpy(data.inputs), "y": torch.from_numpy(data.activity)}
            own = json.dumps([settings, data.dt, fingerprint(arrays)], default=float)
            self.folder = Path(store) / hashlib.sha256(own.encode()).hexdigest()[:12]

    def _report(self, what: str) -> None:
        self.done += 1
        if self.progress is not None:
            self.progress(self.done, self.total, what)

    def score(self, rank: int, split: _Split, nonlinearity: str) -> dict[str, float]:
        """Scores of one split, from the folder if they are there."""
        partition = [part.tolist() for part in (split.train, split.kept)]
        key = hashlib.sha256(json.dumps([split.seed, partition]).encode()).hexdigest()[:12]
        name = f"rank-{rank}-{nonlinearity}-{key}"
        path = None if self.folder is None else self.folder / f"{name}.json"
        if path is not None and path.exists():
            scores = _stored(path)
        else:
            scores = self._fit_and_score(rank, split, nonlinearity)
            if path is not None:
                write_json(path, scores)
        self._report(f"rank {rank}")
        return {name: float("nan") if value is None else value for name, value in scores.items()}

    def _fit_and_score(self, rank: int, split: _Split, nonlinearity: str) -> dict[str, Any]:
        began = time.perf_counter()
        rank = min(rank, len(split.kept))
        train = self.data.select(split.train, split.kept)
        fit = clone(self.estimator).set_params(
            rank=rank, seed=split.seed, nonlinearity=nonlinearity, checkpoint=None, dt=train.dt
        )
        fit.fit(train.activity, train.inputs)
        test = self.data.select(split.test, split.kept)
        scores: dict[str, Any] = {
            "r2_train": fit.r2_,
            "r2_heldout_conditions": fit.score(test.activity, test.inputs),
            "r2_heldout_neurons": None,
        }
        if len(split.held):
            loadings = Loadings(
                fit, train.inputs, self.data.select(split.train, split.held).activity
            )
            target = self.data.select(split.test, split.held).activity
            scores["r2_heldout_neurons"] = r2(target, loadings.predict(test.inputs))
        scores["seconds"] = time.perf_counter() - began
        return {k: v if v is None or np.isfinite(v) else None for k, v in scores.items()}

    def fit(self, rank: int, seed: int) -> LINT:
        """The fit to everything, which goes on from its own checkpoint."""
        name = f"rank-{rank}-seed-{seed}-all.safetensors"
        checkpoint = None if self.folder is None else self.folder / name
        fit: LINT = clone(self.estimator).set_params(
            rank=rank, seed=seed, checkpoint=checkpoint, dt=self.data.dt
        )
        fit.fit(self.data.activity, self.data.inputs)
        self._report(f"rank {rank}, all data")
        return fit
