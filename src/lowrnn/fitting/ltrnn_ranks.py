"""How many components change over trials, and whether connectivity changes at all."""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone

from lowrnn.errors import InputError
from lowrnn.files import write_json
from lowrnn.fitting.blocked import blocked_mask
from lowrnn.fitting.cp import cp
from lowrnn.fitting.data import check_dynamics
from lowrnn.fitting.learning_r2 import learning_r2
from lowrnn.fitting.ltrnn import LTRNN
from lowrnn.fitting.ltrnn_data import Trials, as_trials
from lowrnn.fitting.ranks import TOLERANCE, sufficient_rank
from lowrnn.fitting.scores import r2
from lowrnn.learning.checkpoint import fingerprint
from lowrnn.learning.seeds import check_seed
from lowrnn.recordings import Recording
from lowrnn.recordings.preprocess import nan_mean

Array = NDArray[np.floating]

#: Called after each fit with the fits done, their number, and what was fitted.
Progress = Callable[[int, int, str], None]

#: What is fitted at every rank, and what only at the selected one.
_AT_EVERY_RANK = ("varying", "static", "cp")
_AT_SELECTED_RANK = ("shuffled", "free", "blocks")

#: Networks that share nothing, over the course of trials without epochs.
_BLOCKS = 4

_SCORES = ("r2_train", "r2_heldout", "learning_r2_heldout")


@dataclass(frozen=True, eq=False)
class TensorRankSelection:
    """Ranks side by side, and beside them what explains the data without smooth changes.

    Attributes
    ----------
    selected : int
        The smallest rank whose held-out R² falls short of the best by no more than one standard
        error of the difference, or the tolerance (`sufficient_rank`).
    splits : pandas.DataFrame
        One row a model, rank and split: `model`, `rank`, `split`, `r2_train`, `r2_heldout`,
        `learning_r2_heldout`, `seconds`. Models are

        - "varying": the `LTRNN`;
        - "static": connectivity is the same in all trials;
        - "cp": a CP decomposition of the activity around the means of neurons, without dynamics;
          NaN where it is undefined, as nothing is shown of a trial, a bin or a neuron;

        and at the selected rank only

        - "shuffled": the `LTRNN` with the order of the trials of each condition shuffled, which
          leaves nothing to be smooth over;
        - "free": independent factors of each trial;
        - "blocks": a static network for each epoch, or each quarter of the trials.
    fit : LTRNN
        The selected rank fitted to all data.
    """

    selected: int
    splits: pd.DataFrame
    fit: LTRNN

    def means(self) -> pd.DataFrame:
        """One row a model and rank: means over splits, standard error of held-out R²."""
        grouped = self.splits.groupby(["model", "rank"], sort=False)
        means = grouped[[*_SCORES, "seconds"]].mean()
        means["standard_error"] = grouped["r2_heldout"].sem()
        return means.reset_index()

    @property
    def rows(self) -> list[dict[str, Any]]:
        """For each rank of the varying network: `rank`, `r2_train`, `r2_heldout`."""
        means = self.means()
        varying = means.loc[means["model"] == "varying", ["rank", "r2_train", "r2_heldout"]]
        return [{str(k): v for k, v in row.items()} for row in varying.to_dict("records")]

    @property
    def static_r2_heldout(self) -> float:
        """Held-out R² of static networks, at the rank at which they do best."""
        means = self.means()
        return float(means.loc[means["model"] == "static", "r2_heldout"].max())

    @property
    def shuffle_r2_heldout(self) -> float:
        """Held-out R² of the selected rank with the order of trials shuffled.

        It tells whether change is smooth over trials, not whether there is any: for that, compare
        `static_r2_heldout`. Where a trial's own entries suffice to find its factors, shuffling
        costs little.
        """
        means = self.means()
        return float(means.loc[means["model"] == "shuffled", "r2_heldout"].iloc[0])


