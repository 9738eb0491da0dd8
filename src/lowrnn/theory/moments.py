"""Mean-field averages as torch operations: differentiable in the moments of the loadings.

The derivatives of a Gaussian average are Gaussian averages themselves, `∂⟨f⟩/∂mu = ⟨f'⟩` and
`∂⟨f⟩/∂delta = ½⟨f''⟩`, so nothing is differentiated through a quadrature, and a variance of 0 needs
no care.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from lowrnn.errors import ConvergenceError
from lowrnn.theory.averages import average, product

Array = NDArray[np.float64]

NEWTON_STEPS = 60
ACCURACY = 1e-13


class Moments:
    """Moments of a mixture, sorted by what loadings do: m and B make the state, n and w read it.

    The state of a neuron is `m · kappa + B · v` plus what is private to it, with `v` the filtered
    inputs; `s = (kappa, v)` below, with any leading axes.

    Parameters
    ----------
    weights, means, covariances : tensor (population, ...) of float64
        As for `GaussianMixture`, loadings in the order m, n, B, w.
    rank, inputs : int
        Numbers of latents and inputs.
    """

    def __init__(
        self, weights: Tensor, means: Tensor, covariances: Tensor, *, rank: int, inputs: int
    ) -> None:
        after = 2 * rank + inputs
        makes = [*range(rank), *range(2 * rank, after)]
        reads = [*range(rank, 2 * rank), *range(after, means.shape[1])]
        columns = covariances[:, :, makes]
        self.weights = weights
        self.mean_reads = means[:, reads]
        self._size = len(makes)
        # One product with s gives the mean of the state and all its covariances.
        self._table = torch.cat(
            [means[:, None, makes], columns[:, makes], columns[:, reads]], dim=1
        )

    def of_state(self, s: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Mean and structured variance of the state in each population, (..., population), and its
        covariance with n and w, (..., population, loading)."""
        populations, rows, _ = self._table.shape
        found = s @ self._table.reshape(populations * rows, -1).T
        found = found.reshape(*s.shape[:-1], populations, rows)
        variance = (found[..., 1 : 1 + self._size] * s[..., None, :]).sum(dim=-1)
        return found[..., 0], variance, found[..., 1 + self._size :]

    def read(self, mu: Tensor, delta: Tensor, covariance: Tensor, nonlinearity: str) -> Tensor:
        """`E[n phi(x)]` and `E[w phi(x)]`, (..., rank + output), by Stein's lemma."""
        phi, slope = _Average.apply(mu, delta, nonlinearity)
        by_mean: Tensor = (phi * self.weights) @ self.mean_reads
        by_covariance: Tensor = ((slope * self.weights)[..., None] * covariance).sum(dim=-2)
        return by_mean + by_covariance

    def frozen_variance(self, mu: Tensor, variance: Tensor, g: float, nonlinearity: str) -> Tensor:
        """`psi = g² E[phi²]` at the total variance that it implies itself, (..., 1)."""
        psi: Tensor = _FrozenVariance.apply(self.weights, mu, variance, g, nonlinearity)
        return psi[..., None]


class _Average(torch.autograd.Function):
    """`⟨phi⟩` and `⟨phi'⟩`."""

    @staticmethod
    def forward(ctx: Any, mu: Tensor, delta: Tensor, nonlinearity: str) -> tuple[Tensor, Tensor]:
        orders = [0, 1, 2, 3] if any(ctx.needs_input_grad) else [0, 1]
        found = average(nonlinearity, orders, mu.detach().numpy(), delta.detach().numpy())
        phi, *derivatives = (torch.from_numpy(each) for each in found)
        ctx.save_for_backward(*derivatives)
        return phi, derivatives[0]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, by_phi: Tensor, by_slope: Tensor) -> tuple[Tensor, Tensor, None]:
        first, second, third = ctx.saved_tensors
        by_delta = 0.5 * (by_phi * second + by_slope * third)
        return by_phi * first + by_slope * second, by_delta, None


class _FrozenVariance(torch.autograd.Function):
    """`psi = g² Σ weights ⟨phi²⟩(mu, variance + psi)`, solved, with implicit derivatives."""

    @staticmethod
    def forward(
        ctx: Any, weights: Tensor, mu: Tensor, variance: Tensor, g: float, nonlinearity: str
    ) -> Tensor:
        alpha, mean, structured = (each.detach().numpy() for each in (weights, mu, variance))
        psi = _solve(alpha, mean, structured, g, nonlinearity)
        if any(ctx.needs_input_grad):
            pairs = [(0, 0), (0, 1), (1, 1), (0, 2)]
            found = product(nonlinearity, pairs, mean, structured + psi[..., None])
            square, cross, slopes, curve = (g**2 * torch.from_numpy(each) for each in found)
            by_mu, by_variance = 2 * weights * cross, weights * (slopes + curve)
            amplified = 1 / (1 - by_variance.sum(dim=-1, keepdim=True))
            ctx.save_for_backward(square * amplified, by_mu * amplified, by_variance * amplified)
        return torch.from_numpy(psi)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, by_psi: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        by_weights, by_mu, by_variance = (by_psi[..., None] * each for each in ctx.saved_tensors)
        shared = by_weights.reshape(-1, by_weights.shape[-1]).sum(dim=0)
        return shared, by_mu, by_variance, None, None


def _solve(alpha: Array, mu: Array, structured: Array, g: float, nonlinearity: str) -> Array:
    """Newton's method from above: of several solutions the largest, the one that is stable."""
    psi = np.full(mu.shape[:-1], g**2)
    for _ in range(NEWTON_STEPS):
        pairs = [(0, 0), (1, 1), (0, 2)]
        square, slopes, curve = product(nonlinearity, pairs, mu, structured + psi[..., None])
        excess = psi - g**2 * (square @ alpha)
        if np.all(np.abs(excess) <= ACCURACY * (1 + psi)):
            return psi
        slope = 1 - g**2 * ((slopes + curve) @ alpha)
        # Where the map expands, Newton would step away from the solution.
        psi = np.asarray(np.maximum(psi - excess / np.where(slope > 0.05, slope, 1.0), 0.0))
    raise ConvergenceError(
        f"no variance psi solves its equation (the best residual is {np.abs(excess).max():.2g}):"
        " activity may grow without bound, so lower g or use a nonlinearity that saturates"
    )
