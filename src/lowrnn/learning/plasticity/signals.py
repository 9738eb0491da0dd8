"""The third factors: rewards at the end of trials, errors sent to neurons, exact gradients."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lowrnn.learning.plasticity.activity import Activity
from lowrnn.networks.kernels.compile import OUTER

Array = NDArray[Any]


@dataclass(eq=False)
class RewardBaseline:
    """A running mean of the loss for each condition.

    One mean for all would turn what is harder about a condition into noise of the update.

    Parameters
    ----------
    keep : float
        How much of the mean stays when trials of the condition end.
    means : dict from condition to float
        The means so far.
    """

    keep: float
    means: dict[int, float] = field(default_factory=dict)

    def advantage(self, losses: Array, conditions: Array, *, scaled: bool) -> Array:
        """How much better each trial was than the mean before it (trial,), then move the means.

        The first trials of a condition define its mean, and count as neither better nor worse.
        """
        advantage = np.zeros_like(losses)
        for condition in np.unique(conditions):
            chosen = conditions == condition
            found = float(losses[chosen].mean())
            mean = self.means.setdefault(int(condition), found)
            advantage[chosen] = (mean - losses[chosen]) * (mean if scaled else 1.0)
            self.means[int(condition)] = self.keep * mean + (1 - self.keep) * found
        return advantage


def at_the_end(values: Array, mask: Array) -> Array:
    """A signal (trial, time, 1) that is 0 but at the last step that counts in each trial."""
    last = mask.shape[1] - 1 - np.argmax(mask[:, ::-1] > 0, axis=1)
    signal = np.zeros((*mask.shape, 1), values.dtype)
    signal[np.arange(len(mask)), last, 0] = values
    return signal


@cache
def _backward() -> Any:
    @njit(**OUTER)
    def run(
        J: Any, left: Any, right: Any, direct: Any, gains: Any, alpha: Any, exact: Any, hop: Any
    ) -> None:
        trials, steps, neurons = direct.shape
        adjoint = np.zeros((trials, neurons), direct.dtype)
        # What is sent on through recurrent weights: the adjoint itself in the exact gradient.
        sent = np.zeros_like(adjoint)
        back = np.zeros_like(adjoint)
        for step in range(steps - 1, -1, -1):
            if J.size:
                back = np.dot(sent, J)
            if left.size:
                latent = np.dot(np.dot(sent, left), right)
                if J.size:
                    back += latent
                else:
                    back = latent
            for b in range(trials):
                for i in range(neurons):
                    here, gain = direct[b, step, i], gains[b, step, i]
                    now = (1 - alpha) * adjoint[b, i] + gain * (here + alpha * back[b, i])
                    through = gain * here + hop * alpha * back[b, i]
                    sent[b, i] = now if exact else (1 - alpha) * sent[b, i] + through
                    adjoint[b, i] = now
                    direct[b, step, i] = alpha * now

    return run


def backpropagated(
    J: Array | None,
    left: Array,
    right: Array,
    activity: Activity,
    direct: Array,
    alpha: float,
    hop_gain: float | None = None,
) -> Array:
    """Gradient for the input of each neuron at each step, through time: (trial, time, neuron).

    Parameters
    ----------
    J : array (neuron, presynaptic), optional
        The dense part of the recurrent matrix.
    left, right : array (neuron, column)
        Factors of the rest.
    activity : Activity
        What the network did.
    direct : array (trial, time, neuron)
        Gradient for the rate after each step, without what later steps make of it.
    alpha : float
        `dt / tau`.
    hop_gain : float, optional
        As of `PlasticityRule`: the gain of recurrent synapses after the first, in place of the
        slope of phi.
    """
    dtype = direct.dtype
    gradient = np.array(direct, order="C")
    _backward()(
        np.zeros((0, 0), dtype) if J is None else np.ascontiguousarray(J, dtype),
        np.ascontiguousarray(left, dtype),
        np.ascontiguousarray(right.T, dtype),
        gradient,
        np.ascontiguousarray(activity.gains),
        dtype.type(alpha),
        hop_gain is None,
        dtype.type(hop_gain or 0.0),
    )
    return gradient
