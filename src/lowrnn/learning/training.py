"""The state of a training on a task, and its single steps."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lowrnn.learning.changes import WeightChanges, leading
from lowrnn.learning.descent import Descent
from lowrnn.learning.history import History
from lowrnn.learning.score import score_on, step_weights
from lowrnn.learning.seeds import derived_seed, generator
from lowrnn.networks import RNN, FullRank, Noise
from lowrnn.networks.kernels import output_gradient, squared_error
from lowrnn.tasks import Task, Trials

N_VALIDATION = 200
#: New trials are drawn for so many updates at once: a batch alone costs as much.
_BATCHES = 16
_CHANGES = ("left", "right", "norm")

#: Under which argument of `RNN` the other parameters go.
ARGUMENTS = {"B": "inputs", "w": "readout", "bias": "bias", "initial_state": "initial_state"}

#: Of which parameter each gain multiplies the columns.
GAINS = {"s_in": "B", "s_out": "w"}


def effective(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The network's tensors, with the gains applied to the weights that they belong to."""
    applied = {name: value for name, value in tensors.items() if name not in GAINS}
    for gain, of in GAINS.items():
        if gain in tensors:
            applied[of] = applied[of] * tensors[gain]
    return applied


class Training:
    """A training in progress: everything that changes, and how to go on.

    `settings` are the arguments of `train` that define it, by name.
    """

    def __init__(self, rnn: RNN, task: Task, settings: dict[str, Any]) -> None:
        self.rnn, self.task, self.settings = rnn, task, settings
        seed = settings["seed"]
        if settings["n_trials"] is not None:
            self.trials = task.sample(settings["n_trials"], derived_seed(seed, "training trials"))
            self.data = self._as_tensors(self.trials)
        #: Which updates `data` is for, if each has new trials.
        self.block = -1
        self.validation = task.sample(N_VALIDATION, derived_seed(seed, "validation trials"))
        self.tensors = rnn.tensors()
        for gain, of in GAINS.items():
            if gain in settings["trained"]:
                self.tensors[gain] = torch.ones_like(self.tensors[of][0])
        self.descent = Descent(
            self.tensors,
            settings["trained"],
            learning_rate=settings["learning_rate"],
            schedule=settings["schedule"],
            updates=settings["updates"],
            clip=settings["clip"],
            scales={
                name: rnn.neurons**exponent for name, exponent in settings["rate_exponents"].items()
            },
        )
        self.loss: list[float] = []
        self.evaluated: list[int] = []
        self.metrics: dict[str, list[float]] = {"accuracy": [], "validation_loss": []}
        self.snapshots: dict[str, list[Tensor]] = {
            name: [] for name in settings["snapshots"] if name != "J"
        }
        self.changes: dict[str, list[Tensor]] = {name: [] for name in _CHANGES}
        self.start = {
            name: self.tensors[name].detach().clone()
            for name in (*rnn.connectivity.parameters, *settings["trained"])
        }
        if isinstance(rnn.connectivity, FullRank) and rnn.connectivity.J0 is not None:
            self.start["J"] = torch.from_numpy(rnn.connectivity.J0)
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
        loss, accuracy = self.settings["target_loss"], self.settings["target_accuracy"]
        return self.done > 0 and (
            (loss is not None and self.recent_loss <= loss)
            or (accuracy is not None and self.metrics["accuracy"][-1] >= accuracy)
        )

    @property
    def over(self) -> bool:
        """Whether there is nothing left to do; asked after an evaluation."""
        return self.done >= self.settings["updates"] or self.target_met

    def update(self) -> None:
        """One step of gradient descent."""
        rng = generator(self.settings["seed"], "update", self.done)
        batch = self.batch(rng)
        loss, gradients = self.gradient(batch, Noise(self.rnn.noise_std, int(rng.integers(2**63))))
        self.descent.follow(self.done, gradients)
        self.loss.append(loss)

    def batch(self, rng: np.random.Generator) -> list[Tensor]:
        """Inputs, targets and step weights of the trials of one update."""
        size, count = self.settings["batch_size"], self.settings["n_trials"]
        if count is not None:
            chosen = torch.from_numpy(rng.choice(count, size, replace=False))
            return [array[chosen] for array in self.data]
        block, place = divmod(self.done, _BATCHES)
        if block != self.block:
            seed = derived_seed(self.settings["seed"], "training trials", block)
            self.data = self._as_tensors(self.task.sample(_BATCHES * size, seed))
            self.block = block
        return [array[place * size : (place + 1) * size] for array in self.data]

    def _as_tensors(self, trials: Trials) -> list[Tensor]:
        arrays = (trials.inputs, trials.targets, step_weights(trials))
        return [torch.from_numpy(array.astype(self.rnn.dtype)) for array in arrays]

    def gradient(
        self, batch: Sequence[Tensor], noise: Noise
    ) -> tuple[float, Sequence[NDArray[np.floating]]]:
        """What descent minimises on some trials, and its gradient for what is trained."""
        names = self.settings["trained"]
        penalties = self.settings["rate_penalty"] or self.settings["weight_penalty"]
        if penalties or not GAINS.keys().isdisjoint(names):
            total = self.objective(batch, noise)
            found = torch.autograd.grad(total, [self.tensors[name] for name in names])
            return float(total.detach()), [each.numpy() for each in found]
        inputs, targets, weights = batch
        return output_gradient(
            self.tensors, inputs, targets, weights / len(weights), names, alpha=self.rnn.alpha,
            nonlinearity=self.rnn.nonlinearity, noise=noise,
        )  # fmt: skip

    def objective(self, batch: Sequence[Tensor], noise: Noise) -> Tensor:
        """What descent minimises on some trials: the loss, and the penalties."""
        tensors = effective(self.tensors)
        inputs, targets, weights = batch
        dynamics: dict[str, Any] = {
            "alpha": self.rnn.alpha, "nonlinearity": self.rnn.nonlinearity, "noise": noise
        }  # fmt: skip
        total = squared_error(
            tensors, inputs, targets, weights / len(weights), on="output", **dynamics
        )
        if self.settings["rate_penalty"]:
            silence = inputs.new_zeros(*weights.shape, self.rnn.neurons)
            evenly = torch.full_like(weights, self.settings["rate_penalty"] / silence.numel())
            recurrent = {name: value for name, value in tensors.items() if name != "w"}
            total = total + squared_error(
                recurrent, inputs, silence, evenly, on="rates", **dynamics
            )
        if self.settings["weight_penalty"]:
            total = total + self.settings["weight_penalty"] * self.weight_norm(tensors)
        return total

    def weight_norm(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """The squares of all weights that learn, added up; over N, except those of J."""
        norm = tensors["B"].new_zeros(())
        for name in self.settings["trained"]:
            # Entries of order 1 add up to N; J = (1/N) m nᵀ has a norm of order 1 already.
            share = 1 if name == "J" else 1 / self.rnn.neurons
            norm = norm + share * (tensors[GAINS.get(name, name)] ** 2).sum()
        return norm

    def evaluate(self) -> None:
        """Score the present network, and keep its weights if they are the best so far."""
        seed = derived_seed(self.settings["seed"], "validation trials", 1)
        score = score_on(self.network(self.tensors), self.task, self.validation, seed)
        self.evaluated.append(self.done)
        self.metrics["accuracy"].append(score.accuracy)
        self.metrics["validation_loss"].append(score.loss)
        present = effective(self.tensors)
        for name, values in self.snapshots.items():
            values.append(present[name].detach().clone())
        if "J" in self.settings["snapshots"]:
            change = leading((present["J"].detach() - self.start["J"]).numpy())
            for values, part in zip(self.changes.values(), change, strict=True):
                values.append(torch.from_numpy(part))
        if self.done and (self.recent_loss < self.best_loss or self.target_met):
            self.best_loss = self.recent_loss
            moved = self.descent.parameters.items()
            self.best = {name: value.detach().clone() for name, value in moved}

    def network(self, values: Mapping[str, Tensor]) -> RNN:
        """The network with some of its parameters at these values."""
        tensors = effective({**self.tensors, **values})
        arrays = {name: value.detach().numpy() for name, value in tensors.items()}
        own = {name: arrays[name] for name in self.rnn.connectivity.parameters if name in arrays}
        changes = {ARGUMENTS[name]: arrays[name] for name in ARGUMENTS if name in arrays}
        if isinstance(self.rnn.connectivity, FullRank):
            own["J0"] = self.start["J"].numpy()
        connectivity = replace(self.rnn.connectivity, **own)  # type: ignore[type-var]
        return self.rnn.replace(connectivity=connectivity, **changes)

    def history(self) -> History:
        """The course so far."""
        return History(
            loss=np.array(self.loss),
            learning_rate=np.array([self.descent.rate(update) for update in range(self.done)]),
            evaluated=np.array(self.evaluated),
            metrics={name: np.array(values) for name, values in self.metrics.items()},
            parameters={
                name: torch.stack(values).numpy() for name, values in self.snapshots.items()
            },
            start={name: value.numpy() for name, value in self.start.items()},
            J=WeightChanges(*(torch.stack(parts).numpy() for parts in self.changes.values()))
            if "J" in self.settings["snapshots"]
            else None,
        )

    def state(self) -> dict[str, Tensor]:
        """Everything that changes, for `restore`."""
        state = self.descent.state()
        state |= {f"best/{name}": value for name, value in self.best.items()}
        kept = self.snapshots | {name: parts for name, parts in self.changes.items() if parts}
        state |= {f"snapshots/{name}": torch.stack(values) for name, values in kept.items()}
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
        self.best = {name: state[f"best/{name}"] for name in self.descent.parameters}
        self.snapshots = {name: list(state[f"snapshots/{name}"]) for name in self.snapshots}
        if "J" in self.settings["snapshots"]:
            self.changes = {name: list(state[f"snapshots/{name}"]) for name in self.changes}
        self.metrics = {name: state[f"metrics/{name}"].tolist() for name in self.metrics}
        self.loss = state["loss"].tolist()
        self.evaluated = state["evaluated"].tolist()
        self.best_loss = float(state["best_loss"])
