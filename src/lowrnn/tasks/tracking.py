"""Judging outputs that shall follow a signal."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import check_array
from lowrnn.tasks.trials import Trials

#: A trial is followed well if the squared error is at most this share of the target's variance.
ACCEPTED_ERROR = 0.1


def followed(outputs: ArrayLike, trials: Trials) -> NDArray[np.float64]:
    """Which trials' outputs explain at least 90 % of the variance of their targets.

    Parameters
    ----------
    outputs : array (trial, time, output)
        The readout of the network on `trials`.
    trials : Trials
        The trials; only the steps that count are judged, all outputs together.

    Returns
    -------
    array (trial,)
        1 or 0; NaN for a trial whose targets do not vary.

    Raises
    ------
    InputError
        If `outputs` does not fit `trials`.
    """
    values = check_array("outputs", outputs, trials.targets.shape)
    mask = trials.mask[:, :, None]
    steps = mask.sum(axis=1, keepdims=True)
    mean = np.sum(mask * trials.targets, axis=1, keepdims=True) / steps
    variance = np.sum(mask * (trials.targets - mean) ** 2, axis=(1, 2))
    error = np.sum(mask * (values - trials.targets) ** 2, axis=(1, 2))
    return np.where(variance > 0, error <= ACCEPTED_ERROR * variance, np.nan)
