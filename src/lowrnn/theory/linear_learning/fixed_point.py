"""The fixed-point task of the linear theory: its networks, its trials, and learning it by descent.

All in units of the time constant, which is one second.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array, check_number
from lowrnn.networks import RNN, FullRank
from lowrnn.tasks.trials import Trials
from lowrnn.theory.linear_learning.descent import Descent, gradient_descent
from lowrnn.theory.linear_learning.gradient_flow import UNSTABLE

Array = NDArray[np.float64]


def initial_weights(
    neurons: int, g: float, seed: int = 0, *, perpendicular: bool = True
) -> tuple[Array, Array, Array]:
    """Draw the weights from which learning starts.

    Recurrent weights `N(0, g²/N)`; Gaussian input weights and readout, rescaled to exact norms √N
    and 1/√N (Schuessler et al. 2020).

    Parameters
    ----------
    neurons : int
        At least 2.
    g : float
        Strength of the recurrent weights.
    seed : int
        Determines the draw.
    perpendicular : bool
        Take from the readout its part along `(1 - W0)⁻¹ u`, so that the output starts at 0 as it
        does for N → ∞. The published networks keep it: outputs start at the order `1/√N`.

    Returns
    -------
    W0 : array (neuron, neuron)
    u, v : array (neuron,)
        Input weights, and readout `z = vᵀx`: in an `RNN`, `readout` divided by N.

    Raises
    ------
    InputError
        If a number is out of range.
    """
    neurons = int(check_number("neurons", neurons, at_least=2))
    g = check_number("g", g, at_least=0)
    rng = np.random.default_rng(seed)
    W0 = g / np.sqrt(neurons) * rng.standard_normal((neurons, neurons))
    u, v = rng.standard_normal((2, neurons))
    if perpendicular:
        carried = np.linalg.solve(np.eye(neurons) - W0, u)
        v = v - carried * (v @ carried) / (carried @ carried)
    return (
        W0,
        u * np.sqrt(neurons) / np.linalg.norm(u),
        v / np.sqrt(neurons) / np.linalg.norm(v),
    )


def fixed_point_trials(zhat: float, *, duration: float = 101.0, dt: float = 0.5) -> Trials:
    """One trial: an input of 1 from time 1 on, a target that counts in the last unit of time.

    Parameters
    ----------
    zhat : float
        Target of the output.
    duration : float
        Duration in time constants, more than 2: long enough for the network to settle.
    dt : float
        Time step in time constants, at most 1.

    Raises
    ------
    InputError
        If a number is out of range.
    """
    zhat = check_number("zhat", zhat)
    dt = check_number("dt", dt, above=0)
    if dt > 1:
        raise InputError(f"dt is {dt}: give at most 1, the time constant")
    steps, unit = int(check_number("duration", duration, above=2) / dt), int(1 / dt)
    time = np.arange(steps)
    return Trials(
        inputs=(time >= unit).astype(float)[None, :, None],
        targets=np.full((1, steps, 1), zhat),
        mask=(time >= steps - unit).astype(float)[None],
        conditions=pd.DataFrame({"zhat": [zhat]}),
        dt=dt,
    )


def backpropagation(
    W0: ArrayLike, u: ArrayLike, v: ArrayLike, zhat: float, *, lr: float, steps: int = 200,
    duration: float = 101.0, dt: float = 0.5, every: int = 10,
) -> Descent:  # fmt: skip
    """Learn a fixed point of a simulated linear network by gradient descent.

    The counterpart of `gradient_flow`, whose time is `lr` times steps. Defaults are those of
    Schuessler et al. 2020, who use `lr = (1 - g²)²` times 0.015, 0.009 and 0.003 for targets 0.5, 1
    and 2, in networks of 1024 neurons.

    Parameters
    ----------
    W0, u, v, zhat
        As for `gradient_flow`.
    lr : float
        Learning rate.
    steps : int
        Steps to take; fewer if an eigenvalue gets a real part above 0.98.
    duration, dt : float
        Of a trial and of its time steps, in time constants.
    every : int
        Steps between checkpoints.

    Raises
    ------
    InputError
        If shapes disagree or a number is out of range.
    """
    W0 = check_array("W0", W0, ("neuron", "neuron"), dtype=np.float64)
    u = check_array("u", u, (len(W0),), dtype=np.float64)
    v = check_array("v", v, (len(W0),), dtype=np.float64)
    rnn = RNN(
        FullRank(W0), u[:, None], len(W0) * v[:, None], dt=dt, tau=1.0, nonlinearity="identity"
    )
    trials = fixed_point_trials(zhat, duration=duration, dt=dt)
    return gradient_descent(rnn, trials, lr=lr, steps=steps, every=every, largest_real=UNSTABLE)
