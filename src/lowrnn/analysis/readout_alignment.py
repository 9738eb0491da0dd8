"""Aligned or oblique: whether a network is read out along the directions of its largest activity.

An aligned readout is small and lies along the leading principal components of activity; an oblique
one is large and nearly orthogonal to them (Schuessler, Mastrogiuseppe, Ostojic & Barak, eLife
2024). The readouts here are matrices that multiply activity, of states or rates alike.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array, check_number
from lowrnn.learning.score import task_loss
from lowrnn.networks import RNN
from lowrnn.tasks import Trials

Array = NDArray[np.float64]

#: Penalties of the ridge regression, relative to the variance of the first principal component; the
#: first is none, but for rounding.
PENALTIES = (1e-14, *np.logspace(-8, 0, 9).tolist())


@dataclass(frozen=True, eq=False)
class ReadoutDimensions:
    """How many principal components of activity make up its variance, and how many its output.

    Attributes
    ----------
    states : int
        Components that hold the wanted share of the variance, D_x.
    fit : int or None
        Leading components from which the output is regressed with the wanted R², D_fit; None if
        those looked at do not suffice. More than `states`: oblique.
    variance : array (component,)
        Share of each component in the variance, of all of them.
    r2 : array (component,)
        R² of the regression on 1, 2, … components, of trials left out, up to `fit`.
    """

    states: int
    fit: int | None
    variance: Array
    r2: Array


@dataclass(frozen=True)
class AlongReadout:
    """A quantity along the readout, and along other directions.

    Attributes
    ----------
    readout : float
        Mean along the orthonormal directions that the readout spans.
    components : float
        Mean along the leading principal components of activity, as many.
    random : float
        Mean along random directions.
    """

    readout: float
    components: float
    random: float


def readout_correlation(
    x: ArrayLike,
    readout: ArrayLike,
    *,
    normalisation: Literal["gram", "norm"] = "gram",
    centre: bool = False,
) -> float:
    """How much of the activity the readout sees, between 0 and 1.

    Schuessler et al. 2024. With activity X (sample, neuron) and the readout W (neuron, output):
    `|X W| / √(|Wᵀ W| |X Xᵀ|)` in Frobenius norms ("gram", as in the figures of the paper), which is
    1 if activity varies along the readout alone; or `|X W| / (|X| |W|)` ("norm"), from which the
    output has the root mean square `ρ |W| |x|`, and which is `1/√N` for unrelated directions.

    Parameters
    ----------
    x : array (..., neuron)
        Activity.
    readout : array (neuron, output)
        The weights of the readout; a factor does not matter.
    normalisation : {"gram", "norm"}
        Which variant.
    centre : bool
        Take from each sample its mean over neurons first.

    Raises
    ------
    InputError
        If shapes disagree, or activity or readout are 0.
    """
    weights = check_array("readout", readout, ("neuron", "output"), dtype=np.float64)
    X = _samples("x", x, len(weights))
    if centre:
        X = X - X.mean(axis=1, keepdims=True)
    seen = float(np.linalg.norm(X @ weights))
    if normalisation == "gram":
        scale = np.sqrt(np.linalg.norm(weights.T @ weights) * np.linalg.norm(_gram(X)))
    elif normalisation == "norm":
        scale = np.linalg.norm(weights) * np.linalg.norm(X)
    else:
        raise InputError(f"normalisation is {normalisation!r}: use gram or norm")
    if scale == 0:
        raise InputError("x or readout is 0: give activity and a readout that sees some")
    return seen / float(scale)


def readout_dimensions(
    x: ArrayLike, z: ArrayLike, *, level: float = 0.9, folds: int = 5, components: int = 100
) -> ReadoutDimensions:
    """Dimensions of the activity, and of that part of it from which the output can be fit.

    Schuessler et al. 2024: ridge regression of the output on the leading principal components, with
    the penalty that predicts best the trials that were left out.

    Parameters
    ----------
    x : array (trial, time, neuron)
        Activity.
    z : array (trial, time, output)
        The output.
    level : float
        The share of the variance, and the R², that are asked for.
    folds : int
        Parts into which the trials are split at random, each left out once.
    components : int
        Principal components to look at, at most.

    Raises
    ------
    InputError
        If shapes disagree, a number is out of range, or activity or output do not vary.
    """
    states = check_array("x", x, ("trial", "time", "neuron"), dtype=np.float64)
    trials, time, neurons = states.shape
    output = check_array("z", z, (trials, time, "output"), dtype=np.float64)
    if check_number("level", level, above=0) >= 1:
        raise InputError(f"level is {level}: give a share below 1")
    if not 2 <= folds <= trials:
        raise InputError(f"folds is {folds}: give 2 to {trials}, the number of trials")
    if components < 1:
        raise InputError(f"components is {components}: give at least 1")
    X, Z = states.reshape(-1, neurons), output.reshape(trials * time, -1)
    X, Z = X - X.mean(axis=0), Z - Z.mean(axis=0)
    values, vectors = np.linalg.eigh(X.T @ X)
    values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
    if values[0] == 0 or not Z.any():
        raise InputError("x or z does not vary: give activity and output of a task")
    variance = values / values.sum()
    scores = X @ vectors[:, : min(components, neurons)]
    fold = np.repeat(np.random.default_rng(0).permutation(trials) % folds, time)
    r2: list[float] = []
    while len(r2) < scores.shape[1] and (not r2 or r2[-1] < level):
        r2.append(0.0)
        r2[-1] = _r2(scores[:, : len(r2)], Z, fold)
    return ReadoutDimensions(
        states=int(np.searchsorted(np.cumsum(variance), level)) + 1,
        fit=len(r2) if r2[-1] >= level else None,
        variance=variance,
        r2=np.array(r2),
    )


def readout_noise(x: ArrayLike, readout: ArrayLike, labels: ArrayLike) -> AlongReadout:
    """Variance of activity from trial to trial, along the readout and elsewhere.

    Oblique networks suppress noise along the readout: less than along random directions
    (Schuessler et al. 2024).

    Parameters
    ----------
    x : array (trial, time, neuron)
        Activity.
    readout : array (neuron, output)
        The weights of the readout.
    labels : array (trial,)
        The condition of each trial. Fluctuations are those about the mean of a condition at each
        step; principal components those of the means.

    Returns
    -------
    AlongReadout
        Variances; the mean over all random directions is exact.

    Raises
    ------
    InputError
        If shapes disagree, the readout is 0, or no condition has two trials.
    """
    weights = check_array("readout", readout, ("neuron", "output"), dtype=np.float64)
    states = check_array("x", x, ("trial", "time", len(weights)), dtype=np.float64)
    of = np.asarray(labels)
    if of.shape != (len(states),):
        raise InputError(f"labels have shape {of.shape}: give one for each of {len(states)} trials")
    names, which = np.unique(of, return_inverse=True)
    if len(names) == len(states):
        raise InputError("labels are all different: give at least one condition two trials")
    means = np.stack([states[which == number].mean(axis=0) for number in range(len(names))])
    rest = (states - means[which]).reshape(-1, len(weights))
    freedom = (len(states) - len(names)) * states.shape[1]
    basis = _span(weights)
    leading = _components(means, basis.shape[1])
    along, across = (
        float(((rest @ axes) ** 2).sum()) / (freedom * axes.shape[1]) for axes in (basis, leading)
    )
    return AlongReadout(along, across, float((rest**2).sum()) / (freedom * len(weights)))


def readout_susceptibility(
    rnn: RNN, trials: Trials, *, amplitude: float, step: int, draws: int = 10, seed: int = 0
) -> AlongReadout:
    """How much a kick of the state along the readout raises the loss, and one along others.

    Parameters
    ----------
    rnn : RNN
        A network with a readout.
    trials : Trials
        What it has to do.
    amplitude : float
        Length of the kick; both signs are averaged.
    step : int
        The step at the end of which the state is kicked.
    draws : int
        Number of random directions.
    seed : int
        Determines the random directions and the network's noise, which is the same with the kick
        and without.

    Returns
    -------
    AlongReadout
        Relative increases of the loss, `loss with kick / loss without - 1`.

    Raises
    ------
    InputError
        If a number is out of range, the network has no readout, or its loss is 0.
    """
    if not rnn.readout.any():
        raise InputError("readout is 0: give a network with an output")
    length = check_number("amplitude", amplitude, above=0)
    time = trials.inputs.shape[1]
    if not 0 <= step < time:
        raise InputError(f"step is {step}: give 0 to {time - 1}")
    if draws < 1:
        raise InputError(f"draws is {draws}: give at least 1")
    rest = rnn.simulate(trials.inputs, seed)
    before = task_loss(rest.z, trials)
    if before == 0:
        raise InputError("the loss without a kick is 0: give trials that the network gets wrong")
    # A pulse of one step along a further input is a kick.
    pulse = np.zeros((*trials.inputs.shape[:2], 1))
    pulse[:, step] = length / rnn.alpha
    u = np.concatenate([trials.inputs, pulse], axis=2)

    def increase(axes: Array) -> float:
        losses = []
        for axis in np.concatenate([axes.T, -axes.T]):
            kicked = rnn.replace(inputs=np.column_stack([rnn.inputs, axis]))
            losses.append(task_loss(kicked.simulate(u, seed).z, trials))
        return float(np.mean(losses)) / before - 1

    basis = _span(rnn.readout.astype(np.float64))
    drawn = np.random.default_rng(seed).standard_normal((rnn.neurons, draws))
    return AlongReadout(
        increase(basis),
        increase(_components(rest.x.astype(np.float64), basis.shape[1])),
        increase(drawn / np.linalg.norm(drawn, axis=0)),
    )


def procrustes_angle(one: ArrayLike, other: ArrayLike) -> float:
    """Dissimilarity of the activity of two networks up to a rotation, from 0 to π/2.

    The angle whose cosine is `|Xᵀ Y|_nuclear / (|X| |Y|)`, the means over samples taken off: the
    smallest that a rotation of one space of neurons onto the other leaves.

    Parameters
    ----------
    one, other : array (..., neuron)
        Activity at the same samples; the numbers of neurons may differ.

    Raises
    ------
    InputError
        If the numbers of samples differ, or activity does not vary.
    """
    X, Y = (_samples(name, value) for name, value in (("one", one), ("other", other)))
    if len(X) != len(Y):
        raise InputError(f"other has {len(Y)} samples: give {len(X)}, as many as one has")
    X, Y = X - X.mean(axis=0), Y - Y.mean(axis=0)
    scale = float(np.linalg.norm(X) * np.linalg.norm(Y))
    if scale == 0:
        raise InputError("activity does not vary over samples: give samples of a task")
    cosine = np.linalg.svd(X.T @ Y, compute_uv=False).sum() / scale
    return float(np.arccos(min(cosine, 1.0)))


def _samples(field: str, value: ArrayLike, neurons: int | None = None) -> Array:
    """Activity as (sample, neuron)."""
    array = np.asarray(value)
    if array.ndim < 2:
        raise InputError(f"{field} has shape {array.shape}: give an array (..., neuron)")
    last = array.shape[-1] if neurons is None else neurons
    checked = check_array(field, value, (*array.shape[:-1], last), dtype=np.float64)
    return checked.reshape(-1, last)


def _gram(X: Array) -> Array:
    """The smaller one of `X Xᵀ` and `Xᵀ X`, which have the same norm."""
    smaller: Array = X @ X.T if len(X) < X.shape[1] else X.T @ X
    return smaller


def _span(weights: Array) -> Array:
    """Orthonormal directions that span the columns, (neuron, direction)."""
    left, values, _ = np.linalg.svd(weights, full_matrices=False)
    if not values.any():
        raise InputError("readout is 0: give a readout that sees some activity")
    return np.asarray(left[:, values > 1e-12 * values[0]], np.float64)


def _components(states: Array, count: int) -> Array:
    """Leading principal components over trials and steps, (neuron, component)."""
    flat = states.reshape(-1, states.shape[-1])
    centred = flat - flat.mean(axis=0)
    return np.asarray(np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :count], np.float64)


def _r2(scores: Array, Z: Array, fold: NDArray[np.intp]) -> float:
    """R² on the samples left out, with the best of the penalties for all folds."""
    residual, total = np.zeros(len(PENALTIES)), 0.0
    for number in range(fold.max() + 1):
        train, test = fold != number, fold == number
        middle = scores[train].mean(axis=0), Z[train].mean(axis=0)
        known, seen = scores[train] - middle[0], Z[train] - middle[1]
        new, wanted = scores[test] - middle[0], Z[test] - middle[1]
        values, vectors = np.linalg.eigh(known.T @ known)
        along, new = vectors.T @ (known.T @ seen), new @ vectors
        for index, penalty in enumerate(PENALTIES):
            shrunk = values + penalty * values[-1]
            residual[index] += ((wanted - new @ (along / shrunk[:, None])) ** 2).sum()
        total += (wanted**2).sum()
    return 1 - float(residual.min()) / total
