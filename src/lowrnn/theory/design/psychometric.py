"""How often a design answers 1 in each condition: the reduced model, or a finite network."""

import numpy as np
import pandas as pd

from lowrnn.errors import InputError, check_number
from lowrnn.networks.rnn import RNN
from lowrnn.theory.design.design import DT, Design


def psychometric(
    design: Design, trials: int = 1000, seed: int = 0, *, rnn: RNN | None = None, dt: float = DT
) -> pd.DataFrame:
    """The fraction of noisy trials in which the readout is positive at the end of the answer epoch.

    Parameters
    ----------
    design : Design
        The task; its conditions are the points of the curve.
    trials : int
        Trials of each condition.
    seed : int
        Seed of the input noise. A network sees the same inputs as the reduced model.
    rnn : RNN, optional
        A finite network, as `design.sample` gives it; by default the reduced model of infinitely
        many neurons (`ReducedModel`).
    dt : float
        Time step of the reduced model, in units of tau; a network has its own.

    Returns
    -------
    pandas.DataFrame
        One row a condition: its variables, `p_positive`, and `n_trials`.

    Raises
    ------
    InputError
        If a number is out of range or the network has other inputs or readouts than the design.
    """
    trials = int(check_number("trials", trials, at_least=1))
    reduced = design.reduced
    if rnn is not None:
        found = (rnn.inputs.shape[1], rnn.readout.shape[1])
        wanted = (design.mixture.inputs, design.mixture.outputs)
        if found != wanted:
            raise InputError(
                f"rnn has {found[0]} inputs and {found[1]} readouts: give a network of the design,"
                f" with {wanted[0]} and {wanted[1]}"
            )
        dt = rnn.alpha
    positive = np.empty(len(design))
    until = design.answer_step(dt) + 1
    for condition, output in enumerate(design.output):
        u = design.inputs(condition, trials, seed, dt=dt)[:, :until]
        if rnn is None:
            answers = reduced.readout(*reduced.final(u, design.start, dt))[:, output]
        else:
            answers = rnn.simulate(u).z[:, -1, output].astype(np.float64)
        positive[condition] = np.mean(answers > 0)
    return design.conditions.assign(p_positive=positive, n_trials=trials)
