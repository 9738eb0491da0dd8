"""Flip-flop: remember the latest pulse, of every channel or of all."""

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array, check_number
from lowrnn.tasks.base import Task, n_steps
from lowrnn.tasks.trials import Trials


@dataclass(frozen=True, kw_only=True)
class FlipFlop(Task):
    """Hold the sign of the latest pulse.

    Pulses of either sign come on channels drawn evenly, one at a time. Some time after a pulse,
    and until the next one, the output of its channel counts and shall have its sign. With `others`
    at "reset", the outputs of the other channels shall be 0: a network needs two states a channel.
    With "hold", they keep the value that they had, 0 before their first pulse: the usual memory of
    several bits.

    The defaults are those of Schuessler et al. 2020 (preset `schuessler2020`), their times in
    units of tau = 0.1 s: 100 steps of 50 ms. The accuracy of a trial is the fraction of the steps
    that count in which every output is nearest to the right one of its three levels.

    Parameters
    ----------
    dt : float
        Duration of a time step in seconds.
    bits : int
        The number of channels, of the input and of the output.
    others : {"reset", "hold"}
        What becomes of the outputs of the other channels at a pulse.
    duration, start : float
        Duration of the trial and time of the first pulse in seconds.
    pulse : float
        Duration of a pulse in seconds, floored to whole steps, at least one.
    settle : float
        Time from the onset of a pulse during which the output does not count, in seconds.
    hold : tuple of float
        Shortest and longest time that the output counts after a pulse, in seconds, drawn evenly.
    pulse_amplitude : float
        Input during a pulse, up to its sign.
    target_amplitude : float
        The output asked for, up to its sign.

    Raises
    ------
    InputError
        If a parameter is out of bounds.
    """

    name: ClassVar[str] = "flip_flop"
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"schuessler2020": {}}

    dt: float = 0.05
    bits: int = 2
    others: str = "reset"
    duration: float = 5.0
    start: float = 0.1
    pulse: float = 0.1
    settle: float = 0.5
    hold: tuple[float, float] = (0.5, 2.5)
    pulse_amplitude: float = 1.0
    target_amplitude: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_floats("hold", length=2)
        self._check_choice("others", ("reset", "hold"))
        if not isinstance(self.bits, Integral) or isinstance(self.bits, bool) or self.bits < 1:
            raise InputError(f"bits is {self.bits!r}: give an integer of at least 1")
        check_number("pulse_amplitude", self.pulse_amplitude, above=0)
        check_number("target_amplitude", self.target_amplitude, above=0)
        n_steps("pulse", self.pulse, self.dt, at_least=1)
        for field in ("start", "settle", "pulse"):
            check_number(f"{field} (in seconds)", getattr(self, field), at_least=0)
        if not self.dt <= self.hold[0] <= self.hold[1]:
            raise InputError(
                f"hold is {self.hold}: give the shortest first, at least one step of {self.dt} s"
            )
        if self.pulse > self.settle:
            raise InputError(f"pulse is {self.pulse} s: give at most {self.settle}, settle")
        before = self.start + self.settle
        if n_steps("duration", self.duration, self.dt) < n_steps("settle", before, self.dt) + 1:
            raise InputError(
                f"duration is {self.duration} s: give more than {before:g} s, start and settle"
            )

    @property
    def input_names(self) -> tuple[str, ...]:
        return tuple(f"pulse_{bit + 1}" for bit in range(self.bits))

    @property
    def output_names(self) -> tuple[str, ...]:
        return tuple(f"bit_{bit + 1}" for bit in range(self.bits))

    def grid(self) -> pd.DataFrame:
        """Every first pulse; in `conditions`, the others follow it in the order of this table."""
        channels = range(1, self.bits + 1)
        names = ["channel", "sign"]
        return pd.MultiIndex.from_product([channels, (-1, 1)], names=names).to_frame(index=False)

    def generate(self, conditions: pd.DataFrame, rng: np.random.Generator | None) -> Trials:
        n_trials = len(conditions)
        time = n_steps("duration", self.duration, self.dt)
        onsets, channels, signs = self._pulses(conditions, rng)
        settle = n_steps("settle", self.settle, self.dt)
        length = n_steps("pulse", self.pulse, self.dt)

        step = np.arange(time)
        inputs, targets = (np.zeros((n_trials, time, self.bits)) for _ in range(2))
        mask = np.zeros((n_trials, time))
        state = np.zeros((n_trials, self.bits))
        for k in range(onsets.shape[1] - 1):
            onset, end = onsets[:, k, None], onsets[:, k + 1, None]
            pulsed = channels[:, k, None] == np.arange(self.bits)
            pulse = pulsed * signs[:, k, None]
            state = np.where(pulsed, pulse, state if self.others == "hold" else 0)
            shown = (step >= onset) & (step < onset + length)
            asked = (step >= onset + settle) & (step < end)
            inputs += self.pulse_amplitude * shown[:, :, None] * pulse[:, None, :]
            targets += self.target_amplitude * asked[:, :, None] * state[:, None, :]
            mask += asked
        return Trials(inputs, targets, mask, conditions, self.dt)

    def _pulses(
        self, conditions: pd.DataFrame, rng: np.random.Generator | None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Onset in steps, channel and sign of every pulse, each (trial, pulse).

        One onset more than pulses, the last of them after the end of the trial.
        """
        n_trials = len(conditions)
        least = self.hold[0] + self.settle
        n_pulses = int((self.duration - self.start) / least) + 1
        first = conditions[["channel", "sign"]].to_numpy()
        if rng is None:
            gaps = np.full((n_trials, n_pulses), sum(self.hold) / 2)
            pulse = 2 * (first[:, :1] - 1) + (first[:, 1:] > 0) + np.arange(n_pulses)
            pulse %= 2 * self.bits
        else:
            gaps = rng.uniform(*self.hold, size=(n_trials, n_pulses))
            pulse = rng.integers(2 * self.bits, size=(n_trials, n_pulses))
        channels, signs = pulse // 2, 2 * (pulse % 2) - 1
        channels[:, 0], signs[:, 0] = first[:, 0] - 1, first[:, 1]
        seconds = self.start + np.cumsum(gaps + self.settle, axis=1)
        seconds = np.column_stack([np.full(n_trials, self.start), seconds])
        return np.floor(seconds / self.dt + 1e-6).astype(np.int64), channels, signs

    def correct(self, outputs: ArrayLike, trials: Trials) -> NDArray[np.floating]:
        values = check_array("outputs", outputs, trials.targets.shape)
        near = np.abs(values - trials.targets) < self.target_amplitude / 2
        beyond = (np.abs(values) > self.target_amplitude) & (values * trials.targets > 0)
        right = np.all(near | beyond, axis=2)
        fraction: NDArray[np.floating] = np.sum(right * trials.mask, axis=1) / trials.mask.sum(
            axis=1
        )
        return fraction
