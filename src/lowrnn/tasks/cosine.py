"""Sine and cosine generator: oscillate after a kick."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_number
from lowrnn.tasks.base import Task, n_steps
from lowrnn.tasks.tracking import followed
from lowrnn.tasks.trials import Trials

WAVES = {"sine": np.sin, "cosine": np.cos}


@dataclass(frozen=True, kw_only=True)
class Cosine(Task):
    """Generate a cosine, a sine or both, without any input but a pulse in the first step.

    The output counts for the first periods only. There is one condition, and no noise. A trial is
    right if the output explains 90 % of the variance of the target over the steps that count.

    The defaults are those of Schuessler et al. 2020, supplement (preset `schuessler2020`), their
    times in units of tau = 0.1 s: 200 steps of 0.1 tau, a period of 5 tau, 2 periods that count.
    The published network has no input and starts in the state of its input vector. The pulse has
    area tau: it sets a network of that time constant to the same state at the end of the first
    step, where the target is that of time 0.

    Parameters
    ----------
    dt : float
        Duration of a time step in seconds.
    period : float
        Period of the oscillation in seconds.
    duration : float
        Duration of the trial in seconds, floored to whole steps.
    counted_periods : float
        Periods over which the output counts.
    amplitude : float
        Amplitude of the oscillation.
    pulse_area : float
        Amplitude of the pulse times the time step, in seconds.
    waves : tuple of str
        The outputs: "cosine", "sine" or both.

    Raises
    ------
    InputError
        If a parameter is out of bounds.
    """

    name: ClassVar[str] = "cosine"
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"schuessler2020": {}}

    dt: float = 0.01
    period: float = 0.5
    duration: float = 2.0
    counted_periods: float = 2.0
    amplitude: float = 1.0
    pulse_area: float = 0.1
    waves: tuple[str, ...] = ("cosine",)

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in ("period", "counted_periods", "amplitude", "pulse_area"):
            check_number(field, getattr(self, field), above=0)
        if self.period < 2 * self.dt:
            raise InputError(f"period is {self.period} s: give at least two steps of {self.dt} s")
        waves = (self.waves,) if isinstance(self.waves, str) else tuple(self.waves)
        object.__setattr__(self, "waves", waves)
        if not waves or len(set(waves)) < len(waves) or not set(waves) <= set(WAVES):
            raise InputError(f"waves is {waves}: give cosine, sine or both")
        self._steps()

    @property
    def input_names(self) -> tuple[str, ...]:
        return ("pulse",)

    @property
    def output_names(self) -> tuple[str, ...]:
        return self.waves

    def _steps(self) -> tuple[int, int]:
        """The steps of a trial, and how many of them count."""
        counted_periods = self.counted_periods * self.period
        counted = n_steps("counted_periods times period", counted_periods, self.dt, at_least=2)
        return n_steps("duration", self.duration, self.dt, at_least=counted), counted

    def grid(self) -> pd.DataFrame:
        return pd.DataFrame({"period": [self.period]})

    def generate(self, conditions: pd.DataFrame, rng: np.random.Generator | None) -> Trials:
        n_trials = len(conditions)
        time, counted = self._steps()
        phase = 2 * np.pi * np.arange(time) * self.dt / conditions[["period"]].to_numpy()
        inputs = np.zeros((n_trials, time, 1))
        inputs[:, 0] = self.pulse_area / self.dt
        mask = np.zeros((n_trials, time))
        mask[:, :counted] = 1
        waves = np.stack([WAVES[wave](phase) for wave in self.waves], axis=2)
        return Trials(inputs, self.amplitude * waves, mask, conditions, self.dt)

    def correct(self, outputs: ArrayLike, trials: Trials) -> NDArray[np.floating]:
        return followed(outputs, trials)
