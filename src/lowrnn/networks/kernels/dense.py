"""The fused kernel for a dense recurrent matrix: its product stays in BLAS, all else is one pass.

All trials advance together. The adjoints of all steps are kept, so that the gradient of the matrix
is a single product over trials and steps.
"""

from functools import cache
from typing import Any

import numpy as np
import torch
from numba import njit
from torch import Tensor

from lowrnn.networks.kernels.compile import OUTER
from lowrnn.networks.kernels.elementwise import CODES, fill_normal, phi, slope
from lowrnn.networks.kernels.reference import Tensors
from lowrnn.networks.noise import Noise
from lowrnn.networks.nonlinearity import NONLINEARITIES


@cache
def _advance(code: int, noisy: int) -> Any:
    @njit(**OUTER)
    def advance(
        x: Any, recurrent: Any, drive: Any, bias: Any, alpha: Any, std: Any, keys: Any, step: Any,
        after: Any, rates: Any,
    ) -> None:  # fmt: skip
        """One Euler step of all trials; `recurrent` holds `J r`."""
        xi = np.empty_like(bias)
        decay = x.dtype.type(1) - alpha
        for b in range(x.shape[0]):
            if noisy:
                fill_normal(xi, keys[b, 0], keys[b, 1], np.uint32(step))
            for i in range(x.shape[1]):
                state = decay * x[b, i] + alpha * (recurrent[b, i] + drive[b, i])
                if noisy:
                    state += std * xi[i]
                after[b, i] = state
                rates[b, i] = phi(code, state + bias[i])

    return advance


@cache
def _retreat(code: int) -> Any:
    @njit(**OUTER)
    def retreat(
        after: Any, pull: Any, x: Any, rates: Any, bias: Any, own: Any, alpha: Any, before: Any,
        g_bias: Any,
    ) -> None:  # fmt: skip
        """The adjoint before a step from the one after it; `pull` is the latter times `J`."""
        decay = x.dtype.type(1) - alpha
        for b in range(x.shape[0]):
            for i in range(x.shape[1]):
                through = slope(code, x[b, i] + bias[i], rates[b, i]) * (alpha * pull[b, i])
                g_bias[i] += through
                before[b, i] = decay * after[b, i] + through + own[b, i]

    return retreat


class _Integrate(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, alpha: float, nonlinearity: str, noise: Noise, J: Tensor, drive: Tensor,
        bias: Tensor, start: Tensor,
    ) -> Tensor:  # fmt: skip
        trials, steps, neurons = drive.shape
        # Time first: a step is then one contiguous matrix.
        x = J.new_empty(steps + 1, trials, neurons)
        rates, recurrent = torch.empty_like(x), torch.empty_like(x[0])
        x[0] = start
        drive = drive.transpose(0, 1).contiguous()
        code, scalar = CODES[nonlinearity], J.numpy().dtype.type
        rates[0] = NONLINEARITIES[nonlinearity](x[0] + bias)
        advance = _advance(code, int(noise.std > 0))
        std, keys = scalar(np.sqrt(2 * alpha) * noise.std), noise.keys(trials)
        for step in range(steps):
            torch.mm(rates[step], J.T, out=recurrent)
            advance(
                x[step].numpy(), recurrent.numpy(), drive[step].numpy(), bias.numpy(),
                scalar(alpha), std, keys, step, x[step + 1].numpy(), rates[step + 1].numpy(),
            )  # fmt: skip
        ctx.save_for_backward(J, bias, x, rates)
        ctx.settings = code, scalar(alpha)
        return x[1:].transpose(0, 1)

    @staticmethod
    def backward(ctx: Any, *outputs: Tensor) -> Any:
        J, bias, x, rates = ctx.saved_tensors
        code, alpha = ctx.settings
        own = outputs[0].transpose(0, 1).contiguous()
        steps, _, neurons = own.shape
        adjoint, pull = torch.empty_like(own), torch.empty_like(x[0])
        g_bias, g_start = torch.zeros_like(bias), torch.empty_like(x[0])
        retreat, nothing = _retreat(code), torch.zeros_like(pull)
        adjoint[-1] = own[-1]
        for step in range(steps - 1, -1, -1):
            torch.mm(adjoint[step], J, out=pull)
            # `adjoint[step]` belongs to the state after `step`, which is `x[step + 1]`.
            retreat(
                adjoint[step].numpy(), pull.numpy(), x[step].numpy(), rates[step].numpy(),
                bias.numpy(), (own[step - 1] if step else nothing).numpy(), alpha,
                (adjoint[step - 1] if step else g_start).numpy(), g_bias.numpy(),
            )  # fmt: skip
        flat = adjoint.reshape(-1, neurons)
        g_J = float(alpha) * flat.T @ rates[:-1].reshape(-1, neurons)
        return None, None, None, g_J, float(alpha) * adjoint.transpose(0, 1), g_bias, g_start


def integrate(
    tensors: Tensors, u: Tensor, *, alpha: float, nonlinearity: str, noise: Noise
) -> Tensor:
    """As `reference.integrate`; a low-rank part is added to the dense matrix."""
    J = tensors["J"]
    neurons = len(J)
    if "m" in tensors:
        J = J + tensors["m"] @ tensors["n"].T / neurons
    bias = tensors.get("bias", J.new_zeros(neurons))
    start = tensors.get("initial_state", J.new_zeros(neurons)).expand(len(u), neurons)
    x: Tensor = _Integrate.apply(
        alpha, nonlinearity, noise, J, u @ tensors["B"].T, bias, start.contiguous()
    )
    return x
