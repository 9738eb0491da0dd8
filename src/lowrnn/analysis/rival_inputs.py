"""The rival hypothesis: over learning, inputs changed and weights did not."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import clone

from lowrnn.analysis.over_trials import as_held_out, as_labels
from lowrnn.errors import check_array
from lowrnn.fitting.learning_r2 import learning_r2
from lowrnn.fitting.ltrnn import LTRNN
from lowrnn.fitting.scores import r2


@dataclass(frozen=True, eq=False)
class HeldOut:
    """How well a fit predicts entries that were held out.

    Attributes
    ----------
    r2 : float
        Global R².
    learning_r2 : float
        R² of deviations from the mean over the trials of a condition.
    """

    r2: float
    learning_r2: float


@dataclass(frozen=True, eq=False)
class RivalInputs:
    """Held-out scores of three accounts of the same activity.

    Attributes
    ----------
    static : HeldOut
        Nothing changes: inputs are those of the condition, weights the same in all trials.
    weights : HeldOut
        Weights change, and inputs do not.
    inputs : HeldOut
        Inputs and initial states change from block to block, and weights do not.
    """

    static: HeldOut
    weights: HeldOut
    inputs: HeldOut


def rival_inputs(
    model: LTRNN,
    X: ArrayLike,
    mask: ArrayLike,
    conditions: ArrayLike,
    blocks: ArrayLike,
    inputs: ArrayLike | None = None,
    epochs: ArrayLike | None = None,
) -> RivalInputs:
    """Fit activity over trials with weights that change, and with inputs that change instead.

    All have the settings of the model and inputs of conditions that are learned. For the rival, a
    condition in one block of trials is a condition of its own: its inputs, and its initial state if
    the model has one a condition, are free to differ. There are more parameters in this, so only
    entries that were held out compare them.

    Parameters
    ----------
    model : LTRNN
        Settings, of which `inputs` is taken to be "conditions"; it is not changed.
    X : array (trial, time, neuron)
        Activity in the order of trials; NaN = not observed.
    mask : boolean array (trial, time, neuron)
        Entries held out, such as `blocked_mask(...).test`; no condition of a block as a whole.
    conditions : array (trial,)
        Labels.
    blocks : array (trial,)
        Within which the rival holds inputs fixed: epochs, runs of trials, or the number of each
        trial.
    inputs : array (trial, time, input), optional
        Given inputs.
    epochs : array (trial,), optional
        Between which trial factors may jump.

    Raises
    ------
    InputError
        If shapes disagree, or `LTRNN.fit` refuses the data.
    """
    rates = check_array("X", X, ("trial", "time", "neuron"), finite=False)
    held = as_held_out(mask, rates.shape)
    label = as_labels("conditions", conditions, len(rates))
    block = as_labels("blocks", blocks, len(rates))
    both = pd.MultiIndex.from_arrays([label, block]).factorize()[0]
    train, test = np.where(held, np.nan, rates), np.where(held, rates, np.nan)

    def scored(varying: bool, of: ArrayLike) -> HeldOut:
        fit = clone(model).set_params(inputs="conditions")
        if not varying:
            fit.set_params(updates=(sum(model.updates), 0))
        prediction = fit.fit(train, inputs, of, epochs=epochs).predict()
        return HeldOut(r2(test, prediction), learning_r2(test, prediction, label))

    return RivalInputs(
        static=scored(False, label), weights=scored(True, label), inputs=scored(False, both)
    )
