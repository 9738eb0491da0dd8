"""What timing tasks share: a ramp that starts at Set, and the interval read off it."""

from abc import ABC
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array, check_number
from lowrnn.tasks.base import Task, by_condition, n_steps
from lowrnn.tasks.trials import Trials


@dataclass(frozen=True, kw_only=True)
class TimingTask(Task, ABC):
    """Produce an interval: ramp from -0.5 to 0.5, from the Set pulse on, and stay there.

    The interval that a network produces is read where its output crosses `threshold`, at the share
    of the ramp that lies below it: with the defaults, at 85 % of the interval. In catch trials Set
    does not come, and the output shall stay at -0.5.

    The table of conditions holds `interval` (the one to produce, in seconds), `catch` (1 without
    Set) and `set` (when Set comes, in seconds; in a catch trial, when it would).

    Parameters
    ----------
    dt : float
        Duration of a time step in seconds.
    pulse_amplitude : float
        Input of a pulse of one step of 10 ms; at another time step, its area is the same.
    target_amplitude : float
        The ramp goes from minus this to this.
    threshold : float
        Where the produced interval is read, below `target_amplitude`.
    tolerance : float
        A trial is right if the produced interval is off by at most this share.
    catch : float
        The fraction of random trials without Set.

    Raises
    ------
    InputError
        If a parameter is out of bounds.
    """

    dt: float = 0.01
    pulse_amplitude: float = 10.0
    target_amplitude: float = 0.5
    threshold: float = 0.35
    tolerance: float = 0.1
    catch: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_amplitudes("pulse_amplitude", "catch")
        if self.catch > 1:
            raise InputError(f"catch is {self.catch}: give a fraction of at most 1")
        for field in ("target_amplitude", "tolerance"):
            check_number(field, getattr(self, field), above=0)
        check_number("threshold", self.threshold, above=-self.target_amplitude)
        if self.threshold >= self.target_amplitude:
            raise InputError(
                f"threshold is {self.threshold}: give less than {self.target_amplitude}, the"
                " target_amplitude"
            )

    @property
    def output_names(self) -> tuple[str, ...]:
        return ("ramp",)

    def draw(self, n_trials: int, rng: np.random.Generator) -> pd.DataFrame:
        """Random conditions: evenly among those of `grid`, some of them catch trials."""
        conditions = super().draw(n_trials, rng)
        return conditions.assign(catch=(rng.random(n_trials) < self.catch).astype(np.int64))

    def _check_intervals(self, field: str, values: Sequence[float]) -> None:
        """Refuse intervals of less than two steps."""
        for value in values:
            n_steps(field, value, self.dt, at_least=2)

    def _pulse(self, at: NDArray[np.integer], time: int) -> NDArray[np.float64]:
        """A pulse of one step in each trial, (trial, time), its area that of a step of 10 ms."""
        amplitude = self.pulse_amplitude * 0.01 / self.dt
        return np.where(np.arange(time) == at[:, None], amplitude, 0.0)

    def _ramp(
        self,
        set_at: NDArray[np.integer],
        interval: NDArray[np.integer],
        catch: NDArray[np.bool_],
        time: int,
    ) -> NDArray[np.float64]:
        """The targets (trial, time), from the steps of Set and those of the interval."""
        progress = np.clip((np.arange(time) - set_at[:, None]) / interval[:, None], 0, 1)
        progress = np.where(catch[:, None], 0.0, progress)
        ramp: NDArray[np.float64] = self.target_amplitude * (2 * progress - 1)
        return ramp

    def produced_intervals(self, outputs: ArrayLike, trials: Trials) -> NDArray[np.float64]:
        """The interval that a network produces on each trial.

        Parameters
        ----------
        outputs : array (trial, time, 1)
            The readout of the network on `trials`.
        trials : Trials
            Trials of this task.

        Returns
        -------
        array (trial,)
            In seconds, interpolated between steps; NaN if the output does not reach the threshold
            after Set.

        Raises
        ------
        InputError
            If `outputs` does not fit `trials`.
        """
        values = check_array("outputs", outputs, trials.targets.shape)[:, :, 0]
        since = np.arange(values.shape[1]) * trials.dt - trials.conditions[["set"]].to_numpy()
        # Set itself comes at a whole step, up to rounding.
        crossed = (values >= self.threshold) & (since > trials.dt / 2)
        at = crossed.argmax(axis=1)[:, None]
        before, after, seconds = (
            np.take_along_axis(array, index, axis=1)[:, 0]
            for array, index in ((values, np.maximum(at - 1, 0)), (values, at), (since, at))
        )
        rising = (before < self.threshold) & (after >= self.threshold)
        above = np.where(rising, after - self.threshold, 0.0)
        seconds = seconds - trials.dt * above / np.where(rising, after - before, 1.0)
        share = (self.threshold + self.target_amplitude) / (2 * self.target_amplitude)
        return np.where(crossed.any(axis=1), seconds / share, np.nan)

    def correct(self, outputs: ArrayLike, trials: Trials) -> NDArray[np.floating]:
        produced = self.produced_intervals(outputs, trials)
        wanted = trials.conditions["interval"].to_numpy()
        near = np.abs(produced - wanted) <= self.tolerance * wanted
        return np.where(trials.conditions["catch"] == 1, np.isnan(produced), near).astype(float)

    def psychometric(
        self, outputs: ArrayLike, trials: Trials, by: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """The mean `produced` interval in each condition, in seconds, `accuracy`, `n_trials`."""
        measures = {
            "produced": self.produced_intervals(outputs, trials),
            "accuracy": self.correct(outputs, trials),
        }
        return by_condition(trials, self._curve(by), measures)
