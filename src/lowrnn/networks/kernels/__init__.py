"""One integrator, written several times: the reference that defines it, and fused ones.

`integrate` and `squared_error` choose: fused kernels for single and double precision on the
processor, the reference for everything else.
"""

import torch
from torch import Tensor

from lowrnn.networks.kernels import dense, lowrank, reference
from lowrnn.networks.kernels.reference import Tensors
from lowrnn.networks.noise import Noise

__all__ = ["Tensors", "integrate", "squared_error"]


def _fusable(u: Tensor) -> bool:
    return u.device.type == "cpu" and u.dtype in (torch.float32, torch.float64)


def integrate(
    tensors: Tensors, u: Tensor, *, alpha: float, nonlinearity: str, noise: Noise
) -> Tensor:
    """Euler steps of `tau dx/dt = -x + J phi(x + bias) + B u + noise`, differentiable.

    Parameters
    ----------
    tensors : mapping
        Some of `J` (neuron, neuron), `m` and `n` (neuron, rank), whose product adds to `J`;
        `B` (neuron, input); `bias` (neuron,); `initial_state` (neuron,) or (trial, neuron).
        What is absent is zero, but `B` must be there. All of one dtype.
    u : tensor (trial, time, input)
        Inputs; not differentiated.
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
    """
    integrator = reference.integrate
    if _fusable(u):
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
    """
    if not _fusable(u):
        x = reference.integrate(tensors, u, alpha=alpha, nonlinearity=nonlinearity, noise=noise)
        return reference.error_of(x, tensors, target, weight, on=on, nonlinearity=nonlinearity)
    fused = dense.squared_error if "J" in tensors else lowrank.squared_error
    return fused(
        tensors, u, target, weight, on=on, alpha=alpha, nonlinearity=nonlinearity, noise=noise
    )
