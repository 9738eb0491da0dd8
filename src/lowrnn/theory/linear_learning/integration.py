"""Learning to integrate noise: the exact loss of a linear network, and its gradient."""

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array, check_number

Array = NDArray[np.float64]


def integration_loss(W: ArrayLike, u: ArrayLike, v: ArrayLike, decay: float) -> tuple[float, Array]:
    """Loss of a linear network that is to filter white noise exponentially, and its gradient.

    The network `x' = -x + W x + u ξ(t)` answers a pulse with `vᵀ exp((W - 1) t) u`; the target is
    `exp(-decay t)`. Averaged over white noise of unit intensity the loss
    `½ ⟨(z - target)²⟩ = ½ ∫ (vᵀ exp((W - 1) t) u - exp(-decay t))² dt` is
    `½ vᵀP v - vᵀ(1 + decay - W)⁻¹ u + 1 / (4 decay)` with `(W - 1) P + P (W - 1)ᵀ = -u uᵀ`
    (Bordelon et al. 2025; derived by this project). An eigenvalue `1 - decay` solves the task.

    Parameters
    ----------
    W : array (neuron, neuron)
        Recurrent weights, with all real parts of eigenvalues below 1.
    u : array (neuron,)
        Input weights.
    v : array (neuron,)
        Readout of the state: in an `RNN`, `readout` divided by N.
    decay : float
        Rate at which the target forgets, in units of 1/tau, above 0.

    Returns
    -------
    loss : float
    gradient : array (neuron, neuron)
        With respect to W: `Q P - p qᵀ`, where `(W - 1)ᵀ Q + Q (W - 1) = -v vᵀ`,
        `p = (1 + decay - W)⁻ᵀ v` and `q = (1 + decay - W)⁻¹ u`.

    Raises
    ------
    InputError
        If shapes disagree, `decay` is not above 0, or the network is unstable.
    """
    W = check_array("W", W, ("neuron", "neuron"), dtype=np.float64)
    neurons = len(W)
    if W.shape[1] != neurons:
        raise InputError(f"W has shape {W.shape}: give a square matrix")
    u = check_array("u", u, (neurons,), dtype=np.float64)
    v = check_array("v", v, (neurons,), dtype=np.float64)
    decay = check_number("decay", decay, above=0)
    largest = np.linalg.eigvals(W).real.max()
    if largest >= 1:
        raise InputError(
            f"W has an eigenvalue with real part {largest:.6g}: give weights with all below 1"
        )
    A = W - np.eye(neurons)
    P = scipy.linalg.solve_continuous_lyapunov(A, -np.outer(u, u))
    Q = scipy.linalg.solve_continuous_lyapunov(A.T, -np.outer(v, v))
    shifted = decay * np.eye(neurons) - A
    q, p = np.linalg.solve(shifted, u), np.linalg.solve(shifted.T, v)
    loss = v @ P @ v / 2 - v @ q + 1 / (4 * decay)
    return float(loss), Q @ P - np.outer(p, q)
