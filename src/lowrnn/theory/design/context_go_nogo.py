"""Context-dependent Go/Nogo: which of two stimuli is to be answered depends on a context."""

import numpy as np
import pandas as pd

from lowrnn.errors import check_number
from lowrnn.theory.design.design import Design
from lowrnn.theory.design.vectors import from_vectors


def context_go_nogo(
    *,
    g: float = 0.8,
    vector_std: float = 1.2,
    overlap_m: float = 1.6,
    overlap_n: float = 3.0,
    readout_m: float = 0.6,
    readout_n: float = 1.0,
    amplitude: float = 1.0,
    relevant_cue: float = 0.08,
    irrelevant_cue: float = -0.14,
    start: float = -1.0,
    settling: float = 10.0,
    context: float = 15.0,
    stimulus: float = 85.0,
) -> Design:
    """Context-dependent Go/Nogo: `m_k = y_k + ρ_m c_k + β_m w`, `n_k = I_k + ρ_n c_k + β_n w`.

    The structure holds activity in a negative state. Context A, a weak input
    `0.08 c_A - 0.14 c_B`, moves the thresholds of the two stimuli apart, so that stimulus A alone
    switches the state; context B does the converse (Mastrogiuseppe & Ostojic 2018, figure 5;
    N = 7000 there). Smaller networks often fail: `relevant_cue=0.2, irrelevant_cue=-0.4` leaves
    wider margins.

    Parameters
    ----------
    g : float
        Strength of the random part.
    vector_std : float
        Standard deviation of the entries of the stimuli I_k and of y_k; that of the cues c_k and
        of the readout w is 1.
    overlap_m, overlap_n : float
        ρ_m and ρ_n.
    readout_m, readout_n : float
        β_m and β_n.
    amplitude : float
        Strength of a stimulus.
    relevant_cue, irrelevant_cue : float
        Input along the cue of the context and along that of the other.
    start : float
        A trial starts at `start Σ_k (m_k + n_k)`.
    settling, context, stimulus : float
        Durations of the epochs, in units of tau; the cues stay during the stimulus.

    Returns
    -------
    Design
        Four conditions, contexts A and B with stimuli A and B; inputs `stimulus_A`, `stimulus_B`,
        `cue_A`, `cue_B`.
    """
    names = ("A", "B")
    std = {"w": 1.0}
    for k in names:
        std |= {f"y_{k}": vector_std, f"I_{k}": vector_std, f"c_{k}": 1.0}
    mixture = from_vectors(
        std,
        m=[{f"y_{k}": 1, f"c_{k}": overlap_m, "w": readout_m} for k in names],
        n=[{f"I_{k}": 1, f"c_{k}": overlap_n, "w": readout_n} for k in names],
        B=[{f"{v}_{k}": 1} for v in "Ic" for k in names],
        w=[{"w": 1}],
    )
    amplitude = check_number("amplitude", amplitude)
    cue = np.full((2, 2), check_number("irrelevant_cue", irrelevant_cue))
    np.fill_diagonal(cue, check_number("relevant_cue", relevant_cue))
    cases = [(i, j) for i in range(2) for j in range(2)]
    levels = np.zeros((4, 3, 4))
    for row, (i, j) in enumerate(cases):
        levels[row, 1:, 2:] = cue[i]
        levels[row, 2, j] = amplitude
    return Design(
        name="context-go-nogo",
        mixture=mixture,
        g=g,
        input_names=("stimulus_A", "stimulus_B", "cue_A", "cue_B"),
        epochs={"settling": settling, "context": context, "stimulus": stimulus},
        conditions=pd.DataFrame(
            {
                "context": [names[i] for i, _ in cases],
                "stimulus": [names[j] for _, j in cases],
                "choice": [1 if i == j else -1 for i, j in cases],
            }
        ),
        levels=levels,
        noise=np.zeros((3, 4)),
        output=np.zeros(4, np.intp),
        start=start,
    )
