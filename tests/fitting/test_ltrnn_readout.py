"""The error of an affine readout against the same in plain tensor operations."""

import numpy as np
import pytest
import torch

from lowrnn.fitting.ltrnn_readout import readout_error
from lowrnn.networks.nonlinearity import NONLINEARITIES

SHAPE = (5, 7, 19)


def plain(x, y, bias, scale, offset, on, nonlinearity, poisson, weight):
    shown = x if on == "states" else NONLINEARITIES[nonlinearity](x + bias)
    expected = offset + scale * shown
    filled = torch.nan_to_num(y)
    if poisson:
        mean = torch.nn.functional.softplus(expected)
        errors = mean - filled * torch.log(mean + 1e-6)
    else:
        errors = (expected - filled) ** 2
    return weight * torch.where(torch.isnan(y), 0.0, errors).sum()


@pytest.mark.parametrize("poisson", [False, True])
@pytest.mark.parametrize(
    ("on", "nonlinearity"),
    [("rates", "tanh"), ("rates", "softplus"), ("rates", "erf"), ("states", "tanh")],
)
def test_loss_and_gradients(on, nonlinearity, poisson):
    g = np.random.default_rng(0)
    y = g.poisson(2.0, SHAPE).astype(np.float32)
    y[g.random(SHAPE) < 0.2] = np.nan
    arrays = [g.standard_normal(SHAPE), *g.standard_normal((3, SHAPE[2]))]
    found = []
    for error in (readout_error, plain):
        values = [torch.tensor(a, dtype=torch.float32, requires_grad=True) for a in arrays]
        x, bias, scale, offset = values
        loss = error(
            x, torch.from_numpy(y), bias, scale, offset, on=on, nonlinearity=nonlinearity,
            poisson=poisson, weight=0.01,
        )  # fmt: skip
        (3 * loss).backward()
        gradients = [torch.zeros(1) if v.grad is None else v.grad for v in values]
        found.append([loss.detach(), *gradients])
    for one, other in zip(*found, strict=True):
        assert torch.allclose(one, other, rtol=1e-4, atol=1e-5)
