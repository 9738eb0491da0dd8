"""Context-dependent decision making: decide on the cued one of two noisy stimuli."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from lowrnn.errors import check_array, check_number
from lowrnn.tasks.base import Task, n_steps, windows
from lowrnn.tasks.decisions import sign_accuracy
from lowrnn.tasks.trials import Trials


@dataclass(frozen=True, kw_only=True)
class ContextDecision(Task):
    """Report the sign of stimulus A in context 1 and of stimulus B in context 2.

    A trial is fixation, context only, stimulus (both stimuli), delay, decision. The context cue is
    on from the end of fixation to the start of the decision window, the only part of the trial
    where the target counts. The defaults are those of Dubreuil et al. 2022 and Valente et al. 2022
    after Mante et al. 2013: 68 steps of 20 ms.

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

    Raises
    ------
    InputError
        If a parameter is out of bounds.
    """

    name: ClassVar[str] = "context_decision"

    fixation: float = 0.1
    context_only: float = 0.35
    stimulus: float = 0.8
    delay: float = 0.1
    decision: float = 0.02
    coherences: tuple[float, ...] = (-4.0, -2.0, -1.0, 1.0, 2.0, 4.0)
    stimulus_amplitude: float = 0.1
    context_amplitude: float = 0.1
    noise_std: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        coherences = check_array("coherences", self.coherences, ("coherence",))
        object.__setattr__(self, "coherences", tuple(coherences.tolist()))
        for field in ("stimulus_amplitude", "context_amplitude", "noise_std"):
            check_number(field, getattr(self, field), at_least=0)
        self._steps()

    @property
    def input_names(self) -> tuple[str, ...]:
        return ("stimulus_a", "stimulus_b", "context_1", "context_2")

    @property
    def output_names(self) -> tuple[str, ...]:
        return ("choice",)

    def accuracy(self, outputs: ArrayLike, trials: Trials) -> float:
        return sign_accuracy(outputs, trials)

    def _steps(self) -> dict[str, int]:
        """The length of each epoch in time steps."""
        return {
            "fixation": n_steps("fixation", self.fixation, self.dt),
            "context_only": n_steps("context_only", self.context_only, self.dt),
            "stimulus": n_steps("stimulus", self.stimulus, self.dt, at_least=1),
            "delay": n_steps("delay", self.delay, self.dt),
            "decision": n_steps("decision", self.decision, self.dt, at_least=1),
        }

    def _grid(self) -> pd.DataFrame:
        grid = pd.MultiIndex.from_product(
            [self.coherences, self.coherences, (1, 2)],
            names=["coherence_a", "coherence_b", "context"],
        ).to_frame(index=False)
        cued = np.where(grid["context"] == 1, grid["coherence_a"], grid["coherence_b"])
        return grid.assign(choice=np.sign(cued).astype(np.int64))

    def _trials(self, conditions: pd.DataFrame, rng: np.random.Generator | None) -> Trials:
        on = windows(len(conditions), self._steps())
        stimuli = conditions[["coherence_a", "coherence_b"]].to_numpy()
        cues = conditions[["context"]].to_numpy() == (1, 2)
        cue_on = on["context_only"] | on["stimulus"] | on["delay"]

        signal = self.stimulus_amplitude * stimuli[:, None, :] * on["stimulus"][:, :, None]
        if rng is not None:
            signal += self.noise_std * rng.standard_normal(signal.shape)
        context = self.context_amplitude * cues[:, None, :] * cue_on[:, :, None]
        choice = conditions["choice"].to_numpy()
        return Trials(
            inputs=np.concatenate([signal, context], axis=2),
            targets=(choice[:, None] * on["decision"])[:, :, None],
            mask=on["decision"].astype(float),
            conditions=conditions,
            dt=self.dt,
        )
