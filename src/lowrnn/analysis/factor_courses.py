"""How trial factors move through the epochs of a session, and at what pace."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar

from lowrnn.analysis.over_trials import as_labels, in_order
from lowrnn.errors import InputError, check_array

Array = NDArray[np.float64]

#: Time constants are sought from this share of the least distance of two trials, up to this
#: multiple of the whole epoch, beyond which a straight line fits as well.
_SHORTEST, _LONGEST = 0.2, 5.0

#: Parameters of an exponential.
_PARAMETERS = 3


@dataclass(frozen=True, eq=False)
class Exponential:
    """`asymptote + (first - asymptote) exp(-(k - k0) / time_constant)` over trials k.

    Attributes
    ----------
    first, last : float
        Its values in the first and the last trial.
    asymptote : float
        Where it would end.
    time_constant : float
        In trials; infinite where a straight line fits as well.
    time_constant_sd : float
        Standard error from the curvature of the squared error, for independent residuals.
    r2 : float
        Of the fit. Where it is near 0 nothing moves and the time constant means nothing.
    """

    first: float
    last: float
    asymptote: float
    time_constant: float
    time_constant_sd: float
    r2: float


@dataclass(frozen=True, eq=False)
class FactorCourses:
    """Trial factors by epoch.

    Attributes
    ----------
    epochs : array (epoch,)
        Labels in the order of their first trials.
    mean, sd : array (epoch, component)
        Of the factors within an epoch.
    normalised : array (trial, component)
        Factors over their mean in the baseline: the scale of a component cancels.
    exponentials : tuple (epoch) of tuple (component) of Exponential or None
        None for epochs of fewer than 5 trials.
    participation_ratio : float
        `(Σ λ)² / Σ λ²` over the eigenvalues of the covariance of `normalised`: how many
        dimensions the factors move in together.
    """

    epochs: NDArray[Any]
    mean: Array
    sd: Array
    normalised: Array
    exponentials: tuple[tuple[Exponential | None, ...], ...]
    participation_ratio: float


def factor_courses(
    trial_factors: ArrayLike,
    epochs: ArrayLike,
    trial_ids: ArrayLike | None = None,
    *,
    baseline: Any = None,
    sd: ArrayLike | None = None,
) -> FactorCourses:
    """Describe trial factors epoch by epoch.

    Parameters
    ----------
    trial_factors : array (trial, component)
        Such as `LTRNN.trial_factors_` or `LTRNN.smooth_factors_`.
    epochs : array (trial,)
        Labels.
    trial_ids : array (trial,), optional
        Numbers of the trials in the session, which ascend; 0, 1, ... by default.
    baseline : label, optional
        The epoch that factors are normalised by; that of the first trial by default.
    sd : array (trial, component), optional
        Uncertainty of the factors, such as `LTRNN.smooth_factors_sd_`: exponentials are fitted
        with weights `1 / sd²`.

    Raises
    ------
    InputError
        If shapes disagree, numbers of trials do not ascend, there is no such epoch, or a factor
        has a mean of 0 there.
    """
    c = check_array("trial_factors", trial_factors, ("trial", "component"), dtype=np.float64)
    label = as_labels("epochs", epochs, len(c))
    ids = np.arange(len(c)) if trial_ids is None else trial_ids
    number = check_array("trial_ids", ids, (len(c),), dtype=np.float64)
    if (np.diff(number) <= 0).any():
        raise InputError("trial_ids do not ascend: give trials in their order")
    spread = np.ones(c.shape) if sd is None else check_array("sd", sd, c.shape, dtype=np.float64)
    names = in_order(label)
    base = label[0] if baseline is None else baseline
    if base not in names:
        raise InputError(f"baseline is {base!r}: give one of {', '.join(map(str, names))}")
    scale = c[label == base].mean(axis=0)
    if not scale.all():
        raise InputError(f"trial_factors have a mean of 0 in epoch {base!r}: give another baseline")
    normalised = c / scale
    exponentials = tuple(
        tuple(
            exponential(number[of], c[of, r], spread[of, r]) if of.sum() > _PARAMETERS + 1 else None
            for r in range(c.shape[1])
        )
        for of in (label == name for name in names)
    )
    variance = np.linalg.eigvalsh(np.atleast_2d(np.cov(normalised.T)))
    ratio = variance.sum() ** 2 / (variance**2).sum() if variance.any() else np.nan
    return FactorCourses(
        epochs=names,
        mean=np.stack([c[label == name].mean(axis=0) for name in names]),
        sd=np.stack([c[label == name].std(axis=0) for name in names]),
        normalised=normalised,
        exponentials=exponentials,
        participation_ratio=float(ratio),
    )


def exponential(trials: ArrayLike, values: ArrayLike, sd: ArrayLike | None = None) -> Exponential:
    """Fit an exponential approach by weighted least squares.

    For each time constant the best start and asymptote are those of a linear fit; so one number is
    searched for, on a grid and then closely.

    Parameters
    ----------
    trials : array (trial,)
        Their numbers, which ascend; at least 5.
    values : array (trial,)
        What is fitted.
    sd : array (trial,), optional
        Uncertainty of the values; the same for all by default.
    """
    t = check_array("trials", trials, ("trial",), dtype=np.float64)
    y = check_array("values", values, (len(t),), dtype=np.float64)
    if len(t) <= _PARAMETERS + 1 or (np.diff(t) <= 0).any():
        raise InputError(f"trials has {len(t)} entries: give at least 5 that ascend")
    spread = np.ones(len(t)) if sd is None else check_array("sd", sd, (len(t),), dtype=np.float64)
    if (spread <= 0).any():
        raise InputError(f"sd is {spread.min():g} in a trial: give numbers above 0")
    t, weight = t - t[0], 1 / spread

    def solved(log_tau: float) -> tuple[float, Array, Array]:
        decay = np.exp(-t / np.exp(log_tau))
        design = np.stack([1 - decay, decay], axis=1)
        asymptote_first = np.linalg.lstsq(weight[:, None] * design, weight * y)[0]
        residual = weight * (y - design @ asymptote_first)
        return float(residual @ residual), asymptote_first, design

    longest = float(np.log(_LONGEST * t[-1]))
    grid = np.linspace(np.log(_SHORTEST * np.diff(t).min()), longest, 60)
    best = int(np.argmin([solved(each)[0] for each in grid]))
    bounds = grid[max(best - 1, 0)], grid[min(best + 1, 59)]
    log_tau = float(minimize_scalar(lambda s: solved(s)[0], bounds=bounds, method="bounded").x)
    error, (asymptote, first), design = solved(log_tau)
    straight = log_tau > longest - 1e-3
    tau = np.exp(log_tau)
    slope = (first - asymptote) * design[:, 1] * t / tau**2
    jacobian = weight[:, None] * np.column_stack([design, slope])
    covariance = np.linalg.pinv(jacobian.T @ jacobian) * error / (len(t) - _PARAMETERS)
    centred = weight * (y - np.average(y, weights=weight**2))
    total = float(centred @ centred)
    return Exponential(
        first=float(first),
        last=float(design[-1] @ (asymptote, first)),
        asymptote=float(asymptote),
        time_constant=float("inf") if straight else float(tau),
        time_constant_sd=float("inf") if straight else float(np.sqrt(covariance[2, 2])),
        r2=1 - error / total if total > 0 else float("nan"),
    )
