"""Preprocessing of neural activity as functions of arrays (trial, time, neuron), NaN-aware."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from lowrnn.errors import InputError

Array = NDArray[np.floating]
Scaling = Literal["zscore", "range", "soft", "poisson"]


def nan_mean(values: Array, axis: int | tuple[int, ...], keepdims: bool = False) -> Array:
    """Mean over what was observed; NaN, without a warning, where nothing was."""
    count = np.sum(~np.isnan(values), axis=axis, keepdims=keepdims)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Array = np.nansum(values, axis=axis, keepdims=keepdims) / count
    return mean


def mean_and_error(values: Array) -> tuple[Array, Array]:
    """Mean over axis 0 and its standard error, NaN where fewer than two values were observed."""
    mean = nan_mean(values, 0)
    count = np.sum(~np.isnan(values), axis=0)
    squares = np.nansum((values - mean) ** 2, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = np.where(count > 1, squares / (count - 1), np.nan)
        return mean, np.sqrt(variance / count)


def smooth(rates: Array, sd: float) -> Array:
    """Convolve each neuron and trial in time with a Gaussian, reflecting at the ends.

    Bins that were not observed stay NaN and lend no weight to their neighbours.

    Parameters
    ----------
    rates : array (trial, time, neuron)
    sd : float
        Standard deviation of the Gaussian in bins.
    """
    observed = ~np.isnan(rates)
    smoothed = gaussian_filter1d(np.where(observed, rates, 0.0), sd, axis=1, mode="reflect")
    if observed.all():
        return np.asarray(smoothed)
    weight = gaussian_filter1d(observed.astype(float), sd, axis=1, mode="reflect")
    return np.where(observed, smoothed / np.where(observed, weight, 1.0), np.nan)


def rebin(values: Array, factor: int, *, total: bool = False) -> Array:
    """Means (or sums) of `factor` successive bins along axis 1, without a remainder at the end."""
    trial, time, channel = values.shape
    bins = time // factor
    blocks = values[:, : bins * factor].reshape(trial, bins, factor, channel)
    return np.asarray(blocks.sum(axis=2) if total else blocks.mean(axis=2))


def constant(rates: Array) -> NDArray[np.bool_]:
    """Which neurons (neuron,) never change, up to rounding, or were never observed."""
    low, high = np.fmin.reduce(rates, axis=(0, 1)), np.fmax.reduce(rates, axis=(0, 1))
    return np.asarray(~(high - low > 1e-12 * np.maximum(np.abs(low), np.abs(high))))


def scaling(rates: Array, method: Scaling, offset: float) -> tuple[Array, Array]:
    """The shift and the divisor (neuron,) with which `method` scales each neuron.

    Where the divisor would be 0, because a neuron never changes or never fires, it is 1.
    """
    mean = nan_mean(rates, (0, 1))
    shift: Array = np.zeros_like(mean)
    still = constant(rates)
    extent = np.fmax.reduce(rates, axis=(0, 1)) - np.fmin.reduce(rates, axis=(0, 1))
    extent = np.where(still, 0.0, extent)
    if method == "zscore":
        shift = mean
        divisor = np.where(still, 0.0, np.sqrt(nan_mean((rates - mean) ** 2, (0, 1))))
    elif method == "range":
        divisor = extent
    elif method == "soft":
        divisor = extent + offset
    elif method == "poisson":
        if np.nanmin(mean) + offset < 0:
            raise InputError(
                "scale is 'poisson' but mean rates are negative: scale before centring, or"
                " choose 'zscore', 'range' or 'soft'"
            )
        divisor = np.sqrt(mean + offset)
    else:
        raise InputError(f"scale is {method!r}: choose 'zscore', 'range', 'soft' or 'poisson'")
    return shift, np.where(divisor == 0, 1.0, divisor)


def project(rates: Array, components: int) -> Array:
    """Keep the leading principal components of the neurons' activity over all trials and bins.

    Bins in which no neuron was observed are left as they are.

    Raises
    ------
    InputError
        If a bin is observed for some neurons only, or there are fewer components than asked for.
    """
    flat = rates.reshape(-1, rates.shape[2])
    missing = np.isnan(flat)
    rows = ~missing.all(axis=1)
    if missing[rows].any():
        raise InputError(
            "rates have bins in which some neurons were not observed, so components cannot be"
            " found: average over conditions or leave those neurons out first"
        )
    most = min(int(rows.sum()), flat.shape[1])
    if not 1 <= components <= most:
        raise InputError(f"components is {components}: give a number from 1 to {most}")
    mean = flat[rows].mean(axis=0)
    axes = np.linalg.svd(flat[rows] - mean, full_matrices=False)[2][:components]
    result = flat.copy()
    result[rows] = (flat[rows] - mean) @ axes.T @ axes + mean
    return result.reshape(rates.shape)
