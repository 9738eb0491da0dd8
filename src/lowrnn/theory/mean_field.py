"""The mean-field theory of networks drawn from a Gaussian mixture."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_number
from lowrnn.networks import RNN, GaussianMixture, RandomPlusLowRank
from lowrnn.networks.nonlinearity import check_nonlinearity
from lowrnn.theory import latent, two_time
from lowrnn.theory.circular_cycle import Circle
from lowrnn.theory.equations import Equations
from lowrnn.theory.fluctuating import fluctuating_states
from lowrnn.theory.latent import LatentTrajectory
from lowrnn.theory.limit_cycle import LimitCycle, attracting_cycles
from lowrnn.theory.state import State
from lowrnn.theory.stationary import stationary_states
from lowrnn.theory.two_time import TwoTimeTrajectory

Array = NDArray[np.float64]


class MeanField:
    """What infinitely large networks with given statistics do.

    The networks are those of `RNN`, `tau dx/dt = -x + J phi(x) + B u + noise` with
    `J = g χ + (1/N) m nᵀ`, loadings drawn from `mixture`. Time is in units of tau.

    Parameters
    ----------
    mixture : GaussianMixture
        Distribution of the loadings.
    g : float
        Strength of the random part, independent of the loadings.
    nonlinearity : {"tanh", "relu", "softplus", "identity", "erf"}
        phi. relu, softplus and identity do not saturate: activity may grow without bound.
    noise_std : float
        Private noise, as in `RNN`: the standard deviation of an uncoupled neuron.

    References
    ----------
    Mastrogiuseppe & Ostojic, Neuron 99 (2018) 609-623. Beiran, Dubreuil, Valente, Mastrogiuseppe &
    Ostojic, Neural Computation 33 (2021) 1572-1615.
    """

    def __init__(
        self,
        mixture: GaussianMixture,
        g: float = 0.0,
        *,
        nonlinearity: str = "tanh",
        noise_std: float = 0.0,
    ) -> None:
        self.mixture = mixture
        self.g = check_number("g", g, at_least=0)
        self.nonlinearity = check_nonlinearity(nonlinearity)
        self.noise_std = check_number("noise_std", noise_std, at_least=0)

    @classmethod
    def estimate(cls, rnn: RNN, labels: ArrayLike | None = None) -> "MeanField":
        """The theory of networks that share their statistics with a given one.

        Parameters
        ----------
        rnn : RNN
            A network with low-rank connectivity, with or without a random part, and no bias.
        labels : array (neuron,) of int, optional
            The population of each neuron; one population by default. With `range(neurons)` latent
            dynamics are exact for this network.

        Raises
        ------
        InputError
            As `GaussianMixture.estimate`.
        """
        mixture = GaussianMixture.estimate(rnn, labels)
        random = rnn.connectivity
        return cls(
            mixture,
            random.g if isinstance(random, RandomPlusLowRank) else 0.0,
            nonlinearity=rnn.nonlinearity,
            noise_std=rnn.noise_std,
        )

    def __repr__(self) -> str:
        return (
            f"MeanField({self.mixture!r}, g={self.g}, nonlinearity={self.nonlinearity!r},"
            f" noise_std={self.noise_std})"
        )

    def equations(self, u: ArrayLike | None = None) -> Equations:
        """The self-consistency equations at the constant input `u`, (input,)."""
        return Equations(self.mixture, self.g, self.nonlinearity, u)

    def stationary(self, u: ArrayLike | None = None) -> list[State]:
        """Every state without fluctuations, stable or not, by falling kappa.

        With private noise these are the states of the same network without it.

        Parameters
        ----------
        u : array (input,), optional
            A constant input; none by default.

        Raises
        ------
        ConvergenceError
            If the equations have no solution that could be found.
        """
        return stationary_states(self.equations(u))

    def fluctuating(self, u: ArrayLike | None = None) -> list[State]:
        """Every state whose activity fluctuates, stable or not, by falling kappa.

        Without private noise these are the chaotic states, if there are any; with it, the states
        that it drives.

        Parameters
        ----------
        u : array (input,), optional
            A constant input; none by default.

        Raises
        ------
        ConvergenceError
            If activity grows without bound, or a noise-driven state could not be found.
        """
        return fluctuating_states(self.equations(u), self.noise_std)

    def states(self, u: ArrayLike | None = None) -> list[State]:
        """Every state: stationary ones, which private noise leaves none of, then fluctuating ones.

        Parameters and errors are those of `stationary` and `fluctuating`.
        """
        at_rest = [] if self.noise_std > 0 else self.stationary(u)
        return at_rest + self.fluctuating(u)

    def flow(self, kappa: ArrayLike, v: ArrayLike | None = None) -> Array:
        """Velocity of the latents, `dkappa/dt = -kappa + E[n phi(x)]`.

        Exact for g = 0, with private noise that has settled. For g > 0, exact at stationary states:
        elsewhere the variance of the random part is taken to follow the latents at once, without
        its memory, and without chaos; `two_time` has both.

        Parameters
        ----------
        kappa : array (..., rank)
            Where.
        v : array (..., input), optional
            Filtered inputs, `v' = -v + u`: at a constant input, u itself. None by default.

        Returns
        -------
        array (..., rank)
        """
        return latent.flow(self.mixture, kappa, v, **self._settings)

    def trajectory(
        self, u: ArrayLike, dt: float, kappa0: ArrayLike | None = None
    ) -> LatentTrajectory:
        """Latents and readout in time.

        For g = 0 this is the limit of `mixture.sample(N).simulate(u)`, step by step. A mixture with
        one population for each neuron of a network, `GaussianMixture.estimate(rnn, range(N))`,
        gives that network exactly, if it has no bias. For g > 0 it is an approximation, as in
        `flow`.

        Parameters
        ----------
        u : array (trial, time, input)
            Inputs; `np.zeros((trial, time, 0))` for a network without any.
        dt : float
            Euler step in units of tau, `0 < dt <= 1`.
        kappa0 : array (rank,) or (trial, rank), optional
            Latents at the start; zero by default. The rest of the state starts at zero.

        Raises
        ------
        InputError
            If shapes disagree, or there is both noise and g > 0.
        ConvergenceError
            If g is so large that the variance grows without bound.
        """
        return latent.trajectory(self.mixture, u, dt, kappa0, **self._settings)

    def two_time(
        self,
        u: ArrayLike,
        dt: float,
        kappa0: ArrayLike | None = None,
        psi0: float = 0.0,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> TwoTimeTrajectory:
        """Latents and readout in time, exact for any g: fluctuations with their memory.

        Dynamical mean-field theory from an initial state: `(1 + ∂_t)(1 + ∂_s) Ψ(t, s)` is
        `g² E[phi(x(t)) phi(x(s))]`, plus noise. The limit of `mixture.sample(N, g=g).simulate(u)`,
        step by step, through transients and chaos. The effort grows with the square of the number
        of steps: about 1 s for 160 steps and one population, 10 s for 600.

        Parameters
        ----------
        u : array (trial, time, input)
            Inputs; `np.zeros((trial, time, 0))` for a network without any.
        dt : float
            Euler step in units of tau, `0 < dt <= 1`.
        kappa0 : array (rank,) or (trial, rank), optional
            Latents at the start; zero by default.
        psi0 : float
            Variance, independent of everything else, of the rest of the state at the start. Without
            structure, noise or this, a network remains silent.
        progress : callable (int, int), optional
            Called after every step with the number of steps done and that of all.

        Raises
        ------
        InputError
            If shapes disagree or a number is out of range.
        """
        return two_time.two_time(
            self.mixture, u, dt, kappa0, psi0, progress=progress, **self._settings
        )

    def limit_cycles(self, u: ArrayLike | None = None) -> list[LimitCycle]:
        """Periodic states of the latents at a constant input, the largest first.

        For circular structure, all of them, stable or not, and for any g: two latents without
        means, `cov(n, m) = [[a, -b], [b, a]]` and `cov(m, m)` proportional to the identity in each
        population, up to a change of the basis of m, and inputs that overlap with neither m nor n.
        For other structure, those that attract from a grid of starts, and only for g = 0.

        Parameters
        ----------
        u : array (input,), optional
            The constant input; none by default.

        Raises
        ------
        InputError
            If g > 0 and structure is not circular, or there is private noise as well.
        """
        if self.g > 0 and self.noise_std > 0:
            raise InputError(
                f"g is {self.g} and noise_std {self.noise_std}: no theory of limit cycles has both,"
                " so set one to 0 or use two_time"
            )
        equations, psi = self.equations(u), self.noise_std**2
        circle = Circle.find(equations, psi)
        if circle is not None:
            return circle.cycles()
        if self.g > 0:
            raise InputError(
                f"g is {self.g} and the structure is not circular: set g to 0 or use two_time"
            )
        return attracting_cycles(equations, psi)

    @property
    def _settings(self) -> dict[str, Any]:
        return {"g": self.g, "noise_std": self.noise_std, "nonlinearity": self.nonlinearity}
