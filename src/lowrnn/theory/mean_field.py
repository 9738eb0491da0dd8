"""The mean-field theory of networks drawn from a Gaussian mixture."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import check_number
from lowrnn.networks.mixture import GaussianMixture
from lowrnn.networks.nonlinearity import check_nonlinearity
from lowrnn.theory.equations import Equations
from lowrnn.theory.state import State
from lowrnn.theory.stationary import stationary_states

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
