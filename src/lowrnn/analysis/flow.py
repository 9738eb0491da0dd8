"""The flow of the latents under a constant input."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array
from lowrnn.networks import NONLINEARITIES, RNN, LowRank
from lowrnn.networks.nonlinearity import derivative

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LatentFlow:
    """What a low-rank network does to its latents while its input is constant.

    Once the input has been on for a few `tau`, the state is `x = m kappa + B u` and the latents
    alone determine the future: `tau dkappa/dt = -kappa + (1/N) nᵀ phi(m kappa + B u + bias)`,
    without noise. Exact at any number of neurons.

    Attributes
    ----------
    m, n : array (neuron, rank)
        Connectivity in the canonical gauge, the one of `Trajectory.kappa`.
    drive : array (neuron,)
        `B u + bias`.
    nonlinearity : str
        Name of phi.
    """

    m: Array
    n: Array
    drive: Array
    nonlinearity: str

    @classmethod
    def of(cls, rnn: RNN, u: ArrayLike | None = None) -> "LatentFlow":
        """The flow of `rnn` under the constant input `u` (input,); None is no input.

        Raises
        ------
        InputError
            If the connectivity is not low-rank alone, or `u` has another length.
        """
        if not isinstance(rnn.connectivity, LowRank):
            raise InputError(
                f"connectivity is {rnn.connectivity.kind}: give a LowRank network, whose latents"
                " have a flow of their own"
            )
        inputs = rnn.inputs.shape[1]
        u = np.zeros(inputs) if u is None else check_array("u", u, (inputs,), dtype=np.float64)
        gauge = rnn.connectivity.canonical()
        m, n, B = (a.astype(np.float64) for a in (gauge.m, gauge.n, rnn.inputs))
        return cls(m, n, B @ u + rnn.bias, rnn.nonlinearity)

    @property
    def rank(self) -> int:
        """Number of latents."""
        return int(self.m.shape[1])

    def __call__(self, kappa: Array) -> Array:
        """`tau dkappa/dt` at latents of shape (..., rank)."""
        rates = NONLINEARITIES[self.nonlinearity](self._state(kappa)).numpy()
        flow: Array = rates @ self.n / len(self.n) - kappa
        return flow

    def jacobian(self, kappa: Array) -> Array:
        """`-1 + (1/N) nᵀ diag(phi') m` at latents (..., rank), of shape (..., rank, rank)."""
        gain = derivative(self.nonlinearity, self._state(kappa)).numpy()
        pairs = self.n[:, :, None] * self.m[:, None, :]
        slope = gain @ pairs.reshape(len(self.n), -1) / len(self.n)
        jacobian: Array = slope.reshape(*kappa.shape, self.rank) - np.eye(self.rank)
        return jacobian

    def _state(self, kappa: Array) -> torch.Tensor:
        return torch.from_numpy(kappa @ self.m.T + self.drive)


def flow_field(
    rnn: RNN, u: ArrayLike | None = None, *, kappa_axes: Sequence[ArrayLike]
) -> NDArray[np.float64]:
    """The velocity of the latents on a grid, under a constant input.

    Parameters
    ----------
    rnn : RNN
        A network with `LowRank` connectivity.
    u : array (input,), optional
        The constant input; none by default.
    kappa_axes : sequence of arrays
        One an axis of the grid: the values of each latent, in the canonical gauge
        (`LowRank.canonical`), that of `Trajectory.kappa`.

    Returns
    -------
    velocity : array (len(kappa_axes[0]), ..., rank)
        `dkappa/dt` per second at every point of the grid, indexed in the order of the axes.

    Raises
    ------
    InputError
        If the connectivity is not `LowRank`, or the axes are not one for each latent.

    Notes
    -----
    Valid once the input has acted for a few `tau` and without noise: see `LatentFlow`. The whole
    grid is one matrix product, (grid point, neuron) with (neuron, rank).
    """
    flow = LatentFlow.of(rnn, u)
    if len(kappa_axes) != flow.rank:
        raise InputError(
            f"kappa_axes has {len(kappa_axes)} axes: give one for each of {flow.rank} latents"
        )
    axes = [
        check_array(f"kappa_axes[{i}]", axis, ("point",), dtype=np.float64)
        for i, axis in enumerate(kappa_axes)
    ]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    return flow(grid) / rnn.tau
