"""FORCE: the readout that is fed back learns by recursive least squares, step by step."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lowrnn.errors import InputError, check_number
from lowrnn.networks.kernels.compile import OUTER
from lowrnn.networks.kernels.elementwise import CODES, phi

Array = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Force:
    """Recursive least squares on the readout w of a network that hears its own output.

    `J = J0 + m wᵀ / N` with feedback vectors m that stay: a rule on `n = w` that knows the inverse
    correlations of all rates, which no local rule does. After every `every` steps
    `P -= P r rᵀ P / (1 + rᵀ P r)` and `w -= N P r (z - target)`, with `P = 1 / regularisation` at
    the start. Where a step does not count, nothing is learned.

    Parameters
    ----------
    regularisation : float
        α of the paper.
    every : int
        Steps from one update to the next.
    feedback : float
        Entries of m are even between plus and minus this.
    source : str
        Where the rule comes from.
    """

    regularisation: float = 1.0
    every: int = 2
    feedback: float = 1.0
    source: str = "Sussillo & Abbott 2009, eqs. 4 and 5"

    def __post_init__(self) -> None:
        check_number("regularisation", self.regularisation, above=0)
        check_number("feedback", self.feedback, at_least=0)
        if self.every < 1:
            raise InputError(f"every is {self.every}: give at least 1")

    @property
    def locality(self) -> str:
        """As of `PlasticityRule`: the inverse correlations are known to no synapse."""
        return "non-local"


@cache
def _kernel(code: int) -> Any:
    @njit(**OUTER)
    def run(
        J: Any, m: Any, w: Any, P: Any, drive: Any, target: Any, counts: Any, bias: Any,
        state: Any, alpha: Any, every: Any, z: Any,
    ) -> None:  # fmt: skip
        steps, neurons = drive.shape
        outputs = m.shape[1]
        r = np.empty(neurons)
        for i in range(neurons):
            r[i] = phi(code, state[i] + bias[i])
        for step in range(steps):
            out = np.dot(r, w) / neurons
            total = np.dot(J, r) + np.dot(m, out) + drive[step]
            for i in range(neurons):
                state[i] += alpha * (total[i] - state[i])
                r[i] = phi(code, state[i] + bias[i])
            z[step] = np.dot(r, w) / neurons
            if counts[step] and every > 0 and step % every == 0:
                k = np.dot(P, r)
                c = 1.0 / (1.0 + np.dot(r, k))
                for i in range(neurons):
                    for j in range(neurons):
                        P[i, j] -= c * k[i] * k[j]
                for i in range(neurons):
                    for o in range(outputs):
                        w[i, o] -= neurons * c * k[i] * (z[step, o] - target[step, o])

    return run


def force_trial(
    J: Array,
    m: Array,
    w: Array,
    P: Array,
    drive: Array,
    target: Array,
    counts: Array,
    state: Array,
    *,
    alpha: float,
    nonlinearity: str = "tanh",
    every: int = 2,
    bias: Array | None = None,
) -> Array:
    """Run one trial in double precision; `w`, `P` and `state` move in place.

    Parameters
    ----------
    J : array (neuron, presynaptic)
        Recurrent matrix without the feedback loop.
    m, w : array (neuron, output)
        Feedback and readout.
    P : array (neuron, neuron)
        Inverse correlations.
    drive : array (time, neuron)
        Input of each neuron.
    target : array (time, output)
    counts : boolean array (time,)
        Steps that count.
    state : array (neuron,)
        Where to start, and afterwards where it ended.
    alpha : float
        `dt / tau`.
    nonlinearity : str
        Name of phi.
    every : int
        Steps from one update to the next; 0 to learn nothing.
    bias : array (neuron,), optional

    Returns
    -------
    array (time, output)
        The output after each step, before the update that it causes.
    """
    z = np.empty_like(target)
    shift = np.zeros(len(J)) if bias is None else bias
    _kernel(CODES[nonlinearity])(J, m, w, P, drive, target, counts, shift, state, alpha, every, z)
    return z
