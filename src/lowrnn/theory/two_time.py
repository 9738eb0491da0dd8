"""Two-time mean field: transients of networks with a random part, whose fluctuations remember."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.signal
import torch
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import check_array, check_number
from lowrnn.networks.mixture import GaussianMixture
from lowrnn.networks.nonlinearity import check_nonlinearity
from lowrnn.theory.averages import NODES, REACH, average
from lowrnn.theory.latent import LatentTrajectory, check_start, check_time_step, moments_of

Array = NDArray[np.float64]

#: Nodes for each unit of the standard deviation of the outer average (error 3e-8 for tanh).
OUTER_NODES_PER_UNIT = 30
#: Nodes of the outer average over relu, whose kink nothing smooths (error 1e-4).
KINKED_NODES = 401


@dataclass(frozen=True, eq=False)
class TwoTimeTrajectory(LatentTrajectory):
    """Latents in time, and the autocovariance of what the random part and noise give a neuron.

    Attributes
    ----------
    autocovariance : array (trial, time, time)
        Ψ(t, s); its diagonal is `psi`.
    """

    autocovariance: Array


def two_time(
    mixture: GaussianMixture,
    u: ArrayLike,
    dt: float,
    kappa0: ArrayLike | None = None,
    psi0: float = 0.0,
    *,
    g: float = 0.0,
    noise_std: float = 0.0,
    nonlinearity: str = "tanh",
    progress: Callable[[int, int], None] | None = None,
) -> TwoTimeTrajectory:
    """Dynamical mean field from an initial state: see `MeanField.two_time`.

    With η the private part of a neuron's state and h its random input, an Euler step of
    `η' = -η + h` is one of the covariances `B(t, s) = cov(h(t), η(s))` and `Ψ = cov(η, η)`.
    """
    u = check_array("u", u, ("trial", "time", mixture.inputs), dtype=np.float64)
    dt, psi0 = check_time_step(dt), check_number("psi0", psi0, at_least=0)
    check_nonlinearity(nonlinearity)
    trials, steps = u.shape[:2]
    rank, populations = mixture.rank, mixture.populations
    start = np.zeros(rank) if kappa0 is None else kappa0
    makes = np.r_[0:rank, 2 * rank : 2 * rank + mixture.inputs]
    xx = mixture.covariances[:, makes][:, :, makes]
    moments = moments_of(mixture)

    s = np.zeros((trials, steps + 1, len(makes)))
    s[:, 0, :rank] = check_start(start, trials, rank)
    psi = np.zeros((trials, steps + 1, steps + 1))
    psi[:, 0, 0] = psi0
    mu, delta = np.empty((2, trials, populations, steps + 1))
    read = np.empty((trials, steps + 1, rank + mixture.outputs))
    for k in range(steps + 1):
        so_far = slice(k + 1)
        mean, variance, covariance = moments.of_state(torch.from_numpy(s[:, k]))
        total = variance + torch.from_numpy(psi[:, k, k, None])
        read[:, k] = moments.read(mean, total, covariance, nonlinearity).numpy()
        mu[..., k], delta[..., k] = mean.numpy(), total.numpy()
        if k == steps:
            break
        s[:, k + 1] = (1 - dt) * s[:, k] + dt * np.concatenate([read[:, k, :rank], u[:, k]], 1)
        shared = np.einsum("td,pde,tle->tpl", s[:, k], xx, s[:, so_far]) + psi[:, None, k, so_far]
        C = _correlation(nonlinearity, mu[..., so_far], delta[..., so_far], shared)
        drive = g**2 * np.einsum("p,tpl->tl", mixture.weights, C)
        B = scipy.signal.lfilter([0, dt], [1, dt - 1], drive, axis=1)
        now = psi[:, k, k]
        psi[:, k + 1, so_far] = (1 - dt) * psi[:, k, so_far] + dt * B
        psi[:, k + 1, k + 1] = (
            (1 - dt) ** 2 * now
            + 2 * dt * (1 - dt) * B[:, -1]
            + dt**2 * drive[:, -1]
            + 2 * dt * noise_std**2
        )
        psi[:, so_far, k + 1] = psi[:, k + 1, so_far]
        if progress is not None:
            progress(k + 1, steps)
    return TwoTimeTrajectory(
        kappa=s[:, 1:, :rank],
        v=s[:, 1:, rank:],
        z=read[:, 1:, rank:],
        psi=np.diagonal(psi, axis1=1, axis2=2)[:, 1:],
        time=dt * np.arange(1, steps + 1),
        autocovariance=psi[:, 1:, 1:],
    )


def _correlation(nonlinearity: str, mu: Array, delta: Array, covariance: Array) -> Array:
    """`E[phi(x_k) phi(x_l)]` of the last time with every time, (trial, population, time)."""
    deviation = np.sqrt(delta[..., -1:])
    number = int(OUTER_NODES_PER_UNIT * deviation.max())
    z = np.linspace(
        -REACH, REACH, KINKED_NODES if nonlinearity == "relu" else max(NODES, number) | 1
    )
    weights = np.exp(-0.5 * z**2)
    (last,) = average(nonlinearity, [0], mu[..., -1:] + deviation * z, 0.0)
    # What x_k does not explain of x_l is averaged first: an average of one variable, often closed.
    slope = covariance / np.maximum(deviation, 1e-150)
    centre = mu[..., None] + slope[..., None] * z
    (other,) = average(nonlinearity, [0], centre, (delta - slope**2)[..., None])
    found: Array = np.einsum("tpn,tpln->tpl", last * (weights / weights.sum()), other)
    return found
