"""One integrator, written several times: the reference that defines it, and fused ones.

`integrate`, `squared_error` and `output_gradient` choose: fused kernels for single and double
precision on the processor, the reference for everything else.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lowrnn.errors import InputError
from lowrnn.networks.kernels import dense, lowrank, reference
from lowrnn.networks.kernels.reference import Tensors
from lowrnn.networks.noise import Noise

__all__ = ["Tensors", "integrate", "output_gradient", "squared_error"]


def _fusable(tensors: Tensors, u: Tensor) -> bool:
    if u.requires_grad and "J" in tensors:
        return False
    return u.device.type == "cpu" and u.dtype in (torch.float32, torch.float64)


def _check_factors(tensors: Tensors, u: Tensor) -> None:
    if "c" not in tensors:
        return
    if "J" in tensors:
        raise InputError("tensors hold both J and c: trial factors need a low-rank network")
    if len(tensors["c"]) != len(u):
        raise InputError(
            f"u has {len(u)} trials, but the connectivity is of {len(tensors['c'])}: give one trial"
            " of u for each row of c"
        )


def integrate(
    tensors: Tensors, u: Tensor, *, alpha: float, nonlinearity: str, noise: Noise
) -> Tensor:
    """Euler steps of `tau dx/dt = -x + J phi(x + bias) + B u + noise`, differentiable.

    Parameters
    ----------
    tensors : mapping
        Some of `J` (neuron, neuron), `m` and `n` (neuron, rank), whose product adds to `J`;
        without `J`, trial factors `c` (trial, rank), by which the latents of a trial count;
        `B` (neuron, input); `bias` (neuron,); `initial_state` (neuron,) or (trial, neuron).
        What is absent is zero (factors: 1), but `B` must be there. All of one dtype.
    u : tensor (trial, time, input)
        Inputs. With `J`, those that require a gradient go the slow way of the reference.
    alpha : float
        `dt / tau`.
    nonlinearity : str
        Name of phi.
    noise : Noise
        Which noise.

    Returns
    -------
    x : tensor (trial, time, neuron)
        The state after each step.

    Raises
    ------
    InputError
        If there is not one row of `c` for each trial of `u`, or if `J` is there too.
    """
    _check_factors(tensors, u)
    integrator = reference.integrate
    if _fusable(tensors, u):
        integrator = dense.integrate if "J" in tensors else lowrank.integrate
    return integrator(tensors, u, alpha=alpha, nonlinearity=nonlinearity, noise=noise)


def squared_error(
    tensors: Tensors, u: Tensor, target: Tensor, weight: Tensor, *, on: str, alpha: float,
    nonlinearity: str, noise: Noise,
) -> Tensor:  # fmt: skip
    """`Σ weight (prediction - target)²` over trials, steps and channels, differentiable.

    The loss, its gradient and the simulation are one pass through each trial: several times faster
    than a loss on what `integrate` returns. Full-rank networks have that for the output alone.

    Parameters
    ----------
    tensors, u, alpha, nonlinearity, noise
        As for `integrate`; for `on="output"` also `w` (neuron, output).
    target : tensor (trial, time, channel)
        What the prediction should be; NaN entries are left out.
    weight : tensor (trial, time)
        Weight of each step.
    on : {"output", "rates", "states"}
        Whether the prediction is the readout, `phi(x + bias)` or `x`.

    Raises
    ------
    InputError
        As `integrate`.
    """
    _check_factors(tensors, u)
    if not _fusable(tensors, u):
        x = reference.integrate(tensors, u, alpha=alpha, nonlinearity=nonlinearity, noise=noise)
        return reference.error_of(x, tensors, target, weight, on=on, nonlinearity=nonlinearity)
    fused = dense.squared_error if "J" in tensors else lowrank.squared_error
    return fused(
        tensors, u, target, weight, on=on, alpha=alpha, nonlinearity=nonlinearity, noise=noise
    )


def output_gradient(
    tensors: Tensors, u: Tensor, target: Tensor, weight: Tensor, names: Sequence[str], *,
    alpha: float, nonlinearity: str, noise: Noise,
) -> tuple[float, list[NDArray[np.floating]]]:  # fmt: skip
    """The squared error of the output and its gradients for some of the tensors.

    What `squared_error` and autograd give, without the time that autograd takes.

    Parameters
    ----------
    tensors, u, target, weight, alpha, nonlinearity, noise
        As for `squared_error`.
    names : sequence of str
        For which tensors; they require a gradient.

    Raises
    ------
    InputError
        As `integrate`.
    """
    if _fusable(tensors, u) and "J" not in tensors:
        _check_factors(tensors, u)
        return lowrank.output_gradient(
            tensors, u, target, weight, names,
            alpha=alpha, nonlinearity=nonlinearity, noise=noise,
        )  # fmt: skip
    loss = squared_error(
        tensors, u, target, weight, on="output",
        alpha=alpha, nonlinearity=nonlinearity, noise=noise,
    )  # fmt: skip
    found = torch.autograd.grad(loss, [tensors[name] for name in names])
    return float(loss.detach()), [gradient.numpy() for gradient in found]
