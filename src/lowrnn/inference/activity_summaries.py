"""Summaries of what a network did: its course in a fixed frame, its dimensions, its learning.

Axes that are found anew for each network, such as principal components, have arbitrary signs and
turn between networks: their coordinates cannot be compared. These summaries take coordinates in a
frame that is fixed before simulation, or quantities that no rotation changes.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array, check_number
from lowrnn.inference.summary import Summary

Array = NDArray[np.float64]


def fixed_frame(*blocks: ArrayLike) -> Array:
    """An orthonormal basis of given directions, each oriented along its own.

    Parameters
    ----------
    *blocks : arrays (neuron, direction) or (neuron,)
        Such as `m` and the input weights of the initial network that all students share.

    Returns
    -------
    array (neuron, direction)
        Column `k` is the part of direction `k` that is orthogonal to those before it.

    Raises
    ------
    InputError
        If numbers of neurons differ, or a direction lies in the span of those before it.
    """
    columns = [np.atleast_2d(np.asarray(block, float).T).T for block in blocks]
    if not columns or len({len(block) for block in columns}) > 1:
        raise InputError(
            f"blocks have {[len(block) for block in columns]} neurons: give at least one, and the"
            " same number in all"
        )
    given = check_array("blocks", np.hstack(columns), ("neuron", "direction"), dtype=np.float64)
    q, r = np.linalg.qr(given)
    sizes = np.diag(r)
    within = np.abs(sizes) < 1e-9 * np.linalg.norm(given, axis=0)
    if given.shape[1] > len(given) or within.any():
        raise InputError(
            f"direction {int(np.argmax(within))} lies in the span of those before it: leave it out"
        )
    frame: Array = q * np.sign(sizes)
    return frame


def state_course(x: ArrayLike, frame: ArrayLike, steps: Sequence[int]) -> Summary:
    """Coordinates of the state in a fixed frame at fixed times, `frameᵀ x / √N`.

    Parameters
    ----------
    x : array (..., condition, time, neuron)
        States.
    frame : array (neuron, direction)
        From `fixed_frame`.
    steps : sequence of int
        Time steps to keep; negative ones count from the end.
    """
    axes = check_array("frame", frame, ("neuron", "direction"), dtype=np.float64)
    return _course("state_course", np.asarray(x, float), axes / np.sqrt(len(axes)), steps)


def latent_course(rates: ArrayLike, n: ArrayLike, steps: Sequence[int]) -> Summary:
    """What the selection vectors read at fixed times, `nᵀ r / N`.

    Parameters
    ----------
    rates : array (..., condition, time, neuron)
        `phi(x + bias)`.
    n : array (neuron, rank)
        Selection vectors of the initial network, in its own gauge: the same for all students.
    steps : sequence of int
        Time steps to keep; negative ones count from the end.
    """
    vectors = check_array("n", n, ("neuron", "rank"), dtype=np.float64)
    return _course("latent_course", np.asarray(rates, float), vectors / len(vectors), steps)


def variance_shares(x: ArrayLike, components: int = 5) -> Summary:
    """Shares of the variance over conditions and times in the first principal components.

    Parameters
    ----------
    x : array (..., condition, time, neuron)
        States or rates.
    components : int
        How many; shares of those that do not exist are 0.
    """
    given = np.asarray(x, float)
    samples = given.reshape(*given.shape[:-3], -1, given.shape[-1])
    centred = samples - samples.mean(axis=-2, keepdims=True)
    power = np.linalg.svd(centred, compute_uv=False) ** 2
    total = power.sum(axis=-1, keepdims=True)
    shares = np.divide(power, total, out=np.zeros_like(power), where=total > 0)
    return Summary(
        "variance_shares", 1, tuple(f"pc{k + 1}" for k in range(components)),
        padded(shares, components),
    )  # fmt: skip


def marginal_variances(x: ArrayLike) -> Summary:
    """Shares of the variance that time, condition, and both together explain.

    Parameters
    ----------
    x : array (..., condition, time, neuron)
        States or rates.

    Returns
    -------
    Summary
        "time": of the mean over conditions; "condition": of the mean over times, without what all
        conditions share; "interaction": of what is left. They add up to 1, or are 0 if nothing
        varies, and no rotation of the neurons changes them.

    References
    ----------
    The marginals of demixed PCA: Kobak et al. 2016, who join the last two.
    """
    given = np.asarray(x, float)
    if given.ndim < 3:
        raise InputError(f"x has shape {given.shape}: give (..., condition, time, neuron)")
    centred = given - given.mean(axis=(-3, -2), keepdims=True)
    time = centred.mean(axis=-3, keepdims=True)
    condition = centred.mean(axis=-2, keepdims=True)
    parts = (time, condition, centred - time - condition)
    power = np.stack([(part**2).mean(axis=(-3, -2)).sum(axis=-1) for part in parts], axis=-1)
    total = power.sum(axis=-1, keepdims=True)
    shares = np.divide(power, total, out=np.zeros_like(power), where=total > 0)
    return Summary("marginal_variances", 1, ("time", "condition", "interaction"), shares)


def learning_curve(
    scores: ArrayLike, points: int = 5, *, criterion: float | None = None, falling: bool = False
) -> Summary:
    """A score at equally spaced trials, from the first to the last, and when it reached a level.

    Parameters
    ----------
    scores : array (..., trial)
        Such as the accuracy of each epoch.
    points : int
        Trials to keep, at least 2.
    criterion : float, optional
        Adds the share of the training that passed before the score first reached this level, 1 if
        it never did.
    falling : bool
        Whether the score is a loss, which reaches the level from above.
    """
    given = np.asarray(scores, float)
    check_number("points", points, at_least=2)
    kept = np.linspace(0, given.shape[-1] - 1, points).round().astype(int)
    values, labels = given[..., kept], tuple(f"trial{trial}" for trial in kept)
    if criterion is not None:
        reached = given <= criterion if falling else given >= criterion
        first = np.where(reached.any(axis=-1), reached.argmax(axis=-1) / given.shape[-1], 1.0)
        values, labels = np.concatenate([values, first[..., None]], axis=-1), (*labels, "criterion")
    return Summary("learning_curve", 1, labels, values)


def padded(values: Array, count: int) -> Array:
    """The first `count` entries along the last axis, 0 where there are none."""
    missing = max(0, count - values.shape[-1])
    widths = [(0, 0)] * (values.ndim - 1) + [(0, missing)]
    return np.pad(values[..., :count], widths)


def _course(name: str, activity: Array, axes: Array, steps: Sequence[int]) -> Summary:
    """Projections at given steps, one label for each condition, step and direction."""
    if activity.ndim < 3 or activity.shape[-1] != len(axes):
        raise InputError(
            f"activity has shape {activity.shape}: give (..., condition, time, neuron) with"
            f" {len(axes)} neurons"
        )
    conditions, time = activity.shape[-3:-1]
    if outside := [step for step in steps if not -time <= step < time]:
        raise InputError(f"steps has {outside[0]}, and there are {time}: give 0 to {time - 1}")
    kept = np.asarray(steps, int) % time
    values = activity[..., kept, :] @ axes
    labels = tuple(
        f"condition{c}.step{t}.{k}"
        for c in range(conditions)
        for t in kept
        for k in range(axes.shape[1])
    )
    return Summary(name, 1, labels, values.reshape(*values.shape[:-3], -1))
