"""From what a network did in a batch of trials to the change of its synapses, as outer products."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lowrnn.learning.plasticity.activity import Activity, low_pass
from lowrnn.learning.plasticity.factors import reversed_filter
from lowrnn.learning.plasticity.rule import PlasticityRule
from lowrnn.learning.plasticity.terms import Term

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Part:
    """`left rightᵀ`, entry by entry times `(N J)^weight`; both factors are (neuron, column).

    None for a factor of ones, of one column.
    """

    left: Array | None
    right: Array | None
    weight: int = 0


@dataclass(frozen=True, eq=False)
class Perturbation:
    """What was added to a batch of trials.

    Attributes
    ----------
    kicks : array (trial, time, neuron), optional
        Kicks of the state.
    u, v : array (trial, neuron), optional
        Factors of what was added to `N J` in each trial, without its size.
    """

    kicks: Array | None = None
    u: Array | None = None
    v: Array | None = None


def parts_of(
    rule: PlasticityRule,
    activity: Activity,
    perturbation: Perturbation,
    modulator: Array | None,
    threshold: Array,
    *,
    alpha: float,
    dt: float,
) -> list[Part]:
    """The change of `N J` in units of the rate, before decay.

    Parameters
    ----------
    rule : PlasticityRule
    activity : Activity
    perturbation : Perturbation
    modulator : array (trial, time, neuron or 1), optional
        R.
    threshold : array (neuron,)
        T.
    alpha, dt : float
        `dt / tau`, and the time step in seconds.
    """
    pre, post = _pre(rule, activity, perturbation, alpha), _post(rule, activity, perturbation, dt)
    weighed = modulator
    if modulator is not None and rule.pre == "noise":
        # The weights are perturbed alike in all steps, and count once.
        weighed = modulator.sum(axis=1, keepdims=True)
    elif modulator is not None:
        keep = 1.0 if rule.trace == math.inf else max(0.0, 1 - dt / (rule.trace or dt))
        weighed = reversed_filter(modulator, keep) * (1 if keep == 1 else 1 - keep)
    assert not isinstance(rule.terms, str)
    return [_part(term, pre, post, weighed, threshold) for term in rule.terms]


def _part(term: Term, pre: Array, post: Array, modulator: Array | None, threshold: Array) -> Part:
    """One term, its mean over trials and its mean or, with a modulator, sum over steps."""
    trials, steps, neurons = pre.shape
    left: Array | None = None
    if term.post:
        left = _power(post, term.post)
    if term.threshold:
        left = (1.0 if left is None else left) * np.broadcast_to(threshold, pre.shape)
    scale = term.coefficient / (trials if term.modulator else trials * steps)
    if term.modulator:
        assert modulator is not None
        left = (1.0 if left is None else left) * np.broadcast_to(modulator, pre.shape)
    if left is None:
        if not term.pre:
            return Part(np.full((neurons, 1), term.coefficient, pre.dtype), None, term.weight)
        return Part(None, scale * _power(pre, term.pre).sum(axis=(0, 1))[:, None], term.weight)
    if not term.pre:
        return Part(scale * left.sum(axis=(0, 1))[:, None], None, term.weight)
    columns = (scale * left).reshape(-1, neurons).T
    return Part(columns, _power(pre, term.pre).reshape(-1, neurons).T, term.weight)


def _power(signal: Array, exponent: int) -> Array:
    """Powers as products, which NumPy does many times faster for exponent 3."""
    found = signal
    for _ in range(exponent - 1):
        found = found * signal
    return found


def _pre(
    rule: PlasticityRule, activity: Activity, perturbation: Perturbation, alpha: float
) -> Array:
    """X, (trial, time, neuron); one step for what perturbs weights."""
    if rule.pre == "noise":
        assert perturbation.v is not None
        return perturbation.v[:, None]
    if rule.pre == "filtered":
        return low_pass(activity.before, alpha)
    if rule.pre == "centred":
        return np.asarray(activity.before - activity.before.mean(axis=(0, 1)))
    return activity.before


def _post(rule: PlasticityRule, activity: Activity, perturbation: Perturbation, dt: float) -> Array:
    """Y, (trial, time, neuron); one step for what perturbs weights."""
    if rule.pre == "noise":
        assert perturbation.u is not None
        return perturbation.u[:, None]
    if rule.post == "noise":
        assert perturbation.kicks is not None
        return perturbation.kicks
    if rule.post == "gain":
        return activity.gains
    if rule.post == "centred":
        return np.asarray(activity.rates - activity.rates.mean(axis=(0, 1)))
    if rule.post == "fluctuation":
        return fluctuation(activity.x, math.exp(-dt / rule.average) if rule.average else 0.0)
    return activity.rates


def fluctuation(x: Array, keep: float) -> Array:
    """`x(t) - xbar(t - 1)`, where `xbar(t) = keep xbar(t - 1) + (1 - keep) x(t)`; first step 0."""
    mean = x[:, 0].copy()
    found = np.zeros_like(x)
    for step in range(1, x.shape[1]):
        found[:, step] = x[:, step] - mean
        mean = keep * mean + (1 - keep) * x[:, step]
    return found
