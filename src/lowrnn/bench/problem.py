"""What is computed in a training step: the loss of a low-rank network on a task, and its gradient.

The network and the task are those of the published context-dependent decisions (Dubreuil et al.
2022; Valente et al. 2022): 4 inputs, 1 output, tanh, dt = 0.2 tau, and the squared error of the
readout where the mask is 1. `m`, `n`, `B` and `w` are differentiated.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from lowrnn.learning import initial_network
from lowrnn.learning.score import step_weights
from lowrnn.tasks import ContextDecision

#: The parameters that are differentiated, in this order everywhere.
DIFFERENTIATED = ("m", "n", "B", "w")


@dataclass(frozen=True)
class Cell:
    """One size of the problem.

    Parameters
    ----------
    neurons, rank, batch : int
        Size of the network, and trials in an update.
    steps : int
        Time steps of a trial, at least 29; the published task has 68.
    noise : bool
        Whether the network has the published noise, 0.05 a step.
    """

    neurons: int
    rank: int
    batch: int
    steps: int
    noise: bool

    @property
    def elements(self) -> int:
        """How often a transfer function has to be evaluated: once a neuron, step and trial."""
        return self.neurons * self.batch * self.steps


@dataclass(frozen=True, eq=False)
class Problem:
    """The tensors of a cell, all float32.

    Parameters
    ----------
    tensors : dict
        `m`, `n`, `B` and `w`, as `lowrnn.networks.kernels` takes them.
    u : tensor (trial, time, input)
        Inputs.
    target : tensor (trial, time, output)
        Target of the readout.
    weight : tensor (trial, time)
        Weight of each squared error: they add up to the mean loss of a trial.
    alpha : float
        `dt / tau`.
    noise_std : float
        Noise in the convention of `RNN`.
    """

    tensors: dict[str, Tensor]
    u: Tensor
    target: Tensor
    weight: Tensor
    alpha: float
    noise_std: float

    def first(self, trials: int) -> "Problem":
        """The problem of the first trials alone."""
        u, target, weight = (value[:trials] for value in (self.u, self.target, self.weight))
        return replace(self, u=u, target=target, weight=weight)


def problem(cell: Cell, seed: int = 0) -> Problem:
    """A random network and a batch of trials of the cell's size.

    The stimulus of the task is stretched or shortened to the number of steps.

    Raises
    ------
    InputError
        If the cell has fewer than 29 steps, or another number that is out of range.
    """
    published = ContextDecision()
    extra = cell.steps - published.sample(1, 0).inputs.shape[1]
    task = ContextDecision(stimulus=published.stimulus + extra * published.dt)
    trials = task.sample(cell.batch, seed)
    network = initial_network(task, cell.neurons, cell.rank, seed=seed)
    tensors = network.tensors()
    return Problem(
        tensors={name: tensors[name] for name in DIFFERENTIATED},
        u=torch.from_numpy(trials.inputs).float(),
        target=torch.from_numpy(trials.targets).float(),
        weight=torch.from_numpy(step_weights(trials) / cell.batch).float(),
        alpha=network.alpha,
        noise_std=network.noise_std if cell.noise else 0.0,
    )
