"""The state of a training of a mixture on a task, and its single steps."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lowrnn.learning.descent import Descent
from lowrnn.learning.history import History
from lowrnn.learning.mixture_parameters import Basis, Layout, loadings, mixture_of, moments
from lowrnn.learning.score import Score, score_on, step_weights, task_loss
from lowrnn.learning.seeds import derived_seed, generator
from lowrnn.networks import RNN, GaussianMixture, Noise
from lowrnn.networks.kernels import squared_error
from lowrnn.tasks import Task, Trials
from lowrnn.theory.latent import latent_dynamics

N_VALIDATION = 200


@dataclass(frozen=True, kw_only=True)
class Dynamics:
    """What a mixture leaves open about its networks; as in `RNN`.

    Attributes
    ----------
    dt, tau : float
        Time step and time constant in seconds.
    nonlinearity : str
        phi.
    noise_std : float
        Private noise, the standard deviation of an uncoupled neuron.
    """

    dt: float
    tau: float
    nonlinearity: str
    noise_std: float

    def infinite(self, parts: tuple[Tensor, Tensor, Tensor], u: Tensor, rank: int) -> Tensor:
        """The readout of the infinite network with these moments."""
        return latent_dynamics(
            *parts,
            u,
            rank=rank,
            alpha=self.dt / self.tau,
            noise_std=self.noise_std,
            nonlinearity=self.nonlinearity,
        )[2]

    def sample(self, mixture: GaussianMixture, neurons: int, seed: int, **settings: Any) -> RNN:
        """A finite network with these dynamics; see `GaussianMixture.sample`."""
        return mixture.sample(
            neurons,
            seed,
            dt=self.dt,
            tau=self.tau,
            nonlinearity=self.nonlinearity,
            noise_std=self.noise_std,
            **settings,
        )

    def score(self, mixture: GaussianMixture, task: Task, trials: Trials) -> Score:
        """How well the infinite network does on given trials."""
        parts = (
            torch.from_numpy(mixture.weights),
            torch.from_numpy(mixture.means),
            torch.from_numpy(mixture.covariances),
        )
        with torch.no_grad():
            u = torch.from_numpy(trials.inputs.astype(np.float64))
            z = self.infinite(parts, u, mixture.rank).numpy()
        return Score(task.accuracy(z, trials), task_loss(z, trials))


class MixtureTraining:
    """A training in progress: everything that changes, and how to go on.

    `settings` are the arguments of `train_mixture` that define it, by name.
    """

    def __init__(
        self,
        tensors: dict[str, Tensor],
        layout: Layout,
        task: Task,
        dynamics: Dynamics,
        settings: dict[str, Any],
    ) -> None:
        self.tensors, self.layout, self.task = tensors, layout, task
        self.dynamics, self.settings = dynamics, settings
        seed = settings["seed"]
        trials = task.sample(settings["n_trials"], derived_seed(seed, "training trials"))
        self.validation = task.sample(N_VALIDATION, derived_seed(seed, "validation trials"))
        self.by_sampling = settings["method"] == "resampling"
        dtype = np.float32 if self.by_sampling else np.float64
        arrays = (trials.inputs, trials.targets, step_weights(trials))
        self.data = [torch.from_numpy(array.astype(dtype)) for array in arrays]
        self.descent = Descent(
            tensors,
            settings["trained"],
            learning_rate=settings["learning_rate"],
            schedule=settings["schedule"],
            updates=settings["updates"],
            clip=settings["clip"],
        )
        self.loss: list[float] = []
        self.evaluated: list[int] = []
        self.metrics: dict[str, list[float]] = {"accuracy": [], "validation_loss": []}
        self.best: dict[str, Tensor] = {}
        self.best_loss = math.inf

    @property
    def done(self) -> int:
        """The number of updates made."""
        return len(self.loss)

    @property
    def recent_loss(self) -> float:
        """Mean loss of the updates of one evaluation interval."""
        return float(np.mean(self.loss[-self.settings["evaluate_every"] :]))

    @property
    def target_met(self) -> bool:
        """Whether the last evaluation ends the training before its last update."""
        target = self.settings["target_loss"]
        return self.done > 0 and target is not None and self.recent_loss <= target

    @property
    def over(self) -> bool:
        """Whether there is nothing left to do; asked after an evaluation."""
        return self.done >= self.settings["updates"] or self.target_met

    def update(self) -> None:
        """One step of gradient descent."""
        rng = generator(self.settings["seed"], "update", self.done)
        size = self.settings["batch_size"]
        batch = torch.from_numpy(rng.choice(self.settings["n_trials"], size, replace=False))
        loss = self.objective(batch, rng)
        self.descent.update(self.done, loss)
        self.loss.append(float(loss.detach()))

    def objective(self, batch: Tensor, rng: np.random.Generator) -> Tensor:
        """The loss on some of the trials, of whichever network the method takes."""
        u, target, weight = (array[batch] for array in self.data)
        weight = weight / len(batch)
        neurons = self.settings["neurons"]
        basis = None if neurons is None else Basis.draw(self.tensors, neurons, rng)
        if self.by_sampling and basis is not None:
            return squared_error(
                loadings(self.tensors, self.layout, basis),
                u,
                target,
                weight,
                on="output",
                alpha=self.dynamics.dt / self.dynamics.tau,
                nonlinearity=self.dynamics.nonlinearity,
                noise=Noise(self.dynamics.noise_std, int(rng.integers(2**63))),
            )
        z = self.dynamics.infinite(moments(self.tensors, basis), u, self.layout.rank)
        return (weight[..., None] * (z - target) ** 2).sum()

    def evaluate(self) -> None:
        """Score the present mixture, and keep it if it is the best so far."""
        mixture = mixture_of(self.tensors, self.layout)
        if self.by_sampling:
            seed = derived_seed(self.settings["seed"], "validation trials", 1 + self.done)
            rnn = self.dynamics.sample(mixture, self.settings["neurons"], seed, dtype=np.float32)
            score = score_on(rnn, self.task, self.validation, seed)
        else:
            score = self.dynamics.score(mixture, self.task, self.validation)
        self.evaluated.append(self.done)
        self.metrics["accuracy"].append(score.accuracy)
        self.metrics["validation_loss"].append(score.loss)
        if self.done and (self.recent_loss < self.best_loss or self.target_met):
            self.best_loss = self.recent_loss
            self.best = {name: value.detach().clone() for name, value in self.tensors.items()}

    def mixture(self) -> GaussianMixture:
        """The best mixture so far."""
        return mixture_of(self.best, self.layout)

    def history(self) -> History:
        """The course so far."""
        return History(
            loss=np.array(self.loss),
            learning_rate=np.array([self.descent.rate(update) for update in range(self.done)]),
            evaluated=np.array(self.evaluated),
            metrics={name: np.array(values) for name, values in self.metrics.items()},
        )

    def state(self) -> dict[str, Tensor]:
        """Everything that changes, for `restore`."""
        state = self.descent.state()
        state |= {f"best/{name}": value for name, value in self.best.items()}
        state |= {
            f"metrics/{name}": torch.tensor(values, dtype=torch.float64)
            for name, values in self.metrics.items()
        }
        state["loss"] = torch.tensor(self.loss, dtype=torch.float64)
        state["evaluated"] = torch.tensor(self.evaluated)
        state["best_loss"] = torch.tensor(self.best_loss, dtype=torch.float64)
        return state

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take up the state of a training of the same settings."""
        self.descent.restore(state)
        self.best = {name: state[f"best/{name}"] for name in self.tensors}
        self.metrics = {name: state[f"metrics/{name}"].tolist() for name in self.metrics}
        self.loss = state["loss"].tolist()
        self.evaluated = state["evaluated"].tolist()
        self.best_loss = float(state["best_loss"])
