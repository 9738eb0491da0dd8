"""The low-rank network inside any network, and whether its predictions hold in the original."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lowrnn.analysis.inactivation import inactivation
from lowrnn.errors import InputError, check_array, check_number
from lowrnn.fitting import LINT, r2
from lowrnn.learning import evaluate
from lowrnn.learning.seeds import check_seed
from lowrnn.networks import RNN, LowRank
from lowrnn.tasks import Task, Trials

Array = NDArray[np.floating]

#: Share of the trials that fits do not see.
HELD_OUT = 0.2


@dataclass(frozen=True, eq=False)
class LowRankEquivalent:
    """A low-rank network with the activity of another network.

    Attributes
    ----------
    rnn : RNN
        The low-rank network: the same neurons in the same order, with the readout and the noise of
        the original.
    r2 : float
        Global R² of its rates, without noise, on held-out trials of the original.
    ceiling : float
        The same of the original itself without noise: what noise allows.
    fit : LINT
        How it was found. It leaves out neurons whose rate never changes.
    """

    rnn: RNN
    r2: float
    ceiling: float
    fit: LINT


def low_rank_equivalent(
    rnn: RNN,
    on: Task | Trials | ArrayLike,
    rank: int = 1,
    *,
    n_trials: int = 400,
    seed: int = 0,
    **settings: Any,
) -> LowRankEquivalent:
    """Find the low-rank network with the activity of a given network (Valente et al. 2022).

    The network runs on many trials, with its noise, and `LINT` is fitted to its rates: what it
    does is kept, whatever the rank of its connectivity. Which rank is enough, R² near the ceiling
    and the task accuracy of `rnn` tell.

    Parameters
    ----------
    rnn : RNN
        Any network, such as one that was trained at full rank or `from_torch(module)`.
    on : Task, Trials or array (trial, time, input)
        What to run it on: a task, of which `n_trials` are drawn, or inputs, at least 5 trials.
    rank : int
        Number of latents.
    n_trials : int
        See `on`. A fifth of the trials is held out.
    seed : int
        Determines trials, noise and the fit.
    **settings
        For `LINT`, in place of its defaults. Dynamics are those of the network; offsets and an
        initial state are fitted if it has them.

    Raises
    ------
    InputError
        If there are too few trials, the inputs do not fit, or activity never changes.
    """
    u = _inputs(on, rnn, n_trials, seed)
    rates = rnn.simulate(u, seed).rates
    train, test = _split(len(u), seed)
    constant = np.ptp(rates[train], axis=(0, 1)) < 1e-9
    varies = np.flatnonzero(~constant)
    if not varies.size:
        raise InputError("on moves no neuron of the network: give inputs that it responds to")
    fit = _lint(rnn, rank, seed, settings, bool(constant.any()))
    fit.fit(rates[train][:, :, varies], u[train])
    equivalent = _embed(fit.rnn_, rnn, u[train], varies)
    predicted, silent = (
        net.replace(noise_std=0.0).simulate(u[test]).rates for net in (equivalent, rnn)
    )
    return LowRankEquivalent(equivalent, r2(rates[test], predicted), r2(rates[test], silent), fit)


def silencing_predictions(
    original: RNN,
    equivalent: RNN,
    task: Task,
    groups: Mapping[str, ArrayLike],
    **settings: Any,
) -> pd.DataFrame:
    """Silence the same neurons in a network and in its low-rank equivalent.

    Groups that the loadings of the equivalent suggest, such as `strongest(equivalent.inputs[:, 2],
    0.1)`, become a prediction about the original.

    Parameters
    ----------
    original, equivalent : RNN
        Two networks of the same neurons, such as the result of `low_rank_equivalent`.
    task : Task
        What they do.
    groups : mapping from str to array
        Neurons, as for `inactivation`.
    **settings
        For `inactivation`: `by=["context"]` tells impaired from spared contexts.

    Returns
    -------
    pandas.DataFrame
        One row for each group and condition: `group`, the variables of `by`, `size`, and the
        other columns of `inactivation` with the endings `_original` and `_equivalent`.

    Raises
    ------
    InputError
        If the numbers of neurons differ, or as in `inactivation`.
    """
    if original.neurons != equivalent.neurons:
        raise InputError(
            f"original has {original.neurons} neurons and equivalent {equivalent.neurons}: give"
            " two networks of the same neurons"
        )
    tables = [inactivation(net, task, groups, **settings) for net in (original, equivalent)]
    keys = ["group", *settings.get("by", ()), "size"]
    return tables[0].merge(tables[1], on=keys, suffixes=("_original", "_equivalent"))


def strongest(values: ArrayLike, fraction: float) -> NDArray[np.intp]:
    """The share of neurons with the largest absolute values, as sorted indices.

    Parameters
    ----------
    values : array (neuron,)
        Such as a column of the input weights, or of `selectivity`.
    fraction : float
        Share, above 0 and at most 1; at least one neuron.
    """
    given = check_array("values", values, ("neuron",), dtype=np.float64)
    count = _count(fraction, len(given))
    return np.sort(np.argsort(-np.abs(given), kind="stable")[:count])


def subsampling(
    rnn: RNN,
    on: Task | Trials | ArrayLike,
    fractions: Sequence[float] = (1.0, 0.5, 0.2, 0.1, 0.05),
    rank: int = 1,
    *,
    repeats: int = 3,
    n_trials: int = 400,
    seed: int = 0,
    **settings: Any,
) -> pd.DataFrame:
    """How well the low-rank equivalent is found from few of the neurons.

    Parameters
    ----------
    rnn : RNN
        Any network.
    on : Task, Trials or array (trial, time, input)
        As for `low_rank_equivalent`. Accuracy needs a task.
    fractions : sequence of float
        Shares of the neurons that are observed.
    rank : int
        Number of latents.
    repeats : int
        Random subsets for each fraction below 1.
    n_trials, seed, **settings
        As for `low_rank_equivalent`.

    Returns
    -------
    pandas.DataFrame
        One row a fit: `fraction`, `repeat`, `neurons`; `r2` on held-out trials of these neurons;
        `ceiling`, that of the network itself without noise; `accuracy` of the fit on the task with
        the readout of these neurons, scaled by N / their number (NaN without a task).
    """
    u = _inputs(on, rnn, n_trials, seed)
    rates = rnn.simulate(u, seed).rates
    train, test = _split(len(u), seed)
    silent = rnn.replace(noise_std=0.0).simulate(u[test]).rates
    rows = []
    for fraction in fractions:
        count = _count(fraction, rnn.neurons)
        for repeat in range(repeats if count < rnn.neurons else 1):
            rng = np.random.default_rng([seed, count, repeat])
            chosen = np.sort(rng.permutation(rnn.neurons)[:count])
            constant = np.ptp(rates[train][:, :, chosen], axis=(0, 1)) < 1e-9
            if constant.all():
                raise InputError(
                    f"fractions hold {fraction}, of which no neuron changes its rate: give more"
                )
            fit = _lint(rnn, rank, seed, settings, bool(constant.any()))
            observed = chosen[~constant]
            fit.fit(rates[train][:, :, observed], u[train])
            accuracy = np.nan
            if isinstance(on, Task):
                readout = rnn.readout[observed] * (len(observed) / count)
                student = fit.rnn_.replace(readout=readout, noise_std=rnn.noise_std)
                accuracy = evaluate(student, on, n_trials=n_trials, seed=seed).accuracy
            row = {"fraction": fraction, "repeat": repeat, "neurons": count}
            row |= {
                "r2": r2(rates[test][:, :, observed], fit.predict(u[test])),
                "ceiling": r2(rates[test][:, :, observed], silent[:, :, observed]),
                "accuracy": accuracy,
            }
            rows.append(row)
    return pd.DataFrame(rows)


def _inputs(on: Task | Trials | ArrayLike, rnn: RNN, n_trials: int, seed: int) -> Array:
    """Inputs (trial, time, input) to run a network on."""
    check_seed(seed)
    if isinstance(on, Task):
        on = on.sample(n_trials, seed)
    given = on.inputs if isinstance(on, Trials) else on
    u = check_array("on", given, ("trial", "time", rnn.inputs.shape[1]), dtype=rnn.dtype)
    if len(u) < 5:
        raise InputError(f"on has {len(u)} trials: give at least 5, for some are held out")
    return u


def _split(trials: int, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Training and held-out trials."""
    order = np.random.default_rng([seed, trials]).permutation(trials)
    held_out = max(1, round(HELD_OUT * trials))
    return np.sort(order[held_out:]), np.sort(order[:held_out])


