"""The network object that every other room takes."""

from pathlib import Path
from typing import Any

import numpy as np
import scipy.signal
import torch
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array
from lowrnn.networks.connectivity import (
    Connectivity,
    LowTensorRank,
    RandomPlusLowRank,
    structured_part,
)
from lowrnn.networks.kernels import integrate
from lowrnn.networks.noise import Noise
from lowrnn.networks.nonlinearity import NONLINEARITIES, check_nonlinearity
from lowrnn.networks.trajectory import Trajectory

Array = NDArray[np.floating]


class RNN:
    """A recurrent network: connectivity, input weights, readout and dynamics.

    `tau dx/dt = -x + J phi(x + bias) + B u + noise`, integrated by Euler steps with
    `alpha = dt / tau`; readout `z = (1/N) wᵀ phi(x + bias)`. A value: `replace` gives a changed
    copy, nothing changes a network in place.

    Parameters
    ----------
    connectivity : FullRank, LowRank, RandomPlusLowRank or LowTensorRank
        The recurrent matrix J of N neurons; of `LowTensorRank`, one for each trial. Its dtype is
        the network's.
    inputs : array (neuron, input), optional
        Input weights `B`; no input by default.
    readout : array (neuron, output), optional
        Output weights `w`; no output by default.
    dt, tau : float
        Time step and time constant in seconds, `0 < dt <= tau`.
    nonlinearity : {"tanh", "relu", "softplus", "identity", "erf"}
        phi.
    noise_std : float
        Standard deviation that an uncoupled neuron settles to as dt → 0. A standard deviation
        `s` that published code adds at every step is `noise_std = s / sqrt(2 dt / tau)`.
    bias : array (neuron,), optional
        Added to the state inside phi, wherever rates are used; zero by default.
    initial_state : array (neuron,), optional
        The state before the first step; zero by default.

    Raises
    ------
    InputError
        If shapes disagree, a value is not finite, or a setting is out of range.
    """

    def __init__(
        self,
        connectivity: Connectivity,
        inputs: ArrayLike | None = None,
        readout: ArrayLike | None = None,
        *,
        dt: float,
        tau: float,
        nonlinearity: str = "tanh",
        noise_std: float = 0.0,
        bias: ArrayLike | None = None,
        initial_state: ArrayLike | None = None,
    ) -> None:
        if not isinstance(connectivity, Connectivity):
            raise InputError(
                f"connectivity is a {type(connectivity).__name__}: give FullRank(J), LowRank(m, n),"
                " RandomPlusLowRank(g, m, n, seed) or LowTensorRank(a, b, c)"
            )
        neurons = connectivity.neurons
        dtype = next(iter(connectivity.parameters.values())).dtype

        def array(field: str, value: ArrayLike | None, *axes: int | str) -> Array:
            if value is None:
                return np.zeros([0 if isinstance(axis, str) else axis for axis in axes], dtype)
            return check_array(field, value, axes, dtype=dtype)

        if not 0 < dt <= tau:
            raise InputError(f"dt is {dt} and tau {tau}: give seconds with 0 < dt <= tau")
        self.connectivity = connectivity
        self.inputs = array("inputs", inputs, neurons, "input")
        self.readout = array("readout", readout, neurons, "output")
        self.dt = float(dt)
        self.tau = float(tau)
        self.nonlinearity = check_nonlinearity(nonlinearity)
        self.noise_std = Noise(float(noise_std)).std
        self.bias = array("bias", bias, neurons)
        self.initial_state = array("initial_state", initial_state, neurons)

    def __repr__(self) -> str:
        return (
            f"RNN({self.connectivity.kind}, neurons={self.neurons}, rank={self.rank},"
            f" inputs={self.inputs.shape[1]}, outputs={self.readout.shape[1]}, dt={self.dt},"
            f" tau={self.tau}, nonlinearity={self.nonlinearity!r}, noise_std={self.noise_std})"
        )

    @property
    def neurons(self) -> int:
        """Number of neurons."""
        return self.connectivity.neurons

    @property
    def rank(self) -> int:
        """Number of latents."""
        return self.connectivity.rank

    @property
    def alpha(self) -> float:
        """`dt / tau`, the length of an Euler step."""
        return self.dt / self.tau

    @property
    def dtype(self) -> np.dtype[Any]:
        """Floating-point type of every array of the network, and of what it computes."""
        return self.inputs.dtype

    def replace(self, **changes: Any) -> "RNN":
        """A copy in which the named arguments of the constructor have new values."""
        settings: dict[str, Any] = {
            "connectivity": self.connectivity,
            "inputs": self.inputs if self.inputs.shape[1] else None,
            "readout": self.readout if self.readout.shape[1] else None,
            "dt": self.dt,
            "tau": self.tau,
            "nonlinearity": self.nonlinearity,
            "noise_std": self.noise_std,
            "bias": self.bias,
            "initial_state": self.initial_state,
        }
        unknown = changes.keys() - settings.keys()
        if unknown:
            known = ", ".join(settings)
            raise InputError(f"{min(unknown)!r} is no argument of RNN: use one of {known}")
        return RNN(**(settings | changes))

    def save(self, path: str | Path) -> None:
        """Write the network to `path` (safetensors), atomically; `RNN.load` reads it."""
        from lowrnn.networks.storage import save

        save(self, path)

    @staticmethod
    def load(path: str | Path) -> "RNN":
        """Read a network that `save` wrote.

        Raises
        ------
        InputError
            If there is no such file, or it is damaged or something else.
        """
        from lowrnn.networks.storage import load

        return load(path)

    def tensors(self) -> dict[str, torch.Tensor]:
        """The network's arrays as the kernels take them: a copy, for torch to differentiate.

        Keys: `J` (dense or random part) and `m`, `n` where there are any; `B`, `w`, `bias`,
        `initial_state`. The `a` and `b` of `LowTensorRank` are `m` and `n` here, beside `c`.
        """
        arrays = dict(self.connectivity.parameters)
        if isinstance(self.connectivity, LowTensorRank):
            arrays = {"m": arrays["a"], "n": arrays["b"], "c": arrays["c"]}
        if isinstance(self.connectivity, RandomPlusLowRank):
            arrays["J"] = self.connectivity.random
        arrays |= {"B": self.inputs, "w": self.readout}
        arrays |= {"bias": self.bias, "initial_state": self.initial_state}
        return {name: torch.tensor(value) for name, value in arrays.items()}

    def simulate(
        self, u: ArrayLike, seed: int = 0, *, initial_state: ArrayLike | None = None
    ) -> Trajectory:
        """Run the network.

        Parameters
        ----------
        u : array (trial, time, input)
            Inputs; `np.zeros((trial, time, 0))` for a network without any. With `LowTensorRank`,
            one trial for each row of its `c`.
        seed : int
            Determines the noise. The same seed gives the same numbers whatever the number of
            threads, and trial `i` the same noise however many trials follow it.
        initial_state : array (trial, neuron), optional
            A state to start each trial from, in place of the network's own.

        Returns
        -------
        Trajectory
            State, rates, latents and output after every step.

        Raises
        ------
        InputError
            If an array has another shape or holds what is not finite, or if the connectivity is of
            another number of trials.
        """
        n_inputs = self.inputs.shape[1]
        u = check_array("u", u, ("trial", "time", n_inputs), dtype=self.dtype)
        tensors = self.tensors()
        if initial_state is not None:
            start = check_array(
                "initial_state", initial_state, (len(u), self.neurons), dtype=self.dtype
            )
            tensors["initial_state"] = torch.tensor(start)
        x = integrate(
            tensors,
            torch.tensor(u),
            alpha=self.alpha,
            nonlinearity=self.nonlinearity,
            noise=Noise(self.noise_std, seed),
        ).numpy()
        rates = self.rates(x)
        return Trajectory(
            x=x,
            rates=rates,
            kappa=self._kappa(tensors["initial_state"].numpy(), rates),
            z=rates @ self.readout / self.dtype.type(self.neurons),
            time=self.dt * np.arange(1, u.shape[1] + 1),
        )

    def rates(self, x: ArrayLike) -> Array:
        """`phi(x + bias)` for states `x` of shape (..., neuron)."""
        state = torch.tensor(np.asarray(x, self.dtype) + self.bias)
        rates: Array = NONLINEARITIES[self.nonlinearity](state).numpy()
        return rates

    def _kappa(self, start: Array, rates: Array) -> Array:
        """The latents, from their own recursion: exact, and free of what the inputs add to `x`."""
        trials = len(rates)
        if self.rank == 0:
            return np.zeros((*rates.shape[:2], 0), self.dtype)
        along, read, factors = self._latent_vectors()
        start = np.broadcast_to(start, (trials, self.neurons))
        basis = np.concatenate([along, self.inputs], axis=1)
        first = np.linalg.lstsq(basis, start.T)[0][: self.rank].T
        before = np.concatenate([self.rates(start)[:, None], rates[:, :-1]], axis=1)
        drive = self.alpha * (before @ read) / self.neurons * factors
        decay = 1 - self.alpha
        kappa, _ = scipy.signal.lfilter(
            [1.0], [1.0, -decay], drive, axis=1, zi=decay * first[:, None, :]
        )
        return np.asarray(kappa, self.dtype)

    def _latent_vectors(self) -> tuple[Array, Array, Array]:
        """Along what latents lie, what reads them, and by what they count in a trial and step."""
        if isinstance(self.connectivity, LowTensorRank):
            components = self.connectivity.canonical()
            return components.a, components.b, components.c[:, None]
        low_rank = structured_part(self.connectivity)
        assert low_rank is not None
        gauge = low_rank.canonical()
        return gauge.m, gauge.n, np.ones((1, 1, 1), self.dtype)
