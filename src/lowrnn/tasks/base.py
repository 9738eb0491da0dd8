"""What every task can say and do, and the time windows that trials are made of."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array, check_number
from lowrnn.tasks.trials import Trials


@dataclass(frozen=True, kw_only=True)
class Task(ABC):
    """A task whose parameters are its fields: two tasks with equal parameters are equal.

    A task of your own needs the names of its channels, `grid`, `generate` and `correct`; the last
    comes for free with `DecisionTask`.

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

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """The parameters of published variants that differ from the defaults, by name."""

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
        _check_integer("n_trials", n_trials, 1)
        _check_integer("seed", seed, 0)
        rng = np.random.default_rng(seed)
        return self.generate(self.draw(n_trials, rng), rng)

    def conditions(self) -> Trials:
        """One trial of every condition, free of noise: what latents are compared on."""
        return self.generate(self.grid(), None)

    @abstractmethod
    def grid(self) -> pd.DataFrame:
        """Every condition once, one a row."""

    def draw(self, n_trials: int, rng: np.random.Generator) -> pd.DataFrame:
        """The conditions of random trials, one a row: evenly among those of `grid`."""
        grid = self.grid()
        return grid.iloc[rng.integers(len(grid), size=n_trials)]

    @abstractmethod
    def generate(self, conditions: pd.DataFrame, rng: np.random.Generator | None) -> Trials:
        """One trial for each row of `conditions`; without `rng`, free of noise and of chance.

        Delays and the like that vary between trials of a condition are drawn from `rng` and may be
        added to the table; without it they take the middle of their range.
        """

    @abstractmethod
    def correct(self, outputs: ArrayLike, trials: Trials) -> NDArray[np.floating]:
        """How well each trial was answered.

        Parameters
        ----------
        outputs : array (trial, time, output)
            The readout of the network on `trials`.
        trials : Trials
            Trials of this task.

        Returns
        -------
        array (trial,)
            1 for right and 0 for wrong, the fraction of right answers where a trial asks for many,
            NaN for a trial that does not count.
        """

    def accuracy(self, outputs: ArrayLike, trials: Trials) -> float:
        """The fraction of trials that a network answers correctly: the mean of `correct`.

        Parameters
        ----------
        outputs : array (trial, time, output)
            The readout of the network on `trials`.
        trials : Trials
            Trials of this task.

        Raises
        ------
        InputError
            If `outputs` does not fit `trials`, or no trial counts.
        """
        correct = self.correct(outputs, trials)
        counted = ~np.isnan(correct)
        if not counted.any():
            raise InputError("trials hold catch trials alone: accuracy needs a trial that counts")
        return float(correct[counted].mean())

    def psychometric_grid(self) -> pd.DataFrame:
        """The conditions that the psychometric curve is taken on, one a row."""
        return self.grid()

    def psychometric_trials(self, repeats: int = 10, seed: int = 0) -> Trials:
        """Noisy trials for a psychometric curve, equally many of every condition.

        Parameters
        ----------
        repeats : int
            Trials of each condition of `psychometric_grid`; 10 as published.
        seed : int
            Seed of the noise.

        Raises
        ------
        InputError
            If either number is out of bounds.
        """
        _check_integer("repeats", repeats, 1)
        _check_integer("seed", seed, 0)
        grid = self.psychometric_grid()
        rows = np.repeat(np.arange(len(grid)), repeats)
        return self.generate(grid.iloc[rows], np.random.default_rng(seed))

    def psychometric(
        self, outputs: ArrayLike, trials: Trials, by: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """How the network answers in each condition.

        Parameters
        ----------
        outputs : array (trial, time, output)
            The readout of the network on `trials`.
        trials : Trials
            Trials of this task, such as `psychometric_trials`.
        by : sequence of str, optional
            The variables of `trials.conditions` that define a condition; by default those of
            `psychometric_grid`, without the right choice.

        Returns
        -------
        pandas.DataFrame
            One row a condition, sorted: its variables, what is measured (here `accuracy`) and
            `n_trials`.

        Raises
        ------
        InputError
            If `outputs` does not fit `trials`, or `by` names an unknown variable.
        """
        return by_condition(trials, self._curve(by), {"accuracy": self.correct(outputs, trials)})

    def _curve(self, by: Sequence[str] | None) -> list[str]:
        """The variables of the psychometric curve."""
        grid = [str(column) for column in self.psychometric_grid().columns]
        return [column for column in grid if column != "choice"] if by is None else list(by)

    def to_dict(self) -> dict[str, Any]:
        """The name and every parameter, as stored in run folders: `task(**t.to_dict()) == t`."""
        return {"name": self.name, **asdict(self)}

    def _check_floats(self, *fields: str, length: str | int = "entry") -> None:
        """Make the fields tuples of floats, whatever sequence was given."""
        for field in fields:
            values = check_array(field, getattr(self, field), (length,))
            object.__setattr__(self, field, tuple(values.tolist()))

    def _check_amplitudes(self, *fields: str) -> None:
        """Refuse a field that is not a number of at least 0."""
        for field in fields:
            check_number(field, getattr(self, field), at_least=0)

    def _check_switches(self, *fields: str) -> None:
        """Refuse a field that is neither true nor false."""
        for field in fields:
            if not isinstance(getattr(self, field), bool):
                raise InputError(f"{field} is {getattr(self, field)!r}: give true or false")

    def _check_choice(self, field: str, known: Sequence[str]) -> None:
        """Refuse a field that is none of the known words."""
        if getattr(self, field) not in known:
            found = getattr(self, field)
            raise InputError(f"{field} is {found!r}: choose among {', '.join(known)}")


def by_condition(
    trials: Trials, by: Sequence[str], measures: Mapping[str, NDArray[Any]]
) -> pd.DataFrame:
    """The mean of each measure (trial,) over the trials of a condition, and how many there are.

    Raises
    ------
    InputError
        If `by` is empty or names an unknown variable.
    """
    known = [str(column) for column in trials.conditions.columns]
    unknown = [column for column in by if column not in known]
    if unknown or not by:
        found = repr(unknown[0]) if unknown else "empty"
        raise InputError(f"by is {found}: choose among {', '.join(known)}")
    grouped = trials.conditions[list(by)].assign(**measures).groupby(list(by))
    means = grouped[list(measures)].mean()
    return means.assign(n_trials=grouped.size()).reset_index()


def _check_integer(field: str, value: Any, least: int) -> None:
    """Refuse what is no whole number of at least `least`."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise InputError(f"{field} is {value!r}: give an integer of at least {least}")


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
    n_trials: int, steps: Mapping[str, int | NDArray[np.integer]], *, at_least: int = 0
) -> dict[str, NDArray[np.bool_]]:
    """Where in time each epoch of a trial lies, epochs following one another.

    Parameters
    ----------
    n_trials : int
        The number of trials.
    steps : mapping from str to int or array (trial,)
        The length of each epoch in time steps, in order; an array gives each trial its own.
    at_least : int
        The least number of time steps, so that sets of trials of one task are equally long.

    Returns
    -------
    dict from str to boolean array (trial, time)
        True within the epoch. `time` is as long as the longest trial, or `at_least`.
    """
    ends = np.cumsum([np.broadcast_to(length, n_trials) for length in steps.values()], axis=0)
    time = np.arange(max(ends[-1].max(), at_least))
    started = [np.zeros(n_trials, dtype=ends.dtype), *ends[:-1]]
    return {
        name: (time >= start[:, None]) & (time < end[:, None])
        for name, start, end in zip(steps, started, ends, strict=True)
    }


def random_steps(
    field: str,
    bounds: tuple[float, float],
    dt: float,
    n_trials: int,
    rng: np.random.Generator | None,
) -> NDArray[np.int64]:
    """A duration for each trial, drawn evenly among the whole steps from shortest to longest.

    Parameters
    ----------
    field : str
        The name under which the user knows the duration.
    bounds : tuple of float
        The shortest and the longest duration in seconds, both included.
    dt : float
        The time step in seconds.
    n_trials : int
        The number of trials.
    rng : numpy.random.Generator, optional
        Source of chance; without it every trial has the middle of the range.

    Raises
    ------
    InputError
        If a bound is negative, or the longest is shorter than the shortest.
    """
    low, high = (n_steps(field, seconds, dt) for seconds in bounds)
    if low > high:
        raise InputError(f"{field} is {bounds}: give the shortest first")
    if rng is None:
        return np.full(n_trials, (low + high) // 2)
    return rng.integers(low, high, size=n_trials, endpoint=True)
