"""How far learning moved what a network represents: rich or lazy.

Alignments of representations and of tangent kernels before and after learning lie between 0 and 1;
a lazy learner stays at 1. A start of low rank makes learning richer (Liu et al., ICLR 2024).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array
from lowrnn.networks import RNN
from lowrnn.networks.nonlinearity import derivative

Array = NDArray[np.float64]


@dataclass(frozen=True)
class RichLazy:
    """What learning changed.

    Attributes
    ----------
    representation_alignment : float
        Of the rates at the steps of interest; see `kernel_alignment`.
    kernel_alignment : float
        Of the tangent kernels of the recurrent matrix.
    norm_change : float
        `|J_after - J_before|`, the Frobenius norm.
    sign_agreement : float
        Fraction of rates with the same sign before and after, 0 counting as a sign: for relu, of
        neurons that are on or off in both.
    """

    representation_alignment: float
    kernel_alignment: float
    norm_change: float
    sign_agreement: float


def rich_lazy(
    before: RNN,
    after: RNN,
    u: ArrayLike,
    steps: Sequence[int] = (-1,),
    *,
    kernel_steps: Sequence[int] | None = None,
) -> RichLazy:
    """Compare a network before and after learning on a batch of probes, without noise.

    Parameters
    ----------
    before, after : RNN
        With as many neurons, inputs and outputs as each other.
    u : array (trial, time, input)
        The probes.
    steps : sequence of int
        The steps whose rates are compared, such as those of the decision; by default the last.
    kernel_steps : sequence of int, optional
        The steps whose outputs enter the tangent kernel; by default `steps`. Published with all.

    Raises
    ------
    InputError
        If the networks are not alike, shapes disagree, or a step is out of range.
    """
    for what in ("neurons", "inputs", "readout"):
        one, other = (np.shape(getattr(rnn, what)) or rnn.neurons for rnn in (before, after))
        if one != other:
            raise InputError(f"{what} before and after are {one} and {other}: give one network")
    probes = check_array("u", u, ("trial", "time", before.inputs.shape[1]))
    chosen = _steps("steps", steps, probes.shape[1])
    first, last = (
        rnn.replace(noise_std=0.0).simulate(probes).rates[:, chosen].reshape(-1, rnn.neurons)
        for rnn in (before, after)
    )
    at = steps if kernel_steps is None else kernel_steps
    return RichLazy(
        kernel_alignment(first @ first.T, last @ last.T),
        kernel_alignment(*(tangent_kernel(rnn, probes, at) for rnn in (before, after))),
        float(np.linalg.norm(after.connectivity.dense() - before.connectivity.dense())),
        float((np.sign(first) == np.sign(last)).mean()),
    )


def kernel_alignment(one: ArrayLike, other: ArrayLike) -> float:
    """`⟨K, K'⟩ / (|K| |K'|)`: from 0 to 1 for kernels, which have no negative eigenvalues.

    With `K = R Rᵀ` for rates R (sample, neuron) this is the representation alignment, with
    `tangent_kernel` the tangent-kernel alignment of Liu et al. 2024.

    Parameters
    ----------
    one, other : array (sample, sample)

    Raises
    ------
    InputError
        If shapes disagree or a kernel is 0.
    """
    first = check_array("one", one, ("sample", "sample"), dtype=np.float64)
    second = check_array("other", other, first.shape, dtype=np.float64)
    scale = float(np.linalg.norm(first) * np.linalg.norm(second))
    if scale == 0:
        raise InputError("one of the kernels is 0: give samples at which the network is active")
    return float((first * second).sum()) / scale


def tangent_kernel(rnn: RNN, u: ArrayLike, steps: Sequence[int] | None = None) -> Array:
    """`K_ab = Σ_ij (∂z_a/∂J_ij) (∂z_b/∂J_ij)` of the outputs `z` at chosen steps, without noise.

    A gradient is a sum of outer products over time, `∂z_a/∂J = Σ_t δ_t^a r_{t-1}ᵀ` with the rates
    `r` and `δ` from the backward pass, so that `K_ab = Σ_ts (δ_t^a · δ_s^b) (r_t^a · r_s^b)`: no
    matrix of gradients is ever formed.

    Parameters
    ----------
    rnn : RNN
        A network of any connectivity; the kernel is that of its whole recurrent matrix.
    u : array (trial, time, input)
        The probes.
    steps : sequence of int, optional
        Which steps; all by default. With S steps that count of T in all, and O outputs, each pair
        of trials costs `(S O T)²` products of neurons.

    Returns
    -------
    array (entry, entry)
        One entry for each trial, step and output, the output changing fastest.

    Raises
    ------
    InputError
        If shapes disagree, a step is out of range, or the network has no output.
    """
    probes = check_array("u", u, ("trial", "time", rnn.inputs.shape[1]))
    trials, time, _ = probes.shape
    if not rnn.readout.shape[1]:
        raise InputError("readout has no output: give the network a readout")
    chosen = _steps("steps", range(time) if steps is None else steps, time)
    states = rnn.replace(noise_std=0.0).simulate(probes).x.astype(np.float64)
    start = np.broadcast_to(rnn.initial_state, (trials, 1, rnn.neurons))
    rates = rnn.rates(np.concatenate([start, states[:, :-1]], axis=1)).astype(np.float64)
    delta = _sensitivities(rnn, states, chosen)
    entries = delta.shape[1]
    kernel = np.empty((trials, entries, trials, entries))
    for one in range(trials):
        flat = delta[one].reshape(-1, rnn.neurons)
        for other in range(one + 1):
            products = flat @ delta[other].reshape(-1, rnn.neurons).T
            overlap = rates[one] @ rates[other].T
            block = np.einsum(
                "atbs,ts->ab", products.reshape(entries, time, entries, time), overlap
            )
            kernel[one, :, other], kernel[other, :, one] = block, block.T
    return kernel.reshape(trials * entries, -1)


def rank_r_start(J: ArrayLike, rank: int) -> Array:
    """A start of a given rank: the leading singular parts of a matrix, at its Frobenius norm.

    Liu et al. 2024, with entries of `J` of standard deviation `1.25 / √N`.

    Parameters
    ----------
    J : array (neuron, neuron)
        A matrix, such as a random one.
    rank : int
        How many singular values to keep.

    Raises
    ------
    InputError
        If the matrix is not square or 0, or the rank is out of range.
    """
    matrix = check_array("J", J, ("neuron", "neuron"), dtype=np.float64)
    neurons = len(matrix)
    if matrix.shape[1] != neurons:
        raise InputError(f"J has shape {matrix.shape}: give a square matrix")
    if not 1 <= rank <= neurons:
        raise InputError(f"rank is {rank}: give 1 to {neurons}, the number of neurons")
    left, values, right = np.linalg.svd(matrix)
    if values[0] == 0:
        raise InputError("J is 0: give a matrix with entries to keep")
    kept = values[:rank] * (np.linalg.norm(values) / np.linalg.norm(values[:rank]))
    start: Array = (left[:, :rank] * kept) @ right[:rank]
    return start


def _sensitivities(rnn: RNN, states: Array, chosen: NDArray[np.intp]) -> Array:
    """`δ_t`, which times `r_{t-1}ᵀ` make `∂z/∂J`: (trial, step and output, time, neuron)."""
    trials, time, neurons = states.shape
    J = rnn.connectivity.dense().astype(np.float64)
    slope = derivative(rnn.nonlinearity, torch.from_numpy(states + rnn.bias)).numpy()
    w = rnn.readout.T.astype(np.float64) / neurons
    delta = np.zeros((trials, len(chosen), len(w), time, neurons))
    adjoint = np.zeros((trials, len(chosen), len(w), neurons))
    for t in range(time - 1, -1, -1):
        for number in np.flatnonzero(chosen == t):
            adjoint[:, number] = slope[:, t, None] * w
        delta[:, :, :, t] = rnn.alpha * adjoint
        if t:
            through = slope[:, t - 1, None, None] * (adjoint @ J)
            adjoint = (1 - rnn.alpha) * adjoint + rnn.alpha * through
    return delta.reshape(trials, -1, time, neurons)


def _steps(field: str, steps: Sequence[int], time: int) -> NDArray[np.intp]:
    """Steps as indices from 0."""
    chosen = np.asarray(steps)
    whole = chosen.ndim == 1 and chosen.size and np.issubdtype(chosen.dtype, np.integer)
    if not whole or chosen.min() < -time or chosen.max() >= time:
        raise InputError(f"{field} is {steps!r}: give whole numbers from {-time} to {time - 1}")
    return np.asarray(chosen % time, np.intp)
