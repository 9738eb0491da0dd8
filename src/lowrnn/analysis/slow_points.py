"""Where the state of any network is at rest or nearly so: fixed points and slow points."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array, check_number
from lowrnn.networks import NONLINEARITIES, RNN
from lowrnn.networks.nonlinearity import derivative

Array = NDArray[np.float64]

#: Speeds below this are those of a fixed point, up to rounding.
AT_REST = 1e-8
#: The search ends where the speed squared falls by less than this share a step.
GAIN = 1e-9


@dataclass(frozen=True, eq=False)
class SlowPoints:
    """Local minima of the speed at which a network's state moves under a constant input.

    Attributes
    ----------
    x : array (point, neuron)
        States, slowest first.
    speed : array (point,)
        Root mean square over neurons of `tau dx/dt`, in units of the state. 0 up to rounding at
        a fixed point; at a slow point, the drift in a time tau.
    eigenvalues : array (point, neuron)
        Of the Jacobian `-1 + J diag(phi')`, in units of `1/tau`; rightmost first.
    """

    x: Array
    speed: Array
    eigenvalues: NDArray[np.complex128]

    def __len__(self) -> int:
        return len(self.x)

    @property
    def unstable(self) -> NDArray[np.intp]:
        """Number of directions in which the state departs from each point, (point,)."""
        count: NDArray[np.intp] = (self.eigenvalues.real > 0).sum(axis=1)
        return count

    @property
    def fixed(self) -> NDArray[np.bool_]:
        """Whether each is a fixed point, (point,)."""
        fixed: NDArray[np.bool_] = self.speed < AT_REST
        return fixed


def slow_points(
    rnn: RNN,
    starts: ArrayLike,
    u: ArrayLike | None = None,
    *,
    distance: float = 1e-3,
    steps: int = 200,
) -> SlowPoints:
    """Minima of `½ |tau dx/dt|²`, found from given states (Sussillo & Barak 2013).

    For networks of any connectivity. Each start descends by the method of Levenberg and Marquardt,
    with the exact Jacobian. What is found depends on the starts: nothing says that it is all. For
    low-rank networks `fixed_points` is exact or nearly so, and faster.

    Parameters
    ----------
    rnn : RNN
        A network. Its noise is left out.
    starts : array (start, neuron)
        States from which to search, such as some that a simulation visits. A step of the search
        takes O(N³) for each: a few seconds in all for 50 starts of 256 neurons.
    u : array (input,), optional
        The constant input; none by default.
    distance : float
        Points closer than this, root mean square over neurons, are one.
    steps : int
        Most steps of a search. A start that has not settled by then is left out.

    Raises
    ------
    InputError
        If shapes disagree, or no search settled.
    """
    x = check_array("starts", starts, ("start", rnn.neurons), dtype=np.float64)
    inputs = rnn.inputs.shape[1]
    u = np.zeros(inputs) if u is None else check_array("u", u, (inputs,), dtype=np.float64)
    check_number("distance", distance, above=0)
    J = rnn.connectivity.dense().astype(np.float64)
    drive = rnn.inputs.astype(np.float64) @ u
    found = [_descend(rnn, J, drive, each, steps) for each in x]
    settled = [point for point in found if point is not None]
    if not settled:
        raise InputError(
            f"steps is {steps}, and no search has settled: give more, or starts that are closer to"
            " where the network rests"
        )
    states = np.array(settled)
    speed = np.array([_speed(_flow(rnn, J, drive, state)) for state in states])
    kept: list[int] = []
    for i in np.argsort(speed, kind="stable"):
        if all(_speed(states[i] - states[j]) > distance for j in kept):
            kept.append(int(i))
    eigenvalues = np.array([np.linalg.eigvals(_jacobian(rnn, J, states[i])) for i in kept])
    order = np.argsort(-eigenvalues.real, axis=1, kind="stable")
    sorted_values = np.take_along_axis(eigenvalues.astype(np.complex128), order, axis=1)
    return SlowPoints(states[kept], speed[kept], sorted_values)


def _descend(rnn: RNN, J: Array, drive: Array, x: Array, steps: int) -> Array | None:
    """The minimum of the speed that a start leads to; None if it is not reached in time."""
    flow = _flow(rnn, J, drive, x)
    value, damping = float(flow @ flow), 1e-3
    for _ in range(steps):
        if _speed(flow) < 1e-3 * AT_REST:
            return x
        jacobian = _jacobian(rnn, J, x)
        normal, slope = jacobian.T @ jacobian, jacobian.T @ flow
        while True:
            step = np.linalg.solve(normal + damping * np.eye(len(x)), -slope)
            new = _flow(rnn, J, drive, x + step)
            if new @ new <= value or damping > 1e12:
                break
            damping *= 4
        fall = value - float(new @ new)
        if fall <= GAIN * value:
            return x
        x, flow, value, damping = x + step, new, value - fall, max(damping / 10, 1e-12)
    return None


def _flow(rnn: RNN, J: Array, drive: Array, x: Array) -> Array:
    """`tau dx/dt` in double precision."""
    state = torch.from_numpy(x + rnn.bias)
    flow: Array = J @ NONLINEARITIES[rnn.nonlinearity](state).numpy() + drive - x
    return flow


def _jacobian(rnn: RNN, J: Array, x: Array) -> Array:
    gain = derivative(rnn.nonlinearity, torch.from_numpy(x + rnn.bias)).numpy()
    jacobian: Array = J * gain - np.eye(len(x))
    return jacobian


def _speed(flow: Array) -> float:
    """Root mean square over neurons."""
    return float(np.sqrt(np.mean(flow**2)))
