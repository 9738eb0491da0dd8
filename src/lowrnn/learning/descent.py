"""Gradient descent on the parameters of a network."""

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import torch
from torch import Tensor

from lowrnn.errors import InputError

SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda done: 1.0,
    "cosine": lambda done: 0.5 * (1 + math.cos(math.pi * done)),
}
"""The learning rate, relative to its first value, after a fraction of all updates."""

_MOMENTS = ("step", "exp_avg", "exp_avg_sq")


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
        self.parameters = {name: tensors[name].requires_grad_() for name in trained}
        self.learning_rate = learning_rate
        self.schedule = SCHEDULES[schedule]
        self.updates = updates
        self.clip = math.inf if clip is None else clip
        # Adam takes as long for a small group of parameters as for all: one for each learning rate.
        groups: dict[float, list[Tensor]] = {}
        for name, p in self.parameters.items():
            groups.setdefault(scales.get(name, 1.0), []).append(p)
        self.scales = list(groups)
        self.adam = torch.optim.Adam([{"params": group} for group in groups.values()], fused=True)

    def rate(self, update: int) -> float:
        """The learning rate of update number `update`, counted from 0."""
        return self.learning_rate * self.schedule(update / self.updates)

    def update(self, update: int, loss: Tensor) -> None:
        """Move the parameters down the gradient of `loss`.

        Raises
        ------
        InputError
            If the loss or its gradient is not finite.
        """
        self.adam.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.parameters.values(), self.clip)
        if not math.isfinite(float(norm)):
            raise InputError(
                f"learning_rate is {self.learning_rate:g}, and after {update} updates the gradient"
                " is not finite: give a smaller one, or a smaller clip"
            )
        rate = self.rate(update)
        for group, scale in zip(self.adam.param_groups, self.scales, strict=True):
            group["lr"] = rate * scale
        self.adam.step()

    def state(self) -> dict[str, Tensor]:
        """Parameters and moments: what `restore` needs to go on as if nothing had happened."""
        state = {f"value/{name}": p.detach() for name, p in self.parameters.items()}
        for name, p in self.parameters.items():
            state |= {f"{key}/{name}": value for key, value in self.adam.state[p].items()}
        return state

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take up the state of another descent of the same settings."""
        for name, p in self.parameters.items():
            p.data.copy_(state[f"value/{name}"])
            self.adam.state[p] = {
                key: state[f"{key}/{name}"].clone() for key in _MOMENTS if f"{key}/{name}" in state
            }
