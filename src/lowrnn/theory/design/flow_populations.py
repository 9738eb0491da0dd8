"""Populations as building blocks of a flow, and the noise that finite numbers of neurons add.

A population contributes `E[n phi(x)]` to the flow of the latents, with `x = l · psi` for the
loadings `l = (m, B, constant)` and the point `psi = (kappa, v, 1)`. With whitened loadings,
`l = centre + spread z` and `n = a + w · z`, that is linear in the coefficients (a, w), and the
variance of its sample average over neurons is a quadratic form in them. So the expected squared
error of the flow of a network of N neurons is a quadratic function of all coefficients, solved
exactly; what is left to search are the centres, spreads and shares of the populations.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.optimize
import torch
from numpy.polynomial import hermite_e
from numpy.typing import NDArray
from torch import Tensor

from lowrnn.networks.nonlinearity import NONLINEARITIES

Array = NDArray[np.float64]

#: Bounds of the search, where the region of the flow reaches from -1 to 1 along each axis: the
#: quadrature below is accurate within them.
LARGEST_CENTRE, LARGEST_SPREAD = 12.0, 2.0
#: Smallest spread of the constant input.
CONSTANT_SPREAD = 0.02
#: The greedy choice looks at no more points than these.
CHOOSING_POINTS = 1024


@dataclass(frozen=True, eq=False)
class Populations:
    """Statistics of what drives the neurons: centre and spread (population, axis), share."""

    centre: Tensor
    spread: Tensor
    share: Tensor


class FlowProblem:
    """Populations whose neurons, `neurons` in all, best give the wanted recurrent input.

    Parameters
    ----------
    psi : array (point, axis)
        Latents and filtered inputs, from -1 to 1, and a last column of ones.
    wanted : array (point, rank)
        `E[n phi(x)]` at these points.
    nonlinearity : str
        phi, by name.
    neurons : float
        Number of neurons, or infinity.
    exact : bool
        Whether the sample of each population will have its exact mean and covariance.
    ridge : float
        Weight of the squared coefficients, beside the squared error.
    """

    def __init__(
        self,
        psi: Array,
        wanted: Array,
        *,
        nonlinearity: str,
        neurons: float,
        exact: bool,
        ridge: float,
    ) -> None:
        self.psi, self.wanted = torch.tensor(psi), torch.tensor(wanted)
        self.phi = NONLINEARITIES[nonlinearity]
        self.neurons, self.exact, self.ridge = neurons, exact, ridge
        # The uniform trapezoid rule; a kink needs more nodes than poles off the real axis.
        z = torch.linspace(-6.5, 6.5, 201 if nonlinearity == "relu" else 53, dtype=torch.float64)
        weights = torch.exp(-0.5 * z**2)
        polynomials = [hermite_e.hermeval(z.numpy(), row) for row in np.eye(6)]
        self.z = z
        self.hermite = torch.tensor(np.array(polynomials).T) * (weights / weights.sum())[:, None]

    def draw(self, number: int, spread: float, rng: np.random.Generator) -> Populations:
        """Random populations whose phi bends within the region."""
        axes = self.psi.shape[1] - 1
        centre = np.column_stack(
            [3 * rng.standard_normal((number, axes)), rng.uniform(-3, 3, number)]
        )
        common = np.clip(3 * np.sqrt(rng.uniform(0.05, 0.5, number)), spread, LARGEST_SPREAD)
        wide = np.column_stack([*[common] * axes, np.full(number, 5 * CONSTANT_SPREAD)])
        share = np.full(number, 1 / number)
        return Populations(torch.tensor(centre), torch.tensor(wide), torch.tensor(share))

    def solve(self, populations: Populations) -> tuple[Tensor, float]:
        """The best coefficients, by generalised ridge regression, and the noise of sampling.

        Coefficients are (population, 1 + axis, rank); the noise is the number of neurons times
        what their sampling adds to the mean squared error.
        """
        with torch.no_grad():
            blocks, noise = self._blocks(populations)
            best = self._regress(blocks, noise, populations.share)
        return best / populations.share[:, None, None], float(_spent(best, noise, populations))

    def choose(self, candidates: Populations, number: int) -> Populations:
        """The candidates that lower the error most, one after the other (matching pursuit)."""
        wanted = self.wanted[:CHOOSING_POINTS]
        share = torch.full((number,), 1 / number, dtype=torch.float64)
        with torch.no_grad():
            blocks, noise = self._blocks(candidates, CHOOSING_POINTS)
        penalty = noise * number / self.neurons + self.ridge * _identity(noise.shape[-1])
        inner = torch.einsum("mpi,mpj->pij", blocks, blocks) / len(wanted) + penalty
        chosen: list[int] = []
        rest = wanted
        for k in range(number):
            along = torch.einsum("mpi,mr->pir", blocks, rest) / len(wanted)
            gain = (along * torch.linalg.solve(inner, along)).sum(dim=(1, 2))
            gain[chosen] = -torch.inf
            chosen.append(int(gain.argmax()))
            found = self._regress(blocks[:, chosen], noise[chosen], share[: k + 1])
            rest = wanted - torch.einsum("mpi,pir->mr", blocks[:, chosen], found)
        return Populations(candidates.centre[chosen], candidates.spread[chosen], share)

    def refine(self, populations: Populations, steps: int, spread: float) -> Populations:
        """Follow the gradient of the expected error in centres, spreads and shares."""
        number, axes = populations.centre.shape

        def unpack(x: Tensor) -> Populations:
            table = x.reshape(number, 2 * axes + 1)
            return Populations(
                table[:, :axes],
                torch.exp(table[:, axes:-1]),
                torch.softmax(table[:, -1], dim=0),
            )

        def logarithm_of_error(values: Array) -> tuple[float, Array]:
            x = torch.tensor(values, requires_grad=True)
            now = unpack(x)
            blocks, noise = self._blocks(now)
            # At the best coefficients the error does not depend on them to first order.
            best = self._regress(blocks.detach(), noise.detach(), now.share.detach())
            gap = self.wanted - torch.einsum("mpi,pir->mr", blocks, best)
            error = (gap**2).sum(dim=1).mean() + _spent(best, noise, now) / self.neurons
            error = torch.log(error + self.ridge * (best**2).sum())
            (gradient,) = torch.autograd.grad(error, x)
            return error.item(), gradient.numpy()

        start = [populations.centre, populations.spread.log(), populations.share.log()[:, None]]
        bounds = [(-LARGEST_CENTRE, LARGEST_CENTRE)] * axes
        bounds += [(np.log(spread), np.log(LARGEST_SPREAD))] * (axes - 1)
        bounds += [(np.log(CONSTANT_SPREAD), np.log(LARGEST_SPREAD)), (-12.0, 0.0)]
        found = scipy.optimize.minimize(
            logarithm_of_error,
            torch.cat(start, dim=1).numpy().ravel(),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds * number,
            options={"maxiter": steps, "maxcor": 20},
        )
        return unpack(torch.tensor(found.x))

    def _regress(self, blocks: Tensor, noise: Tensor, share: Tensor) -> Tensor:
        """Best coefficients times share, (population, 1 + axis, rank)."""
        points, number, size = blocks.shape
        design = blocks.reshape(points, -1)
        penalty = torch.block_diag(*(noise / (share * self.neurons)[:, None, None]))
        penalty = penalty + self.ridge * _identity(number * size)
        inner = design.T @ design / points + penalty
        wanted = self.wanted[:points]
        best: Tensor = torch.linalg.solve(inner, design.T @ wanted / points)
        return best.reshape(number, size, -1)

    def _blocks(self, populations: Populations, points: int | None = None) -> tuple[Tensor, Tensor]:
        """What (a, w) multiply in `E[n phi]`, (point, population, 1 + axis), and their noise.

        The noise (population, 1 + axis, 1 + axis) is the quadratic form `Var[n phi]`, averaged
        over points. With exact moments, what is linear or quadratic in the loadings has none: their
        projections on the first and second Hermite polynomials drop out.
        """
        psi = self.psi[:points]
        mean = psi @ populations.centre.T
        along = psi[:, None] * populations.spread
        deviation = (along**2).sum(dim=-1).sqrt()
        unit = along / deviation[..., None]
        f, q = _Coefficients.apply(mean, deviation, self.phi, self.z, self.hermite)
        (f0, f1, f2, f3), (q0, q1, q2) = f.unbind(dim=-1), q.unbind(dim=-1)
        aa, ww, aw, cc = q0 - f0**2, q0, q1 - f0 * f1, q2 - f1**2
        if self.exact:
            aa = aa - f1**2 - 0.5 * f2**2
            ww = ww - f0**2 - f1**2
            aw = aw - f0 * f1 - 2 * f1 * f2 - 0.5 * f2 * f3
            cc = cc - 2 * f0 * f2 - f2**2 - f1**2 - 2 * f1 * f3 - 0.5 * f3**2
        axes = unit.shape[-1]
        mixed = (aw[..., None] * unit).mean(dim=0)
        square = torch.einsum("mp,mpi,mpj->pij", cc, unit, unit) / len(unit)
        square = square + ww.mean(dim=0)[:, None, None] * _identity(axes)
        top = torch.cat([aa.mean(dim=0)[:, None], mixed], dim=1)[:, None]
        noise = torch.cat([top, torch.cat([mixed[..., None], square], dim=2)], dim=1)
        return torch.cat([f0[..., None], f1[..., None] * unit], dim=2), noise


class _Coefficients(torch.autograd.Function):
    """Hermite coefficients `⟨He_k(z) f(mean + deviation z)⟩` of phi (0 to 3) and phi² (0 to 2).

    By Stein's lemma they are `deviation^k ⟨f^(k)⟩`, so those of the next two orders are the
    derivatives, and nothing has to be differentiated node by node.
    """

    @staticmethod
    def forward(
        ctx: Any, mean: Tensor, deviation: Tensor, phi: Any, z: Tensor, hermite: Tensor
    ) -> tuple[Tensor, Tensor]:
        rates = phi(mean[..., None] + deviation[..., None] * z)
        f, q = rates @ hermite, rates.square() @ hermite[:, :5]
        ctx.save_for_backward(f, q, deviation)
        return f[..., :4], q[..., :3]

    @staticmethod
    def backward(ctx: Any, by_f: Tensor, by_q: Tensor) -> tuple[Tensor, Tensor, None, None, None]:
        f, q, deviation = ctx.saved_tensors
        by_mean, by_deviation = torch.zeros_like(deviation), torch.zeros_like(deviation)
        for c, by in ((f, by_f), (q, by_q)):
            k = torch.arange(by.shape[-1])
            by_mean += (by * c[..., 1:-1]).sum(dim=-1) / deviation
            by_deviation += (by * (c[..., 2:] + k * c[..., :-2])).sum(dim=-1) / deviation
        return by_mean, by_deviation, None, None, None


def _spent(best: Tensor, noise: Tensor, populations: Populations) -> Tensor:
    """Variance of one neuron's contribution: of a population, inversely with its share."""
    each = torch.einsum("pir,pij,pjr->p", best, noise, best)
    return (each / populations.share).sum()


def _identity(size: int) -> Tensor:
    return torch.eye(size, dtype=torch.float64)


def whole_neurons(share: Array, neurons: int, least: int) -> NDArray[np.intp]:
    """Numbers of neurons near the wanted shares, `least` or more in each population."""
    counts: NDArray[np.intp] = np.maximum(np.floor(share * neurons).astype(np.intp), least)
    while (missing := neurons - counts.sum()) != 0:
        short = share * neurons - counts
        if missing > 0:
            counts[np.argmax(short)] += 1
        else:
            counts[np.argmin(np.where(counts > least, short, np.inf))] -= 1
    return counts
