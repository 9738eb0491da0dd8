"""Detection of a noisy stimulus: a bistable unit-rank structure that a strong stimulus switches."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lowrnn.errors import check_array, check_number
from lowrnn.theory.design.design import Design
from lowrnn.theory.design.vectors import from_vectors


def detection(
    coherences: Sequence[float] = (0.2, 0.4, 0.6, 0.9),
    *,
    g: float = 0.8,
    vector_std: float = 1.2,
    overlap_m: float = 2.0,
    overlap_n: float = 2.0,
    noise_std: float = 0.4,
    background: float = 1.0,
    criterion: float = 0.5,
    start: float = -1.0,
    settling: float = 10.0,
    rest: float = 7.0,
    stimulus: float = 22.0,
) -> Design:
    """Detection of a noisy stimulus: `m = w + ρ_m y`, `n = I + ρ_n y`, input `(c + σ ξ(t)) I + h`.

    The overlap along y makes two states; a trial starts in the negative one, which disappears when
    the mean stimulus c is strong: the readout answers 1 (Mastrogiuseppe & Ostojic 2018, figure 4;
    N = 2500 there). The noise ξ is one scalar, common to all neurons.

    Parameters
    ----------
    coherences : sequence of float
        Mean stimuli c, one condition each.
    g : float
        Strength of the random part.
    vector_std : float
        Standard deviation of the entries of the stimulus I and of the readout w.
    overlap_m, overlap_n : float
        ρ_m and ρ_n: `m·n / N = ρ_m ρ_n`.
    noise_std : float
        σ.
    background : float
        Strength of h, a vector orthogonal to all others that comes with the stimulus and lowers
        the gain.
    criterion : float
        From which mean stimulus on 1 is the wanted choice; -1 below.
    start : float
        A trial starts at `start (m + n)`.
    settling, rest, stimulus : float
        Durations of the epochs, in units of tau.

    Returns
    -------
    Design
        Inputs `stimulus` and `background`.
    """
    c = check_array("coherences", coherences, ("coherence",), dtype=np.float64)
    criterion = check_number("criterion", criterion)
    mixture = from_vectors(
        {"w": vector_std, "I": vector_std, "y": 1, "h": 1},
        m=[{"w": 1, "y": overlap_m}],
        n=[{"I": 1, "y": overlap_n}],
        B=[{"I": 1}, {"h": 1}],
        w=[{"w": 1}],
    )
    levels = np.zeros((len(c), 3, 2))
    levels[:, 2, 0], levels[:, 2, 1] = c, check_number("background", background)
    noise = np.zeros((3, 2))
    noise[2, 0] = check_number("noise_std", noise_std, at_least=0)
    return Design(
        name="detection",
        mixture=mixture,
        g=g,
        input_names=("stimulus", "background"),
        epochs={"settling": settling, "rest": rest, "stimulus": stimulus},
        conditions=pd.DataFrame({"coherence": c, "choice": np.where(c >= criterion, 1, -1)}),
        levels=levels,
        noise=noise,
        output=np.zeros(len(c), np.intp),
        start=start,
    )
