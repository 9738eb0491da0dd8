"""What activity over learning would have been with other weights, or with other inputs."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.analysis.over_trials import as_labels, components_of, in_order
from lowrnn.errors import InputError, check_array
from lowrnn.fitting.learning_r2 import learning_r2
from lowrnn.fitting.ltrnn import LTRNN
from lowrnn.networks import RNN, LowTensorRank

Array = NDArray[np.float64]

#: Activity (trial, time, neuron) for trial factors (trial, rank) and inputs (trial, time, input).
Prediction = Callable[[Array, Array], Array]


@dataclass(frozen=True, eq=False)
class Counterfactuals:
    """Learning R² of activity in which some of what changed over trials did not.

    Attributes
    ----------
    epochs : array (epoch,)
        Labels in the order of their first trials.
    intact : float
        Learning R² (`lowrnn.fitting.learning_r2`) of the network as it is.
    weights_only : float
        With the inputs of each condition as they were on average in the baseline.
    inputs_only : float
        With trial factors as they were on average in the baseline.
    knocked_out : array (component,)
        With one component at its mean in the baseline.
    alone : array (component,)
        With all components but one at their means in the baseline.
    swapped_factors : array (epoch, epoch)
        Entry `[e, f]`: share of the deviations in epoch e (from the means of conditions over all
        trials) that is explained with the mean trial factors of epoch f and own inputs. Below 0
        where these make activity less like the recorded than no deviation.
    swapped_inputs : array (epoch, epoch)
        The same with own trial factors and the mean inputs that the conditions have in epoch f.
    """

    epochs: NDArray[Any]
    intact: float
    weights_only: float
    inputs_only: float
    knocked_out: Array
    alone: Array
    swapped_factors: Array
    swapped_inputs: Array


def network_prediction(rnn: RNN, initial_states: ArrayLike | None = None) -> Prediction:
    """The rates of a known network, as a function of its trial factors and inputs.

    Parameters
    ----------
    rnn : RNN
        With `LowTensorRank` connectivity. Its noise is left out.
    initial_states : array (trial, neuron), optional
        Where each trial starts; the network's own by default.
    """
    parts = components_of(rnn)
    quiet = rnn.replace(noise_std=0.0)

    def predict(trial_factors: Array, u: Array) -> Array:
        c = trial_factors.astype(rnn.dtype)
        run = quiet.replace(connectivity=LowTensorRank(parts.a, parts.b, c))
        return np.asarray(run.simulate(u, initial_state=initial_states).rates)

    return predict


def fit_prediction(model: LTRNN) -> Prediction:
    """The activity of a fit, as a function of its trial factors and inputs (`LTRNN.inputs_`)."""

    def predict(trial_factors: Array, u: Array) -> Array:
        other = copy.copy(model)
        other.inputs_ = u
        return np.asarray(other.predict(trial_factors))

    return predict


def counterfactuals(
    predict: Prediction,
    trial_factors: ArrayLike,
    u: ArrayLike,
    activity: ArrayLike,
    conditions: ArrayLike,
    epochs: ArrayLike,
    *,
    baseline: Any = None,
) -> Counterfactuals:
    """Exchange what the epochs of learning differ in, and see what it restores.

    A model whose inputs are the same in all trials of a condition has all of its learning in the
    weights, by construction: `weights_only` is then `intact` and `inputs_only` is 0. Whether inputs
    that change could explain the data as well is another question: see `rival_inputs`.

    Parameters
    ----------
    predict : callable (array (trial, rank), array (trial, time, input)) -> array
        From `fit_prediction` or `network_prediction`.
    trial_factors : array (trial, rank)
        Such as `LTRNN.trial_factors_`.
    u : array (trial, time, input)
        Such as `LTRNN.inputs_`.
    activity : array (trial, time, neuron)
        What was recorded; NaN is left out.
    conditions, epochs : array (trial,)
        Labels. Each epoch has trials of every condition.
    baseline : label, optional
        An epoch; that of the first trial by default.

    Raises
    ------
    InputError
        If shapes disagree, there is no such epoch, or one lacks trials of a condition.
    """
    c = check_array("trial_factors", trial_factors, ("trial", "component"), dtype=np.float64)
    trials, rank = c.shape
    inputs = np.asarray(u, np.float64)
    if inputs.ndim != 3 or len(inputs) != trials:
        raise InputError(f"u has shape {inputs.shape}: give ({trials}, time, input)")
    target = check_array("activity", activity, (trials, inputs.shape[1], "neuron"), finite=False)
    condition = as_labels("conditions", conditions, trials)
    epoch = as_labels("epochs", epochs, trials)
    names = in_order(epoch)
    base = epoch[0] if baseline is None else baseline
    if base not in names:
        raise InputError(f"baseline is {base!r}: give one of {', '.join(map(str, names))}")
    held_factors = {name: np.tile(c[epoch == name].mean(axis=0), (trials, 1)) for name in names}
    held_inputs = {name: _mean_inputs(inputs, condition, epoch, name) for name in names}
    intact = predict(c, inputs)
    still = held_factors[base]

    def score(factors: Array, driven: Array = inputs) -> float:
        return learning_r2(target, predict(factors, driven), condition)

    only = np.eye(rank, dtype=bool)
    shares = _Shares(target, intact, condition, epoch, names)
    return Counterfactuals(
        epochs=names,
        intact=learning_r2(target, intact, condition),
        weights_only=score(c, held_inputs[base]),
        inputs_only=score(still),
        knocked_out=np.array([score(np.where(only[r], still, c)) for r in range(rank)]),
        alone=np.array([score(np.where(only[r], c, still)) for r in range(rank)]),
        swapped_factors=np.stack(
            [shares.explained(predict(held_factors[name], inputs)) for name in names], axis=1
        ),
        swapped_inputs=np.stack(
            [shares.explained(predict(c, held_inputs[name])) for name in names], axis=1
        ),
    )


class _Shares:
    """How much of each epoch's deviations predictions explain, against one common mean."""

    def __init__(
        self,
        target: NDArray[Any],
        intact: Array,
        condition: NDArray[Any],
        epoch: NDArray[Any],
        names: NDArray[Any],
    ) -> None:
        self.members = [epoch == name for name in names]
        self.deviations = np.array(target, np.float64)
        seen = ~np.isnan(self.deviations)
        self.mean = np.empty(self.deviations.shape)
        for label in np.unique(condition):
            of = condition == label
            count = np.maximum(seen[of].sum(axis=0), 1)
            self.deviations[of] -= np.where(seen[of], self.deviations[of], 0.0).sum(axis=0) / count
            self.mean[of] = np.where(seen[of], intact[of], 0.0).sum(axis=0) / count

    def explained(self, prediction: Array) -> Array:
        """Share of the squared deviations of each epoch, (epoch,)."""
        error = (self.deviations - (prediction - self.mean)) ** 2
        return np.array(
            [
                1 - np.nansum(error[of]) / np.nansum(self.deviations[of] ** 2)
                for of in self.members
            ]
        )  # fmt: skip


def _mean_inputs(
    inputs: Array, condition: NDArray[Any], epoch: NDArray[Any], name: Any
) -> Array:  # fmt: skip
    """The inputs that the condition of each trial has on average in an epoch."""
    held = np.empty(inputs.shape)
    for label in np.unique(condition):
        of = (condition == label) & (epoch == name)
        if not of.any():
            raise InputError(
                f"epoch {name} has no trials of condition {label}: leave the condition out"
            )
        held[condition == label] = inputs[of].mean(axis=0)
    return held
