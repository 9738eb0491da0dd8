"""Go/Nogo discrimination by one unit-rank structure: respond to one stimulus and not to another."""

import numpy as np
import pandas as pd

from lowrnn.errors import check_number
from lowrnn.theory.design.design import Design
from lowrnn.theory.design.vectors import from_vectors


def go_nogo(
    *,
    g: float = 0.1,
    stimulus_std: float = 2.0,
    readout_std: float = 2.0,
    amplitude: float = 1.0,
    settling: float = 10.0,
    rest: float = 5.0,
    stimulus: float = 10.0,
    decay: float = 15.0,
) -> Design:
    """Go/Nogo discrimination: `m = w`, `n = I_go`, inputs `I_go` and `I_nogo`.

    n selects the Go stimulus and m passes it to the readout; m and n do not overlap, so the
    response ends with the stimulus (Mastrogiuseppe & Ostojic 2018, figure 3; N = 2500 there).

    Parameters
    ----------
    g : float
        Strength of the random part.
    stimulus_std, readout_std : float
        Standard deviations of the entries of the stimuli and of the readout w.
    amplitude : float
        Strength of a stimulus.
    settling, rest, stimulus, decay : float
        Durations of the epochs, in units of tau.

    Returns
    -------
    Design
        Conditions `go` (choice 1) and `nogo` (choice 0); inputs `go`, `nogo`.
    """
    mixture = from_vectors(
        {"w": readout_std, "go": stimulus_std, "nogo": stimulus_std},
        m=[{"w": 1}],
        n=[{"go": 1}],
        B=[{"go": 1}, {"nogo": 1}],
        w=[{"w": 1}],
    )
    levels = np.zeros((2, 4, 2))
    levels[:, 2] = check_number("amplitude", amplitude) * np.eye(2)
    return Design(
        name="go-nogo",
        mixture=mixture,
        g=g,
        input_names=("go", "nogo"),
        epochs={"settling": settling, "rest": rest, "stimulus": stimulus, "decay": decay},
        conditions=pd.DataFrame({"stimulus": ["go", "nogo"], "choice": [1, 0]}),
        levels=levels,
        noise=np.zeros((4, 2)),
        output=np.zeros(2, np.intp),
    )
