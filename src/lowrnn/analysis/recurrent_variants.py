"""Scores of one network with several recurrent matrices, all at once."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from lowrnn.analysis.weight_change import as_matrix
from lowrnn.errors import InputError
from lowrnn.learning.score import Score, task_loss
from lowrnn.learning.seeds import check_seed, derived_seed
from lowrnn.networks import RNN
from lowrnn.networks.noise import Noise
from lowrnn.networks.nonlinearity import NONLINEARITIES
from lowrnn.tasks import Task

Array = NDArray[np.floating]


def score_variants(
    rnn: RNN, matrices: Sequence[Array], task: Task, *, n_trials: int, seed: int
) -> list[Score]:
    """The scores of a network with each of the matrices in place of its own.

    All see the trials and the noise that `evaluate` uses with this seed. One that diverges beyond
    all numbers has an infinite loss and no accuracy, NaN.
    """
    check_seed(seed)
    trials = task.sample(n_trials, derived_seed(seed, "scoring"))
    noise = Noise(rnn.noise_std, derived_seed(seed, "scoring", 1))
    outputs = _outputs(rnn, np.stack(matrices).astype(rnn.dtype), trials.inputs, noise)
    return [
        Score(task.accuracy(z, trials), task_loss(z, trials))
        if np.isfinite(z).all()
        else Score(float("nan"), float("inf"))
        for z in outputs
    ]


def initial_matrix(rnn: RNN, before: ArrayLike | RNN) -> NDArray[np.float64]:
    """`W0` in double precision, of as many neurons as the network."""
    W0 = as_matrix("before", before)
    if W0.shape != (rnn.neurons, rnn.neurons):
        raise InputError(
            f"before has shape {W0.shape}: give the recurrent matrix of {rnn.neurons} neurons"
            " before learning"
        )
    return W0


def _outputs(rnn: RNN, matrices: Array, u: Array, noise: Noise) -> Array:
    """Readouts, (variant, trial, time, output).

    Only these are kept: the states of all variants would take gigabytes.
    """
    own = rnn.tensors()
    transposed = torch.from_numpy(matrices).transpose(1, 2)
    phi = NONLINEARITIES[rnn.nonlinearity]
    drive = (torch.from_numpy(u.astype(rnn.dtype)) @ own["B"].T).transpose(0, 1)
    per_step = float(np.sqrt(2 * rnn.alpha)) * noise.std
    x = own["initial_state"].expand(len(matrices), len(u), rnn.neurons)
    rates = phi(x + own["bias"])
    outputs = []
    for step, driven in enumerate(drive):
        x = torch.lerp(x, torch.bmm(rates, transposed).add_(driven), rnn.alpha)
        if noise.std:
            x += per_step * torch.from_numpy(noise.normal(len(u), step, rnn.neurons)).to(x)
        rates = phi(x + own["bias"])
        outputs.append(rates @ own["w"] / rnn.neurons)
    return np.asarray(torch.stack(outputs, dim=2).numpy())
