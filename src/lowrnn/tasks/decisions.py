"""Reading binary decisions, the sign of one output, off a network."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array
from lowrnn.tasks.trials import Trials


def choices(outputs: ArrayLike, trials: Trials) -> NDArray[np.int64]:
    """The decision on each trial: the sign of the output averaged over the decision window.

    Parameters
    ----------
    outputs : array (trial, time, 1)
        The readout of the network on `trials`.
    trials : Trials
        The trials; their mask is the decision window.

    Returns
    -------
    array (trial,)
        -1 or 1; 0 where the mean output is exactly 0.

    Raises
    ------
    InputError
        If `outputs` does not fit `trials` or is not finite.
    """
    n_trials, time = trials.mask.shape
    values = check_array("outputs", outputs, (n_trials, time, 1))[:, :, 0]
    signs: NDArray[np.int64] = np.sign(np.sum(values * trials.mask, axis=1)).astype(np.int64)
    return signs


def sign_accuracy(outputs: ArrayLike, trials: Trials) -> float:
    """The fraction of trials decided as the target says; an output of 0 counts as an error.

    Catch trials, whose target is 0, are left out.

    Parameters
    ----------
    outputs : array (trial, time, 1)
        The readout of the network on `trials`.
    trials : Trials
        The trials; their mask is the decision window.

    Raises
    ------
    InputError
        If `outputs` does not fit `trials`, or every trial is a catch trial.
    """
    made = choices(outputs, trials)
    wanted = choices(trials.targets, trials)
    counted = wanted != 0
    if not counted.any():
        raise InputError("targets are 0 in every trial: accuracy needs a trial with a choice")
    return float(np.mean(made[counted] == wanted[counted]))


def psychometric(
    outputs: ArrayLike, trials: Trials, by: Sequence[str] | None = None
) -> pd.DataFrame:
    """How often a network chooses 1 in each condition.

    Parameters
    ----------
    outputs : array (trial, time, 1)
        The readout of the network on `trials`.
    trials : Trials
        The trials; their mask is the decision window.
    by : sequence of str, optional
        The condition variables that define a condition; by default all but `choice`.
        `("context", "coherence_a")` gives one curve over `coherence_a` for each context.

    Returns
    -------
    pandas.DataFrame
        One row a condition, sorted: its variables, `p_positive` (the fraction of trials decided
        as 1) and `n_trials`.

    Raises
    ------
    InputError
        If `outputs` does not fit `trials`, or `by` names an unknown variable.
    """
    known = [str(column) for column in trials.conditions.columns]
    by = [column for column in known if column != "choice"] if by is None else list(by)
    unknown = [column for column in by if column not in known]
    if unknown or not by:
        found = repr(unknown[0]) if unknown else "empty"
        raise InputError(f"by is {found}: choose among {', '.join(known)}")
    positive = choices(outputs, trials) > 0
    grouped = trials.conditions.assign(positive=positive).groupby(by)["positive"]
    return grouped.agg(p_positive="mean", n_trials="size").reset_index()
