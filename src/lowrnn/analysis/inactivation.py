"""Silencing parts of a network, and what becomes of its behaviour."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array, check_number
from lowrnn.learning.seeds import check_seed
from lowrnn.networks import RNN, FullRank, LowRank
from lowrnn.tasks import Task, Trials

Array = NDArray[np.floating]


def silence(rnn: RNN, neurons: ArrayLike, *, rescale: bool = False) -> RNN:
    """The network with the rates of some neurons held at 0.

    Nothing reads from them any more, neither neurons nor outputs. The number of neurons stays, and
    with it the weights of the others.

    Parameters
    ----------
    rnn : RNN
        A network of any connectivity. One with a random part comes back as `FullRank`.
    neurons : array of int or boolean array (neuron,)
        Which.
    rescale : bool
        Whether to multiply what is left by N / (N - k), as if the k neurons were deleted and 1/N
        grew: `m nᵀ` and the readout, but not the weights of a full-rank matrix. The published
        inactivation of fits by LINT does so; it strengthens the other neurons.

    Returns
    -------
    RNN

    Raises
    ------
    InputError
        If the neurons are not those of the network, or are all of them with `rescale`.
    """
    chosen = as_indices("neurons", neurons, rnn.neurons)
    kept = np.ones((rnn.neurons, 1), rnn.dtype)
    kept[chosen] = 0.0
    if rescale:
        left = kept.sum()
        if left == 0:
            raise InputError("neurons are all of the network: leave some, or use rescale=False")
        kept *= rnn.neurons / left
    connectivity = rnn.connectivity
    if isinstance(connectivity, LowRank):
        reduced: LowRank | FullRank = replace(connectivity, n=connectivity.n * kept)
    else:
        reduced = FullRank(connectivity.dense() * (kept[:, 0] > 0))
    return _with(rnn, reduced, rnn.readout * kept)


def silence_directions(rnn: RNN, directions: ArrayLike) -> RNN:
    """The network without what its activity does along some directions.

    Rates are projected on the complement of the directions before neurons and outputs read them:
    `J (1 - P)` and `(1 - P) w`. What a projection of the activity is for, as silencing is for a
    neuron.

    Parameters
    ----------
    rnn : RNN
        A network of any connectivity. One with a random part comes back as `FullRank`.
    directions : array (neuron,) or (neuron, direction)
        Directions in the space of rates, such as a column of `m` or an axis of `targeted_axes`.
        Only their span matters.

    Raises
    ------
    InputError
        If the directions are of another number of neurons, or linearly dependent.
    """
    given = np.asarray(directions, np.float64)
    given = given[:, None] if given.ndim == 1 else given
    given = check_array("directions", given, (rnn.neurons, "direction"))
    basis, triangle = np.linalg.qr(given)
    size = np.linalg.norm(given, axis=0)
    if (np.abs(np.diag(triangle)) <= 1e-10 * size).any() or given.shape[1] > rnn.neurons:
        raise InputError("directions are 0 or linearly dependent: leave some out")

    def complement(values: Array) -> Array:
        rest: Array = (values - basis @ (basis.T @ values)).astype(rnn.dtype)
        return rest

    connectivity = rnn.connectivity
    if isinstance(connectivity, LowRank):
        reduced: LowRank | FullRank = replace(connectivity, n=complement(connectivity.n))
    else:
        reduced = FullRank(complement(connectivity.dense().T).T)
    return _with(rnn, reduced, complement(rnn.readout))


def inactivation(
    rnn: RNN,
    task: Task,
    groups: Mapping[str, ArrayLike] | None = None,
    *,
    directions: Mapping[str, ArrayLike] | None = None,
    by: Sequence[str] = (),
    trials: Trials | None = None,
    n_trials: int = 400,
    size: int | None = None,
    draws: int = 10,
    null_draws: int = 100,
    rescale: bool = False,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """How behaviour suffers without groups of neurons, or without directions of activity.

    Beside each stands its null distribution: random groups of as many neurons, or as many random
    directions. All networks see the same trials with the same noise.

    Parameters
    ----------
    rnn : RNN
        A network of any connectivity.
    task : Task
        What it does, for its trials and its accuracy.
    groups : mapping from str to array of int or boolean array (neuron,)
        Neurons to silence together: `{"A": labels == 0, "B": labels == 1}`.
    directions : mapping from str to array (neuron,) or (neuron, direction)
        Directions to take out, as for `silence_directions`.
    by : sequence of str
        Condition variables that accuracy is told apart by, such as `["context"]`.
    trials : Trials, optional
        Trials to score on, such as incongruent ones only; by default `n_trials` of the task.
    n_trials : int
        How many to draw.
    size : int, optional
        Silence so many neurons drawn from each group, `draws` times, in place of the whole group:
        it makes groups of different sizes comparable.
    draws : int
        See `size`.
    null_draws : int
        Random groups; 0 for no null distribution.
    rescale : bool
        As for `silence`.
    seed : int
        Determines everything.
    progress : callable, optional
        Called with the networks that were run and their number.

    Returns
    -------
    pandas.DataFrame
        One row for each group or direction and each condition:

        - `group`, the variables of `by`, `size` (neurons or directions);
        - `accuracy`, `intact`: without the group (mean over draws) and with all;
        - `null_mean`, `null_low`, `null_high`: without random groups, the mean and the 2.5 and
          97.5 % quantiles;
        - `p_value`: one-sided, that a random group hurts as much; at least 1 / (null_draws + 1).

    Raises
    ------
    InputError
        If there is nothing to silence, or what is given does not fit the network or the task.
    """
    groups, directions = groups or {}, directions or {}
    if not groups and not directions:
        raise InputError("groups and directions are both empty: name at least one to silence")
    if both := groups.keys() & directions.keys():
        raise InputError(f"{min(both)!r} is among groups and directions: give it two names")
    for field, value, least in (("draws", draws, 1), ("null_draws", null_draws, 0)):
        check_number(field, value, at_least=least)
    members = {name: as_indices(f"groups[{name!r}]", g, rnn.neurons) for name, g in groups.items()}
    for name, chosen in members.items():
        if size is not None and not 1 <= size <= len(chosen):
            raise InputError(f"size is {size}: give 1 to {len(chosen)}, the neurons of {name!r}")
    check_seed(seed)
    trials = task.sample(n_trials, seed) if trials is None else trials
    score = _Scorer(task, trials, by, seed)

    rng = np.random.default_rng([seed, 1])
    perturbed: dict[str, list[RNN]] = {}
    sizes: dict[str, tuple[str, int]] = {}
    for name, chosen in members.items():
        drawn = [chosen]
        if size is not None:
            drawn = [rng.choice(chosen, size, replace=False) for _ in range(draws)]
        perturbed[name] = [silence(rnn, each, rescale=rescale) for each in drawn]
        sizes[name] = ("neurons", len(drawn[0]))
    for name, given in directions.items():
        perturbed[name] = [silence_directions(rnn, given)]
        shape = np.shape(given)
        sizes[name] = ("directions", 1 if len(shape) == 1 else shape[1])
    kinds = sorted(set(sizes.values()))
    total = sum(map(len, perturbed.values())) + null_draws * len(kinds) + 1
    done = 0

    def measure(net: RNN) -> Array:
        nonlocal done
        accuracy = score(net)
        done += 1
        if progress is not None:
            progress(done, total)
        return accuracy

    intact = measure(rnn)
    null = {}
    for kind, count in kinds:
        rng = np.random.default_rng([seed, 2, count, kind == "neurons"])
        scores = []
        for _ in range(null_draws):
            if kind == "neurons":
                net = silence(rnn, rng.permutation(rnn.neurons)[:count], rescale=rescale)
            else:
                net = silence_directions(rnn, rng.standard_normal((rnn.neurons, count)))
            scores.append(measure(net))
        null[kind, count] = np.array(scores).reshape(null_draws, len(intact))
    rows: list[dict[str, Any]] = []
    for name, networks in perturbed.items():
        accuracy = np.mean([measure(net) for net in networks], axis=0)
        for i, condition in enumerate(score.conditions):
            chance = null[sizes[name]][:, i]
            row: dict[str, Any] = {"group": name, **condition, "size": sizes[name][1]}
            row |= {"accuracy": accuracy[i], "intact": intact[i]}
            row |= dict.fromkeys(("null_mean", "null_low", "null_high", "p_value"), np.nan)
            if null_draws:
                low, high = np.quantile(chance, [0.025, 0.975])
                row |= {"null_mean": chance.mean(), "null_low": low, "null_high": high}
                row["p_value"] = (1 + (chance <= accuracy[i]).sum()) / (1 + null_draws)
            rows.append(row)
    return pd.DataFrame(rows)


class _Scorer:
    """Accuracy of networks in each condition, on fixed trials and noise."""

    def __init__(self, task: Task, trials: Trials, by: Sequence[str], seed: int) -> None:
        self.task, self.trials, self.seed = task, trials, seed
        known = [str(column) for column in trials.conditions.columns]
        for name in by:
            if name not in known:
                raise InputError(f"by holds {name!r}: choose among {', '.join(known)}")
        self.conditions: list[dict[str, Any]] = [{}]
        self._parts = [np.arange(len(trials))]
        if by:
            grouped = trials.conditions.groupby(list(by)).indices
            keys = [key if isinstance(key, tuple) else (key,) for key in grouped]
            self.conditions = [dict(zip(by, key, strict=True)) for key in keys]
            self._parts = [np.asarray(part) for part in grouped.values()]

    def __call__(self, rnn: RNN) -> Array:
        z = rnn.simulate(self.trials.inputs, self.seed).z
        return np.array([self.task.accuracy(z[part], self.trials[part]) for part in self._parts])


def as_indices(field: str, neurons: ArrayLike, count: int) -> NDArray[np.intp]:
    """Neurons given by index or by a boolean array, as indices without repetition."""
    given = np.asarray(neurons)
    if given.dtype == bool and given.shape == (count,):
        return np.flatnonzero(given)
    whole = given.ndim == 1 and (np.issubdtype(given.dtype, np.integer) or not given.size)
    if not whole or (given.size and not (given.min() >= 0 and given.max() < count)):
        raise InputError(
            f"{field} has shape {given.shape} and dtype {given.dtype}: give indices from 0 to"
            f" {count - 1}, or True and False for each of {count} neurons"
        )
    return np.unique(given).astype(np.intp)


def _with(rnn: RNN, connectivity: LowRank | FullRank, readout: Array) -> RNN:
    outputs = readout if readout.shape[1] else None
    return rnn.replace(connectivity=connectivity, readout=outputs)
