"""Parametric working memory: compare a stimulus with one that is gone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lowrnn.errors import InputError, check_number
from lowrnn.tasks.base import n_steps, random_steps, windows
from lowrnn.tasks.decisions import DecisionTask
from lowrnn.tasks.trials import Trials

#: Frequencies on the grid where any pair may occur; `draw` takes them from the whole range.
GRID_POINTS = 5


@dataclass(frozen=True, kw_only=True)
class WorkingMemory(DecisionTask):
    """Report by how much the first of two stimuli exceeds the second, or which is larger.

    A trial is fixation, first stimulus, a delay that varies, second stimulus, decision delay,
    decision; the target counts in the decision window. A stimulus of frequency f has amplitude
    (f - centre) / scale. The defaults are those of Dubreuil et al. 2022 after Romo et al. 1999
    (preset `populations2022`): 54 pairs of whole frequencies, 70 steps of 20 ms. Preset `lint2022`
    has delays up to 2 s. An answer is right if it has the right sign.

    Preset `schuessler2020` is the variant of Schuessler et al. 2020, its times in units of
    tau = 0.1 s: 56 steps of 50 ms, two amplitudes from a continuum, one output for each.

    Parameters
    ----------
    dt : float
        Duration of a time step in seconds.
    fixation, stimulus, decision_delay, decision : float
        Durations in seconds, floored to whole steps; stimulus and decision last at least one.
    delay : tuple of float
        Shortest and longest delay in seconds, drawn evenly in whole steps.
    lowest, highest : float
        The range of the frequencies.
    differences : tuple of float
        The differences f1 - f2 that occur. Pairs are drawn evenly among those whose first frequency
        is a whole number of units above `lowest`. If empty, both frequencies are drawn evenly from
        the range.
    least_difference : float
        With `differences` empty, how far apart the frequencies are at least.
    centre, scale : float
        The frequency of zero amplitude, and the frequency for each unit of amplitude.
    noise_std : float
        Standard deviation of the input noise, drawn for every step of the trial; it does not
        change with `dt`.
    report : {"difference", "larger"}
        One output, asked for (f1 - f2) / scale; or two, asked for `target_amplitude` at the larger
        stimulus and 0 at the other.
    target_amplitude : float
        See `report`.
    fixate : bool
        Whether an output of 0 is asked for until the end of the second stimulus.
    psychometric_differences : tuple of float
        The differences of `psychometric_grid`; if empty, its pairs are those of `grid`.

    Raises
    ------
    InputError
        If a parameter is out of bounds.
    """

    name: ClassVar[str] = "working_memory"
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "populations2022": {},
        "lint2022": {"delay": (0.5, 2.0)},
        "schuessler2020": {
            "dt": 0.05,
            "fixation": 0.3,
            "stimulus": 0.1,
            "delay": (0.2, 0.8),
            "decision_delay": 0.5,
            "decision": 1.0,
            "lowest": 0.5,
            "highest": 1.5,
            "differences": (),
            "least_difference": 0.2,
            "centre": 0.0,
            "scale": 1.0,
            "noise_std": 0.0,
            "report": "larger",
            "fixate": True,
            "psychometric_differences": (),
        },
    }

    fixation: float = 0.1
    stimulus: float = 0.1
    delay: tuple[float, float] = (0.5, 1.0)
    decision_delay: float = 0.0
    decision: float = 0.1
    lowest: float = 10.0
    highest: float = 34.0
    differences: tuple[float, ...] = (-24.0, -16.0, -8.0, 8.0, 16.0, 24.0)
    least_difference: float = 0.0
    centre: float = 22.0
    scale: float = 24.0
    noise_std: float = 0.01
    report: str = "difference"
    target_amplitude: float = 0.5
    fixate: bool = False
    psychometric_differences: tuple[float, ...] = (-24, -16, -8, -4, 0, 4, 8, 16, 24)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_floats("delay", length=2)
        for field in ("differences", "psychometric_differences"):
            if len(getattr(self, field)):
                self._check_floats(field, length="difference")
            else:
                object.__setattr__(self, field, ())
        self._check_amplitudes("noise_std", "target_amplitude", "least_difference")
        self._check_choice("report", ("difference", "larger"))
        self._check_switches("fixate")
        check_number("lowest", self.lowest)
        check_number("highest", self.highest, above=self.lowest)
        check_number("centre", self.centre)
        check_number("scale", self.scale, above=0)
        span = self.highest - self.lowest
        if not self.differences and self.least_difference >= span:
            raise InputError(
                f"least_difference is {self.least_difference}: give less than {span:g}, the range"
            )
        if self.grid().empty:
            raise InputError(
                f"differences is {self.differences}: give one that fits between lowest and highest"
            )
        self._steps(1, None)

    @property
    def input_names(self) -> tuple[str, ...]:
        return ("stimulus",)

    @property
    def output_names(self) -> tuple[str, ...]:
        return ("difference",) if self.report == "difference" else ("first", "second")

    def _steps(
        self, n_trials: int, rng: np.random.Generator | None
    ) -> dict[str, int | NDArray[np.int64]]:
        """The length of each epoch in time steps."""
        stimulus = n_steps("stimulus", self.stimulus, self.dt, at_least=1)
        return {
            "fixation": n_steps("fixation", self.fixation, self.dt),
            "stimulus_1": stimulus,
            "delay": random_steps("delay", self.delay, self.dt, n_trials, rng),
            "stimulus_2": stimulus,
            "decision_delay": n_steps("decision_delay", self.decision_delay, self.dt),
            "decision": n_steps("decision", self.decision, self.dt, at_least=1),
        }

    def grid(self) -> pd.DataFrame:
        if self.differences:
            return self._pairs(self.differences)
        return self._any_pairs()

    def psychometric_grid(self) -> pd.DataFrame:
        if self.psychometric_differences:
            return self._pairs(self.psychometric_differences)
        return self.grid()

    def _pairs(self, differences: tuple[float, ...]) -> pd.DataFrame:
        """Every pair of these differences, the first frequency a whole number above the lowest."""
        first = np.arange(self.lowest, self.highest + 1e-9)
        pairs = pd.MultiIndex.from_product([first, differences], names=["f1", "difference"])
        second = pairs.get_level_values(0) - pairs.get_level_values(1)
        within = (second >= self.lowest - 1e-9) & (second <= self.highest + 1e-9)
        found = pairs[within].to_frame(index=False)
        return _table(found["f1"].to_numpy(), second[within].to_numpy())

    def _any_pairs(self) -> pd.DataFrame:
        """The pairs of a regular grid over the whole range that are far enough apart."""
        f1, f2 = np.meshgrid(*2 * [np.linspace(self.lowest, self.highest, GRID_POINTS)])
        apart = (np.abs(f1 - f2) >= self.least_difference - 1e-9) & (f1 != f2)
        return _table(f1[apart], f2[apart])

    def draw(self, n_trials: int, rng: np.random.Generator) -> pd.DataFrame:
        """Random conditions: evenly among pairs of given differences, or from the whole range."""
        if self.differences:
            return super().draw(n_trials, rng)
        pairs = np.empty((0, 2))
        while len(pairs) < n_trials:
            more = rng.uniform(self.lowest, self.highest, size=(2 * n_trials, 2))
            apart = np.abs(more[:, 0] - more[:, 1]) >= self.least_difference
            pairs = np.concatenate([pairs, more[apart]])
        return _table(*pairs[:n_trials].T)

    def generate(self, conditions: pd.DataFrame, rng: np.random.Generator | None) -> Trials:
        steps = self._steps(len(conditions), rng)
        fixed = sum(int(length) for name, length in steps.items() if name != "delay")
        longest = n_steps("delay", self.delay[1], self.dt)
        on = windows(len(conditions), steps, at_least=fixed + longest)
        f1, f2 = (conditions[f].to_numpy()[:, None] for f in ("f1", "f2"))

        signal = (f1 - self.centre) * on["stimulus_1"] + (f2 - self.centre) * on["stimulus_2"]
        signal = signal / self.scale
        if rng is not None:
            signal += self.noise_std * rng.standard_normal(signal.shape)
        if self.report == "difference":
            answer = (f1 - f2) / self.scale
        else:
            answer = self.target_amplitude * np.column_stack([f1 > f2, f2 > f1])
        counted = on["decision"]
        if self.fixate:
            before = ("fixation", "stimulus_1", "delay", "stimulus_2")
            counted = np.any([counted, *(on[epoch] for epoch in before)], axis=0)
        return Trials(
            inputs=signal[:, :, None],
            targets=answer[:, None, :] * on["decision"][:, :, None],
            mask=counted.astype(float),
            conditions=conditions.assign(delay=steps["delay"] * self.dt),
            dt=self.dt,
        )


def _table(f1: NDArray[np.floating], f2: NDArray[np.floating]) -> pd.DataFrame:
    """The conditions of these pairs."""
    difference = f1 - f2
    choice = np.sign(difference).astype(np.int64)
    return pd.DataFrame({"f1": f1, "f2": f2, "difference": difference, "choice": choice})
