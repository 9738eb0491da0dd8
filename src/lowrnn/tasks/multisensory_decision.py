"""Multisensory decision making: decide on whatever evidence two senses bring."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from lowrnn.errors import InputError
from lowrnn.tasks.base import n_steps, windows
from lowrnn.tasks.decisions import DecisionTask
from lowrnn.tasks.trials import Trials

MODALITIES = ("A", "B", "both")


@dataclass(frozen=True, kw_only=True)
class MultisensoryDecision(DecisionTask):
    """Report the sign of the evidence in modality A, in modality B, or in both.

    A trial is fixation, context only, stimulus, delay, decision, the only part of the trial where
    the target counts. Cues say which modalities are on, from the end of fixation to the end of the
    stimulus. Where both are on, they have coherences of the same sign; a modality that is off has
    coherence 0 in the table, and noise. The defaults are those of Dubreuil et al. 2022 after
    Raposo et al. 2014 (preset `populations2022`): 68 steps of 20 ms. Preset `lint2022`, of Valente
    et al. 2022, has no cues, a longer decision window and more noise.

    Parameters
    ----------
    dt : float
        Duration of a time step in seconds.
    fixation, context_only, stimulus, delay, decision : float
        Durations in seconds, floored to whole steps; stimulus and decision last at least one.
    coherences : tuple of float
        The signed coherences, none 0. Modalities are drawn evenly among A, B and both, then the
        coherences evenly.
    stimulus_amplitude : float
        Input per unit of coherence.
    cued : bool
        Whether there are two more channels, for the cues.
    context_amplitude : float
        Input of a cue that is on.
    noise_std : float
        Standard deviation of the noise on the two stimulus channels, drawn for every step of the
        trial; it does not change with `dt`.
    psychometric_coherences : tuple of float
        The coherences of `psychometric_grid`: with both modalities on, in all pairs. The right
        choice is the sign of their sum, and 0 where they cancel.

    Raises
    ------
    InputError
        If a parameter is out of bounds.
    """

    name: ClassVar[str] = "multisensory_decision"
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "populations2022": {},
        "lint2022": {
            "context_only": 0.0,
            "decision": 0.5,
            "coherences": (-8, -4, -2, -1, 1, 2, 4, 8),
            "cued": False,
            "noise_std": 0.5,
        },
    }

    fixation: float = 0.1
    context_only: float = 0.35
    stimulus: float = 0.8
    delay: float = 0.1
    decision: float = 0.02
    coherences: tuple[float, ...] = (-4.0, -2.0, -1.0, 1.0, 2.0, 4.0)
    stimulus_amplitude: float = 0.1
    cued: bool = True
    context_amplitude: float = 0.1
    noise_std: float = 0.1
    psychometric_coherences: tuple[float, ...] = (-8, -6, -4, -2, 0, 2, 4, 6, 8)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_floats("coherences", "psychometric_coherences", length="coherence")
        self._check_amplitudes("stimulus_amplitude", "context_amplitude", "noise_std")
        self._check_switches("cued")
        if 0 in self.coherences:
            raise InputError("coherences holds 0: leave it out, it has no sign to report")
        self._steps()

    @property
    def input_names(self) -> tuple[str, ...]:
        return ("stimulus_a", "stimulus_b", *(("context_a", "context_b") if self.cued else ()))

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
        table = self._product(self.coherences)
        return table[table["coherence_a"] * table["coherence_b"] >= 0].reset_index(drop=True)

    def psychometric_grid(self) -> pd.DataFrame:
        return self._product(self.psychometric_coherences)

    def _product(self, coherences: tuple[float, ...]) -> pd.DataFrame:
        """Every coherence in one modality, and every pair of them in both."""
        alone = [("A", c, 0.0) for c in coherences] + [("B", 0.0, c) for c in coherences]
        both = [("both", a, b) for a in coherences for b in coherences]
        table = pd.DataFrame(alone + both, columns=["modality", "coherence_a", "coherence_b"])
        evidence = table["coherence_a"] + table["coherence_b"]
        return table.assign(choice=np.sign(evidence).astype(np.int64))

    def draw(self, n_trials: int, rng: np.random.Generator) -> pd.DataFrame:
        """Random conditions: the modality first, then its coherences, each evenly."""
        grid = self.grid()
        rows = [np.flatnonzero(grid["modality"] == modality) for modality in MODALITIES]
        modality = rng.integers(len(MODALITIES), size=n_trials)
        chosen = np.array([among[rng.integers(len(among), size=n_trials)] for among in rows])
        return grid.iloc[chosen[modality, np.arange(n_trials)]]

    def generate(self, conditions: pd.DataFrame, rng: np.random.Generator | None) -> Trials:
        on = windows(len(conditions), self._steps())
        stimuli = conditions[["coherence_a", "coherence_b"]].to_numpy()
        modality = conditions["modality"].to_numpy()
        cues = np.column_stack([modality != "B", modality != "A"])

        inputs = self.stimulus_amplitude * stimuli[:, None, :] * on["stimulus"][:, :, None]
        if rng is not None:
            inputs += self.noise_std * rng.standard_normal(inputs.shape)
        if self.cued:
            cue_on = (on["context_only"] | on["stimulus"])[:, :, None]
            context = self.context_amplitude * cues[:, None, :] * cue_on
            inputs = np.concatenate([inputs, context], axis=2)
        choice = conditions["choice"].to_numpy()
        return Trials(
            inputs=inputs,
            targets=(choice[:, None] * on["decision"])[:, :, None],
            mask=on["decision"].astype(float),
            conditions=conditions,
            dt=self.dt,
        )
