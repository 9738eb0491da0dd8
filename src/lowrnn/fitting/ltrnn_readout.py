"""How far an affine readout of each neuron is from data: loss and gradients in one pass."""

from functools import cache
from typing import Any

import numpy as np
import torch
from numba import njit
from torch import Tensor

from lowrnn.networks.kernels.compile import OUTER, ROWS, share
from lowrnn.networks.kernels.elementwise import CODES, IDENTITY, SOFTPLUS, phi, slope

#: Expected counts below which the logarithm of a likelihood is cut off.
_FEWEST = np.float32(1e-6)


@cache
def _compiled(code: int, poisson: int) -> Any:
    """The pass over some trials."""

    @njit(**ROWS)
    def step(
        x: Any, y: Any, bias: Any, scale: Any, offset: Any, weight: Any, back: Any, g_bias: Any,
        g_scale: Any, g_offset: Any,
    ) -> Any:  # fmt: skip
        zero, one, total = np.float32(0), np.float32(1), np.float32(0)
        for i in range(len(x)):
            h = x[i] + bias[i]
            rate = phi(code, h)
            expected = offset[i] + scale[i] * rate
            seen = y[i] == y[i]
            target = y[i] if seen else zero
            if poisson:
                mean = phi(SOFTPLUS, expected)
                error = mean - target * np.log(mean + _FEWEST)
                pull = slope(SOFTPLUS, expected, mean) * (one - target / (mean + _FEWEST))
            else:
                pull = expected - target
                error = pull * pull
                pull += pull
            total += error if seen else zero
            pull = weight * pull if seen else zero
            into = pull * scale[i] * slope(code, h, rate)
            back[i] = into
            g_bias[i] += into
            g_scale[i] += pull * rate
            g_offset[i] += pull
        return total

    @njit(**OUTER)
    def run(
        x: Any, y: Any, rows: Any, weight: Any, first: int, last: int, loss: Any, back: Any,
        sums: Any,
    ) -> None:  # fmt: skip
        for b in range(first, last):
            total = 0.0
            sums[b] = np.float32(0)
            for t in range(x.shape[1]):
                total += step(
                    x[b, t], y[b, t], rows[0], rows[1], rows[2], weight, back[b, t], sums[b, 0],
                    sums[b, 1], sums[b, 2],
                )  # fmt: skip
            loss[b] = weight * total

    return run


class _Error(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, y: Tensor, rows: Tensor, code: int, poisson: bool, weight: float
    ) -> Tensor:
        trials, _, neurons = x.shape
        states, data, readout = x.contiguous().numpy(), y.numpy(), rows.numpy()
        loss, back = np.empty(trials), np.empty_like(states)
        sums = np.empty((trials, 3, neurons), np.float32)
        kernel = _compiled(code, int(poisson))
        share(
            lambda _, first, last: kernel(
                states, data, readout, np.float32(weight), first, last, loss, back, sums
            ),
            trials,
            states.size,
        )
        ctx.save_for_backward(torch.from_numpy(back), torch.from_numpy(sums.sum(axis=0)))
        return torch.tensor(float(loss.sum()), dtype=x.dtype)

    @staticmethod
    def backward(ctx: Any, *outputs: Tensor) -> Any:
        back, sums = ctx.saved_tensors
        return outputs[0] * back, None, outputs[0] * sums, None, None, None


def readout_error(
    x: Tensor, y: Tensor, bias: Tensor, scale: Tensor, offset: Tensor, *, on: str,
    nonlinearity: str, poisson: bool, weight: float,
) -> Tensor:  # fmt: skip
    """`weight` times the sum of errors of `offset + scale phi(x + bias)`, differentiable.

    Parameters
    ----------
    x : tensor (trial, time, neuron)
        States, in single precision as everything else.
    y : tensor (trial, time, neuron)
        Data; NaN is left out.
    bias, scale, offset : tensor (neuron,)
    on : {"rates", "states"}
        "states": `x` in place of `phi(x + bias)`.
    nonlinearity : str
        Name of phi.
    poisson : bool
        Errors are negative log-likelihoods of counts whose expectation is softplus of the readout,
        without what depends on counts alone; otherwise squared errors.
    weight : float
    """
    states = on == "states"
    rows = torch.stack([torch.zeros_like(bias) if states else bias, scale, offset])
    code = IDENTITY if states else CODES[nonlinearity]
    error: Tensor = _Error.apply(x, y, rows, code, poisson, weight)
    return error
