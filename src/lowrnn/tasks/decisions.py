"""Reading binary decisions off a network: the sign of one output, or the larger of two."""

from abc import ABC
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array
from lowrnn.tasks.base import Task, by_condition
from lowrnn.tasks.trials import Trials


def choices(outputs: ArrayLike, trials: Trials) -> NDArray[np.int64]:
    """The decision on each trial, taken on the output averaged over the decision window.

    The decision window is the steps that count and ask for something other than 0, which may be
    the target of a fixation; in a catch trial, whose targets are all 0, every step that counts.

    Parameters
    ----------
    outputs : array (trial, time, 1) or (trial, time, 2)
        The readout of the network on `trials`. One output decides by its sign, two by the sign of
        their difference: 1 for the first.
    trials : Trials
        The trials.

    Returns
    -------
    array (trial,)
        -1 or 1; 0 where the mean output is exactly 0.

    Raises
    ------
    InputError
        If `outputs` does not fit `trials`, is not finite, or has more than two outputs.
    """
    n_outputs = trials.targets.shape[2]
    if n_outputs > 2:
        raise InputError(f"trials have {n_outputs} outputs: a binary decision has 1 or 2")
    values = check_array("outputs", outputs, (*trials.mask.shape, n_outputs))
    evidence = values[:, :, 0] if n_outputs == 1 else values[:, :, 0] - values[:, :, 1]
    asked = trials.mask * np.any(trials.targets != 0, axis=2)
    window = np.where(asked.any(axis=1)[:, None], asked, trials.mask)
    signs: NDArray[np.int64] = np.sign(np.sum(evidence * window, axis=1)).astype(np.int64)
    return signs


def correct_choices(outputs: ArrayLike, trials: Trials) -> NDArray[np.float64]:
    """Which trials were decided as the target says; an output of 0 counts as an error.

    Parameters
    ----------
    outputs : array (trial, time, 1) or (trial, time, 2)
        The readout of the network on `trials`.
    trials : Trials
        The trials.

    Returns
    -------
    array (trial,)
        1 or 0; NaN for a catch trial, whose target is 0.

    Raises
    ------
    InputError
        If `outputs` does not fit `trials`.
    """
    wanted = choices(trials.targets, trials)
    return np.where(wanted == 0, np.nan, choices(outputs, trials) == wanted)


def psychometric(
    outputs: ArrayLike, trials: Trials, by: Sequence[str] | None = None
) -> pd.DataFrame:
    """How often a network chooses 1 in each condition.

    Parameters
    ----------
    outputs : array (trial, time, 1) or (trial, time, 2)
        The readout of the network on `trials`.
    trials : Trials
        The trials.
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
    by = [column for column in known if column != "choice"] if by is None else by
    return by_condition(trials, by, {"p_positive": choices(outputs, trials) > 0})


@dataclass(frozen=True, kw_only=True)
class DecisionTask(Task, ABC):
    """A task with a binary decision: one output that decides by its sign, or two that compete."""

    def correct(self, outputs: ArrayLike, trials: Trials) -> NDArray[np.floating]:
        return correct_choices(outputs, trials)

    def psychometric(
        self, outputs: ArrayLike, trials: Trials, by: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """How often the network chooses 1 in each condition: `p_positive` and `n_trials`."""
        return psychometric(outputs, trials, self._curve(by))
