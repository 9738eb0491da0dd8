"""The transfer functions from state to rate, by name."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch

from lowrnn.errors import InputError

#: The functions phi of `rate = phi(x + bias)`, on tensors of any dtype.
NONLINEARITIES: Mapping[str, Callable[[torch.Tensor], torch.Tensor]] = MappingProxyType(
    {
        "tanh": torch.tanh,
        "relu": torch.relu,
        "softplus": torch.nn.functional.softplus,
        "identity": lambda x: x,
        "erf": torch.erf,
    }
)


def check_nonlinearity(name: str) -> str:
    """Return `name` if the library has it.

    Raises
    ------
    InputError
        If it is not one of `NONLINEARITIES`.
    """
    if name not in NONLINEARITIES:
        raise InputError(f"nonlinearity is {name!r}: use one of {', '.join(NONLINEARITIES)}")
    return name


def derivative(name: str, x: torch.Tensor) -> torch.Tensor:
    """`phi'(x)`, the gain of a neuron in state `x`, entry by entry; 0 at the kink of relu."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        return torch.autograd.grad(NONLINEARITIES[name](x).sum(), x)[0]
