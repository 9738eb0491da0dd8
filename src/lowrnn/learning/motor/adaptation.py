"""A network that reaches, adapts to a perturbation of its hand, and washes it out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from lowrnn.errors import InputError, check_number
from lowrnn.learning.changes import WeightChanges, leading
from lowrnn.learning.descent import Descent
from lowrnn.learning.history import History
from lowrnn.learning.motor.reaching import Reaching
from lowrnn.learning.seeds import check_seed
from lowrnn.networks import RNN, FullRank
from lowrnn.networks.threads import one_thread
from lowrnn.recordings import Recording

Array = NDArray[np.float64]

#: In seconds: what recordings and networks are told; reaching counts in time constants.
TAU = 0.1


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """A part of an adaptation.

    Parameters
    ----------
    name : str
        Such as "baseline".
    trials : int
        Number of trials, one step of gradient descent each.
    curl : float
        Strength of a curl field.
    rotation : float
        Angle in radians by which the forces of the hand are turned.
    """

    name: str
    trials: int
    curl: float = 0.0
    rotation: float = 0.0


#: A visuomotor rotation of 45 degrees.
ROTATION = (
    Epoch(name="baseline", trials=50),
    Epoch(name="adaptation", trials=100, rotation=np.pi / 4),
    Epoch(name="washout", trials=100),
)
#: A velocity-dependent force field.
FORCE_FIELD = (
    Epoch(name="baseline", trials=50),
    Epoch(name="adaptation", trials=100, curl=1.5),
    Epoch(name="washout", trials=100),
)


@dataclass(frozen=True, eq=False)
class Adaptation:
    """What a network left behind while it adapted: weights, activity and behaviour of every trial.

    Attributes
    ----------
    rnn : RNN
        The network after the last trial, its J0 that before the first.
    history : History
        `changes` holds the recurrent matrix before each trial, metrics "loss" its loss.
    recording : Recording
        Rates of the network in one target of each trial, targets in permuted blocks. `conditions`
        has `target`, `direction` (radians), `epoch` and `trial`.
    hand : array (trial, movement, 2)
        The path of the hand in these trials.
    """

    rnn: RNN
    history: History
    recording: Recording
    hand: Array

    @property
    def angular_error(self) -> Array:
        """Angle from target to hand at half of the movement, in radians, (trial,)."""
        middle = self.hand[:, self.hand.shape[1] // 2]
        direction = self.recording.conditions["direction"].to_numpy(np.float64)
        turned = np.arctan2(middle[:, 1], middle[:, 0]) - direction
        return np.asarray((turned + np.pi) % (2 * np.pi) - np.pi)


def reaching_network(
    reaching: Reaching, neurons: int = 60, *, g: float = 0.1, seed: int = 0
) -> RNN:
    """A random network with the inputs and outputs of a reach.

    Weak random connections, so that learning has to change them, and a readout `w / N` of order
    1/N: with one of order 1/√N a network learns without changing its activity.

    Parameters
    ----------
    reaching : Reaching
        What it will learn.
    neurons : int
        Number of neurons N.
    g : float
        Strength of the recurrent matrix, whose entries are normal with variance g²/N.
    seed : int
        Determines the weights.
    """
    if neurons < 2:
        raise InputError(f"neurons is {neurons}: give at least 2")
    check_number("g", g, at_least=0)
    rng = np.random.default_rng(check_seed(seed))
    return RNN(
        FullRank(g * rng.standard_normal((neurons, neurons)) / np.sqrt(neurons)),
        inputs=0.5 * rng.standard_normal((neurons, 3)),
        readout=rng.standard_normal((neurons, 2)),
        dt=reaching.dt * TAU,
        tau=TAU,
    )


def adapt(
    rnn: RNN,
    reaching: Reaching,
    epochs: Sequence[Epoch] = ROTATION,
    *,
    pretraining: int = 1000,
    settling: int = 300,
    pretraining_rate: float = 2e-3,
    learning_rate: float = 0.15,
    adam: bool = False,
    seed: int = 0,
    progress: Callable[[int, float], None] | None = None,
) -> Adaptation:
    """Train a network to reach, then let it adapt, and keep everything (Pellegrino et al. 2023).

    Only the recurrent matrix learns. It is trained by Adam first and by plain gradient descent from
    then on: gradients of a task of few dimensions lie in few directions, which Adam's division of
    every entry by its own size destroys.

    Parameters
    ----------
    rnn : RNN
        A full-rank network: see `reaching_network`.
    reaching : Reaching
        The task, and what is moved.
    epochs : sequence of Epoch
        Perturbations of the hand, in their order; by default `ROTATION`. `FORCE_FIELD` is another.
    pretraining, settling : int
        Steps of Adam, and then of gradient descent, before the first epoch.
    pretraining_rate, learning_rate : float
        Of Adam, and of gradient descent.
    adam : bool
        Adam at a rate of 1e-3 in the epochs, in place of gradient descent: the control.
    seed : int
        Determines the order of targets.
    progress : callable, optional
        Called after every 50 steps with their number and the loss.

    Raises
    ------
    InputError
        If the network is not of full rank or has other inputs or outputs, a number is out of range,
        or the loss stops being finite.
    """
    if not isinstance(rnn.connectivity, FullRank):
        raise InputError(f"rnn has connectivity {rnn.connectivity.kind}: give one of full rank")
    if (rnn.inputs.shape[1], rnn.readout.shape[1]) != (3, 2):
        raise InputError(
            f"rnn has {rnn.inputs.shape[1]} inputs and {rnn.readout.shape[1]} outputs: give 3 and 2"
        )
    if abs(rnn.alpha - reaching.dt) > 1e-9:
        raise InputError(f"dt of the network is {rnn.alpha:g} tau: give {reaching.dt:g} tau")
    if not epochs or min(epoch.trials for epoch in epochs) < 1:
        raise InputError("epochs hold no trials: give at least one epoch of at least one trial")
    check_number("pretraining_rate", pretraining_rate, above=0)
    check_number("learning_rate", learning_rate, above=0)
    with one_thread():
        return _Course(rnn, reaching, seed, learning_rate, progress).run(
            epochs, pretraining, settling, pretraining_rate, adam
        )


class _Course:
    """An adaptation in progress."""

    def __init__(
        self,
        rnn: RNN,
        reaching: Reaching,
        seed: int,
        rate: float,
        progress: Callable[[int, float], None] | None,
    ) -> None:
        self.rnn, self.reaching, self.rate, self.progress = rnn, reaching, rate, progress
        self.rng = np.random.default_rng(check_seed(seed))
        self.tensors = rnn.tensors()
        self.J = self.tensors["J"].requires_grad_()
        self.done = 0

    def run(
        self,
        epochs: Sequence[Epoch],
        pretraining: int,
        settling: int,
        pretraining_rate: float,
        adam: bool,
    ) -> Adaptation:
        rest = Epoch(name="rest", trials=1)
        if pretraining:
            first = self._adam(pretraining_rate, pretraining)
            for update in range(pretraining):
                first.update(update, self._loss(rest)[2].mean())
                self._tell()
        for _ in range(settling):
            self._descend(self._loss(rest)[2].mean())
        plan = [epoch for epoch in epochs for _ in range(epoch.trials)]
        control = self._adam(1e-3, len(plan)) if adam else None
        start = self.J.detach().clone()
        changes, losses, rates, hands = [], [], [], []
        order = self._order(len(plan))
        for trial, epoch in enumerate(plan):
            activity, hand, loss = self._loss(epoch)
            changes.append(leading((self.J.detach() - start).numpy()))
            losses.append(float(loss.detach().mean()))
            rates.append(activity[order[trial]].detach().numpy().copy())
            hands.append(hand[order[trial]].detach().numpy().copy())
            if control is None:
                self._descend(loss.mean())
            else:
                control.update(trial, loss.mean())
                self._tell()
        left, right, norm = (np.stack(part) for part in zip(*changes, strict=True))
        history = History(
            loss=np.array(losses),
            learning_rate=np.full(len(plan), 1e-3 if adam else self.rate),
            evaluated=np.arange(len(plan)),
            metrics={"loss": np.array(losses)},
            start={"J": start.numpy()},
            J=WeightChanges(left, right, norm),
        )
        conditions = pd.DataFrame(
            {
                "target": order,
                "direction": self.reaching.directions[order],
                "epoch": [epoch.name for epoch in plan],
                "trial": np.arange(len(plan)),
            }
        )
        dt = self.rnn.dt
        recording = Recording(
            np.stack(rates).astype(np.float64),
            dt,
            conditions=conditions,
            start=-self.reaching.preparation * dt,
            unit="a.u.",
        )
        connectivity = FullRank(self.J.detach().numpy().copy(), start.numpy())
        return Adaptation(
            self.rnn.replace(connectivity=connectivity), history, recording, np.stack(hands)
        )

    def _loss(self, epoch: Epoch) -> tuple[Tensor, Tensor, Tensor]:
        return self.reaching.run(
            self.tensors, self.rnn.nonlinearity, curl=epoch.curl, rotation=epoch.rotation
        )

    def _adam(self, rate: float, updates: int) -> Descent:
        return Descent(
            self.tensors, ["J"], learning_rate=rate, schedule="constant", updates=updates, clip=None
        )

    def _descend(self, loss: Tensor) -> None:
        """One step of plain gradient descent."""
        (gradient,) = torch.autograd.grad(loss, [self.J])
        if not torch.isfinite(gradient).all():
            raise InputError(
                f"learning_rate is {self.rate:g}, and after {self.done} steps the gradient is not"
                " finite: give a smaller one"
            )
        with torch.no_grad():
            self.J -= self.rate * gradient
        self._tell(float(loss.detach()))

    def _tell(self, loss: float = float("nan")) -> None:
        self.done += 1
        if self.progress is not None and self.done % 50 == 0:
            self.progress(self.done, loss)

    def _order(self, trials: int) -> NDArray[np.intp]:
        """Targets in permuted blocks."""
        count = self.reaching.targets
        blocks = [self.rng.permutation(count) for _ in range(-(-trials // count))]
        return np.concatenate(blocks)[:trials]
