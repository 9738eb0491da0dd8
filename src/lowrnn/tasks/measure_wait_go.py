"""Measure-Wait-Go: measure an interval, wait, and produce it."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from lowrnn.errors import InputError, check_number
from lowrnn.tasks.base import n_steps, random_steps
from lowrnn.tasks.timing import TimingTask
from lowrnn.tasks.trials import Trials


@dataclass(frozen=True, kw_only=True)
class MeasureWaitGo(TimingTask):
    """Ramp for as long as the time between two pulses was, once the Set pulse has come.

    A trial is the pulses Ready and Stop, an interval apart, a delay that varies, Set, and the same
    interval once more. The target counts from a little before Set to a little after the interval;
    in a catch trial, all the time. The defaults are those of Beiran et al. 2023: steps of 10 ms,
    four intervals. With `scales=(1, 2)` there are two contexts: a tonic input of
    `context_amplitude` says that the intervals are the longer ones.

    Parameters
    ----------
    dt : float
        Duration of a time step in seconds.
    ready : float
        Mean time of Ready in seconds.
    jitter : float
        Ready comes up to this many seconds earlier or later, drawn evenly in whole steps.
    intervals : tuple of float
        The intervals in seconds, drawn evenly.
    delay : tuple of float
        Shortest and longest delay between Stop and Set in seconds, drawn evenly in whole steps.
    margin : float
        Time before Set and after the interval over which the target counts, in seconds.
    scales : tuple of float
        The factor of the intervals in each context, drawn evenly. One scale: no context, and no
        input for it.
    context_amplitude : float
        The tonic input is this, times the number of the context counted from 0.
    pulse_amplitude, target_amplitude, threshold, tolerance, catch : float
        See `TimingTask`.

    Raises
    ------
    InputError
        If a parameter is out of bounds.
    """

    name: ClassVar[str] = "measure_wait_go"

    ready: float = 1.0
    jitter: float = 0.6
    intervals: tuple[float, ...] = (0.8, 1.05, 1.3, 1.55)
    delay: tuple[float, float] = (0.2, 2.5)
    margin: float = 0.3
    scales: tuple[float, ...] = (1.0,)
    context_amplitude: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_floats("intervals", length="interval")
        self._check_floats("scales", length="scale")
        self._check_floats("delay", length=2)
        self._check_amplitudes("context_amplitude")
        for scale in self.scales:
            check_number("scales", scale, above=0)
            self._check_intervals("intervals", [scale * value for value in self.intervals])
        for field in ("ready", "jitter", "margin"):
            n_steps(field, getattr(self, field), self.dt)
        n_steps("delay", self.delay[0], self.dt, at_least=1)
        random_steps("delay", self.delay, self.dt, 1, None)
        if self.jitter > self.ready:
            raise InputError(f"jitter is {self.jitter} s: give at most {self.ready}, ready")

    @property
    def input_names(self) -> tuple[str, ...]:
        return ("ready", "stop", "set", *(("context",) if len(self.scales) > 1 else ()))

    def grid(self) -> pd.DataFrame:
        contexts = range(1, len(self.scales) + 1)
        names = ["context", "interval"]
        grid = pd.MultiIndex.from_product([contexts, self.intervals], names=names)
        table = grid.to_frame(index=False)
        scale = np.array(self.scales)[table["context"] - 1]
        return table.assign(interval=scale * table["interval"], catch=0)

    def generate(self, conditions: pd.DataFrame, rng: np.random.Generator | None) -> Trials:
        n_trials = len(conditions)
        jitter, margin = (n_steps(f, getattr(self, f), self.dt) for f in ("jitter", "margin"))
        ready = np.full(n_trials, n_steps("ready", self.ready, self.dt))
        longest = round(max(self.intervals) * max(self.scales) / self.dt)
        delays = n_steps("delay", self.delay[1], self.dt)
        time = int(ready[0]) + jitter + 2 * longest + delays + margin
        if rng is not None:
            ready += rng.integers(-jitter, jitter, size=n_trials, endpoint=True)
        interval = np.rint(conditions["interval"].to_numpy() / self.dt).astype(np.int64)
        delay = random_steps("delay", self.delay, self.dt, n_trials, rng)
        catch = conditions["catch"].to_numpy() == 1

        stop = ready + interval
        set_at = stop + delay
        channels = [self._pulse(at, time) for at in (ready, stop, set_at)]
        channels[2] *= ~catch[:, None]
        if len(self.scales) > 1:
            tonic = self.context_amplitude * (conditions[["context"]].to_numpy() - 1)
            channels.append(tonic * np.ones(time))
        step = np.arange(time)
        begin, end = (set_at - margin)[:, None], (set_at + interval + margin)[:, None]
        mask = ((step >= begin) & (step < end)) | catch[:, None]
        return Trials(
            inputs=np.stack(channels, axis=2),
            targets=self._ramp(set_at, interval, catch, time)[:, :, None],
            mask=mask.astype(float),
            conditions=conditions.assign(delay=delay * self.dt, set=set_at * self.dt),
            dt=self.dt,
        )
