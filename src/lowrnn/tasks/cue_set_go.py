"""Cue-Set-Go: produce the interval that a tonic cue stands for."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from lowrnn.errors import InputError
from lowrnn.tasks.base import n_steps
from lowrnn.tasks.timing import TimingTask
from lowrnn.tasks.trials import Trials


@dataclass(frozen=True, kw_only=True)
class CueSetGo(TimingTask):
    """Ramp for as long as the amplitude of a tonic cue says, once the Set pulse has come.

    The cue is on in the whole trial, and the target counts in all of it. The defaults are those of
    Beiran et al. 2023: 350 steps of 10 ms, four intervals.

    Parameters
    ----------
    dt : float
        Duration of a time step in seconds.
    set_time : float
        Mean time of Set in seconds.
    jitter : float
        Set comes up to this many seconds earlier or later, drawn evenly in whole steps.
    after : float
        Time that the trial goes on after the longest interval, in seconds.
    intervals : tuple of float
        The intervals in seconds, drawn evenly.
    cue_amplitudes : tuple of float
        The input of the cue for each interval. To see what a network makes of cues that it was
        not trained on, give it a task of other pairs.
    pulse_amplitude, target_amplitude, threshold, tolerance, catch : float
        See `TimingTask`.

    Raises
    ------
    InputError
        If a parameter is out of bounds.
    """

    name: ClassVar[str] = "cue_set_go"

    set_time: float = 1.0
    jitter: float = 0.1
    after: float = 0.85
    intervals: tuple[float, ...] = (0.8, 1.05, 1.3, 1.55)
    cue_amplitudes: tuple[float, ...] = (0.0, 0.25 / 3, 0.5 / 3, 0.25)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_floats("intervals", length="interval")
        self._check_floats("cue_amplitudes", length=len(self.intervals))
        self._check_intervals("intervals", self.intervals)
        for field in ("set_time", "jitter", "after"):
            n_steps(field, getattr(self, field), self.dt)
        if self.jitter > self.set_time:
            raise InputError(f"jitter is {self.jitter} s: give at most {self.set_time}, set_time")

    @property
    def input_names(self) -> tuple[str, ...]:
        return ("cue", "set")

    def grid(self) -> pd.DataFrame:
        return pd.DataFrame({"interval": self.intervals, "cue": self.cue_amplitudes, "catch": 0})

    def generate(self, conditions: pd.DataFrame, rng: np.random.Generator | None) -> Trials:
        jitter = n_steps("jitter", self.jitter, self.dt)
        set_at = np.full(len(conditions), n_steps("set_time", self.set_time, self.dt))
        time = int(set_at[0]) + jitter + n_steps("after", self.after, self.dt)
        time += round(max(self.intervals) / self.dt)
        if rng is not None:
            set_at += rng.integers(-jitter, jitter, size=len(conditions), endpoint=True)
        interval = np.rint(conditions["interval"].to_numpy() / self.dt).astype(np.int64)
        catch = conditions["catch"].to_numpy() == 1

        cue = conditions[["cue"]].to_numpy() * np.ones(time)
        set_pulse = self._pulse(set_at, time) * ~catch[:, None]
        return Trials(
            inputs=np.stack([cue, set_pulse], axis=2),
            targets=self._ramp(set_at, interval, catch, time)[:, :, None],
            mask=np.ones((len(conditions), time)),
            conditions=conditions.assign(set=set_at * self.dt),
            dt=self.dt,
        )
