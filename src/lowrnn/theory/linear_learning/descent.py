"""Gradient descent by backpropagation through time: what the linear theory is held against."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from lowrnn.errors import InputError, check_number
from lowrnn.networks import RNN, FullRank, Noise
from lowrnn.networks.kernels import squared_error
from lowrnn.tasks.trials import Trials

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Descent:
    """Course of gradient descent.

    Attributes
    ----------
    lr : float
        Learning rate.
    loss : array (step,)
        Loss before the first step and after each one that was taken.
    checkpoint : integer array (checkpoint,)
        Steps after which the weights were kept; the last step is one of them.
    delta : array (checkpoint, neuron, neuron)
        What was learned until then.
    largest_real : array (checkpoint,)
        Largest real part of the eigenvalues of the recurrent matrix.
    finished : bool
        Whether all steps were taken: learning ends early where it diverges.
    """

    lr: float
    loss: Array
    checkpoint: NDArray[np.int64]
    delta: Array
    largest_real: Array
    finished: bool

    def converged_at(self, fraction: float = 0.05) -> int | None:
        """The first step after which the loss is below this fraction of its start, or None."""
        below = np.flatnonzero(self.loss < fraction * self.loss[0])
        return int(below[0]) if below.size else None


def gradient_descent(
    rnn: RNN, trials: Trials, *, lr: float, steps: int, every: int = 10,
    largest_real: float | None = None,
) -> Descent:  # fmt: skip
    """Train the recurrent matrix of a network by plain gradient descent, all trials at once.

    The loss is `½ Σ mask (z - target)² / Σ mask`, averaged over outputs (Schuessler et al. 2020,
    linear networks).

    Parameters
    ----------
    rnn : RNN
        With full-rank connectivity and without noise; its dtype is that of all arithmetic.
    trials : Trials
        What the network is shown and asked for.
    lr : float
        Learning rate.
    steps : int
        Steps to take.
    every : int
        Steps between the checkpoints at which the weights are kept and their eigenvalues found.
    largest_real : float, optional
        Learning ends at a checkpoint where an eigenvalue has a larger real part. By default it only
        ends where the loss overflows.

    Raises
    ------
    InputError
        If the network or a number cannot be used, or network and trials do not match.
    """
    if not isinstance(rnn.connectivity, FullRank):
        raise InputError(f"connectivity is {rnn.connectivity.kind}: give FullRank(J)")
    if rnn.noise_std:
        raise InputError(f"noise_std is {rnn.noise_std}: give a network without noise")
    found = (trials.inputs.shape[2], trials.targets.shape[2])
    if found != (rnn.inputs.shape[1], rnn.readout.shape[1]):
        raise InputError(
            f"trials have {found[0]} inputs and {found[1]} outputs: give a network that has as many"
        )
    lr = check_number("lr", lr, above=0)
    steps = int(check_number("steps", steps, at_least=1))
    every = int(check_number("every", every, at_least=1))
    limit = np.inf if largest_real is None else check_number("largest_real", largest_real)
    tensors, start = rnn.tensors(), rnn.connectivity.J
    J = tensors["J"].requires_grad_()
    u, target, mask = (
        torch.tensor(np.asarray(part, rnn.dtype))
        for part in (trials.inputs, trials.targets, trials.mask)
    )
    weight = mask / (2 * mask.sum() * target.shape[2])
    losses, checkpoints, deltas, reals = [], [], [], []
    finished = False
    for step in range(steps + 1):
        loss = squared_error(
            tensors, u, target, weight, on="output", alpha=rnn.alpha,
            nonlinearity=rnn.nonlinearity, noise=Noise(0.0),
        )  # fmt: skip
        losses.append(loss.item())
        diverged = not np.isfinite(losses[-1])
        if not diverged and (step % every == 0 or step == steps):
            W = J.detach().numpy()
            checkpoints.append(step)
            deltas.append(W - start)
            reals.append(float(np.linalg.eigvals(W).real.max()))
            diverged = reals[-1] > limit
        finished = step == steps and not diverged
        if diverged or finished:
            break
        (gradient,) = torch.autograd.grad(loss, J)
        with torch.no_grad():
            J -= lr * gradient
    return Descent(
        lr, np.array(losses), np.array(checkpoints), np.array(deltas), np.array(reals), finished
    )
