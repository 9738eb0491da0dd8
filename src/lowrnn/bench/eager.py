"""The eager PyTorch loop, as the public code of the papers runs it.

The code published with Dubreuil et al. 2022 and Valente et al. 2022 loops over time in Python, with
the noise of all steps drawn beforehand and a readout at every step; autograd does the rest. This is
our own writing of that loop. It spares two things that the published one pays for: it draws no
noise where there is none, and uses the rates of a step for both the readout and the recurrence.
"""

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from lowrnn.bench.problem import Problem
from lowrnn.learning.training import Training
from lowrnn.networks import Noise


def readout(
    tensors: Mapping[str, Tensor], u: Tensor, *, alpha: float, noise: Tensor | None
) -> Tensor:
    """The output of a tanh network that starts at rest.

    Parameters
    ----------
    tensors : mapping
        `m`, `n` (neuron, rank) or `J` (neuron, neuron); `B` (neuron, input); `w` (neuron, output).
    u : tensor (trial, time, input)
        Inputs.
    alpha : float
        `dt / tau`.
    noise : tensor (trial, time, neuron), optional
        What is added to the state at each step.

    Returns
    -------
    z : tensor (trial, time, output)
        `w.T @ tanh(x) / N` after each step.
    """
    B, w = tensors["B"], tensors["w"]
    neurons = len(B)
    if "J" in tensors:
        # BLAS is twice as fast on it as on a transposed view.
        transposed = tensors["J"].T.contiguous()
    else:
        m, n = tensors["m"], tensors["n"]
    x = u.new_zeros(len(u), neurons)
    rates = torch.tanh(x)
    outputs = []
    for step in range(u.shape[1]):
        recurrent = rates @ transposed if "J" in tensors else (rates @ n) @ m.T / neurons
        x = x + alpha * (-x + recurrent + u[:, step] @ B.T)
        if noise is not None:
            x = x + noise[:, step]
        rates = torch.tanh(x)
        outputs.append(rates @ w / neurons)
    return torch.stack(outputs, dim=1)


class EagerTraining:
    """The same training as one of lowrnn's, by this loop, autograd and torch's Adam.

    Parameters
    ----------
    training : Training
        Which network, trials and settings; its schedule is left out. Not changed.
    """

    def __init__(self, training: Training) -> None:
        self.training = training
        moved = training.settings["trained"]
        self.tensors = {
            name: value.detach().clone().requires_grad_(name in moved)
            for name, value in training.tensors.items()
        }
        self.parameters = [self.tensors[name] for name in moved]
        self.adam = torch.optim.Adam(self.parameters, lr=training.settings["learning_rate"])
        self.random = np.random.default_rng(0)

    def update(self) -> None:
        """One step of gradient descent, with fresh noise from torch."""
        rnn, clip = self.training.rnn, self.training.settings["clip"]
        u, target, weight = self.training.batch(self.random)
        noise = None
        if rnn.noise_std:
            shape = *u.shape[:2], rnn.neurons
            noise = torch.randn(shape).mul_(math.sqrt(2 * rnn.alpha) * rnn.noise_std)
        z = readout(self.tensors, u, alpha=rnn.alpha, noise=noise)
        loss = (weight[..., None] * (z - target) ** 2).sum() / len(u)
        self.adam.zero_grad()
        loss.backward()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(self.parameters, clip)
        self.adam.step()


def step(problem: Problem) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss and its gradient, with fresh noise from torch: one training step."""
    noise = None
    if problem.noise_std:
        shape = (*problem.u.shape[:2], len(problem.tensors["m"]))
        noise = torch.randn(shape).mul_(math.sqrt(2 * problem.alpha) * problem.noise_std)
    return _differentiate(problem, noise, torch.float32)


def exact_step(problem: Problem, seed: int) -> tuple[Tensor, dict[str, Tensor]]:
    """The same in float64, with the noise that lowrnn makes of a seed: the exact answer."""
    noise = None
    if problem.noise_std:
        trials, steps, _ = problem.u.shape
        numbers = Noise(problem.noise_std, seed)
        xi = [numbers.normal(trials, step, len(problem.tensors["m"])) for step in range(steps)]
        scale = math.sqrt(2 * problem.alpha) * problem.noise_std
        noise = torch.from_numpy(np.stack(xi, axis=1)).mul_(scale)
    return _differentiate(problem, noise, torch.float64)


def _differentiate(
    problem: Problem, noise: Tensor | None, dtype: torch.dtype
) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss and its gradient in a precision."""
    leaves = {
        name: value.detach().to(dtype).requires_grad_() for name, value in problem.tensors.items()
    }
    z = readout(leaves, problem.u.to(dtype), alpha=problem.alpha, noise=noise)
    error = z - problem.target.to(dtype)
    loss = (problem.weight.to(dtype)[..., None] * error**2).sum()
    gradients = torch.autograd.grad(loss, list(leaves.values()))
    return loss.detach(), dict(zip(leaves, gradients, strict=True))
