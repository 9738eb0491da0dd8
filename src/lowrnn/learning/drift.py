"""Training that goes on once a task is learned, and the drift that its noise causes.

Where many networks solve a task, noise in targets or updates moves a network among them, towards
flat minima: fewer neurons are active and the trace of the Hessian falls, while the loss stays at
its floor (Ratzon, Derdikman & Barak 2024).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from lowrnn.errors import InputError, check_number
from lowrnn.learning.score import step_weights
from lowrnn.learning.seeds import check_seed, derived_seed, generator
from lowrnn.networks import RNN, Noise
from lowrnn.networks.kernels import squared_error
from lowrnn.networks.threads import one_torch_thread
from lowrnn.tasks import Trials

_ARGUMENTS = {"B": "inputs", "w": "readout", "bias": "bias", "initial_state": "initial_state"}


@dataclass(frozen=True, eq=False)
class Continued:
    """Networks along a training that went on.

    Attributes
    ----------
    step : array (checkpoint,)
        Updates done; the first is 0.
    networks : tuple of RNN
        One for each checkpoint.
    loss : array (checkpoint,)
        On all trials, without any noise.
    """

    step: NDArray[np.intp]
    networks: tuple[RNN, ...]
    loss: NDArray[np.float64]


def continue_training(
    rnn: RNN,
    trials: Trials,
    *,
    noise: Literal["label", "update"],
    sigma: float,
    learning_rate: float,
    updates: int,
    checkpoints: int = 20,
    batch_size: int | None = None,
    trained: Sequence[str] | None = None,
    seed: int = 0,
) -> Continued:
    """Go on with plain stochastic gradient descent, with noise.

    The loss is that of `train`. An update subtracts `learning_rate (N gradient + sigma ξ)` from a
    parameter with entries of order 1; for a full-rank matrix the factor N is left out. Then the
    output changes at a rate that does not depend on N.

    Parameters
    ----------
    rnn : RNN
        Where to go on, of any connectivity. A feed-forward network with one hidden layer is one of
        a single step: `dt = tau`, m = n = 0, and trials of one time step.
    trials : Trials
        All that the network is trained on.
    noise : {"label", "update"}
        "label" adds to the target of each trial and output a number that is drawn anew at every
        update and stays for the trial; "update" is the ξ above.
    sigma : float
        Standard deviation of the noise.
    learning_rate : float
        Constant.
    updates : int
        How many updates.
    checkpoints : int
        How many networks to keep besides the first, evenly over the updates.
    batch_size : int, optional
        Trials in each update, drawn without replacement; all by default.
    trained : sequence of str, optional
        What learns, as for `train`: by default the connectivity, "B" and "w".
    seed : int
        Determines all noise and the batches.

    Raises
    ------
    InputError
        If the network does not fit the trials or stops being finite, or a setting is out of range.
    """
    if noise not in ("label", "update"):
        raise InputError(f"noise is {noise!r}: choose label or update")
    check_number("sigma", sigma, at_least=0)
    check_number("learning_rate", learning_rate, above=0)
    check_seed(seed)
    if not 1 <= checkpoints <= updates:
        raise InputError(f"checkpoints is {checkpoints}: give 1 to {updates}, the updates")
    size = len(trials) if batch_size is None else batch_size
    if not 1 <= size <= len(trials):
        raise InputError(f"batch_size is {batch_size}: give 1 to {len(trials)}, the trials")
    names = check_trained(rnn, trained)
    check_trials(rnn, trials)
    batch = Batch.of(rnn, trials)
    tensors = rnn.tensors()
    scales = {name: 1 if name == "J" else rnn.neurons for name in names}
    keep = np.linspace(0, updates, checkpoints + 1).round().astype(np.intp)
    networks: list[RNN] = []
    losses: list[float] = []
    with one_torch_thread():
        for step in range(updates + 1):
            if step == keep[len(networks)]:
                losses.append(batch.loss(tensors, rnn, Noise(0.0)).item())
                moved = [tensors[name].sum().item() for name in names]
                if not np.isfinite([losses[-1], *moved]).all():
                    raise InputError(
                        f"learning_rate is {learning_rate}: the network is no longer finite after"
                        f" {step} updates, give a smaller one"
                    )
                networks.append(_with_tensors(rnn, tensors, names))
                if step == updates:
                    break
            rng = generator(seed, "update", step)
            chosen = batch
            if size < len(trials):
                chosen = batch[rng.choice(len(trials), size, replace=False)]
            if noise == "label":
                chosen = chosen.relabelled(sigma * rng.standard_normal((size, 1, batch.outputs)))
            internal = Noise(rnn.noise_std, derived_seed(seed, "update", step))
            leaves = {name: tensors[name].requires_grad_() for name in names}
            loss = chosen.loss(tensors, rnn, internal)
            for name, gradient in zip(
                names, torch.autograd.grad(loss, list(leaves.values())), strict=True
            ):
                move = scales[name] * gradient
                if noise == "update":
                    xi = rng.standard_normal(gradient.shape)
                    move = move + sigma * torch.from_numpy(xi).to(gradient)
                tensors[name] = (tensors[name] - learning_rate * move).detach()
    return Continued(keep, tuple(networks), np.array(losses))


@dataclass(frozen=True, eq=False)
class Batch:
    """Trials as the kernels take them."""

    u: torch.Tensor
    target: torch.Tensor
    weight: torch.Tensor

    @classmethod
    def of(cls, rnn: RNN, trials: Trials) -> "Batch":
        """All trials, in the precision of the network."""
        arrays = (trials.inputs, trials.targets, step_weights(trials))
        return cls(*(torch.from_numpy(np.array(array, rnn.dtype)) for array in arrays))

    def __getitem__(self, chosen: NDArray[np.integer]) -> "Batch":
        index = torch.from_numpy(chosen)
        return Batch(self.u[index], self.target[index], self.weight[index])

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return self.target.shape[2]

    def relabelled(self, change: NDArray[np.float64]) -> "Batch":
        """The same trials, with `change` added to their targets."""
        return Batch(self.u, self.target + torch.from_numpy(change).to(self.target), self.weight)

    def loss(self, tensors: dict[str, torch.Tensor], rnn: RNN, noise: Noise) -> torch.Tensor:
        """The loss of `train`, a mean over trials."""
        total = squared_error(
            tensors, self.u, self.target, self.weight, on="output", alpha=rnn.alpha,
            nonlinearity=rnn.nonlinearity, noise=noise,
        )  # fmt: skip
        return total / len(self.u)


def check_trained(rnn: RNN, trained: Sequence[str] | None) -> tuple[str, ...]:
    """Names of parameters that learn, or what is wrong with them."""
    known = (*rnn.connectivity.parameters, *_ARGUMENTS)
    names = (*rnn.connectivity.parameters, "B", "w") if trained is None else tuple(trained)
    for name in names:
        if name not in known:
            raise InputError(f"trained holds {name!r}: choose among {', '.join(known)}")
    if not names:
        raise InputError("trained is empty: name at least one parameter, such as 'm'")
    return names


def check_trials(rnn: RNN, trials: Trials) -> None:
    """Refuse trials of another task."""
    wanted = (rnn.inputs.shape[1], rnn.readout.shape[1])
    found = (trials.inputs.shape[2], trials.targets.shape[2])
    if found != wanted:
        raise InputError(
            f"trials have {found[0]} inputs and {found[1]} outputs: give trials for a network of"
            f" {wanted[0]} and {wanted[1]}"
        )


def _with_tensors(rnn: RNN, tensors: dict[str, torch.Tensor], names: Sequence[str]) -> RNN:
    """The network with new values of the named parameters."""
    values = {name: tensors[name].detach().numpy().copy() for name in names}
    parts = {name: value for name, value in values.items() if name not in _ARGUMENTS}
    changes = {_ARGUMENTS[name]: value for name, value in values.items() if name in _ARGUMENTS}
    return rnn.replace(connectivity=replace(rnn.connectivity, **parts), **changes)  # type: ignore[type-var]
