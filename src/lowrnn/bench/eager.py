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

from lowrnn.bench.problem import DIFFERENTIATED, Problem
from lowrnn.networks import Noise


def readout(
    tensors: Mapping[str, Tensor], u: Tensor, *, alpha: float, noise: Tensor | None
) -> Tensor:
    """The output of a low-rank tanh network that starts at rest.

    Parameters
    ----------
    tensors : mapping
        `m`, `n` (neuron, rank), `B` (neuron, input) and `w` (neuron, output).
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
    m, n, B, w = (tensors[name] for name in DIFFERENTIATED)
    neurons = len(m)
    x = u.new_zeros(len(u), neurons)
    rates = torch.tanh(x)
    outputs = []
    for step in range(u.shape[1]):
        recurrent = (rates @ n) @ m.T / neurons
        x = x + alpha * (-x + recurrent + u[:, step] @ B.T)
        if noise is not None:
            x = x + noise[:, step]
        rates = torch.tanh(x)
        outputs.append(rates @ w / neurons)
    return torch.stack(outputs, dim=1)


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
