"""How the latents of an infinite network move."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from lowrnn.errors import InputError, check_array, check_number
from lowrnn.networks.mixture import GaussianMixture
from lowrnn.networks.nonlinearity import check_nonlinearity
from lowrnn.theory.moments import Moments

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LatentTrajectory:
    """Latents in time; entry `t` holds the network after the input of step `t` has acted.

    Attributes
    ----------
    kappa : array (trial, time, rank)
        Coordinates of the state along the m of the mixture, `kappa' = -kappa + E[n phi(x)]`.
    v : array (trial, time, input)
        Coordinates along B: the filtered inputs, `v' = -v + u`.
    z : array (trial, time, output)
        Readout `E[w phi(x)]`.
    psi : array (trial, time)
        Variance that the random part and noise give to the state of a neuron.
    time : array (time,)
        Since the initial state, from `dt` on, in units of tau.
    """

    kappa: Array
    v: Array
    z: Array
    psi: Array
    time: Array


def latent_dynamics(
    weights: Tensor,
    means: Tensor,
    covariances: Tensor,
    u: Tensor,
    *,
    rank: int,
    alpha: float,
    kappa0: Tensor | None = None,
    g: float = 0.0,
    noise_std: float = 0.0,
    nonlinearity: str = "tanh",
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Latents of an infinite network, by Euler steps; differentiable in every tensor.

    `kappa' = -kappa + E[n phi(x)]` and `v' = -v + u`, where the state of a neuron is
    `x = m · kappa + B · v` plus a private Gaussian part of variance psi. For g = 0 this is what
    `GaussianMixture.sample(N).simulate` tends to as N → ∞ (Beiran et al. 2021, section 3; Dubreuil
    et al. 2022, eq. 18), with psi the variance of private noise, if there is any. For g > 0, psi
    is taken to be in equilibrium with the latents of each moment.

    Parameters
    ----------
    weights, means, covariances : tensor (population, ...) of float64
        Moments of the loadings, as for `GaussianMixture`; what is not input or latent is output.
        They are not checked: make covariances positive semidefinite by a factor, `L Lᵀ`.
    u : tensor (trial, time, input)
        Inputs.
    rank : int
        Number of latents.
    alpha : float
        `dt / tau`.
    kappa0 : tensor (trial, rank), optional
        Latents at the start, zero by default; v starts at zero.
    g : float
        Strength of the random part.
    noise_std : float
        Private noise as in `RNN`; only with g = 0.
    nonlinearity : str
        phi, by name.

    Returns
    -------
    kappa : tensor (trial, time, rank)
    v : tensor (trial, time, input)
    z : tensor (trial, time, output)
    psi : tensor (trial, time)
    """
    _check_noise(g, noise_std)
    trials, steps, inputs = u.shape
    moments = Moments(weights, means, covariances, rank=rank, inputs=inputs)
    s = u.new_zeros(trials, rank + inputs)
    if kappa0 is not None:
        s = torch.cat([kappa0, s[:, rank:]], dim=1)
    psi = u.new_zeros(trials, 1)
    states, read, variances = [], [], []
    for t in range(steps + 1):
        mu, variance, covariance = moments.of_state(s)
        if g > 0:
            psi = moments.frozen_variance(mu, variance, g, nonlinearity)
        seen = moments.read(mu, variance + psi, covariance, nonlinearity)
        states.append(s)
        read.append(seen)
        variances.append(psi)
        if t < steps:
            s = torch.lerp(s, torch.cat([seen[:, :rank], u[:, t]], dim=1), alpha)
            if g == 0:
                psi = (1 - alpha) ** 2 * psi + 2 * alpha * noise_std**2
    s, seen, psi = (torch.stack(each[1:], dim=1) for each in (states, read, variances))
    return s[..., :rank], s[..., rank:], seen[..., rank:], psi[..., 0]


