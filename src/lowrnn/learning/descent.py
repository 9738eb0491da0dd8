"""Gradient descent on the parameters of a network."""

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from lowrnn.errors import InputError
from lowrnn.networks.kernels.compile import OUTER

SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda done: 1.0,
    "cosine": lambda done: 0.5 * (1 + math.cos(math.pi * done)),
}
"""The learning rate, relative to its first value, after a fraction of all updates."""

Array = NDArray[Any]

_FIRST, _SECOND, _TINY = 0.9, 0.999, 1e-8


@njit(**OUTER)
def _follow(
    value: Any, gradient: Any, mean: Any, square: Any, bounds: Any, rates: Any, step: int,
    longest: float,
) -> float:  # fmt: skip
    """One step of Adam (Kingma & Ba 2015) with a rate for each part; the norm of the gradient.

    A longer gradient than `longest` is shortened to it, in place; nothing moves along one that is
    not finite.
    """
    kind = value.dtype.type
    total = 0.0
    for i in range(gradient.shape[0]):
        total += float(gradient[i]) * float(gradient[i])
    norm = math.sqrt(total)
    if not math.isfinite(norm):
        return norm
    shorter = kind(min(1.0, longest / (norm + 1e-6)))
    first, second, tiny = kind(_FIRST), kind(_SECOND), kind(_TINY)
    rest, rest_square = kind(1 - _FIRST), kind(1 - _SECOND)
    grown = kind(1 / math.sqrt(1 - _SECOND**step))
    for part in range(rates.shape[0]):
        size = kind(rates[part] / (1 - _FIRST**step))
        for i in range(bounds[part], bounds[part + 1]):
            g = shorter * gradient[i]
            gradient[i] = g
            mean[i] = first * mean[i] + rest * g
            square[i] = second * square[i] + rest_square * g * g
            value[i] -= size * mean[i] / (kind(math.sqrt(square[i])) * grown + tiny)
    return norm


class Descent:
    """Adam with a schedule, on gradients of bounded norm.

    Parameters
    ----------
    tensors : dict from str to Tensor
        The network, as `RNN.tensors` gives it; changed in place.
    trained : sequence of str
        Which of them move.
    learning_rate : float
        Adam's learning rate at the start.
    schedule : {"constant", "cosine"}
        How it goes on; "cosine" falls to 0 at the last update.
    updates : int
        How many updates there will be.
    clip : float, optional
        The largest norm of the gradient over all parameters; a longer one is shortened to it.
    scales : mapping from str to float
        What the learning rate of a parameter is multiplied by; 1 for those left out.
    """

    def __init__(
        self,
        tensors: dict[str, Tensor],
        trained: Sequence[str],
        *,
        learning_rate: float,
        schedule: str,
        updates: int,
        clip: float | None,
        scales: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        self.parameters = {name: tensors[name] for name in trained}
        self.learning_rate = learning_rate
        self.schedule = SCHEDULES[schedule]
        self.updates = updates
        self.clip = math.inf if clip is None else clip
        self.scales = np.array([scales.get(name, 1.0) for name in trained])
        self.bounds = np.cumsum([0, *(p.numel() for p in self.parameters.values())])
        self.step = 0
        # All parameters lie in one array, so that one pass through it moves them.
        dtype = next(iter(self.parameters.values())).detach().numpy().dtype
        self.value, self.gradient, self.mean, self.square = np.zeros((4, self.bounds[-1]), dtype)
        self.gradients = self._named(self.gradient)
        for name, view in self._named(self.value).items():
            view[...] = tensors[name].detach().numpy()
            tensors[name].data = torch.from_numpy(view)
            tensors[name].requires_grad_()

    def _named(self, flat: Array) -> dict[str, Array]:
        """The part of a flat array that belongs to each parameter, in its shape."""
        parts = zip(self.parameters.items(), self.bounds[:-1], self.bounds[1:], strict=True)
        return {name: flat[first:last].reshape(p.shape) for (name, p), first, last in parts}

    def rate(self, update: int) -> float:
        """The learning rate of update number `update`, counted from 0."""
        return self.learning_rate * self.schedule(update / self.updates)

    def update(self, update: int, loss: Tensor) -> None:
        """Move the parameters down the gradient of `loss`.

        Raises
        ------
        InputError
            If the gradient of the loss is not finite.
        """
        found = torch.autograd.grad(
            loss, list(self.parameters.values()), allow_unused=True, materialize_grads=True
        )
        self.follow(update, [gradient.numpy() for gradient in found])

    def follow(self, update: int, gradients: Sequence[Array]) -> None:
        """Move the parameters down these gradients, one for each, in their order.

        Raises
        ------
        InputError
            If one is not finite.
        """
        for own, given in zip(self.gradients.values(), gradients, strict=True):
            own[...] = given
        norm = _follow(
            self.value, self.gradient, self.mean, self.square, self.bounds,
            self.rate(update) * self.scales, self.step + 1, self.clip,
        )  # fmt: skip
        if not math.isfinite(norm):
            raise InputError(
                f"learning_rate is {self.learning_rate:g}, and after {update} updates the gradient"
                " is not finite: give a smaller one, or a smaller clip"
            )
        self.step += 1

    def state(self) -> dict[str, Tensor]:
        """Parameters and moments: what `restore` needs to go on as if nothing had happened."""
        kept = {"value": self.value, "exp_avg": self.mean, "exp_avg_sq": self.square}
        state = {
            f"{key}/{name}": torch.from_numpy(part)
            for key, flat in kept.items()
            for name, part in self._named(flat).items()
        }
        return state | {"step": torch.tensor(self.step)}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take up the state of another descent of the same settings."""
        kept = {"value": self.value, "exp_avg": self.mean, "exp_avg_sq": self.square}
        for key, flat in kept.items():
            for name, part in self._named(flat).items():
                part[...] = state[f"{key}/{name}"].numpy()
        self.step = int(state["step"])
