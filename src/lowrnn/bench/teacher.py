"""What the fits of `time_to_fit` are given: the activity of a full-rank network with noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lowrnn.errors import InputError
from lowrnn.fitting import r2
from lowrnn.learning import initial_network, train
from lowrnn.networks import RNN
from lowrnn.tasks import ContextDecision

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class FitProblem:
    """Recorded activity, and other trials to validate on.

    Parameters
    ----------
    inputs : array (trial, time, input)
        Inputs.
    rates : array (trial, time, neuron)
        Rates of all neurons of the teacher, with its noise.
    validation_inputs, validation_rates : array
        The same for other trials.
    ceiling : float
        R² of the teacher itself without noise, on the validation trials: no fit does better.
    dt, tau : float
        Time step and time constant in seconds.
    """

    inputs: Array
    rates: Array
    validation_inputs: Array
    validation_rates: Array
    ceiling: float
    dt: float
    tau: float

    def validate(self, rnn: RNN) -> float:
        """R² of a network on the validation trials, the network without noise."""
        fitted = rnn.replace(noise_std=0.0).simulate(self.validation_inputs).rates
        return r2(self.validation_rates, fitted)


def context_teacher(neurons: int, seed: int = 0) -> RNN:
    """A full-rank network that makes context-dependent decisions.

    It starts from weak connections (g = 0.1), as that of Valente et al. 2022, figures 2 and 3, and
    learns until its loss is 0.005.

    Parameters
    ----------
    neurons : int
        Number of neurons. Training takes some 5 s for 256 and 40 s for 1024 on two cores.
    seed : int
        Determines the network.
    """
    task = ContextDecision()
    start = initial_network(task, neurons, seed=seed)
    return train(start, task, target_loss=0.005, seed=seed).rnn


def fit_problem(teacher: RNN, *, trials: int = 800, seed: int = 0) -> FitProblem:
    """Record a teacher on context-dependent decisions: `trials` to fit, 200 to validate.

    Raises
    ------
    InputError
        If the teacher has other inputs or another time step than the task, or is more than the
        plain recipe can fit: a tanh network that starts at rest and has no bias.
    """
    task = ContextDecision()
    for what, found, wanted in (
        ("inputs", teacher.inputs.shape[1], task.n_inputs),
        ("dt", teacher.dt, task.dt),
        ("nonlinearity", teacher.nonlinearity, "tanh"),
        ("largest bias", float(np.abs(teacher.bias).max()), 0.0),
        ("largest initial state", float(np.abs(teacher.initial_state).max()), 0.0),
    ):
        if found != wanted:
            raise InputError(
                f"{what} of the teacher is {found}: give a network with {wanted}, trained on"
                f" {task.name}"
            )
    fitted, validated = (
        task.sample(count, seed + which).inputs.astype(np.float32)
        for which, count in enumerate((trials, 200))
    )
    rates, validation_rates = (
        teacher.simulate(inputs, seed=seed + which).rates.astype(np.float32)
        for which, inputs in enumerate((fitted, validated))
    )
    silent = teacher.replace(noise_std=0.0)
    return FitProblem(
        inputs=fitted,
        rates=rates,
        validation_inputs=validated,
        validation_rates=validation_rates,
        ceiling=r2(validation_rates, silent.simulate(validated).rates),
        dt=teacher.dt,
        tau=teacher.tau,
    )
