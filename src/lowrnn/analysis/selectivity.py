"""What neurons respond to: regressions of activity on the variables of a task."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lowrnn.analysis.windows import Window, as_mask, mean_over
from lowrnn.errors import InputError, check_array

Array = NDArray[np.float64]


def selectivity(
    activity: ArrayLike,
    conditions: pd.DataFrame,
    windows: Mapping[str, Window],
    *,
    intercept: bool = True,
    standardise: bool = False,
) -> Array:
    """Regression coefficients of each neuron's activity on task variables.

    Activity is averaged over a window of each trial and regressed by ordinary least squares.
    Variables that share a window are regressed together. Windows published with Dubreuil et al.
    2022, without intercept: perceptual decisions, coherence on the first two steps of the stimulus
    and choice on the decision (the published code takes another window for choice, by mistake);
    working memory and match to sample, both stimuli on the decision; multisensory and
    context-dependent decisions, stimuli and contexts on the first ten steps of the stimulus and on
    all of it, standardised.

    Parameters
    ----------
    activity : array (trial, time, neuron)
        Rates or states.
    conditions : pandas.DataFrame
        One row a trial, such as `Trials.conditions`.
    windows : mapping from str to slice or boolean array
        For each variable, a numeric column of `conditions`, the steps to average over: a slice, or
        True where they count, (time,) or (trial, time).
    intercept : bool
        Whether a constant is regressed along with the variables of each window.
    standardise : bool
        Whether coefficients of a variable are shifted and scaled to mean 0 and variance 1 over
        neurons.

    Returns
    -------
    array (neuron, variable)
        In units of activity per unit of the variable, in the order of `windows`.

    Raises
    ------
    InputError
        If a variable is unknown or no number, or those of a window depend on each other linearly.
    """
    rates = check_array("activity", activity, ("trial", "time", "neuron"), dtype=np.float64)
    names = list(windows)
    if not names:
        raise InputError("windows is empty: name at least one variable and its window")
    masks = [as_mask(windows[name], *rates.shape[:2]) for name in names]
    design = design_matrix(conditions, names, len(rates))
    found = np.empty((rates.shape[2], len(names)))
    left = list(range(len(names)))
    while left:
        together = [i for i in left if np.array_equal(masks[i], masks[left[0]])]
        wanted = [names[i] for i in together]
        means = mean_over(rates, masks[left[0]])
        found[:, together] = regress(means, design[:, together], wanted, intercept).T
        left = [i for i in left if i not in together]
    if standardise:
        spread = found.std(axis=0)
        found = (found - found.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return found


def design_matrix(conditions: pd.DataFrame, variables: Sequence[str], trials: int) -> Array:
    """Variables of each trial as numbers, (trial, variable)."""
    if len(conditions) != trials:
        raise InputError(
            f"conditions has {len(conditions)} rows: give one for each of {trials} trials"
        )
    known = [str(column) for column in conditions.columns]
    for name in variables:
        if name not in known:
            raise InputError(f"variable {name!r} is no condition: choose among {', '.join(known)}")
        if not pd.api.types.is_numeric_dtype(conditions[name]):
            raise InputError(
                f"variable {name!r} is not numeric: code it as a number, such as -1 and 1"
            )
    matrix: Array = check_array(
        "conditions", conditions[list(variables)].to_numpy(), (trials, len(variables))
    )
    return matrix.astype(np.float64)


def regress(y: Array, design: Array, names: Sequence[str], intercept: bool) -> Array:
    """Least squares coefficients of `y` (trial, ...) on a design, (variable, ...)."""
    columns = [design, np.ones((len(design), 1))] if intercept else [design]
    full = np.concatenate(columns, axis=1)
    scale = np.linalg.norm(full, axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    coefficients, _, rank, _ = np.linalg.lstsq(full / scale, y.reshape(len(y), -1))
    if rank < full.shape[1]:
        raise InputError(
            f"variables {', '.join(names)} depend on each other linearly in these trials"
            f"{' or are constant' if intercept else ''}: leave one out or add conditions"
        )
    found: Array = (coefficients / scale[:, None])[: design.shape[1]]
    return found.reshape(-1, *y.shape[1:])
