"""Lyapunov exponents of a network that receives given inputs, from the product of its Jacobians.

The mean-field exponent of large random networks is in `lowrnn.theory`.
"""

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from lowrnn.errors import InputError, check_array
from lowrnn.networks import RNN, Noise
from lowrnn.networks.kernels import Tensors, integrate
from lowrnn.networks.nonlinearity import NONLINEARITIES

Array = NDArray[np.float64]


def lyapunov_spectrum(
    rnn: RNN,
    u: ArrayLike,
    k: int = 1,
    *,
    discard: int = 0,
    every: int = 1,
    initial_state: ArrayLike | None = None,
    seed: int = 0,
) -> Array:
    """The leading Lyapunov exponents along simulated trials, in units of 1/tau.

    Small orthonormal perturbations follow the Jacobians `(1 - alpha) I + alpha J diag(phi'(x))` of
    the steps and are made orthonormal again by QR decompositions; the exponents are the mean
    logarithms of how much they grew, divided by alpha.

    Parameters
    ----------
    rnn : RNN
        A network of any connectivity.
    u : array (trial, time, input)
        Inputs; `np.zeros((trial, time, 0))` for a network without any.
    k : int
        How many exponents.
    discard : int
        Steps at the start that do not count, while the perturbations turn to where they grow most.
    every : int
        Steps between QR decompositions. More than one saves time; too many let the perturbations
        become parallel.
    initial_state : array (trial, neuron), optional
        Where each trial starts, in place of the network's own initial state.
    seed : int
        Determines the noise of the network, and the perturbations at the start.

    Returns
    -------
    array (trial, k)
        In falling order for long trials. `-inf` where a perturbation dies out within `every` steps.

    Raises
    ------
    InputError
        If shapes disagree or a number is out of range.
    """
    inputs = check_array("u", u, ("trial", "time", rnn.inputs.shape[1]), dtype=rnn.dtype)
    trials, time, _ = inputs.shape
    if not 0 <= discard < time:
        raise InputError(f"discard is {discard}: give 0 to {time - 1}, less than the steps of u")
    if every < 1:
        raise InputError(f"every is {every}: give at least 1 step")
    tensors = rnn.tensors()
    if initial_state is not None:
        start = check_array("initial_state", initial_state, (trials, rnn.neurons), dtype=rnn.dtype)
        tensors["initial_state"] = torch.tensor(start)
    with torch.no_grad():
        found = _exponents(
            {name: value for name, value in tensors.items() if name != "w"},
            torch.tensor(inputs),
            k,
            alpha=rnn.alpha,
            nonlinearity=rnn.nonlinearity,
            noise=Noise(rnn.noise_std, seed),
            discard=discard,
            every=every,
            seed=seed,
        )
    return found.numpy().astype(np.float64)


def flossing_loss(
    tensors: Tensors,
    u: Tensor,
    k: int,
    *,
    alpha: float,
    nonlinearity: str,
    noise: Noise | None = None,
    seed: int = 0,
) -> Tensor:
    """`Σ λ_i²` over the leading Lyapunov exponents of a rollout: a penalty for gradient flossing.

    Differentiable in all tensors, through the QR decompositions (Engelken, NeurIPS 2023). Exponents
    near 0 keep gradients from vanishing and from exploding. Rollouts must be short, some tens of
    steps, for the gradient of this loss explodes as any other.

    Parameters
    ----------
    tensors : mapping
        The network, as `RNN.tensors` gives it; those that learn require gradients.
    u : tensor (trial, time, input)
        Inputs of the rollout; not differentiated.
    k : int
        How many exponents.
    alpha : float
        `dt / tau`.
    nonlinearity : str
        Name of phi.
    noise : Noise, optional
        Which noise; none by default.
    seed : int
        Determines the perturbations at the start.

    Returns
    -------
    tensor ()
        Mean over trials, exponents in units of 1/tau.

    Raises
    ------
    InputError
        If `k` is out of range.
    """
    found = _exponents(
        tensors,
        u,
        k,
        alpha=alpha,
        nonlinearity=nonlinearity,
        noise=Noise(0.0) if noise is None else noise,
        discard=0,
        every=1,
        seed=seed,
    )
    return (found**2).sum(dim=1).mean()


def _exponents(
    tensors: Tensors, u: Tensor, k: int, *, alpha: float, nonlinearity: str, noise: Noise,
    discard: int, every: int, seed: int,
) -> Tensor:  # fmt: skip
    """Exponents of each trial, (trial, k)."""
    trials, time, _ = u.shape
    neurons = len(tensors["B"])
    if not 1 <= k <= neurons:
        raise InputError(f"k is {k}: give 1 to {neurons}, the number of neurons")
    x = integrate(tensors, u, alpha=alpha, nonlinearity=nonlinearity, noise=noise)
    start = tensors.get("initial_state", u.new_zeros(neurons)).expand(trials, neurons)
    before = torch.cat([start[:, None], x[:, :-1]], dim=1)
    slopes = _slope(nonlinearity, before + tensors.get("bias", 0.0))
    drawn = np.random.default_rng(seed).standard_normal((neurons, k))
    frame = torch.from_numpy(np.linalg.qr(drawn)[0]).to(u).expand(trials, neurons, k)
    total = u.new_zeros(trials, k)
    for step in range(time):
        frame = (1 - alpha) * frame + alpha * _recurrent(tensors, slopes[:, step, :, None] * frame)
        # Growth counts from the step after `discard`, and up to the last one.
        if (step + 1 - discard) % every == 0 or step + 1 == time:
            frame, triangle = torch.linalg.qr(frame)
            if step >= discard:
                total = total + torch.diagonal(triangle, dim1=1, dim2=2).abs().log()
    return total / (alpha * (time - discard))


def _recurrent(tensors: Tensors, perturbation: Tensor) -> Tensor:
    """`J` times perturbations (trial, neuron, k)."""
    found = torch.zeros_like(perturbation)
    if "J" in tensors:
        found = found + tensors["J"] @ perturbation
    if "m" in tensors:
        found = found + tensors["m"] @ (tensors["n"].T @ perturbation) / perturbation.shape[1]
    return found


def _slope(nonlinearity: str, x: Tensor) -> Tensor:
    """`phi'(x)`, itself differentiable where x is."""
    connected = x.requires_grad
    with torch.enable_grad():
        at = x if connected else x.detach().requires_grad_()
        rates = NONLINEARITIES[nonlinearity](at)
        (slope,) = torch.autograd.grad(rates.sum(), at, create_graph=connected)
    return slope
