"""How well any model can do on noisy data: what repeats of the same condition agree on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lowrnn.errors import InputError
from lowrnn.recordings.preprocess import Array, constant, nan_mean
from lowrnn.recordings.recording import Recording


@dataclass(frozen=True)
class NoiseCeiling:
    """What `noise_ceiling` found; NaN where it could not be estimated.

    Attributes
    ----------
    r2 : float
        The R² that a perfect model of the condition means reaches against the measured condition
        averages of all neurons together, with one mean for all (`r2_ceiling`).
    neuron_r2 : array (neuron,)
        The same for each neuron alone, about its own mean.
    reliability : float
        Spearman-Brown corrected `split_half`: the correlation to expect between these condition
        averages and those of as many new trials, which is also their share of signal variance in
        the total variance about each neuron's own mean.
    neuron_reliability : array (neuron,)
        The same for each neuron.
    split_half : float
        Correlation between condition averages of two random halves of the trials, over conditions,
        bins and neurons, about each neuron's mean; averaged over splits.
    neuron_split_half : array (neuron,)
        The same for each neuron.
    n_splits : int
        Number of random splits.
    reason : str or None
        Why there is no estimate, if there is none.
    """

    r2: float
    neuron_r2: Array
    reliability: float
    neuron_reliability: Array
    split_half: float
    neuron_split_half: Array
    n_splits: int
    reason: str | None = None


def noise_ceiling(
    recording: Recording, by: Sequence[str], n_splits: int = 100, seed: int = 0
) -> NoiseCeiling:
    """Reliability of condition averages, and the highest R² that they allow.

    Two estimates of one thing, the share of the variance of the condition averages that repeats:
    from correlations between random halves of the trials (Spearman-Brown corrected), and from the
    variance among the trials of a condition. Both take trials as independent, and treat what all
    trials of a condition share as signal. Steps that act on single trials (smoothing, square root)
    must be done before; those on averages (scaling, centring) change the weight of neurons in
    `r2`: for the averages that are fitted, ask `r2_ceiling`.

    Parameters
    ----------
    recording : Recording
        Single trials; NaN = not observed.
    by : sequence of str
        Columns of `conditions` whose combinations make a condition. Counts of trials may differ; a
        condition with a single trial tells nothing about noise and is left out.
    n_splits : int
        Number of random splits in halves.
    seed : int
        Seed of the splits.

    Returns
    -------
    NoiseCeiling
        NaN with a `reason` where no condition was repeated.

    Raises
    ------
    InputError
        If a column is not there or `n_splits` is below 1.
    """
    if n_splits < 1:
        raise InputError(f"n_splits is {n_splits}: give at least 1")
    groups = [trials for trials in recording.groups(by).values() if len(trials) > 1]
    if not groups:
        unknown = np.full(recording.rates.shape[2], np.nan)
        return NoiseCeiling(
            *(np.nan, unknown) * 3,
            n_splits=0,
            reason=f"no combination of {', '.join(by)} has more than one trial",
        )
    r2, neuron_r2 = r2_ceiling(recording.average(by))
    overall, neurons = _split_half(recording.rates, groups, n_splits, np.random.default_rng(seed))
    return NoiseCeiling(
        r2=r2,
        neuron_r2=neuron_r2,
        reliability=float(spearman_brown(np.asarray(overall))),
        neuron_reliability=spearman_brown(neurons),
        split_half=overall,
        neuron_split_half=neurons,
        n_splits=n_splits,
    )


def r2_ceiling(recording: Recording) -> tuple[float, Array]:
    """The R² that a perfect model of the condition means reaches against measured averages.

    One minus the sum of squared standard errors over the total sum of squares. It can fall below 0
    where there is no signal. It is a little low where noise is slow and conditions are few, because
    the mean that the total is taken about then follows some of the noise (at most the share
    1 / conditions of it).

    Parameters
    ----------
    recording : Recording
        Averaged over conditions (`Recording.average`), then scaled or centred at will.

    Returns
    -------
    overall : float
        For the R² of all neurons together, about one mean.
    neurons : array (neuron,)
        For the R² of each neuron, about its own mean; NaN if it is constant or was never repeated.

    Raises
    ------
    InputError
        If the standard errors are not known.
    """
    if recording.sem is None:
        raise InputError(
            "sem is None, so the noise is not known: average single trials over conditions last,"
            " after smoothing and before scaling"
        )
    observed = ~np.isnan(recording.rates) & ~np.isnan(recording.sem)
    rates = np.where(observed, recording.rates, np.nan)
    noise = np.where(observed, recording.sem**2, 0.0).sum(axis=(0, 1))
    if not observed.any():
        return np.nan, np.full(len(noise), np.nan)
    total = np.nansum((rates - np.nanmean(rates)) ** 2)
    own = np.nansum((rates - nan_mean(rates, (0, 1))) ** 2, axis=(0, 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        overall = 1 - noise.sum() / total if total > 0 else np.nan
        return float(overall), np.where(constant(rates), np.nan, 1 - noise / own)


def spearman_brown(correlation: Array) -> Array:
    """The correlation between full sets, from that between halves (Spearman 1910, Brown 1910).

    Extended to negative correlations as an odd function, so that chance has mean 0.
    """
    return np.asarray(2 * correlation / (1 + np.abs(correlation)))


def _split_half(
    rates: Array, groups: list[np.ndarray], n_splits: int, rng: np.random.Generator
) -> tuple[float, Array]:
    """Mean correlation between halves: over all neurons, and for each (neuron,)."""
    trial, time, neuron = rates.shape
    flat = np.where(constant(rates), np.nan, rates).reshape(trial, time * neuron)
    observed = ~np.isnan(flat)
    complete = bool(observed.all())
    filled = flat if complete else np.where(observed, flat, 0.0)
    overall, neurons = np.zeros(n_splits), np.zeros((n_splits, neuron))
    for split in range(n_splits):
        weights = np.zeros((2, len(groups), trial))
        for condition, trials in enumerate(groups):
            # The trial left over of an odd number goes to either half with equal chance.
            half = (len(trials) + int(rng.integers(2))) // 2
            shuffled = rng.permutation(trials)
            weights[0, condition, shuffled[:half]] = 1
            weights[1, condition, shuffled[half:]] = 1
        counts = weights.sum(axis=2)[..., None] if complete else weights @ observed
        with np.errstate(invalid="ignore", divide="ignore"):
            averages = (weights @ filled / counts).reshape(2, -1, neuron)
        averages[:, np.isnan(averages).any(axis=0)] = np.nan
        a, b = averages - nan_mean(averages, 1, keepdims=True)
        products = [np.nansum(x * y, axis=0) for x, y in ((a, b), (a, a), (b, b))]
        neurons[split] = _correlation(*products)
        overall[split] = _correlation(*(p.sum() for p in products))
    return float(nan_mean(overall, 0)), nan_mean(neurons, 0)


def _correlation(ab: Array, aa: Array, bb: Array) -> Array:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where((aa > 0) & (bb > 0), ab / np.sqrt(aa * bb), np.nan))
