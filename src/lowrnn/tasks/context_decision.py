"""Context-dependent decision making: decide on the cued one of two noisy stimuli."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from lowrnn.tasks.base import n_steps, windows
from lowrnn.tasks.decisions import DecisionTask
from lowrnn.tasks.trials import Trials


@dataclass(frozen=True, kw_only=True)
class ContextDecision(DecisionTask):
    """Report the sign of stimulus A in context 1 and of stimulus B in context 2.

    A trial is fixation, context only, stimulus (both stimuli), delay, decision. The context cue is
    on from the end of fixation to the start of the decision window, the only part of the trial
    where the target counts. The defaults are those of Dubreuil et al. 2022 and Valente et al. 2022
    after Mante et al. 2013 (presets `populations2022`, `lint2022`): 68 steps of 20 ms.

    Preset `schuessler2020` is the variant of Schuessler et al. 2020, its times in units of
    tau = 0.1 s: 96 steps of 50 ms, the cue on with the stimulus alone, targets of 0.5 in the
    decision window and of 0 before the delay.

    Parameters
    ----------
    dt : float
        Duration of a time step in seconds.
    fixation, context_only, stimulus, delay, decision : float
        Durations in seconds, floored to whole steps; stimulus and decision last at least one.
    coherences : tuple of float
        The signed coherences of either stimulus, drawn independently and evenly. Trials whose
        cued coherence is 0 are catch trials.
    stimulus_amplitude : float
        Input per unit of coherence.
    context_amplitude : float
        Input of the cue that is on. The published networks use 0.1, 0.5 and 1; one trained at one
        amplitude fails at another.
    noise_std : float
        Standard deviation of the noise on the two stimulus channels, drawn for every step of the
        trial; it does not change with `dt`.
    target_amplitude : float
        The output asked for in the decision window, up to its sign.
    cue_in_delay : bool
        Whether the cue stays on in the delay.
    fixate : bool
        Whether an output of 0 is asked for until the end of the stimulus.
    psychometric_coherences : tuple of float
        The coherences of `psychometric_grid`.

    Raises
    ------
    InputError
        If a parameter is out of bounds.
    """

    name: ClassVar[str] = "context_decision"
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "populations2022": {},
        "lint2022": {},
        "schuessler2020": {
            "dt": 0.05,
            "fixation": 0.3,
            "context_only": 0.0,
            "stimulus": 2.0,
            "delay": 0.5,
            "decision": 2.0,
            "coherences": (-1, -1 / 2, -1 / 4, -1 / 8, 1 / 8, 1 / 4, 1 / 2, 1),
            "stimulus_amplitude": 1.0,
            "context_amplitude": 1.0,
            # 0.05 / sqrt(dt) at every step of dt = 0.5 tau.
            "noise_std": 0.05 / 0.5**0.5,
            "target_amplitude": 0.5,
            "cue_in_delay": False,
            "fixate": True,
            "psychometric_coherences": (-1, -1 / 2, -1 / 4, -1 / 8, 1 / 8, 1 / 4, 1 / 2, 1),
        },
    }

    fixation: float = 0.1
    context_only: float = 0.35
    stimulus: float = 0.8
    delay: float = 0.1
    decision: float = 0.02
    coherences: tuple[float, ...] = (-4.0, -2.0, -1.0, 1.0, 2.0, 4.0)
    stimulus_amplitude: float = 0.1
    context_amplitude: float = 0.1
    noise_std: float = 0.1
    target_amplitude: float = 1.0
    cue_in_delay: bool = True
    fixate: bool = False
    psychometric_coherences: tuple[float, ...] = (-5.0, -3.0, -1.0, 1.0, 3.0, 5.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_floats("coherences", "psychometric_coherences", length="coherence")
        self._check_amplitudes(
            "stimulus_amplitude", "context_amplitude", "noise_std", "target_amplitude"
        )
        self._check_switches("cue_in_delay", "fixate")
        self._steps()

    @property
    def input_names(self) -> tuple[str, ...]:
        return ("stimulus_a", "stimulus_b", "context_1", "context_2")

    @property
    def output_names(self) -> tuple[str, ...]:
        return ("choice",)

    def _steps(self) -> dict[str, int]:
        """The length of each epoch in time steps."""
        return {
            "fixation": n_steps("fixation", self.fixation, self.dt),
            "context_only": n_steps("context_only", self.context_only, self.dt),
            "stimulus": n_steps("stimulus", self.stimulus, self.dt, at_least=1),
            "delay": n_steps("delay", self.delay, self.dt),
            "decision": n_steps("decision", self.decision, self.dt, at_least=1),
        }

    def grid(self) -> pd.DataFrame:
        return self._product(self.coherences)

    def psychometric_grid(self) -> pd.DataFrame:
        return self._product(self.psychometric_coherences)

    def _product(self, coherences: Sequence[float]) -> pd.DataFrame:
        """Every pair of coherences in either context."""
        grid = pd.MultiIndex.from_product(
            [coherences, coherences, (1, 2)], names=["coherence_a", "coherence_b", "context"]
        ).to_frame(index=False)
        cued = np.where(grid["context"] == 1, grid["coherence_a"], grid["coherence_b"])
        return grid.assign(choice=np.sign(cued).astype(np.int64))

    def generate(self, conditions: pd.DataFrame, rng: np.random.Generator | None) -> Trials:
        on = windows(len(conditions), self._steps())
        stimuli = conditions[["coherence_a", "coherence_b"]].to_numpy()
        cues = conditions[["context"]].to_numpy() == (1, 2)
        cue_on = on["context_only"] | on["stimulus"]
        if self.cue_in_delay:
            cue_on = cue_on | on["delay"]
        counted = on["decision"]
        if self.fixate:
            counted = counted | on["fixation"] | on["context_only"] | on["stimulus"]

        signal = self.stimulus_amplitude * stimuli[:, None, :] * on["stimulus"][:, :, None]
        if rng is not None:
            signal += self.noise_std * rng.standard_normal(signal.shape)
        context = self.context_amplitude * cues[:, None, :] * cue_on[:, :, None]
        choice = self.target_amplitude * conditions["choice"].to_numpy()
        return Trials(
            inputs=np.concatenate([signal, context], axis=2),
            targets=(choice[:, None] * on["decision"])[:, :, None],
            mask=counted.astype(float),
            conditions=conditions,
            dt=self.dt,
        )
