"""What of a representation changes while the behaviour stays: activity and tuning over time."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import check_array

Array = NDArray[np.float64]


def active_fraction(rates: ArrayLike) -> tuple[float, float]:
    """How sparse an activity of rectified neurons is.

    Parameters
    ----------
    rates : array (sample, neuron)
        Activity, 0 where a neuron is silent.

    Returns
    -------
    pairs : float
        Fraction of pairs of a sample and a neuron in which the neuron is active.
    neurons : float
        Fraction of neurons that are active in any sample.

    References
    ----------
    Ratzon, Derdikman & Barak 2024.
    """
    active = check_array("rates", rates, ("sample", "neuron")) > 0
    return float(active.mean()), float(active.any(axis=0).mean())


def tuning_similarity(curves: ArrayLike) -> Array:
    """How much neurons keep their tuning, between all pairs of moments.

    Parameters
    ----------
    curves : array (moment, condition, neuron)
        Tuning curves: the mean rate of each neuron in each condition.

    Returns
    -------
    array (moment, moment)
        Mean over neurons of the correlation across conditions. Neurons whose tuning is flat at
        either moment are left out; NaN where none is left.
    """
    values = check_array("curves", curves, ("moment", "condition", "neuron"), dtype=np.float64)
    centred = values - values.mean(axis=1, keepdims=True)
    size = np.linalg.norm(centred, axis=1, keepdims=True)
    tuned = size[:, 0] > 1e-12 * np.abs(values).max(axis=(1, 2), initial=1e-300)[:, None]
    unit = np.where(tuned[:, None], centred / np.where(size > 0, size, 1), 0)
    both = tuned.astype(float) @ tuned.T
    total = np.einsum("acn,bcn->ab", unit, unit)
    return np.where(both > 0, total / np.maximum(both, 1), np.nan)
