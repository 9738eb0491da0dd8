"""A mixture of loadings that was designed for a flow, and the networks that follow from it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError
from lowrnn.networks.connectivity import LowRank
from lowrnn.networks.mixture import GaussianMixture
from lowrnn.networks.rnn import RNN
from lowrnn.networks.trajectory import Trajectory
from lowrnn.theory.mean_field import MeanField

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FlowDesign:
    """Loadings whose latents follow a wanted flow; made by `design_flow`.

    Attributes
    ----------
    mixture : GaussianMixture
        Distribution of the loadings. Its inputs are those of the target and, last, a constant
        input of 1; n is a linear function of m and B in each population, so it has the smallest
        variance that its covariances allow.
    nonlinearity : str
        phi, by name.
    tau : float
        Time constant, in the unit of time of the target.
    neurons : int or None
        Size of the networks that the design is for; None for infinite.
    exact : bool
        Whether they are sampled with exact means and covariances in each population.
    error, held_out_error : float
        Root mean square of what the flow of the infinite network misses, over that of the target:
        at the points of the design, and at others.
    sampling_noise : float
        Root mean square deviation of the flow of a network of N neurons from that of the infinite
        one, over that of the target, times √N. From the moments of the mixture, to leading order.
    """

    mixture: GaussianMixture
    nonlinearity: str
    tau: float
    neurons: int | None
    exact: bool
    error: float
    held_out_error: float
    sampling_noise: float

    @property
    def network_error(self) -> float:
        """Relative error to expect of the flow of a network of the size that was designed for."""
        return self.expected_error(np.inf if self.neurons is None else self.neurons)

    @property
    def largest_coefficient(self) -> float:
        """Largest entry of the mean of n and of its covariances with m and B."""
        mixture = self.mixture
        parts = [mixture.mean("n"), mixture.covariance("n", "m"), mixture.covariance("n", "B")]
        return float(max(np.abs(part).max() for part in parts))

    @property
    def n_std(self) -> Array:
        """Standard deviation of n over all neurons, (rank,)."""
        weights, mean = self.mixture.weights, self.mixture.mean("n")
        within = np.diagonal(self.mixture.covariance("n", "n"), axis1=1, axis2=2)
        return np.asarray(np.sqrt(weights @ (within + mean**2) - (weights @ mean) ** 2))

    @property
    def mean_field(self) -> MeanField:
        """The theory of the infinite network, for which `input` makes the inputs."""
        return MeanField(self.mixture, nonlinearity=self.nonlinearity)

    def expected_error(self, neurons: float) -> float:
        """Root mean square error over networks of that many neurons, over that of the target."""
        return float(np.hypot(self.error, self.sampling_noise / np.sqrt(neurons)))

    def input(self, u: ArrayLike | None = None) -> Array:
        """The inputs (..., input) of the target and the constant one, as `mixture` takes them."""
        given = np.zeros(self.mixture.inputs - 1) if u is None else np.asarray(u, np.float64)
        if given.ndim == 0 or given.shape[-1] != self.mixture.inputs - 1:
            raise InputError(
                f"u has shape {given.shape}: give {self.mixture.inputs - 1} entries along the last"
                " axis, without the constant input"
            )
        return np.concatenate([given, np.ones((*given.shape[:-1], 1))], axis=-1)

    def flow(self, kappa: ArrayLike, v: ArrayLike | None = None) -> Array:
        """Velocity of the latents of the infinite network, `dkappa/dt`.

        Parameters
        ----------
        kappa : array (..., rank)
            Latents, along the m of the mixture.
        v : array (..., input), optional
            Filtered inputs, `tau dv/dt = -v + u`; zero by default.
        """
        return self.mean_field.flow(kappa, self.input(v)) / self.tau

    def sample(
        self, seed: int, neurons: int | None = None, *, dt: float | None = None, **settings: Any
    ) -> RNN:
        """A finite network.

        Its constant input is its bias, so it needs no time to build up, and its inputs are those
        of the target. It starts at given latents with
        `simulate(..., initial_state=kappa0 @ rnn.connectivity.m.T)`.

        Parameters
        ----------
        seed : int
            Determines the loadings.
        neurons : int, optional
            Number of neurons; by default the one that the design is for.
        dt : float, optional
            Time step, by default a twentieth of tau.
        **settings
            As for `RNN`.
        """
        size = self.neurons if neurons is None else neurons
        if size is None:
            raise InputError("neurons is None and the design is for infinite networks: give it")
        rnn = self.mixture.sample(
            size,
            seed,
            exact=self.exact,
            dt=self.tau / 20 if dt is None else dt,
            tau=self.tau,
            nonlinearity=self.nonlinearity,
            **settings,
        )
        inputs = rnn.inputs[:, :-1] if self.mixture.inputs > 1 else None
        return rnn.replace(bias=rnn.inputs[:, -1], inputs=inputs)

    def network_flow(self, rnn: RNN, kappa: ArrayLike, v: ArrayLike | None = None) -> Array:
        """Velocity of the latents of a network that `sample` made: exact, with its finite size.

        Parameters as for `flow`.
        """
        m, n = _loadings(rnn)
        at = np.asarray(kappa, np.float64)
        v = np.zeros(rnn.inputs.shape[1]) if v is None else np.asarray(v, np.float64)
        drive = rnn.rates(at @ m.T + v @ rnn.inputs.T) @ n / rnn.neurons
        return np.asarray((drive - at) / self.tau)

    def latents(self, rnn: RNN, trajectory: Trajectory) -> Array:
        """Latents (trial, time, rank) along the m of the mixture, of a simulated `sample`.

        `Trajectory.kappa` has them along the canonical m.
        """
        m, n = _loadings(rnn)
        turn = np.linalg.lstsq(m, LowRank(m, n).canonical().m)[0]
        return np.asarray(trajectory.kappa @ turn.T)


def _loadings(rnn: RNN) -> tuple[Array, Array]:
    """m and n of a low-rank network."""
    if not isinstance(rnn.connectivity, LowRank):
        raise InputError(f"connectivity is {rnn.connectivity.kind}: give a sample of the design")
    return (
        np.asarray(rnn.connectivity.m, np.float64),
        np.asarray(rnn.connectivity.n, np.float64),
    )
