"""The integrator as the papers write it, in plain tensor operations: the definition of a network.

The fused kernels are held to it by tests. It also runs where they cannot (other devices, other
dtypes).
"""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from lowrnn.networks.noise import Noise
from lowrnn.networks.nonlinearity import NONLINEARITIES

Tensors = Mapping[str, Tensor]


def integrate(
    tensors: Tensors, u: Tensor, *, alpha: float, nonlinearity: str, noise: Noise
) -> Tensor:
    """As `lowrnn.networks.kernels.integrate`, on any device and in any dtype."""
    phi = NONLINEARITIES[nonlinearity]
    neurons = len(tensors["B"])
    bias = tensors.get("bias", 0.0)
    x = tensors.get("initial_state", u.new_zeros(neurons)).expand(len(u), neurons)
    drive = u @ tensors["B"].T
    per_step = np.sqrt(2 * alpha) * noise.std
    states = []
    for step in range(u.shape[1]):
        rates = phi(x + bias)
        recurrent: Tensor | float = 0.0
        if "m" in tensors:
            latents = rates @ tensors["n"] * tensors.get("c", 1.0)
            recurrent = latents @ tensors["m"].T / neurons
        if "J" in tensors:
            recurrent = recurrent + rates @ tensors["J"].T
        x = x + alpha * (-x + recurrent + drive[:, step])
        if noise.std:
            xi = torch.from_numpy(noise.normal(len(u), step, neurons))
            x = x + per_step * xi.to(x)
        states.append(x)
    return torch.stack(states, dim=1)


def error_of(
    x: Tensor, tensors: Tensors, target: Tensor, weight: Tensor, *, on: str, nonlinearity: str
) -> Tensor:
    """`squared_error` of states that have been integrated."""
    prediction = x
    if on != "states":
        prediction = NONLINEARITIES[nonlinearity](x + tensors.get("bias", 0.0))
    if on == "output":
        prediction = prediction @ tensors["w"] / x.shape[2]
    error = torch.where(torch.isnan(target), torch.zeros(()).to(x), prediction - target)
    return (weight[..., None] * error**2).sum()
