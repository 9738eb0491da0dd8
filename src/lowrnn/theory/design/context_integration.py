"""Context-dependent evidence integration: a cue chooses which evidence moves along a ring."""

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd

from lowrnn.errors import check_array, check_number
from lowrnn.theory.design.design import Design
from lowrnn.theory.design.vectors import from_vectors


def context_integration(
    relevant: Sequence[float] = (-0.4, -0.2, -0.1, -0.05, 0.05, 0.1, 0.2, 0.4),
    irrelevant: Sequence[float] = (0.0,),
    *,
    g: float = 0.8,
    overlap: float = 2.0,
    noise_std: float = 0.3,
    cue_amplitude: float = 0.6,
    cue: float = 10.0,
    delay: float = 5.0,
    stimulus: float = 20.0,
) -> Design:
    """Integrate one of two noisy stimuli: `n_A = λ m_A + I_A + c_B`, `n_B = λ m_B + I_B + c_A`.

    The two equal outliers λ make a ring of states. A pulse along c_A moves the state to
    `κ = (0, R)`, where the ring runs along κ_A: stimulus A is integrated, stimulus B only changes
    the distance from the ring, which decays; and the converse. The choice is the sign of the
    readout along m_A in context A, and along m_B in context B. The mechanism is that of
    Mastrogiuseppe & Ostojic 2018 (figure 6), the parameters are our own. While the state stays
    near the cued one, `P(positive) = Φ(c √T / σ)`, with T the duration of the stimulus.

    Parameters
    ----------
    relevant, irrelevant : sequence of float
        Mean evidence of the stimulus that the context asks for and of the other; all pairs are
        conditions, in both contexts.
    g : float
        Strength of the random part.
    overlap : float
        λ. All of m, the stimuli I and the cues c have unit variance.
    noise_std : float
        σ of the white noise in each stimulus, common to all neurons.
    cue_amplitude : float
        Strength of the cue.
    cue, delay, stimulus : float
        Durations of the epochs, in units of tau.

    Returns
    -------
    Design
        Inputs `stimulus_A`, `stimulus_B`, `cue_A`, `cue_B`; two readouts.
    """
    wanted = check_array("relevant", relevant, ("coherence",), dtype=np.float64)
    other = check_array("irrelevant", irrelevant, ("coherence",), dtype=np.float64)
    names = [f"{v}_{k}" for v in "mIc" for k in "AB"]
    mixture = from_vectors(
        dict.fromkeys(names, 1.0),
        m=[{"m_A": 1}, {"m_B": 1}],
        n=[{"m_A": overlap, "I_A": 1, "c_B": 1}, {"m_B": overlap, "I_B": 1, "c_A": 1}],
        B=[{name: 1} for name in names[2:]],
        w=[{"m_A": 1}, {"m_B": 1}],
    )
    cases = list(itertools.product(range(2), wanted, other))
    cue_amplitude = check_number("cue_amplitude", cue_amplitude)
    levels = np.zeros((len(cases), 3, 4))
    for row, (here, c, distractor) in enumerate(cases):
        levels[row, 0, 2 + here] = cue_amplitude
        levels[row, 2, here], levels[row, 2, 1 - here] = c, distractor
    noise = np.zeros((3, 4))
    noise[2, :2] = check_number("noise_std", noise_std, at_least=0)
    context = np.array([case[0] for case in cases])
    sign = np.sign([case[1] for case in cases]).astype(int)
    return Design(
        name="context-integration",
        mixture=mixture,
        g=g,
        input_names=("stimulus_A", "stimulus_B", "cue_A", "cue_B"),
        epochs={"cue": cue, "delay": delay, "stimulus": stimulus},
        conditions=pd.DataFrame(
            {
                "context": np.where(context == 0, "A", "B"),
                "relevant": [case[1] for case in cases],
                "irrelevant": [case[2] for case in cases],
                "choice": sign,
            }
        ),
        levels=levels,
        noise=noise,
        output=context,
    )