def select_tensor_rank(
    X: Recording | ArrayLike,
    ranks: Sequence[int],
    *,
    inputs: ArrayLike | None = None,
    conditions: ArrayLike | None = None,
    trial_ids: ArrayLike | None = None,
    epochs: ArrayLike | None = None,
    estimator: LTRNN | None = None,
    splits: int = 3,
    fraction: float = 0.2,
    test: Sequence[int] = (2, 2, 1),
    margin: Sequence[int] = (5, 5, 1),
    tolerance: float = TOLERANCE,
    seed: int = 0,
    store: str | Path | None = None,
    progress: Progress | None = None,
) -> TensorRankSelection:
    """Fit ranks and baselines with blocks of entries held out, and the selected rank to all.

    Entries of trials x time x neurons are held out in blocks with a margin (`blocked_mask`), since
    neighbours tell each other's activity. All models see the same entries, and have the same number
    of updates.

    Parameters
    ----------
    X, inputs, conditions, trial_ids, epochs
        As for `LTRNN.fit`.
    ranks : sequence of int
        Ranks to compare.
    estimator : LTRNN, optional
        Settings of the fits; its rank is replaced, its seed counts from `seed`.
    splits : int
        Repetitions with other blocks and seeds.
    fraction, test, margin
        As for `blocked_mask`, with axes (trial, time, neuron).
    tolerance : float
        Difference of R² that does not justify another component.
    seed : int
        Determines everything.
    store : path, optional
        Folder in which each finished fit is kept; the same call goes on from there.
    progress : callable, optional
        Called after each fit.

    Raises
    ------
    InputError
        If the data or a setting cannot be used.
    """
    estimator = LTRNN() if estimator is None else estimator
    trials = as_trials(X, inputs, conditions, trial_ids, epochs, estimator.dt)
    check_dynamics(trials.data)
    ranks = sorted(set(ranks))
    neurons = trials.data.activity.shape[2]
    if not ranks or ranks[0] < 1 or ranks[-1] > neurons:
        raise InputError(f"ranks are {list(ranks)}: give ranks from 1 to {neurons}, the neurons")
    if splits < 1:
        raise InputError(f"splits is {splits}: give at least 1")
    check_seed(seed)
    shape = trials.data.activity.shape
    masks = [
        blocked_mask(shape, fraction, test=test, margin=margin, seed=seed + split)
        for split in range(splits)
    ]
    total = splits * (len(ranks) * len(_AT_EVERY_RANK) + len(_AT_SELECTED_RANK)) + 1
    work = _Work(estimator, X, trials, store, progress, total)

    def rows(models: Sequence[str], some: Sequence[int]) -> list[dict[str, Any]]:
        return [
            {"model": model, "rank": rank, "split": split}
            | work.score(model, rank, seed + split, mask.train, mask.test)
            for rank in some
            for model in models
            for split, mask in enumerate(masks)
        ]

    table = pd.DataFrame(rows(_AT_EVERY_RANK, ranks))
    varying = table[table["model"] == "varying"]
    scores = varying.pivot_table(index="rank", columns="split", values="r2_heldout")
    selected = sufficient_rank(ranks, scores.loc[ranks], tolerance)
    more = pd.DataFrame(rows(_AT_SELECTED_RANK, [selected]))
    return TensorRankSelection(
        selected, pd.concat([table, more], ignore_index=True), work.fit(selected, seed)
    )


