"""How inputs set the gains of populations, and gains the couplings between latents.

In a network of Gaussian populations, latents and inputs act on the latents through
`Σ_p share_p σ_ab^p ⟨phi'⟩_p`: covariances are fixed by the connectivity, gains by where on phi the
neurons of a population stand (Beiran et al. 2021; Dubreuil et al. 2022).
"""

import numpy as np
import scipy.signal
import torch
from numpy.typing import ArrayLike, NDArray

from lowrnn.analysis.windows import Window, mean_over
from lowrnn.errors import InputError, check_array
from lowrnn.networks import RNN, GaussianMixture, structured_part
from lowrnn.networks.nonlinearity import derivative
from lowrnn.theory.averages import average
from lowrnn.theory.latent import moments_of

Array = NDArray[np.float64]


def filtered_inputs(rnn: RNN, u: ArrayLike) -> Array:
    """The input-driven latents `tau dv/dt = -v + u`: coordinates of the state along `B`.

    Parameters
    ----------
    rnn : RNN
        A network, for its time step and time constant.
    u : array (trial, time, input)
        Inputs.

    Returns
    -------
    array (trial, time, input)
        Entry `t` after the input of step `t` has acted, as in `Trajectory`; 0 before the first.
    """
    u = check_array("u", u, ("trial", "time", rnn.inputs.shape[1]), dtype=np.float64)
    v: Array = scipy.signal.lfilter([rnn.alpha], [1.0, rnn.alpha - 1.0], u, axis=1)
    return v


def state_latents(rnn: RNN, x: ArrayLike) -> tuple[Array, Array]:
    """Latents of given states by least squares on the columns of `m` and `B` together.

    An oblique projection: a coordinate along `m` alone would take in what inputs add to the state
    wherever `m` and `B` overlap. For a simulation of the network itself, `Trajectory.kappa` and
    `filtered_inputs` are exact.

    Parameters
    ----------
    rnn : RNN
        A network with loadings `m`, `n`.
    x : array (..., neuron)
        States, such as recorded ones.

    Returns
    -------
    kappa : array (..., rank)
        In the canonical gauge (`LowRank.canonical`).
    v : array (..., input)

    Raises
    ------
    InputError
        If the network has no loadings or the states another number of neurons.
    """
    low_rank = structured_part(rnn.connectivity)
    if low_rank is None:
        raise InputError(
            f"connectivity is {rnn.connectivity.kind}: give a network with loadings m and n"
        )
    states = np.asarray(x, np.float64)
    states = check_array("x", states, (*states.shape[:-1], rnn.neurons))
    basis = np.concatenate([low_rank.canonical().m, rnn.inputs], axis=1).astype(np.float64)
    solved = np.linalg.lstsq(basis, states.reshape(-1, rnn.neurons).T)[0].T
    found: Array = solved.astype(np.float64).reshape(*states.shape[:-1], -1)
    return found[..., : rnn.rank], found[..., rnn.rank :]


def gains(rnn: RNN, x: ArrayLike, labels: ArrayLike | None = None, window: Window = None) -> Array:
    """Average gain `phi'(x + bias)` of the neurons of each population over an epoch.

    Parameters
    ----------
    rnn : RNN
        A network of any connectivity.
    x : array (trial, time, neuron)
        Its states, such as `rnn.simulate(u).x`.
    labels : array (neuron,) of int, optional
        The population of each neuron, numbered from 0; one population by default.
    window : slice or boolean array (time,) or (trial, time), optional
        The epoch; the whole trial by default.

    Returns
    -------
    array (trial, population)

    Raises
    ------
    InputError
        If shapes disagree, or a population or the epoch is empty.
    """
    states = check_array("x", x, ("trial", "time", rnn.neurons))
    members = one_hot(np.zeros(rnn.neurons, int) if labels is None else labels, rnn.neurons)
    slope = derivative(rnn.nonlinearity, torch.from_numpy(states + rnn.bias)).numpy()
    return mean_over(slope @ (members / members.sum(axis=0)), window)


def mean_field_gains(
    mixture: GaussianMixture,
    kappa: ArrayLike,
    v: ArrayLike | None = None,
    *,
    noise_std: float = 0.0,
    nonlinearity: str = "tanh",
) -> Array:
    """What `gains` are in an infinite network: `⟨phi'⟩_p` over the Gaussian of each population.

    Its mean is `mean_m · kappa + mean_B · v`, its variance the quadratic form of `(kappa, v)` with
    the covariance of `(m, B)`, plus that of private noise.

    Parameters
    ----------
    mixture : GaussianMixture
        Distribution of the loadings.
    kappa : array (..., rank)
        Latents along the `m` of the mixture: those of `MeanField.trajectory`, or those of a network
        whose own gauge the mixture was estimated in.
    v : array (..., input), optional
        Filtered inputs, such as `filtered_inputs(rnn, u)`; none by default.
    noise_std : float
        Private noise, as in `RNN`.
    nonlinearity : str
        phi, by name.

    Returns
    -------
    array (..., population)
    """
    at = np.asarray(kappa, np.float64)
    at = check_array("kappa", at, (*at.shape[:-1], mixture.rank))
    if v is None:
        v = np.zeros((*at.shape[:-1], mixture.inputs))
    filtered = check_array("v", v, (*at.shape[:-1], mixture.inputs), dtype=np.float64)
    s = torch.from_numpy(np.concatenate([at, filtered], axis=-1))
    mu, variance, _ = moments_of(mixture).of_state(s)
    return average(nonlinearity, [1], mu.numpy(), variance.numpy() + noise_std**2)[0]


def effective_coupling(mixture: GaussianMixture, gain: ArrayLike, one: str, other: str) -> Array:
    """`Σ_p share_p σ_ab^p ⟨phi'⟩_p`: how strongly `a` reads `b` at the present gains.

    `("n", "m")` couples latents to latents, `("n", "B")` inputs to latents, `("w", "m")` and
    `("w", "B")` reach the readout (Dubreuil et al. 2022). With gains of 1 these are the
    overlaps of a linear network of populations without means.

    Parameters
    ----------
    mixture : GaussianMixture
        Distribution of the loadings, such as `GaussianMixture.estimate(rnn, labels)`.
    gain : array (..., population)
        From `gains` or `mean_field_gains`.
    one, other : {"m", "n", "B", "w"}
        Which loadings.

    Returns
    -------
    array (..., loading of `one`, loading of `other`)
    """
    for field, kind in (("one", one), ("other", other)):
        if kind not in ("m", "n", "B", "w"):
            raise InputError(f"{field} is {kind!r}: use one of m, n, B, w")
    at = np.asarray(gain, np.float64)
    at = check_array("gain", at, (*at.shape[:-1], mixture.populations))
    coupling: Array = np.einsum(
        "...p,p,pab->...ab", at, mixture.weights, mixture.covariance(one, other)
    )
    return coupling


def one_hot(labels: ArrayLike, neurons: int) -> Array:
    """1 where a neuron belongs to a population, (neuron, population); none is empty."""
    found = np.asarray(labels)
    whole = found.shape == (neurons,) and np.issubdtype(found.dtype, np.integer)
    if not whole or found.min() < 0 or len(np.unique(found)) <= found.max():
        raise InputError(
            f"labels have shape {found.shape} and dtype {found.dtype}: give each of the {neurons}"
            " neurons one of the populations 0, 1, … and no population without neurons"
        )
    members: Array = np.eye(found.max() + 1)[found]
    return members
