"""What a fit over trials has found, reduced to what data determine."""

from dataclasses import dataclass

import numpy as np
import scipy.signal
import torch
from numpy.typing import NDArray

from lowrnn.fitting.ltrnn_model import Kernel, Model, Values
from lowrnn.networks import RNN, LowTensorRank
from lowrnn.networks.kernels import integrate
from lowrnn.networks.noise import Noise
from lowrnn.networks.nonlinearity import NONLINEARITIES

Array = NDArray[np.floating]

#: So many of the visited rates stand for all of them.
_MOST_ROWS = 4000

#: Directions of the rates with less than this share of their largest variance are noise to b.
_SHARE = 1e-6


@dataclass(frozen=True, eq=False)
class Components:
    """A fitted network with the shortest `b`, in the canonical gauge of `LowTensorRank`.

    Attributes
    ----------
    rnn : RNN
        Its connectivity has all trials; learned inputs are its last inputs, along `a`.
    inputs : array (trial, time, input)
        What it receives.
    given : int
        So many of the inputs were given; the others are learned.
    starts : array (trial, neuron)
        Where its trials start.
    mean, scale : array (rank,)
        Mean of the trial factors, and the standard deviation of their whitened deviations.
    """

    rnn: RNN
    inputs: Array
    given: int
    starts: Array
    mean: Array
    scale: Array

    @property
    def connectivity(self) -> LowTensorRank:
        """The connectivity of all trials."""
        found = self.rnn.connectivity
        assert isinstance(found, LowTensorRank)
        return found

    def kappa(self) -> Array:
        """Coordinates of the states along `a`, (trial, time, rank), after every step.

        Of what given inputs and the start add outside the span of `a` they hold nothing.
        """
        rnn, parts = self.rnn, self.connectivity
        x = rnn.simulate(self.inputs, initial_state=self.starts).x
        before = np.concatenate([self.starts[:, None], x[:, :-1]], axis=1)
        drive = rnn.rates(before) @ parts.b / rnn.neurons * parts.c[:, None]
        if self.given < self.inputs.shape[2]:
            drive = drive + self.inputs[:, :, self.given :]
        start = np.linalg.lstsq(parts.a, self.starts.T)[0].T
        decay = 1 - rnn.alpha
        kappa, _ = scipy.signal.lfilter(
            [rnn.alpha], [1.0, -decay], drive, axis=1, zi=decay * start[:, None]
        )
        return np.asarray(kappa, rnn.dtype)


def components(model: Model, values: Values) -> Components:
    """The network of a fit's parameters, reduced to what the visited rates determine.

    What `b` reads outside the span of the visited rates changes nothing, but counts in its norm,
    for which `c` would make up; so it is left out.
    """
    s = model.settings
    with torch.no_grad():
        kernel = model.kernel(values)
        m, n, c = (kernel.tensors[name].double().numpy() for name in ("m", "n", "c"))
        mean = values["c"].double().numpy()
    kept = _visited(model, kernel)
    b = kept @ (kept.T @ n)
    size = np.linalg.norm(b, axis=0) / np.sqrt(len(b))
    b, c, mean = b / size, c * size, mean * size
    scale = np.sqrt(np.mean(values["xi"].double().numpy() ** 2, axis=0)) * size
    order = np.argsort(-(c**2).sum(axis=0), kind="stable")
    sign = np.where(c.mean(axis=0) < 0, -1.0, 1.0)
    mean, scale = (mean * sign)[order], scale[order]
    parts = LowTensorRank(*(np.asarray(each, np.float32) for each in (m, b, c))).canonical()
    # Along a, learned inputs turn with its columns.
    peak = np.abs(m).argmax(axis=0)
    turned = np.where(m[peak, np.arange(s.rank)] < 0, -1.0, 1.0)
    inputs, given = kernel.u.numpy().copy(), model.u.shape[2]
    weights = values["B"].numpy()
    if "v" in values:
        inputs[:, :, given:] = (inputs[:, :, given:] * turned)[:, :, order]
        weights = np.concatenate([weights, parts.a], axis=1)
    trials, _, neurons = model.y.shape
    start = kernel.tensors.get("initial_state", torch.zeros(neurons)).numpy()
    starts = np.ascontiguousarray(np.broadcast_to(start, (trials, neurons)))
    bias = kernel.tensors["bias"].numpy() if "bias" in kernel.tensors else None
    rnn = RNN(
        parts, weights if weights.shape[1] else None, dt=model.trials.data.dt, tau=s.tau,
        nonlinearity=s.nonlinearity, bias=bias, initial_state=starts.mean(axis=0),
    )  # fmt: skip
    return Components(rnn, inputs, given, starts, mean, scale)


def _visited(model: Model, kernel: Kernel) -> Array:
    """An orthonormal basis of the rates that b reads, (neuron, direction)."""
    x = _states(model, kernel)
    rows = x.reshape(-1, x.shape[2])
    if len(rows) > _MOST_ROWS:
        rows = rows[np.random.default_rng(0).choice(len(rows), _MOST_ROWS, replace=False)]
    shift = kernel.tensors.get("bias", torch.zeros(()))
    phi = NONLINEARITIES[model.settings.nonlinearity]
    rates = phi(torch.from_numpy(rows) + shift).double().numpy()
    values, vectors = np.linalg.eigh(rates.T @ rates)
    return np.asarray(vectors[:, values > _SHARE * values[-1]])


def _states(model: Model, kernel: Kernel) -> Array:
    """States before each step, (trial, time, neuron)."""
    with torch.no_grad():
        x = integrate(
            kernel.tensors, kernel.u, alpha=model.alpha,
            nonlinearity=model.settings.nonlinearity, noise=Noise(0.0),
        )  # fmt: skip
        start = kernel.tensors.get("initial_state", torch.zeros(x.shape[2]))
        first = start.expand(len(x), x.shape[2])[:, None]
        return np.asarray(torch.cat([first, x[:, :-1]], dim=1).numpy())