def _lint(rnn: RNN, rank: int, seed: int, settings: dict[str, Any], constant: bool) -> LINT:
    """The fit, with the dynamics of the network. Neurons with a constant rate act as a bias."""
    dynamics: dict[str, Any] = {
        "on": "rates",
        "dt": rnn.dt,
        "tau": rnn.tau,
        "nonlinearity": rnn.nonlinearity,
        "seed": seed,
        "bias": bool(rnn.bias.any()) or constant,
        "initial_state": "shared" if rnn.initial_state.any() else "zero",
    }
    known = LINT().get_params().keys() - {"rank", "on", "dt", "tau", "nonlinearity"}
    for name in settings:
        if name not in known:
            raise InputError(f"{name!r} is no setting here: use one of {', '.join(sorted(known))}")
    return LINT(rank, **(dynamics | settings))


def _embed(fitted: RNN, rnn: RNN, u: Array, varies: NDArray[np.intp]) -> RNN:
    """The fitted network with the neurons that it left out, whose rates stay what they are."""
    if not isinstance(fitted.connectivity, LowRank):
        raise TypeError("LINT fits low-rank networks")
    share = rnn.neurons / len(varies)

    def spread(values: Array, scale: float = 1.0) -> Array:
        whole = np.zeros((rnn.neurons, *values.shape[1:]), values.dtype)
        whole[varies] = values * values.dtype.type(scale)
        return whole

    bias = spread(fitted.bias)
    if len(varies) < rnn.neurons:
        rest = np.setdiff1d(np.arange(rnn.neurons), varies)
        # A constant rate is either a constant state, or one that never leaves a flat part of phi.
        bias[rest] = (rnn.simulate(u[:1]).x[0].mean(axis=0) + rnn.bias)[rest]
    return RNN(
        LowRank(spread(fitted.connectivity.m), spread(fitted.connectivity.n, share)),
        spread(fitted.inputs) if fitted.inputs.shape[1] else None,
        rnn.readout if rnn.readout.shape[1] else None,
        dt=rnn.dt,
        tau=rnn.tau,
        nonlinearity=rnn.nonlinearity,
        noise_std=rnn.noise_std,
        bias=bias,
        initial_state=spread(fitted.initial_state),
    )


def _count(fraction: float, neurons: int) -> int:
    if check_number("fraction", fraction, above=0) > 1:
        raise InputError(f"fraction is {fraction}: give a share above 0 and at most 1")
    return max(1, round(fraction * neurons))
