"""How well a network does a task."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.learning.seeds import check_seed, derived_seed
from lowrnn.networks import RNN
from lowrnn.tasks import Task, Trials


@dataclass(frozen=True)
class Score:
    """The performance of a network on trials of a task.

    Attributes
    ----------
    accuracy : float
        Fraction of trials answered correctly, as the task defines it.
    loss : float
        What training minimises: see `task_loss`.
    """

    accuracy: float
    loss: float


def step_weights(trials: Trials) -> NDArray[np.floating]:
    """The weight of each step's squared error, so that their sum over steps is a trial's loss.

    Shape (trial, time): the mask, divided by its sum over the trial and by the number of outputs.
    """
    mask = trials.mask
    counted = mask.sum(axis=1, keepdims=True) * trials.targets.shape[2]
    weights: NDArray[np.floating] = mask / counted
    return weights


def task_loss(outputs: ArrayLike, trials: Trials) -> float:
    """The squared error of an output, averaged over outputs and the steps that count, then trials.

    Dubreuil et al. 2022, Methods.

    Parameters
    ----------
    outputs : array (trial, time, output)
        The readout of a network on `trials`.
    trials : Trials
        The trials.
    """
    error = np.sum((np.asarray(outputs, np.float64) - trials.targets) ** 2, axis=2)
    return float(np.mean(np.sum(step_weights(trials) * error, axis=1)))


def evaluate(rnn: RNN, task: Task, *, n_trials: int = 1000, seed: int = 0) -> Score:
    """Score a network on fresh trials, with the noise of the task and of the network.

    Parameters
    ----------
    rnn : RNN
        The network.
    task : Task
        The task.
    n_trials : int
        How many trials.
    seed : int
        Determines trials and noise; both are independent of those that `train` uses.

    Raises
    ------
    InputError
        If the network does not fit the task, or a number is out of bounds.
    """
    check_seed(seed)
    trials = task.sample(n_trials, derived_seed(seed, "scoring"))
    return score_on(rnn, task, trials, derived_seed(seed, "scoring", 1))


def score_on(rnn: RNN, task: Task, trials: Trials, seed: int) -> Score:
    """Score a network on given trials, with its noise drawn from `seed`."""
    outputs = rnn.simulate(trials.inputs, seed).z
    return Score(task.accuracy(outputs, trials), task_loss(outputs, trials))