def trajectory(
    mixture: GaussianMixture,
    u: ArrayLike,
    dt: float,
    kappa0: ArrayLike | None = None,
    *,
    g: float = 0.0,
    noise_std: float = 0.0,
    nonlinearity: str = "tanh",
) -> LatentTrajectory:
    """`latent_dynamics` on arrays: see `MeanField.trajectory`."""
    u = check_array("u", u, ("trial", "time", mixture.inputs), dtype=np.float64)
    dt = check_time_step(dt)
    start = None
    if kappa0 is not None:
        start = torch.tensor(check_start(kappa0, len(u), mixture.rank))
    with torch.no_grad():
        kappa, v, z, psi = latent_dynamics(
            torch.tensor(mixture.weights),
            torch.tensor(mixture.means),
            torch.tensor(mixture.covariances),
            torch.tensor(u),
            rank=mixture.rank,
            alpha=dt,
            kappa0=start,
            g=g,
            noise_std=noise_std,
            nonlinearity=check_nonlinearity(nonlinearity),
        )
    time = dt * np.arange(1, u.shape[1] + 1)
    return LatentTrajectory(kappa.numpy(), v.numpy(), z.numpy(), psi.numpy(), time)


def flow(
    mixture: GaussianMixture,
    kappa: ArrayLike,
    v: ArrayLike | None = None,
    *,
    g: float = 0.0,
    noise_std: float = 0.0,
    nonlinearity: str = "tanh",
) -> Array:
    """`-kappa + E[n phi(x)]` at given latents: see `MeanField.flow`."""
    _check_noise(g, noise_std)
    at = _checked_last_axis("kappa", kappa, mixture.rank)
    filtered = _checked_last_axis("v", np.zeros(mixture.inputs) if v is None else v, mixture.inputs)
    try:
        leading = np.broadcast_shapes(at.shape[:-1], filtered.shape[:-1])
    except ValueError:
        raise InputError(
            f"v has shape {filtered.shape} and kappa {at.shape}: give leading axes that broadcast"
        ) from None
    parts = [np.broadcast_to(each, (*leading, each.shape[-1])) for each in (at, filtered)]
    s = torch.tensor(np.concatenate(parts, axis=-1))
    moments = moments_of(mixture)
    with torch.no_grad():
        mu, variance, covariance = moments.of_state(s)
        psi = torch.tensor(noise_std**2)
        if g > 0:
            psi = moments.frozen_variance(mu, variance, g, nonlinearity)
        seen = moments.read(mu, variance + psi, covariance, nonlinearity)
        change: Array = (seen[..., : mixture.rank] - s[..., : mixture.rank]).numpy()
    return change


def moments_of(mixture: GaussianMixture) -> Moments:
    """The moments of a mixture as tensors."""
    tensors = (mixture.weights, mixture.means, mixture.covariances)
    return Moments(*map(torch.tensor, tensors), rank=mixture.rank, inputs=mixture.inputs)


def check_time_step(dt: float) -> float:
    """An Euler step in units of tau."""
    if check_number("dt", dt, above=0) > 1:
        raise InputError(f"dt is {dt}: give at most 1, the time constant")
    return float(dt)


def check_start(kappa0: ArrayLike, trials: int, rank: int) -> Array:
    """Latents at the start of each trial, from one vector for all or one for each."""
    start = np.asarray(kappa0, np.float64)
    if start.ndim == 1:
        start = np.broadcast_to(start, (trials, len(start)))
    checked: Array = check_array("kappa0", start, (trials, rank), dtype=np.float64)
    return checked


def _checked_last_axis(field: str, value: ArrayLike, size: int) -> Array:
    array = np.asarray(value, np.float64)
    if array.ndim == 0:
        array = array[None]
    shape = (*array.shape[:-1], size)
    checked: Array = check_array(field, array, shape, dtype=np.float64)
    return checked


def _check_noise(g: float, noise_std: float) -> None:
    if g > 0 and noise_std > 0:
        raise InputError(
            f"g is {g} and noise_std {noise_std}: fluctuations of a random part have a memory,"
            " so use MeanField.two_time"
        )
