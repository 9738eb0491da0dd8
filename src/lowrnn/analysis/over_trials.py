"""The dynamics of each trial in a network whose connectivity changes over trials."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from lowrnn.analysis.flow import LatentFlow
from lowrnn.analysis.windows import Window, mean_over
from lowrnn.errors import InputError, check_array
from lowrnn.networks import RNN, LowTensorRank
from lowrnn.networks.nonlinearity import derivative

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MeanLatents:
    """Latents averaged over the trials of a condition in an epoch.

    Attributes
    ----------
    epochs, conditions : array (epoch,), (condition,)
        Labels: epochs in the order of their first trials, conditions sorted.
    mean : array (epoch, condition, time, rank)
        NaN where an epoch has no trial of a condition.
    trials : integer array (epoch, condition)
        How many there were.
    """

    epochs: NDArray[Any]
    conditions: NDArray[Any]
    mean: Array
    trials: NDArray[np.intp]


def components_of(rnn: RNN) -> LowTensorRank:
    """The connectivity of a network over trials.

    Raises
    ------
    InputError
        If it is of another kind.
    """
    if not isinstance(rnn.connectivity, LowTensorRank):
        raise InputError(
            f"connectivity is {rnn.connectivity.kind}: give a network of low tensor rank"
        )
    return rnn.connectivity


def trial_flow(rnn: RNN, trial: int, u: ArrayLike | None = None) -> LatentFlow:
    """The flow of the latents in one trial, in coordinates along `a` that all trials share.

    `tau dkappa_r/dt = -kappa_r + c_r (1/N) b_rᵀ phi(a kappa + B u + bias)`. Coordinates are those
    of `Trajectory.kappa` if the connectivity is canonical, as that of a fit is.

    Parameters
    ----------
    rnn : RNN
        A network with `LowTensorRank` connectivity. For the smooth part of a fit give it
        `LowTensorRank(model.a_, model.b_, model.smooth_factors_)`.
    trial : int
        Which; -1 is the last.
    u : array (input,), optional
        The constant input; none by default.

    Raises
    ------
    InputError
        If the connectivity is of another kind, or there is no such trial.
    """
    parts = components_of(rnn)
    now = parts.at(trial)
    inputs = rnn.inputs.shape[1]
    constant = np.zeros(inputs) if u is None else check_array("u", u, (inputs,), dtype=np.float64)
    drive = rnn.inputs.astype(np.float64) @ constant + rnn.bias
    a, read = parts.a.astype(np.float64), now.n * parts.c[trial].astype(np.float64)
    return LatentFlow(a, read, drive, rnn.nonlinearity)


def flow_over_trials(
    rnn: RNN,
    trials: Sequence[int],
    u: ArrayLike | None = None,
    *,
    kappa_axes: Sequence[ArrayLike],
) -> Array:
    """The velocity of the latents on a grid in several trials, such as an early and a late one.

    Parameters
    ----------
    rnn, u
        As for `trial_flow`.
    trials : sequence of int
        Which.
    kappa_axes : sequence of arrays
        One an axis of the grid: values of each latent along `a`; one value to hold it fixed.

    Returns
    -------
    array (trial, len(kappa_axes[0]), ..., rank)
        `dkappa/dt` per second.

    Raises
    ------
    InputError
        If the axes are not one for each latent, or as for `trial_flow`.
    """
    rank = components_of(rnn).rank
    if len(kappa_axes) != rank:
        raise InputError(
            f"kappa_axes has {len(kappa_axes)} axes: give one for each of {rank} latents"
        )
    axes = [
        check_array(f"kappa_axes[{r}]", axis, ("point",), dtype=np.float64)
        for r, axis in enumerate(kappa_axes)
    ]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    return np.stack([trial_flow(rnn, trial, u)(grid) for trial in trials]) / rnn.tau


def overlaps_over_trials(rnn: RNN, x: ArrayLike | None = None, window: Window = None) -> Array:
    """How latents act on latents in each trial: `c_kr (1/N) b_rᵀ diag(phi') a_s`.

    With the gains of neurons in the states that a trial visits these are the effective overlaps:
    less the identity, the Jacobian of the latents there. Without states, `diag(c_k) (1/N) bᵀ a`,
    whose eigenvalues are those of `J_k` other than 0.

    Parameters
    ----------
    rnn : RNN
        A network with `LowTensorRank` connectivity.
    x : array (trial, time, neuron), optional
        Its states, such as `rnn.simulate(u).x`; gains are 1 by default.
    window : slice or boolean array (time,) or (trial, time), optional
        Over which steps gains are averaged; the whole trial by default.

    Returns
    -------
    array (trial, rank, rank)
    """
    parts = components_of(rnn)
    a, b, c = (each.astype(np.float64) for each in (parts.a, parts.b, parts.c))
    if x is None:
        return np.asarray(c[:, :, None] * (b.T @ a) / parts.neurons)
    shape = (parts.trials, "time", parts.neurons)
    states = check_array("x", x, shape, dtype=np.float64)
    gain = mean_over(derivative(rnn.nonlinearity, torch.from_numpy(states + rnn.bias)).numpy(),
                     window)  # fmt: skip
    pairs = (b[:, :, None] * a[:, None, :]).reshape(parts.neurons, -1)
    read = (gain @ pairs).reshape(-1, parts.rank, parts.rank) / parts.neurons
    return np.asarray(c[:, :, None] * read)


def eigenvalues_over_trials(overlaps: ArrayLike) -> NDArray[np.complex128]:
    """Eigenvalues of each trial's overlaps, each followed from trial to trial.

    The first trial has them by falling real part. From then on each is matched to the one that is
    nearest on the whole, so that a column moves continuously where the overlaps do. Eigenvalues
    that meet are interchangeable from there on; real ones keep their order.

    Parameters
    ----------
    overlaps : array (trial, rank, rank)
        From `overlaps_over_trials`.

    Returns
    -------
    array (trial, rank)
        In units of 1: the network is unstable where a real part exceeds 1.
    """
    given = np.asarray(overlaps)
    side = given.shape[-1] if given.ndim else 0
    matrices = check_array("overlaps", given, ("trial", side, side), dtype=np.float64)
    values = np.linalg.eigvals(matrices).astype(np.complex128)
    values[0] = values[0][np.lexsort((-values[0].imag, -values[0].real))]
    for before, now in pairwise(values):
        now[:] = now[linear_sum_assignment(np.abs(before[:, None] - now))[1]]
    return values


def mean_latents(kappa: ArrayLike, conditions: ArrayLike, epochs: ArrayLike) -> MeanLatents:
    """Latents of each condition, averaged over its trials in each epoch.

    Parameters
    ----------
    kappa : array (trial, time, rank)
        Such as `LTRNN.kappa_` or `rnn.simulate(u).kappa`.
    conditions, epochs : array (trial,)
        Labels.
    """
    given = check_array("kappa", kappa, ("trial", "time", "latent"), dtype=np.float64)
    condition = as_labels("conditions", conditions, len(given))
    epoch = as_labels("epochs", epochs, len(given))
    names, kinds = in_order(epoch), np.unique(condition)
    mean = np.full((len(names), len(kinds), *given.shape[1:]), np.nan)
    count = np.zeros(mean.shape[:2], np.intp)
    for i, name in enumerate(names):
        for j, kind in enumerate(kinds):
            of = (epoch == name) & (condition == kind)
            count[i, j] = of.sum()
            if of.any():
                mean[i, j] = given[of].mean(axis=0)
    return MeanLatents(names, kinds, mean, count)


def as_labels(field: str, labels: ArrayLike, trials: int) -> NDArray[Any]:
    """One label a trial, or an `InputError`."""
    found = np.asarray(labels)
    if found.shape != (trials,):
        raise InputError(
            f"{field} has shape {found.shape}: give one label for each of {trials} trials"
        )
    return found


def as_held_out(mask: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Booleans of this shape, or an `InputError`."""
    found = np.asarray(mask)
    if found.shape != shape or found.dtype != np.bool_:
        raise InputError(
            f"mask has shape {found.shape} and dtype {found.dtype}: give booleans of shape {shape}"
        )
    return found


def in_order(labels: NDArray[Any]) -> NDArray[Any]:
    """The different labels in the order in which they first appear."""
    values, first = np.unique(labels, return_index=True)
    return np.asarray(values[np.argsort(first)])
