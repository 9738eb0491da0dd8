"""Networks from elsewhere: a PyTorch `nn.RNN`, or plain arrays, as an `RNN`."""

from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import ArrayLike

from lowrnn.errors import InputError, check_array, check_number
from lowrnn.networks import RNN, FullRank
from lowrnn.networks.nonlinearity import check_nonlinearity

#: The bias at which a neuron without input has the rate 1, to the last digit.
_RATE_ONE = MappingProxyType(
    {"tanh": 20.0, "erf": 7.0, "relu": 1.0, "softplus": float(np.log(np.e - 1)), "identity": 1.0}
)


def from_weights(
    recurrent: ArrayLike,
    inputs: ArrayLike,
    readout: ArrayLike | None = None,
    *,
    bias: ArrayLike | None = None,
    readout_bias: ArrayLike | None = None,
    alpha: float = 1.0,
    dt: float = 1.0,
    nonlinearity: str = "tanh",
    noise_std: float = 0.0,
    initial_state: ArrayLike | None = None,
) -> RNN:
    """An `RNN` from the weights of a network in the common conventions of machine learning.

    The network is `x_t = (1 - alpha) x_{t-1} + alpha (W phi(x_{t-1}) + U u_t + b)` with output
    `z_t = Vᵀ phi(x_t) + c`. Ours has the same rates `phi(x)` and outputs at every step; its state
    is `x - b`, for here the bias acts within phi. With `alpha = 1` this is the discrete network
    `h_t = phi(W h_{t-1} + U u_t + b)`, `h = phi(x)`. A leak on rates,
    `h_t = (1 - alpha) h_{t-1} + alpha phi(…)` with alpha < 1, is another network, which no `RNN`
    equals: there inputs act through phi before they are filtered.

    Parameters
    ----------
    recurrent : array (neuron, neuron)
        `W`; entry [i, j] is the weight from neuron j to neuron i.
    inputs : array (neuron, input)
        `U`.
    readout : array (neuron, output), optional
        `V`, without the factor 1/N of ours.
    bias : array (neuron,), optional
        `b`. A bias within phi is `RNN(bias=...)` and needs no conversion.
    readout_bias : array (output,), optional
        `c`. Unless it is 0 it takes a neuron more, the last one, with the rate 1 throughout.
    alpha : float
        `dt / tau`, above 0 and at most 1.
    dt : float
        Seconds in a step.
    nonlinearity : str
        phi, by name.
    noise_std : float
        As for `RNN`.
    initial_state : array (neuron,), optional
        `x` before the first step; 0 by default.

    Raises
    ------
    InputError
        If shapes disagree or a number is out of range.
    """
    W = check_array("recurrent", recurrent, ("neuron", "neuron"))
    neurons, dtype = len(W), W.dtype
    if W.shape[1] != neurons:
        raise InputError(f"recurrent has shape {W.shape}: give a square matrix")
    if check_number("alpha", alpha, above=0) > 1:
        raise InputError(f"alpha is {alpha}: give dt / tau, at most 1")
    U = check_array("inputs", inputs, (neurons, "input"), dtype=dtype)
    V = np.zeros((neurons, 0), dtype)
    if readout is not None:
        V = check_array("readout", readout, (neurons, "output"), dtype=dtype)
    b, start = np.zeros(neurons, dtype), np.zeros(neurons, dtype)
    if bias is not None:
        b = check_array("bias", bias, (neurons,), dtype=dtype)
    if initial_state is not None:
        start = check_array("initial_state", initial_state, (neurons,), dtype=dtype)
    start = start - b
    if readout_bias is not None:
        c = check_array("readout_bias", readout_bias, (V.shape[1],), dtype=dtype)
        if c.any():
            one = _RATE_ONE[check_nonlinearity(nonlinearity)]
            W, U = np.pad(W, (0, 1)), np.pad(U, ((0, 1), (0, 0)))
            V, b, start = np.vstack([V, c]), np.append(b, dtype.type(one)), np.append(start, 0)
    return RNN(
        FullRank(W),
        U,
        len(W) * V if V.shape[1] else None,
        dt=dt,
        tau=dt / alpha,
        nonlinearity=nonlinearity,
        noise_std=noise_std,
        bias=b,
        initial_state=start,
    )


def from_torch(
    module: torch.nn.RNN | torch.nn.RNNCell,
    readout: torch.nn.Linear | None = None,
    *,
    dt: float = 1.0,
    noise_std: float = 0.0,
) -> RNN:
    """An `RNN` that computes what a PyTorch network does.

    `nn.RNN` is `h_t = phi(W_ih u_t + b_ih + W_hh h_{t-1} + b_hh)` from `h_0 = 0`: an `RNN` with
    `dt = tau`, whose rates are `h` (see `from_weights`). `simulate(u).rates` is what the module
    returns for `u` (trial, time, input), up to rounding, and `.z` what the readout makes of it.

    Parameters
    ----------
    module : torch.nn.RNN or torch.nn.RNNCell
        One layer, in one direction, with tanh or relu. Its dtype is that of the network.
    readout : torch.nn.Linear, optional
        From hidden state to output. If its bias is not 0 the network has a neuron more.
    dt : float
        Seconds in a step: that of the task it is to be tested on.
    noise_std : float
        As for `RNN`.

    Raises
    ------
    InputError
        If the module has gates, several layers or directions, or the readout does not fit.
    """
    if not isinstance(module, torch.nn.RNN | torch.nn.RNNCell):
        raise InputError(
            f"module is a {type(module).__name__}: give a torch.nn.RNN or RNNCell, for networks"
            " with gates have other dynamics"
        )
    if isinstance(module, torch.nn.RNN) and (module.num_layers > 1 or module.bidirectional):
        raise InputError(
            f"module has {module.num_layers} layers and bidirectional={module.bidirectional}: give"
            " one layer in one direction"
        )
    if readout is not None and readout.in_features != module.hidden_size:
        raise InputError(
            f"readout takes {readout.in_features} features: give {module.hidden_size}, the hidden"
            " units of module"
        )
    found = {
        name.removesuffix("_l0"): value.detach().cpu().numpy()
        for name, value in module.named_parameters()
    }
    offset = None if readout is None or readout.bias is None else readout.bias
    return from_weights(
        found["weight_hh"],
        found["weight_ih"],
        None if readout is None else readout.weight.detach().cpu().numpy().T,
        bias=found["bias_ih"] + found["bias_hh"] if module.bias else None,
        readout_bias=None if offset is None else offset.detach().cpu().numpy(),
        dt=dt,
        nonlinearity=str(module.nonlinearity),
        noise_std=noise_std,
    )
