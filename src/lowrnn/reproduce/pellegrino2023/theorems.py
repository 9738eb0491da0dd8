"""Gradient descent in small networks, where the ranks of what is learned can be proved.

In double precision, with steps `x' = (1 - α) x + α (W φ(x) + B u)` and outputs `C φ(x)`: W, B and C
are J, B and wᵀ/N of an `RNN`. The outputs have targets, or are forces on a point mass that shall
reach a target, in a field that turns it aside during the middle third of learning.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[np.float64]

NEURONS = 40
#: Of the learned point mass: time steps, of which the cue takes the first.
_STEPS, _CUE = 25, 8
#: Of the learned outputs.
_SHORT_STEPS, _SHORT_CUE = 15, 5
_TURN = torch.tensor([[0.0, 1.0], [-1.0, 0.0]], dtype=torch.float64)


@dataclass(frozen=True)
class Setting:
    """A network, its task, and how it learns.

    Attributes
    ----------
    plant : bool
        Whether outputs move a point mass, with three inputs; otherwise there are two inputs, and
        targets for the outputs.
    feedback : bool
        Whether position and velocity are four more inputs.
    random_target : bool
        One target drawn at each step of learning, in place of eight.
    identity, rank, g : float, int, float
        `W0 = identity I + U Vᵀ + g χ`, with U and V of this rank and `χ_ij ~ N(0, 1/N)`.
    initial_state : bool
        Whether trials start in a state other than 0.
    train : str
        Which of W, B and C learn.
    rule : {"sgd", "adam"}
    rate : float, optional
        By default 0.001 of Adam, 0.05 with a plant and 0.2 without.
    momentum, decay : float
        Of SGD; decay of all that learns.
    clip : {"", "norm", "value"}
        Whether the gradient is clipped as a whole, or each of its entries.
    tanh : bool
        Whether units are not linear.
    """

    plant: bool = True
    feedback: bool = False
    random_target: bool = False
    identity: float = 0.0
    rank: int = 0
    g: float = 0.0
    initial_state: bool = False
    train: str = "W"
    rule: Literal["sgd", "adam"] = "sgd"
    rate: float | None = None
    momentum: float = 0.0
    decay: float = 0.0
    clip: Literal["", "norm", "value"] = ""
    tanh: bool = False

    @property
    def inputs(self) -> int:
        return (3 if self.plant else 2) + 4 * self.feedback

    @property
    def dimensions(self) -> int:
        """`d`: B, Cᵀ, U, V and the initial state span a space S of so many."""
        return self.inputs + 2 + 2 * self.rank + self.initial_state


@dataclass(frozen=True, eq=False)
class Learned:
    """What a network learned.

    Attributes
    ----------
    changes : array (step, neuron, presynaptic)
        `W_k - W_0` after each step, from the first on.
    start : array (neuron, direction)
        What spans S.
    end : array (neuron, direction)
        B and Cᵀ at the end.
    """

    changes: Array
    start: Array
    end: Array

    @property
    def leak(self) -> float:
        """Largest relative norm of a change outside of `S ⊗ S`, or of a final B or Cᵀ outside."""
        basis, _ = np.linalg.qr(self.start)
        outside = np.eye(len(basis)) - basis @ basis.T
        final = self.changes[-1]
        parts = (outside @ final, final @ outside)
        weights = max(np.linalg.norm(part) for part in parts) / np.linalg.norm(final)
        return float(max(weights, np.linalg.norm(outside @ self.end) / np.linalg.norm(self.end)))


def learn(setting: Setting, steps: int | None = None, seed: int = 0) -> Learned:
    """Train a network of 40 units for 150 steps with a plant, or 200 without.

    The recipe of the checks of the theorem on a linear network's closed subspace (derived by this
    project; Pellegrino et al. 2023 prove bounds of their own).
    """
    draw = torch.Generator().manual_seed(seed)
    parameters, spanning = _network(setting, draw)
    trained = [parameters[name] for name in setting.train]
    for parameter in trained:
        parameter.requires_grad_()
    optimizer = _optimizer(setting, trained)
    first = parameters["W"].detach().clone()
    steps = steps or (150 if setting.plant else 200)
    changes = np.empty((steps, NEURONS, NEURONS))
    for step, targets in enumerate(_targets(setting, steps, draw)):
        field = 1.0 if steps <= 3 * step < 2 * steps else 0.0
        optimizer.zero_grad()
        loss = (_reach if setting.plant else _trace)(setting, parameters, targets, field)
        loss.backward()
        if setting.clip == "norm":
            torch.nn.utils.clip_grad_norm_(trained, 0.05)
        elif setting.clip == "value":
            torch.nn.utils.clip_grad_value_(trained, 1e-3)
        optimizer.step()
        changes[step] = (parameters["W"].detach() - first).numpy()
    end = torch.cat([parameters["B"], parameters["C"].T], dim=1).detach().numpy()
    return Learned(changes, spanning, end)


def _network(setting: Setting, draw: torch.Generator) -> tuple[dict[str, Tensor], Array]:
    """W, B, C and the initial state, and what spans S."""

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=draw, dtype=torch.float64)

    root = NEURONS**0.5
    B = (0.5 if setting.plant else 1.0) * normal(NEURONS, setting.inputs) / setting.inputs**0.5
    C = normal(2, NEURONS) / (root if setting.plant else 4 * root)
    U, V = normal(2, NEURONS, setting.rank) / root
    W = setting.identity * torch.eye(NEURONS, dtype=torch.float64) + U @ V.T
    W = W + setting.g * normal(NEURONS, NEURONS) / root
    x = 0.5 * normal(NEURONS) * setting.initial_state
    spanning = [B, C.T, U, V] + [x[:, None]] * setting.initial_state
    return {"W": W, "B": B, "C": C, "x": x}, torch.cat(spanning, dim=1).numpy()


def _optimizer(setting: Setting, trained: list[Tensor]) -> torch.optim.Optimizer:
    if setting.rule == "adam":
        return torch.optim.Adam(trained, lr=setting.rate or 1e-3)
    rate = setting.rate or (0.05 if setting.plant else 0.2)
    return torch.optim.SGD(trained, lr=rate, momentum=setting.momentum, weight_decay=setting.decay)


def _targets(setting: Setting, steps: int, draw: torch.Generator) -> Iterator[Tensor]:
    """Directions of the targets (trial,) at each step."""
    count = 8 if setting.plant else 6
    all_of_them = 2 * torch.pi * torch.arange(count, dtype=torch.float64) / count
    for _ in range(steps):
        if setting.random_target:
            one = torch.rand(1, generator=draw, dtype=torch.float64)
            yield 2 * torch.pi * one
        else:
            yield all_of_them


def _advance(
    setting: Setting, parameters: dict[str, Tensor], x: Tensor, u: Tensor, alpha: float
) -> tuple[Tensor, Tensor]:
    """The next states (trial, neuron), and their outputs (trial, 2)."""
    rates = torch.tanh(x) if setting.tanh else x
    x = (1 - alpha) * x + alpha * (rates @ parameters["W"].T + u @ parameters["B"].T)
    return x, (torch.tanh(x) if setting.tanh else x) @ parameters["C"].T


def _trace(setting: Setting, parameters: dict[str, Tensor], angles: Tensor, field: float) -> Tensor:
    """Mean squared error of outputs that shall follow a ramp, after a cue."""
    cue = torch.stack([angles.cos(), angles.sin()], dim=1)
    target = torch.stack([(angles + 1).cos(), (angles + 1).sin()], dim=1)
    x, errors = parameters["x"].expand(len(angles), -1), []
    for step in range(_SHORT_STEPS):
        u = cue if step < _SHORT_CUE else torch.zeros_like(cue)
        x, y = _advance(setting, parameters, x, u, 0.3)
        errors.append(y - target * (step / (_SHORT_STEPS - 1)))
    return torch.stack(errors).square().sum(dim=2).mean()


def _reach(setting: Setting, parameters: dict[str, Tensor], angles: Tensor, field: float) -> Tensor:
    """Mean squared distance of the point mass from its path, after the cue."""
    target = torch.stack([angles.cos(), angles.sin()], dim=1)
    cue = torch.cat([target, torch.ones(len(angles), 1, dtype=torch.float64)], dim=1)
    x, errors = parameters["x"].expand(len(angles), -1), []
    position = velocity = torch.zeros_like(target)
    for step in range(_STEPS):
        u = cue if step < _CUE else torch.zeros_like(cue)
        if setting.feedback:
            u = torch.cat([u, position, velocity], dim=1)
        x, y = _advance(setting, parameters, x, u, 0.2)
        if step >= _CUE:
            force = 6 * torch.tanh(y) - 1.5 * velocity + field * velocity @ _TURN.T
            velocity = velocity + 0.1 * force
            position = position + 0.1 * velocity
            errors.append(position - target * ((step - _CUE + 1) / (_STEPS - _CUE)))
    return torch.stack(errors).square().sum(dim=2).mean()
