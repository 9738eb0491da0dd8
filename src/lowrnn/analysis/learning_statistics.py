"""Whether what seems to be learning could be chance: nulls of trials in another order."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone

from lowrnn.analysis.over_trials import as_held_out, as_labels, in_order
from lowrnn.errors import InputError, check_array
from lowrnn.fitting.learning_r2 import learning_r2
from lowrnn.fitting.ltrnn import LTRNN

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Null:
    """A statistic, and what it is where its cause is broken.

    Attributes
    ----------
    observed : array
        The statistic; any shape.
    null : array (shuffle, ...)
        Of each shuffle.
    p : array
        Share of the shuffles, and the data, that are at least as extreme.
    """

    observed: Array
    null: Array
    p: Array


def factor_smoothness(trial_factors: ArrayLike, shuffles: int = 1000, seed: int = 0) -> Null:
    """Whether factors of successive trials are alike: von Neumann's ratio, and that of any order.

    The mean squared difference of successive trials over twice the variance: 1 for white noise,
    near 0 for a smooth curve. A fit with a smoothness above 0 gives smooth factors to any data; it
    needs `trial_shuffle`. This is for factors that were found trial by trial, `smoothness=0`.

    Parameters
    ----------
    trial_factors : array (trial, component)
        Each varies.
    shuffles : int
        Orders of trials.
    seed : int
        Determines them.

    Returns
    -------
    Null
        Arrays (component,), (shuffle, component), (component,): p of a ratio this small.
    """
    c = check_array("trial_factors", trial_factors, ("trial", "component"), dtype=np.float64)
    if len(c) < 3 or not np.ptp(c, axis=0).all():
        raise InputError("trial_factors do not vary: give at least 3 trials that differ")
    rng = np.random.default_rng(seed)
    observed = _ratio(c)
    null = np.array([_ratio(rng.permutation(c)) for _ in range(shuffles)]).reshape(shuffles, -1)
    return _compared(observed, null, null <= observed)


def curve_correlation(
    trial_factors: ArrayLike, curve: ArrayLike, epochs: ArrayLike | None = None
) -> Null:
    """Correlation of factors with a learning curve, and with the curve shifted along the session.

    Two smooth series correlate by chance far more often than independent trials do. So the null has
    the same smoothness: the curve rotated by every number of trials.

    Parameters
    ----------
    trial_factors : array (trial, component)
    curve : array (trial,)
        Behaviour, such as `Adaptation.angular_error` or a loss.
    epochs : array (trial,), optional
        Labels: means of epochs are taken out of both, and the curve is rotated within each. What
        remains is whether they covary while an epoch lasts.

    Returns
    -------
    Null
        Arrays (component,), (shift, component), (component,): p of a correlation of this size.
    """
    c = check_array("trial_factors", trial_factors, ("trial", "component"), dtype=np.float64)
    y = check_array("curve", curve, (len(c),), dtype=np.float64)
    label = as_labels("epochs", np.zeros(len(c)) if epochs is None else epochs, len(c))
    members = [np.flatnonzero(label == name) for name in in_order(label)]
    for of in members:
        c, y = c.copy(), y.copy()
        c[of] -= c[of].mean(axis=0)
        y[of] -= y[of].mean()
    size = np.linalg.norm(c, axis=0) * np.linalg.norm(y)
    if not size.all():
        raise InputError("trial_factors or curve do not vary: give those that do")

    def shifted(by: int) -> Array:
        moved = y.copy()
        for of in members:
            moved[of] = np.roll(y[of], by)
        return np.asarray(moved @ c / size)

    observed = shifted(0)
    null = np.array([shifted(by) for by in range(1, max(map(len, members)))])
    null = null.reshape(-1, c.shape[1])
    return _compared(observed, null, np.abs(null) >= np.abs(observed))


def trial_shuffle(
    model: LTRNN,
    X: ArrayLike,
    mask: ArrayLike,
    conditions: ArrayLike,
    inputs: ArrayLike | None = None,
    *,
    shuffles: int = 10,
    seed: int = 0,
) -> Null:
    """Learning R² of held-out entries, and of fits to trials in another order.

    Trials of a condition change places with one another, with their masks, so that all that a
    static network could explain stays the same. What is lost is the course over trials, by which a
    smooth fit tells held-out entries from the trials around. One fit a shuffle.

    Parameters
    ----------
    model : LTRNN
        Settings; it is not changed.
    X : array (trial, time, neuron)
        Activity; NaN = not observed.
    mask : boolean array (trial, time, neuron)
        Entries held out, such as `blocked_mask(...).test`.
    conditions : array (trial,)
        Labels.
    inputs : array (trial, time, input), optional
        Inputs that go with an array; they move with their trials.
    shuffles : int
        How many.
    seed : int
        Determines them.

    Returns
    -------
    Null
        Arrays (), (shuffle,), (): p of a learning R² this large.
    """
    rates = check_array("X", X, ("trial", "time", "neuron"), finite=False)
    held = as_held_out(mask, rates.shape)
    label = as_labels("conditions", conditions, len(rates))
    u = None if inputs is None else np.asarray(inputs)
    rng = np.random.default_rng(seed)

    def score(order: NDArray[np.intp]) -> float:
        y, out = rates[order], held[order]
        fitted = clone(model).fit(
            np.where(out, np.nan, y), None if u is None else u[order], label[order]
        )
        return learning_r2(np.where(out, y, np.nan), fitted.predict(), label[order])

    observed = np.asarray(score(np.arange(len(rates))))
    null = np.array([score(_within(label, rng)) for _ in range(shuffles)])
    return _compared(observed, null, null >= observed)


def epoch_separation(values: ArrayLike, epochs: ArrayLike) -> Array:
    """How far apart epochs are: distances of their means over the spread within them.

    Parameters
    ----------
    values : array (trial,) or (trial, coordinate)
        Such as the real and imaginary part of an eigenvalue.
    epochs : array (trial,)
        Labels.

    Returns
    -------
    array (epoch, epoch)
        `|mean_e - mean_f| / sqrt((var_e + var_f) / 2)`, epochs in the order of first trials; NaN on
        the diagonal. The variance is that over trials, of all coordinates together, and includes
        what changes while an epoch lasts.
    """
    given = np.asarray(values)
    given = given[:, None] if given.ndim == 1 else given
    points = check_array("values", given, ("trial", "coordinate"), dtype=np.float64)
    label = as_labels("epochs", epochs, len(points))
    groups = [points[label == name] for name in in_order(label)]
    mean = np.array([group.mean(axis=0) for group in groups])
    variance = np.array([group.var(axis=0).sum() for group in groups])
    distance = np.linalg.norm(mean[:, None] - mean, axis=2)
    with np.errstate(invalid="ignore", divide="ignore"):
        apart: Array = distance / np.sqrt((variance[:, None] + variance) / 2)
    np.fill_diagonal(apart, np.nan)
    return apart


def _ratio(c: Array) -> Array:
    return np.asarray(np.mean(np.diff(c, axis=0) ** 2, axis=0) / (2 * c.var(axis=0)))


def _within(label: NDArray[np.generic], rng: np.random.Generator) -> NDArray[np.intp]:
    """An order of trials in which those of a condition have changed places."""
    order = np.arange(len(label))
    for name in np.unique(label):
        of = np.flatnonzero(label == name)
        order[of] = rng.permutation(of)
    return order


def _compared(observed: Array, null: Array, extreme: NDArray[np.bool_]) -> Null:
    p = (1 + extreme.sum(axis=0)) / (1 + len(null))
    return Null(np.asarray(observed), null, np.asarray(p))
