"""A Gaussian mixture as tensors that gradient descent may move."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lowrnn.learning.seeds import generator
from lowrnn.networks import GaussianMixture
from lowrnn.tasks import Task

#: What descent may move: loadings are `means[p] + factors[p] @ g` with g standard normal, and the
#: shares of the populations are the softmax of "shares".
PARAMETERS = ("factors", "means", "shares")

#: Standard deviation of the first means, where they are trained: at 0 their gradient vanishes.
_FIRST_MEANS = 0.3
#: Size of what is random in the first overlaps.
_SPREAD = 1.0


@dataclass(frozen=True)
class Layout:
    """Numbers of the loadings of each kind, in the order m, n, B, w of `GaussianMixture`."""

    rank: int
    inputs: int
    outputs: int

    @property
    def sizes(self) -> list[int]:
        """How many loadings of each kind."""
        return [self.rank, self.rank, self.inputs, self.outputs]


@dataclass(frozen=True, eq=False)
class Basis:
    """The standard normal numbers that a finite network is made of, population by population.

    Attributes
    ----------
    g : list of tensor (neuron, column)
        Those of each population; they multiply the columns of its factor.
    """

    g: list[Tensor]

    @classmethod
    def draw(cls, tensors: Mapping[str, Tensor], neurons: int, rng: np.random.Generator) -> "Basis":
        """For a network of `neurons` neurons, shared among populations as their weights say."""
        shares = torch.softmax(tensors["shares"].detach(), 0).numpy()
        edges = np.rint(np.cumsum(shares) * neurons).astype(int)
        columns = tensors["factors"].shape[2]
        return cls(
            [
                torch.from_numpy(rng.standard_normal((max(count, 1), columns)))
                for count in np.diff(edges, prepend=0)
            ]
        )


def initial_tensors(
    task: Task, populations: int, rank: int, seed: int, *, means: bool
) -> dict[str, Tensor]:
    """Random covariances of rank R + S, with variances of about 1 and equal shares.

    In each population `cov(n, m)` is the identity plus something random, so that latents hardly
    decay: what a stimulus left in them is still there when the answer is due, and the gradient
    finds it. Independent m and n were left at a loss that knows the last stimulus alone.

    More columns than loadings that make the state, m and B, are of no use: in an infinite network,
    n and w act only by their means and their covariances with m and B, and in a finite one what
    they have of their own is noise.
    """
    rng = generator(seed, "network")
    columns = rank + task.n_inputs
    loadings = 2 * rank + task.n_inputs + task.n_outputs
    factors = rng.standard_normal((populations, loadings, columns)) / np.sqrt(columns)
    m = np.linalg.qr(factors[:, :rank].swapaxes(1, 2))[0].swapaxes(1, 2)
    factors[:, rank : 2 * rank] = m + _SPREAD * factors[:, rank : 2 * rank]
    factors[:, :rank] = m
    first = _FIRST_MEANS * means * rng.standard_normal((populations, loadings))
    return _tensors(factors, first, np.zeros(populations))


def tensors_of(mixture: GaussianMixture) -> dict[str, Tensor]:
    """The tensors of a given mixture."""
    values, vectors = np.linalg.eigh(mixture.covariances)
    factors = vectors * np.sqrt(np.maximum(values, 0))[:, None]
    return _tensors(factors, mixture.means, np.log(mixture.weights))


def mixture_of(tensors: Mapping[str, Tensor], layout: Layout) -> GaussianMixture:
    """The mixture with these tensors."""
    weights, means, covariances = (each.detach().numpy() for each in moments(tensors))
    return GaussianMixture(
        weights,
        means,
        covariances,
        rank=layout.rank,
        inputs=layout.inputs,
        outputs=layout.outputs,
    )


def moments(
    tensors: Mapping[str, Tensor], basis: Basis | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Weights, means and covariances: of the mixture or, given a basis, of a finite sample."""
    factors, means = tensors["factors"], tensors["means"]
    weights = torch.softmax(tensors["shares"], 0)
    if basis is None:
        return weights, means, factors @ factors.mT
    centre = torch.stack([g.mean(dim=0) for g in basis.g])
    spread = torch.stack([torch.cov(g.T, correction=0) for g in basis.g])
    spread = spread.reshape(len(means), *factors.shape[2:], -1)
    return weights, means + (factors @ centre[..., None])[..., 0], factors @ spread @ factors.mT


def loadings(tensors: Mapping[str, Tensor], layout: Layout, basis: Basis) -> dict[str, Tensor]:
    """A finite network, in single precision as the kernels take it; differentiable.

    The number of neurons of a population cannot be differentiated, so what reads their rates, n
    and w, carries the ratio of its weight to the share that it has of the neurons.
    """
    weights = torch.softmax(tensors["shares"], 0)
    neurons = sum(len(g) for g in basis.g)
    rows = []
    for g, weight, mean, factor in zip(
        basis.g, weights, tensors["means"], tensors["factors"], strict=True
    ):
        m, n, B, w = (mean + g @ factor.T).split(layout.sizes, dim=1)
        ratio = weight * (neurons / len(g))
        rows.append((m, ratio * n, B, ratio * w))
    joined = (torch.cat(each).float() for each in zip(*rows, strict=True))
    return dict(zip("mnBw", joined, strict=True))


def _tensors(
    factors: NDArray[np.float64], means: NDArray[np.float64], shares: NDArray[np.float64]
) -> dict[str, Tensor]:
    arrays = zip(PARAMETERS, (factors, means, shares), strict=True)
    return {name: torch.tensor(array) for name, array in arrays}
