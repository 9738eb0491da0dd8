"""The exact gradient of a low-rank network forward in time, in the space of its latents."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array
from lowrnn.networks import RNN, LowRank
from lowrnn.networks.kernels.response import respond

Array = NDArray[np.float64]


def latent_gradient(rnn: RNN, u: ArrayLike, on_output: ArrayLike) -> tuple[Array, Array]:
    """Gradient of a loss for m and n, by real-time recurrent learning of R latents.

    `dz/dt = -z + κ` holds all that the state keeps of its past, so that the influence of m and n
    on z, R x (N R) numbers each, is all that has to be carried along: O(N R³) a step in place of
    O(N⁴) for a full matrix, and nothing of the past is stored. It is the gradient that
    backpropagation through time gives. With a random part beside the low-rank one it would not be.

    Parameters
    ----------
    rnn : RNN
        A low-rank network; simulated without noise, in double precision.
    u : array (trial, time, input)
        Inputs.
    on_output : array (trial, time, output)
        Gradient of the loss for the output after each step.

    Returns
    -------
    m, n : array (neuron, rank)
        Gradients, summed over trials.

    Raises
    ------
    InputError
        If the network is not low-rank, or an array does not fit.
    """
    if not isinstance(rnn.connectivity, LowRank):
        raise InputError(f"connectivity is {rnn.connectivity.kind}: give a LowRank one")
    u = check_array("u", u, ("trial", "time", rnn.inputs.shape[1]), dtype=np.float64)
    outputs = (*u.shape[:2], rnn.readout.shape[1])
    on_output = check_array("on_output", on_output, outputs, dtype=np.float64)
    m, n = (np.asarray(v, np.float64) for v in (rnn.connectivity.m, rnn.connectivity.n))
    trials, (neurons, rank), alpha = len(u), m.shape, rnn.alpha
    drive = u @ rnn.inputs.T
    direct = on_output @ rnn.readout.T / neurons
    x = np.broadcast_to(rnn.initial_state, (trials, neurons)).astype(np.float64)
    rates, gains = respond(rnn.nonlinearity, x + rnn.bias)
    z = np.zeros((trials, rank))
    # How the latents of each trial depend on the entries of m, and of n: (trial, latent, r, i).
    on_m, on_n = np.zeros((2, trials, rank, rank, neurons))
    gradient_m, gradient_n = np.zeros((2, neurons, rank))
    same = np.eye(rank)
    for step in range(u.shape[1]):
        coupling = np.einsum("kr,bk,ks->brs", n, gains, m) / neurons
        read = np.einsum("ir,bi,bq->brqi", n, gains, z) / neurons
        rated = np.einsum("rq,bj->brqj", same, rates) / neurons
        on_m += alpha * (np.einsum("brs,bsqi->brqi", coupling, on_m) + read - on_m)
        on_n += alpha * (np.einsum("brs,bsqi->brqi", coupling, on_n) + rated - on_n)
        kappa = rates @ n / neurons
        z = z + alpha * (kappa - z)
        x = x + alpha * (kappa @ m.T + drive[:, step] - x)
        rates, gains = respond(rnn.nonlinearity, x + rnn.bias)
        on_state = gains * direct[:, step]
        on_latents = on_state @ m
        gradient_m += on_state.T @ z + np.einsum("br,brqi->iq", on_latents, on_m)
        gradient_n += np.einsum("br,brqi->iq", on_latents, on_n)
    return gradient_m, gradient_n
