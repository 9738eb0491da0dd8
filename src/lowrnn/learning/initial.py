"""Networks to start learning from: random, as the published ones, or made of another network."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lowrnn.errors import InputError
from lowrnn.learning.seeds import generator
from lowrnn.networks import RNN, Connectivity, FullRank, LowRank
from lowrnn.tasks import Task

#: The published networks add noise of standard deviation 0.05 at every step of dt = 0.2 tau.
PUBLISHED_NOISE = 0.05 / math.sqrt(2 * 0.2)


def initial_network(
    task: Task,
    neurons: int,
    rank: int | None = None,
    *,
    seed: int = 0,
    g: float = 0.1,
    tau: float = 0.1,
    nonlinearity: str = "tanh",
    noise_std: float = PUBLISHED_NOISE,
    overlap: float = 0.0,
    exact_norms: bool = False,
    dtype: Any = np.float32,
) -> RNN:
    """A random network with the inputs, outputs and time step of a task.

    As in the code published with Dubreuil et al. 2022 and Valente et al. 2022, input weights and
    the entries of `m` and `n` are standard normal. The readout is normal with standard deviation 4
    in a low-rank network and 1 in a full-rank one; the latter is published as 1/N, for a readout
    without the factor 1/N of ours.

    Parameters
    ----------
    task : Task
        What the network will learn.
    neurons : int
        Number of neurons N.
    rank : int, optional
        Rank of a low-rank network; by default the network has full rank.
    seed : int
        Determines all weights.
    g : float
        Strength of a full-rank matrix, whose entries are normal with variance g²/N.
    tau : float
        Time constant in seconds.
    nonlinearity : str
        phi.
    noise_std : float
        Noise that the network is trained with, in the convention of `RNN`. The default is the
        published 0.05 a step at `dt = 0.2 tau`.
    overlap : float
        Mean of `m_r n_r` in a low-rank network, for each latent alone: `n` is `overlap m` and a
        standard normal part. Near 1 a network at rest holds on to its latents, and gradients reach
        back over long delays.
    exact_norms : bool
        Whether the columns of input weights and readout are scaled to the norm that they have in
        the mean of large networks, as those of Schuessler et al. 2020 are: √N for both at full
        rank, which there is a readout of norm 1/√N without the factor 1/N of ours.
    dtype : numpy dtype
        Floating-point type of the network.

    Raises
    ------
    InputError
        If the rank is not between 1 and the number of neurons, or another value is out of range.
    """
    if neurons < 1:
        raise InputError(f"neurons is {neurons}: give at least 1")
    if rank is not None:
        check_rank(rank, neurons)
    if not (math.isfinite(g) and g >= 0):
        raise InputError(f"g is {g}: give a strength of at least 0")
    if not math.isfinite(overlap):
        raise InputError(f"overlap is {overlap}: give a finite number")
    rng = generator(seed, "network")

    def normal(*shape: int) -> NDArray[np.floating]:
        return rng.standard_normal(shape).astype(dtype)

    def columns(count: int, scale: float) -> NDArray[np.floating]:
        values = scale * normal(neurons, count)
        if exact_norms:
            values *= scale * math.sqrt(neurons) / np.linalg.norm(values, axis=0)
        return values

    connectivity: Connectivity
    if rank is None:
        connectivity = FullRank((g / math.sqrt(neurons)) * normal(neurons, neurons))
    else:
        m = normal(neurons, rank)
        connectivity = LowRank(m, normal(neurons, rank) + m.dtype.type(overlap) * m)
    return RNN(
        connectivity,
        inputs=columns(task.n_inputs, 1),
        readout=columns(task.n_outputs, 1 if rank is None else 4),
        dt=task.dt,
        tau=tau,
        nonlinearity=nonlinearity,
        noise_std=noise_std,
    )


def low_rank_start(rnn: RNN, rank: int) -> RNN:
    """The low-rank network that resembles a full-rank one most.

    Its matrix is the best approximation of this rank, from the singular value decomposition
    `J = U S Vᵀ`: `m = √N U S` and `n = √N V`, the largest `rank` singular values (Dubreuil et al.
    2022, Methods; published code). All else is the same. At rank N it is the same network; at a
    small rank it often fails at what the network had learned, and is a start for training.

    Parameters
    ----------
    rnn : RNN
        The network, of any connectivity.
    rank : int
        Rank of the result.

    Raises
    ------
    InputError
        If the rank is not between 1 and the number of neurons.
    """
    check_rank(rank, rnn.neurons)
    left, values, right = np.linalg.svd(rnn.connectivity.dense())
    root = rnn.dtype.type(math.sqrt(rnn.neurons))
    m = root * left[:, :rank] * values[:rank]
    return rnn.replace(connectivity=LowRank(m, root * right[:rank].T))


def check_rank(rank: int, neurons: int) -> None:
    """Refuse a rank that a network of this size cannot have."""
    if not 1 <= rank <= neurons:
        raise InputError(f"rank is {rank}: give 1 to {neurons}, the number of neurons")
