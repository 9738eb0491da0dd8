"""The network of a fit over trials as a function of its parameters, and how far it is from data."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lowrnn.fitting.data import squared_deviations
from lowrnn.fitting.ltrnn_data import Trials
from lowrnn.fitting.ltrnn_readout import readout_error
from lowrnn.fitting.trial_factors import TrialProcess, trial_process
from lowrnn.networks.kernels import integrate, squared_error
from lowrnn.networks.noise import Noise

if TYPE_CHECKING:
    from lowrnn.fitting.ltrnn import LTRNN

Array = NDArray[np.floating]
Values = dict[str, Tensor]

#: Where entries of a and b begin. Their length does not count, but how fast Adam turns them.
_SIZE = 0.3

#: Scale of a readout when it begins, in standard deviations: phi then reaches most of the data.
_RANGE = 2.5


@dataclass(frozen=True, eq=False)
class Kernel:
    """What the kernels take: arrays of the network, its inputs (trial, time, input)."""

    tensors: Values
    u: Tensor


class Model:
    """A network for each trial, with what is fixed in a fit.

    Parameters are `a` and `b` (neuron, rank), of which only the directions count; `c` (rank,), the
    mean of the trial factors; `xi` (trial, rank), their deviations before `TrialProcess.root`; and
    where they are fitted `B` (neuron, input), `v` (condition, function, rank), `z` (start, rank),
    `bias`, `scale` and `offset` (neuron,).
    """

    def __init__(self, settings: "LTRNN", trials: Trials) -> None:
        self.settings, self.trials = settings, trials
        s, data = settings, trials.data
        self.process: TrialProcess = trial_process(
            trials.ids, trials.epochs, smoothness=s.smoothness, amplitude=s.amplitude,
            jitter=s.jitter,
        )  # fmt: skip
        self.root = torch.tensor(self.process.root, dtype=torch.float32)
        self.alpha = data.dt / s.tau
        self.u = torch.from_numpy(data.inputs)
        self.condition = torch.from_numpy(trials.conditions)
        if s.inputs == "conditions":
            self.basis = torch.from_numpy(trials.basis(s.input_window, s.input_functions))
        self.poisson = s.observation == "poisson"
        self.y = torch.from_numpy(data.activity)
        if self.poisson:
            self.y = self.y * trials.counts_per_unit
        self.seen = ~torch.isnan(self.y)
        self.filled = torch.where(self.seen, self.y, 0.0)
        self.variance = squared_deviations(data.activity)
        self.count = int(self.seen.sum())
        self.affine = s.readout == "affine"
        if self.affine:
            self.centre, self.spread = self._units()
        else:
            self.weight = torch.full(self.y.shape[:2], 1 / self.variance)

    def _units(self) -> tuple[Tensor, Tensor]:
        """Where the readout of each neuron begins and its unit; both make sense if it is silent."""
        seen = self.seen.sum(dim=(0, 1)).clamp(min=1)
        mean = self.filled.sum(dim=(0, 1)) / seen
        square = torch.where(self.seen, (self.y - mean) ** 2, 0.0).sum(dim=(0, 1)) / seen
        sd = square.sqrt()
        if not self.poisson:
            typical = float(square.mean().sqrt())
            return mean, _RANGE * torch.where(sd > 1e-3 * typical, sd, typical)
        # Of what softplus turns into the expected count.
        least = mean.clamp(min=0.5 / float(seen.max()))
        return least + torch.log(-torch.expm1(-least)), sd.clamp(min=1.0)

    def begin(self, rng: np.random.Generator) -> Values:
        """Parameters before the first update; b is a, so that each component begins alone."""
        s = self.settings
        trials, _, neurons = self.y.shape
        a = _SIZE * rng.standard_normal((neurons, s.rank))
        arrays = {
            "a": a,
            "b": a.copy(),
            "c": np.ones(s.rank),
            "xi": np.zeros((trials, s.rank)),
            "B": 0.1 * rng.standard_normal((neurons, self.u.shape[2])),
            "bias": np.zeros(neurons),
        }
        if s.inputs == "conditions":
            shape = (self.trials.count, s.input_functions, s.rank)
            arrays["v"] = 0.2 * rng.standard_normal(shape)
        if s.initial_state != "zero":
            starts = self.trials.count if s.initial_state == "condition" else 1
            arrays["z"] = rng.uniform(-0.2, 0.2, (starts, s.rank)) / np.sqrt(s.rank)
        if not s.bias:
            del arrays["bias"]
        if self.affine:
            arrays |= {"scale": np.ones(neurons), "offset": np.zeros(neurons)}
        return {name: torch.tensor(value, dtype=torch.float32) for name, value in arrays.items()}

    def factors(self, values: Values) -> Tensor:
        """Trial factors (trial, rank)."""
        return values["c"] + self.root @ values["xi"]

    def kernel(self, values: Values) -> Kernel:
        """The network that parameters stand for."""
        m, n = (_normalised(values[name]) for name in ("a", "b"))
        tensors = {"m": m, "n": n, "c": self.factors(values), "B": values["B"]}
        u = self.u
        if "v" in values:
            courses = torch.einsum("tj,qjr->qtr", self.basis, values["v"])
            u = torch.cat([u, courses[self.condition]], dim=2)
            tensors["B"] = torch.cat([values["B"], m], dim=1)
        if "bias" in values:
            tensors["bias"] = values["bias"]
        if "z" in values:
            z = values["z"]
            tensors["initial_state"] = (z[self.condition] if len(z) > 1 else z[0]) @ m.T
        return Kernel(tensors, u)

    def loss(self, values: Values) -> Tensor:
        """1 - R², or the mean negative log-likelihood of a count without what no rate changes."""
        s, kernel = self.settings, self.kernel(values)
        if not self.affine:
            return squared_error(
                kernel.tensors, kernel.u, self.y, self.weight, on=s.on, alpha=self.alpha,
                nonlinearity=s.nonlinearity, noise=Noise(0.0),
            )  # fmt: skip
        x = integrate(
            kernel.tensors, kernel.u, alpha=self.alpha, nonlinearity=s.nonlinearity,
            noise=Noise(0.0),
        )  # fmt: skip
        weight = 1 / self.count if self.poisson else 1 / self.variance
        bias = values.get("bias", torch.zeros(self.y.shape[2]))
        return readout_error(
            x, self.y, bias, self.spread * values["scale"],
            self.centre + self.spread * values["offset"], on=s.on, nonlinearity=s.nonlinearity,
            poisson=self.poisson, weight=weight,
        )  # fmt: skip

    def penalty(self, values: Values, noise: float) -> Tensor:
        """What deviations of trial factors add to the loss, under a residual variance `noise`."""
        size = 0.5 * self.settings.prior * values["xi"].square().sum()
        return size / self.count if self.poisson else 2 * noise * size / self.variance

    def readout(self, values: Values) -> tuple[Array, Array]:
        """Scale and offset of each neuron, (neuron,)."""
        if not self.affine:
            neurons = self.y.shape[2]
            return np.ones(neurons, np.float32), np.zeros(neurons, np.float32)
        scale = self.spread * values["scale"]
        offset = self.centre + self.spread * values["offset"]
        return scale.numpy(), offset.numpy()


def _normalised(columns: Tensor) -> Tensor:
    """Columns of mean square 1."""
    unit: Tensor = columns / columns.norm(dim=0)
    return unit * float(np.sqrt(len(columns)))
