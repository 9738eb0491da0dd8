"""How close a model comes to the data."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError


def _pair(target: ArrayLike, prediction: ArrayLike) -> tuple[NDArray[np.floating], ...]:
    y, p = np.asarray(target, np.float64), np.asarray(prediction, np.float64)
    if y.shape != p.shape:
        raise InputError(f"prediction has shape {p.shape}: give that of the target, {y.shape}")
    return y, np.where(np.isnan(y), np.nan, p)


def r2(target: ArrayLike, prediction: ArrayLike) -> float:
    """Global R²: `1 - Σ (y - ŷ)² / Σ (y - ȳ)²` over all entries, with one mean ȳ for all of them.

    The score of Valente et al. 2022: not a mean over neurons, so neurons with more variance count
    for more. NaN targets are left out.

    R² is a share of the variance, so without variance it is undefined: NaN if all observed targets
    are equal, or none was observed, however good the prediction. It is not 0 or 1, which a mean
    over folds would take for a result.

    Parameters
    ----------
    target, prediction : array
        Any shape, the same for both.
    """
    y, p = _pair(target, prediction)
    # Rounding would give constant targets a variance.
    if not np.nanmax(y, initial=-np.inf) > np.nanmin(y, initial=np.inf):
        return float("nan")
    total = float(np.nansum((y - np.nanmean(y)) ** 2))
    return 1 - float(np.nansum((y - p) ** 2)) / total


def neuron_r2(target: ArrayLike, prediction: ArrayLike) -> NDArray[np.floating]:
    """R² of each neuron against its own mean, (neuron,); NaN for a neuron that never changes.

    Parameters
    ----------
    target, prediction : array (..., neuron)
        NaN targets are left out.
    """
    y, p = _pair(target, prediction)
    y, p = y.reshape(-1, y.shape[-1]), p.reshape(-1, y.shape[-1])
    seen = ~np.isnan(y)
    mean = np.nansum(y, axis=0) / np.maximum(seen.sum(axis=0), 1)
    total = np.nansum((y - mean) ** 2, axis=0)
    error = np.nansum((y - p) ** 2, axis=0)
    varies = total > 1e-12 * np.maximum(1, mean**2)
    return np.where(varies, 1 - error / np.where(varies, total, 1), np.nan)
