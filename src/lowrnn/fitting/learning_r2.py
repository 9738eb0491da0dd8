"""How much of what changes from trial to trial of a condition a model explains."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError
from lowrnn.recordings.preprocess import nan_mean


def learning_r2(target: ArrayLike, prediction: ArrayLike, conditions: ArrayLike) -> float:
    """R² of deviations from the mean over the trials of a condition, bin by bin, neuron by neuron.

    What a static network predicts is the same in all trials of a condition: it scores 0.
    Deviations hold the noise of single trials, so a perfect model scores their explainable share.

    Parameters
    ----------
    target, prediction : array (trial, time, neuron)
        NaN targets are left out; of the prediction, the mean is taken over the same trials.
    conditions : array (trial,)
        Labels.

    Returns
    -------
    float
        NaN if no target deviates.
    """
    y, p = np.array(target, np.float64), np.array(prediction, np.float64)
    labels = np.asarray(conditions)
    if y.shape != p.shape or labels.shape != y.shape[:1]:
        raise InputError(
            f"prediction has shape {p.shape} and conditions {labels.shape}: give those of the"
            f" target, {y.shape} and {y.shape[:1]}"
        )
    p[np.isnan(y)] = np.nan
    for label in np.unique(labels):
        of: NDArray[np.bool_] = labels == label
        y[of] -= nan_mean(y[of], 0)
        p[of] -= nan_mean(p[of], 0)
    total = float(np.nansum(y**2))
    return 1 - float(np.nansum((y - p) ** 2)) / total if total > 0 else float("nan")
