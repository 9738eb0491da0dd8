"""What every task can say and do, and the time windows that trials are made of."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_number
from lowrnn.tasks.trials import Trials


@dataclass(frozen=True, kw_only=True)
class Task(ABC):
    """A task whose parameters are its fields: two tasks with equal parameters are equal.

    Parameters
    ----------
    dt : float
        Duration of a time step in seconds.

    Raises
    ------
    InputError
        If a parameter is out of bounds.
    """

    name: ClassVar[str]
    """The name under which the registry, the command line and run folders know the task."""

    dt: float = 0.02

    def __post_init__(self) -> None:
        check_number("dt (in seconds)", self.dt, above=0)

    @property
    @abstractmethod
    def input_names(self) -> tuple[str, ...]:
        """What each input channel carries."""

    @property
    @abstractmethod
    def output_names(self) -> tuple[str, ...]:
        """What each output channel is asked for."""

    @property
    def n_inputs(self) -> int:
        """The number of input channels."""
        return len(self.input_names)

    @property
    def n_outputs(self) -> int:
        """The number of output channels."""
        return len(self.output_names)

    def sample(self, n_trials: int, seed: int) -> Trials:
        """Draw random trials; the same seed gives the same trials.

        Parameters
        ----------
        n_trials : int
            How many, at least 1.
        seed : int
            Seed of the conditions and of the input noise, 0 or above.

        Raises
        ------
        InputError
            If either number is out of bounds.
        """
        for field, value, least in (("n_trials", n_trials, 1), ("seed", seed, 0)):
            if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
                raise InputError(f"{field} is {value!r}: give an integer of at least {least}")
        rng = np.random.default_rng(seed)
        grid = self._grid()
        return self._trials(grid.iloc[rng.integers(len(grid), size=n_trials)], rng)

    def conditions(self) -> Trials:
        """One trial of every condition, free of noise: what latents are compared on."""
        return self._trials(self._grid(), None)

    @abstractmethod
    def _grid(self) -> pd.DataFrame:
        """Every condition once, one a row; `sample` draws among them evenly."""

    @abstractmethod
    def _trials(self, conditions: pd.DataFrame, rng: np.random.Generator | None) -> Trials:
        """One trial for each row of `conditions`; without `rng`, free of noise and of chance."""

    @abstractmethod
    def accuracy(self, outputs: ArrayLike, trials: Trials) -> float:
        """The fraction of trials that a network answers correctly.

        Parameters
        ----------
        outputs : array (trial, time, output)
            The readout of the network on `trials`.
        trials : Trials
            Trials of this task.
        """

    def to_dict(self) -> dict[str, Any]:
        """The name and every parameter, as stored in run folders: `task(**t.to_dict()) == t`."""
        return {"name": self.name, **asdict(self)}


def n_steps(field: str, seconds: float, dt: float, *, at_least: int = 0) -> int:
    """The whole time steps in a duration of `seconds`, as the published tasks count them.

    Parameters
    ----------
    field : str
        The name under which the user knows the duration.
    seconds, dt : float
        The duration and the time step.
    at_least : int
        The smallest number of steps that makes sense.

    Raises
    ------
    InputError
        If the duration is negative or holds fewer steps than `at_least`.
    """
    check_number(f"{field} (in seconds)", seconds, at_least=0)
    # 0.3 / 0.02 is 14.999999999999998 in floating point, and means 15.
    steps = math.floor(seconds / dt + 1e-6)
    if steps < at_least:
        raise InputError(f"{field} is {seconds} s: give at least {at_least} step(s) of {dt} s")
    return steps


def windows(
    n_trials: int, steps: Mapping[str, int | NDArray[np.integer]]
) -> dict[str, NDArray[np.bool_]]:
    """Where in time each epoch of a trial lies, epochs following one another.

    Parameters
    ----------
    n_trials : int
        The number of trials.
    steps : mapping from str to int or array (trial,)
        The length of each epoch in time steps, in order; an array gives each trial its own.

    Returns
    -------
    dict from str to boolean array (trial, time)
        True within the epoch. `time` is as long as the longest trial.
    """
    ends = np.cumsum([np.broadcast_to(length, n_trials) for length in steps.values()], axis=0)
    time = np.arange(ends[-1].max())
    started = [np.zeros(n_trials, dtype=ends.dtype), *ends[:-1]]
    return {
        name: (time >= start[:, None]) & (time < end[:, None])
        for name, start, end in zip(steps, started, ends, strict=True)
    }
