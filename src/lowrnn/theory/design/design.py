"""A designed network with its task: what it is shown, and what theory says it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lowrnn.errors import InputError, check_array, check_number
from lowrnn.networks.mixture import GaussianMixture
from lowrnn.networks.rnn import RNN
from lowrnn.tasks.base import n_steps
from lowrnn.tasks.trials import Trials
from lowrnn.theory.design.reduced import ReducedModel
from lowrnn.theory.mean_field import MeanField
from lowrnn.theory.state import State
from lowrnn.theory.stationary import describe, newton

Array = NDArray[np.float64]

#: The time step of Mastrogiuseppe & Ostojic 2018, in units of tau.
DT = 0.1
#: How long a constant input is held until the state counts as reached, in units of tau.
HOLD = 400.0


@dataclass(frozen=True, eq=False)
class Design:
    """Connectivity statistics that solve a task, and the task. Times are in units of tau.

    Parameters
    ----------
    name : str
        What is computed.
    mixture : GaussianMixture
        Distribution of the loadings: one population with zero means.
    g : float
        Strength of the random part.
    input_names : tuple of str
        What each input channel carries.
    epochs : mapping of str to float
        The epochs of a trial in order, and their durations.
    conditions : pandas.DataFrame
        One row a condition; the column `choice` is the wanted answer, -1, 0 or 1.
    levels : array (condition, epoch, input)
        The input of each condition, constant within an epoch.
    noise : array (epoch, input)
        Strength σ of white noise in an input, `u(t) = level + σ ξ(t)` with
        `⟨ξ(t) ξ(s)⟩ = δ(t - s)`: common to all neurons. An Euler step adds `σ √dt` times a standard
        normal number times the input's loadings.
    output : array (condition,) of int
        Which readout answers in each condition.
    start : float
        The state before a trial, `start Σ_r (m_r + n_r)`.
    answer : str
        The epoch at whose last step the readout answers.
    nonlinearity : str
        phi, by name.

    Raises
    ------
    InputError
        If shapes disagree, a number is out of range, or an epoch is unknown.
    """

    name: str
    mixture: GaussianMixture
    g: float
    input_names: tuple[str, ...]
    epochs: Mapping[str, float]
    conditions: pd.DataFrame
    levels: Array
    noise: Array
    output: NDArray[np.intp]
    start: float = 0.0
    answer: str = "stimulus"
    nonlinearity: str = "tanh"
    mean_field: MeanField = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for epoch, duration in self.epochs.items():
            check_number(f"duration of {epoch}", duration, at_least=0)
        if self.answer not in self.epochs:
            raise InputError(
                f"answer is {self.answer!r}: name one of the epochs {', '.join(self.epochs)}"
            )
        if "choice" not in self.conditions:
            raise InputError(
                f"conditions has columns {', '.join(map(str, self.conditions))}: add the wanted"
                " answers as choice"
            )
        inputs, count = len(self.input_names), len(self.conditions)
        if inputs != self.mixture.inputs:
            raise InputError(
                f"input_names holds {inputs} names: give one for each of the"
                f" {self.mixture.inputs} inputs of the mixture"
            )
        check_number("start", self.start)
        shape = (count, len(self.epochs), inputs)
        output = np.asarray(self.output)
        if output.shape != (count,) or not np.isin(output, range(self.mixture.outputs)).all():
            raise InputError(
                f"output is {output.tolist()}: give each of {count} conditions one of the"
                f" readouts 0 to {self.mixture.outputs - 1}"
            )
        values = {
            "epochs": MappingProxyType(dict(self.epochs)),
            "conditions": self.conditions.reset_index(drop=True),
            "levels": check_array("levels", self.levels, shape, dtype=np.float64),
            "noise": check_array("noise", self.noise, shape[1:], dtype=np.float64),
            "output": output,
            "mean_field": MeanField(self.mixture, self.g, nonlinearity=self.nonlinearity),
        }
        for key, value in values.items():
            object.__setattr__(self, key, value)

    def __len__(self) -> int:
        """Number of conditions."""
        return len(self.conditions)

    def sample(self, neurons: int, seed: int, *, exact: bool = False, dt: float = DT) -> RNN:
        """A finite network that starts where the design starts; arguments as for the mixture."""
        rnn = self.mixture.sample(
            neurons, seed, exact=exact, g=self.g, dt=dt, nonlinearity=self.nonlinearity
        )
        loadings = rnn.connectivity.parameters
        return rnn.replace(initial_state=self.start * (loadings["m"] + loadings["n"]).sum(axis=1))

    def inputs(
        self, condition: int, repeats: int = 1, seed: int | None = None, *, dt: float = DT
    ) -> Array:
        """The input over time of some trials of one condition, (trial, time, input).

        The noise, if `seed` is given, is new in every trial, and that of a condition does not
        depend on the others.
        """
        repeats = int(check_number("repeats", repeats, at_least=1))
        steps = self.steps(dt)
        mean = np.repeat(self.levels[condition], steps, axis=0)
        u = np.broadcast_to(mean, (repeats, *mean.shape)).copy()
        if seed is not None:
            seed = int(check_number("seed", seed, at_least=0))
            std = np.repeat(self.noise, steps, axis=0) / np.sqrt(dt)
            noisy = np.argwhere(std > 0)
            draws = np.random.default_rng([seed, condition]).standard_normal((len(noisy), repeats))
            u[:, noisy[:, 0], noisy[:, 1]] += (draws * std[noisy[:, 0], noisy[:, 1], None]).T
        return u

    def trials(self, repeats: int = 1, seed: int | None = None, *, dt: float = DT) -> Trials:
        """Trials to simulate: every condition `repeats` times, one condition after the other.

        The target is the wanted choice, in the readout that answers, at the last step of the
        epoch `answer`.

        Parameters
        ----------
        repeats : int
            Trials of each condition.
        seed : int, optional
            Seed of the input noise; by default there is none.
        dt : float
            Time step.
        """
        repeats = int(check_number("repeats", repeats, at_least=1))
        u = np.concatenate([self.inputs(i, repeats, seed, dt=dt) for i in range(len(self))])
        which = np.repeat(np.arange(len(self)), repeats)
        mask = np.zeros(u.shape[:2])
        mask[:, self.answer_step(dt)] = 1
        targets = np.zeros((*u.shape[:2], self.mixture.outputs))
        choice = self.conditions["choice"].to_numpy()
        targets[np.arange(len(u)), self.answer_step(dt), self.output[which]] = choice[which]
        return Trials(u, targets, mask, self.conditions.iloc[which], dt)

    def steps(self, dt: float = DT) -> list[int]:
        """Number of time steps of each epoch."""
        return [
            n_steps(epoch, length, dt, at_least=int(epoch == self.answer))
            for epoch, length in self.epochs.items()
        ]

    def answer_step(self, dt: float = DT) -> int:
        """Index of the time step at which the readout answers."""
        return sum(self.steps(dt)[: list(self.epochs).index(self.answer) + 1]) - 1

    @cached_property
    def reduced(self) -> ReducedModel:
        """The latents alone, for infinitely many neurons and slow input."""
        return ReducedModel(self.mixture, self.g, self.nonlinearity)

    def states(self, epoch: str | None = None) -> list[State]:
        """The stationary state that each condition leads to, were an epoch to last for ever.

        The latents are followed through the trial without noise, then held and made exact by
        Newton's method.

        Parameters
        ----------
        epoch : str, optional
            The epoch; by default the one in which the readout answers.
        """
        epoch = self.answer if epoch is None else epoch
        if epoch not in self.epochs:
            raise InputError(f"epoch is {epoch!r}: name one of {', '.join(self.epochs)}")
        last = list(self.epochs).index(epoch)
        steps = [*self.steps()[:last], round(HOLD / DT)]
        u = np.repeat(self.levels[:, : last + 1], steps, axis=1)
        reduced = self.reduced
        kappa, v = reduced.final(u, self.start, DT)
        psi = reduced.psi(kappa, v)
        states = []
        for i, level in enumerate(self.levels[:, last]):
            equations = self.mean_field.equations(level)
            states.append(
                describe(equations, newton(equations, np.append(kappa[i], psi[i])[None])[0])
            )
        return states

    def predict(self, epoch: str | None = None) -> pd.DataFrame:
        """The states of `states` as a table: the conditions, then `kappa_r`, `psi`, `z`, `stable`.

        `z` is the readout that answers.
        """
        states = self.states(epoch)
        table = self.conditions.copy()
        for r in range(self.mixture.rank):
            table[f"kappa_{r + 1}"] = [float(state.kappa[r]) for state in states]
        table["psi"] = [state.psi0 for state in states]
        table["z"] = [float(s.z[o]) for s, o in zip(states, self.output, strict=True)]
        table["stable"] = [state.stable for state in states]
        return table
