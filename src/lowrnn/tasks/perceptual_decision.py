"""Perceptual decision making: decide on the sign of one noisy stimulus."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from lowrnn.tasks.base import n_steps, windows
from lowrnn.tasks.decisions import DecisionTask
from lowrnn.tasks.trials import Trials


@dataclass(frozen=True, kw_only=True)
class PerceptualDecision(DecisionTask):
    """Report the sign of a noisy stimulus after a delay (random-dot motion).

    A trial is fixation, stimulus, delay, decision; the target counts in the decision window alone.
    The defaults are those of Dubreuil et al. 2022 (preset `populations2022`): 51 steps of 20 ms.
    Preset `lint2022` is the longer trial of Valente et al. 2022.

    Parameters
    ----------
    dt : float
        Duration of a time step in seconds.
    fixation, stimulus, delay, decision : float
        Durations in seconds, floored to whole steps; stimulus and decision last at least one.
    coherences : tuple of float
        The signed coherences, drawn evenly. Trials of coherence 0 are catch trials.
    stimulus_amplitude : float
        Input per unit of coherence.
    noise_std : float
        Standard deviation of the input noise, drawn for every step of the trial; it does not
        change with `dt`.

    Raises
    ------
    InputError
        If a parameter is out of bounds.
    """

    name: ClassVar[str] = "perceptual_decision"
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "populations2022": {},
        "lint2022": {
            "delay": 0.3,
            "decision": 0.3,
            "coherences": (-16, -8, -4, -2, -1, 1, 2, 4, 8, 16),
            "stimulus_amplitude": 0.032,
            "noise_std": 0.03,
        },
    }

    fixation: float = 0.1
    stimulus: float = 0.8
    delay: float = 0.1
    decision: float = 0.02
    coherences: tuple[float, ...] = (-4.0, -2.0, -1.0, 1.0, 2.0, 4.0)
    stimulus_amplitude: float = 0.1
    noise_std: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_floats("coherences", length="coherence")
        self._check_amplitudes("stimulus_amplitude", "noise_std")
        self._steps()

    @property
    def input_names(self) -> tuple[str, ...]:
        return ("stimulus",)

    @property
    def output_names(self) -> tuple[str, ...]:
        return ("choice",)

    def _steps(self) -> dict[str, int]:
        """The length of each epoch in time steps."""
        return {
            "fixation": n_steps("fixation", self.fixation, self.dt),
            "stimulus": n_steps("stimulus", self.stimulus, self.dt, at_least=1),
            "delay": n_steps("delay", self.delay, self.dt),
            "decision": n_steps("decision", self.decision, self.dt, at_least=1),
        }

    def grid(self) -> pd.DataFrame:
        coherence = np.array(self.coherences)
        return pd.DataFrame({"coherence": coherence, "choice": np.sign(coherence).astype(np.int64)})

    def generate(self, conditions: pd.DataFrame, rng: np.random.Generator | None) -> Trials:
        on = windows(len(conditions), self._steps())
        coherence, choice = (conditions[c].to_numpy()[:, None] for c in ("coherence", "choice"))
        signal = self.stimulus_amplitude * coherence * on["stimulus"]
        if rng is not None:
            signal += self.noise_std * rng.standard_normal(signal.shape)
        return Trials(
            inputs=signal[:, :, None],
            targets=(choice * on["decision"])[:, :, None],
            mask=on["decision"].astype(float),
            conditions=conditions,
            dt=self.dt,
        )
