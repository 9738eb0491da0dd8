"""Rates that drift over trials, neuron by neuron, as those of units do that are slowly lost."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import check_array, check_number
from lowrnn.recordings.preprocess import nan_mean


def without_drift(rates: ArrayLike, trial_ids: ArrayLike, smoothness: float) -> NDArray[np.float64]:
    """Take out what changes slowly over trials in each neuron's rate, whatever the time in a trial.

    Of each neuron the mean over the bins of a trial is smoothed over trials, with a Gaussian whose
    standard deviation is `smoothness`, and subtracted; the mean over all trials stays. What is left
    of a change over trials differs between conditions or within the trial.

    Parameters
    ----------
    rates : array (trial, time, neuron)
        NaN = not observed.
    trial_ids : array (trial,)
        Numbers of the trials in the session.
    smoothness : float
        In trials, above 0.
    """
    y = check_array("rates", rates, ("trial", "time", "neuron"), finite=False, dtype=np.float64)
    ids = check_array("trial_ids", trial_ids, (len(y),), dtype=np.float64)
    width = check_number("smoothness", smoothness, above=0)
    mean = nan_mean(y, 1)
    seen = np.isfinite(mean)
    kernel = np.exp(-0.5 * ((ids[:, None] - ids) / width) ** 2)
    total = kernel @ np.where(seen, mean, 0.0)
    drift = total / np.maximum(kernel @ seen, np.finfo(float).tiny)
    return np.asarray(y - (drift - nan_mean(drift, 0))[:, None])