class _Work:
    """Fits, each kept as soon as it is done."""

    def __init__(
        self, estimator: LTRNN, X: Recording | ArrayLike, trials: Trials, store: str | Path | None,
        progress: Progress | None, total: int,
    ) -> None:  # fmt: skip
        self.estimator, self.X, self.trials = estimator, X, trials
        self.progress, self.done, self.total = progress, 0, total
        self.folder = None
        if store is not None:
            skipped = ("rank", "seed", "checkpoint", "progress")
            settings = {k: v for k, v in estimator.get_params().items() if k not in skipped}
            data = trials.data
            arrays = {"u": data.inputs, "y": data.activity, "conditions": trials.conditions}
            arrays |= {"ids": trials.ids}
            if trials.epochs is not None:
                arrays["epochs"] = trials.epochs
            tensors = {name: torch.from_numpy(values) for name, values in arrays.items()}
            own = json.dumps([settings, data.dt, fingerprint(tensors)], default=float)
            self.folder = Path(store) / hashlib.sha256(own.encode()).hexdigest()[:12]

    def _path(self, name: str) -> Path | None:
        return None if self.folder is None else self.folder / name

    def _report(self, what: str) -> None:
        self.done += 1
        if self.progress is not None:
            self.progress(self.done, self.total, what)

    def score(
        self, model: str, rank: int, seed: int, train: NDArray[Any], test: NDArray[Any]
    ) -> dict[str, float]:
        """Scores of one split, from the folder if they are there."""
        key = hashlib.sha256(np.packbits([train, test]).tobytes()).hexdigest()[:12]
        name = f"{model}-{rank}-{seed}-{key}"
        path = self._path(f"{name}.json")
        if path is not None and path.exists():
            scores = _stored(path)
        else:
            began = time.perf_counter()
            activity = self.trials.data.activity
            shown = np.where(train, activity, np.nan)
            values = dict.fromkeys(_SCORES, float("nan"))
            if model != "cp" or _covered(shown):
                found = self._predict(model, rank, seed, shown, self._path(f"{name}.safetensors"))
                target = np.where(test, activity, np.nan)
                conditions = self.trials.conditions
                scored = r2(shown, found), r2(target, found), learning_r2(target, found, conditions)
                values = dict(zip(_SCORES, scored, strict=True))
            values["seconds"] = time.perf_counter() - began
            scores = {k: v if np.isfinite(v) else None for k, v in values.items()}
            if path is not None:
                write_json(path, scores)
        self._report(f"{model}, rank {rank}")
        return {name: float("nan") if value is None else value for name, value in scores.items()}

    def _predict(
        self, model: str, rank: int, seed: int, shown: Array, checkpoint: Path | None
    ) -> Array:
        """Activity (trial, time, neuron) according to one model of what is shown of it."""
        fit: LTRNN = clone(self.estimator).set_params(rank=rank, seed=seed, checkpoint=checkpoint)
        ids, epochs = self.trials.ids, self.trials.epochs
        if model == "cp":
            mean = np.nan_to_num(nan_mean(shown, (0, 1), keepdims=True))
            return np.asarray(cp(shown - mean, rank, seed=seed).predict() + mean)
        if model in ("static", "blocks"):
            fit.set_params(updates=(sum(fit.updates), 0))
        if model == "free":
            fit.set_params(smoothness=0.0)
        if model == "shuffled":
            order = _within_conditions(self.trials.conditions, seed)
            ids, epochs = ids[order], None if epochs is None else epochs[order]
        if model != "blocks":
            return self._fitted(fit, shown, ids, epochs, slice(None)).predict()
        found = np.empty_like(shown)
        block = self._blocks()
        fit.set_params(checkpoint=None)
        for label in np.unique(block):
            of = block == label
            found[of] = self._fitted(fit, shown[of], ids[of], None, of).predict()
        return found

    def _fitted(
        self, fit: LTRNN, shown: Array, ids: NDArray[Any], epochs: NDArray[Any] | None, of: Any
    ) -> LTRNN:
        """A fit to some trials, as parts of the recording if there is one."""
        activity: Any = shown
        inputs: Any = self.trials.data.inputs[of]
        if isinstance(self.X, Recording):
            part = self.X.select(np.arange(len(self.trials.ids))[of])
            activity, inputs = replace(part, rates=shown, sem=None), None
        copy: LTRNN = clone(fit)
        return copy.fit(activity, inputs, self.trials.conditions[of], ids, epochs)

    def _blocks(self) -> NDArray[np.intp]:
        """The block of each trial."""
        if self.trials.epochs is not None:
            return self.trials.epochs
        count = len(self.trials.ids)
        return np.arange(count) * _BLOCKS // count

    def fit(self, rank: int, seed: int) -> LTRNN:
        """The fit to everything, which goes on from its own checkpoint."""
        checkpoint = self._path(f"rank-{rank}-seed-{seed}-all.safetensors")
        fit: LTRNN = clone(self.estimator).set_params(rank=rank, seed=seed, checkpoint=checkpoint)
        activity = self.trials.data.activity
        fit = self._fitted(fit, activity, self.trials.ids, self.trials.epochs, slice(None))
        self._report(f"rank {rank}, all data")
        return fit


def _covered(shown: Array) -> bool:
    """Whether something is shown of each trial, bin and neuron, without which there is no CP."""
    seen = ~np.isnan(shown)
    return all(seen.any(axis=axes).all() for axes in ((1, 2), (0, 2), (0, 1)))


def _within_conditions(conditions: NDArray[np.intp], seed: int) -> NDArray[np.intp]:
    """A random order of the trials that keeps each condition in its places."""
    rng = np.random.default_rng([seed, 1])
    order = np.arange(len(conditions))
    for label in np.unique(conditions):
        places = np.flatnonzero(conditions == label)
        order[places] = rng.permutation(places)
    return order


def _stored(path: Path) -> dict[str, Any]:
    """Scores of an earlier call."""
    try:
        scores: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise InputError(f"{path} is damaged: delete it, and its fit is repeated") from None
    return scores
