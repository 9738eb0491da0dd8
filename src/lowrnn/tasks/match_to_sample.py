"""Delayed match-to-sample: is the second stimulus the one seen before?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lowrnn.tasks.base import n_steps, random_steps, windows
from lowrnn.tasks.decisions import DecisionTask
from lowrnn.tasks.trials import Trials


@dataclass(frozen=True, kw_only=True)
class MatchToSample(DecisionTask):
    """Report +1 if two stimuli are the same and -1 if they differ, with a long delay between them.

    A trial is fixation, first stimulus, a delay that varies, second stimulus, decision, the only
    part of the trial where the target counts. The defaults are those of Dubreuil et al. 2022 and
    Valente et al. 2022 (presets `populations2022`, `lint2022`): 255 steps of 20 ms. Trials of a
    shorter delay end early. The task is hard to learn unless training begins with short delays,
    such as `delay=(0.5, 0.7)`.

    Parameters
    ----------
    dt : float
        Duration of a time step in seconds.
    fixation, stimulus, decision : float
        Durations in seconds, floored to whole steps; stimulus and decision last at least one.
    delay : tuple of float
        Shortest and longest delay in seconds, drawn evenly in whole steps.
    stimulus_amplitude : float
        Input of the stimulus that is shown.
    noise_std : float
        Standard deviation of the input noise, drawn for every step of the trial; it does not
        change with `dt`.

    Raises
    ------
    InputError
        If a parameter is out of bounds.
    """

    name: ClassVar[str] = "match_to_sample"
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"populations2022": {}, "lint2022": {}}

    fixation: float = 0.1
    stimulus: float = 0.5
    delay: tuple[float, float] = (0.5, 3.0)
    decision: float = 1.0
    stimulus_amplitude: float = 1.0
    noise_std: float = 0.03

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_floats("delay", length=2)
        self._check_amplitudes("stimulus_amplitude", "noise_std")
        self._steps(1, None)

    @property
    def input_names(self) -> tuple[str, ...]:
        return ("stimulus_a", "stimulus_b")

    @property
    def output_names(self) -> tuple[str, ...]:
        return ("match",)

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
            "decision": n_steps("decision", self.decision, self.dt, at_least=1),
        }

    def grid(self) -> pd.DataFrame:
        names = ["stimulus_1", "stimulus_2"]
        grid = pd.MultiIndex.from_product([("A", "B"), ("A", "B")], names=names)
        table = grid.to_frame(index=False)
        return table.assign(choice=np.where(table[names[0]] == table[names[1]], 1, -1))

    def generate(self, conditions: pd.DataFrame, rng: np.random.Generator | None) -> Trials:
        steps = self._steps(len(conditions), rng)
        fixed = sum(int(length) for name, length in steps.items() if name != "delay")
        longest = n_steps("delay", self.delay[1], self.dt)
        on = windows(len(conditions), steps, at_least=fixed + longest)

        signal = np.zeros((*on["decision"].shape, 2))
        for epoch in ("stimulus_1", "stimulus_2"):
            shown = conditions[[epoch]].to_numpy() == ("A", "B")
            signal += self.stimulus_amplitude * shown[:, None, :] * on[epoch][:, :, None]
        if rng is not None:
            signal += self.noise_std * rng.standard_normal(signal.shape)
        choice = conditions["choice"].to_numpy()[:, None]
        return Trials(
            inputs=signal,
            targets=(choice * on["decision"])[:, :, None],
            mask=on["decision"].astype(float),
            conditions=conditions.assign(delay=steps["delay"] * self.dt),
            dt=self.dt,
        )
