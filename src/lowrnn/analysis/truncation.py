"""How many components of a change of weights a network needs for its task."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.analysis.recurrent_variants import initial_matrix, score_variants
from lowrnn.analysis.weight_change import weight_change
from lowrnn.errors import InputError, check_number
from lowrnn.networks import RNN
from lowrnn.tasks import Task

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TruncationCurve:
    """How well a network does with its change of weights cut to low rank.

    Attributes
    ----------
    ranks : integer array (rank,)
        Components kept, from 0 up.
    loss : array (rank,)
        See `task_loss`. Not monotone in general: below the functional rank it can exceed the loss
        without any change.
    accuracy : array (rank,)
        As the task defines it.
    """

    ranks: NDArray[np.intp]
    loss: Array
    accuracy: Array


def truncation_curve(
    rnn: RNN,
    before: ArrayLike | RNN,
    task: Task,
    *,
    ranks: Iterable[int] = range(26),
    n_trials: int = 512,
    seed: int = 0,
) -> TruncationCurve:
    """Score a trained network with `W0 + ΔW_k` in place of its recurrent matrix `W0 + ΔW`.

    `ΔW_k` is the best approximation of `ΔW` of rank k, from its singular value decomposition.
    Inputs and readout are the trained ones throughout, so that k = 0 is not the network before
    learning (Schuessler et al. 2020). All ranks are simulated together, on the same trials with
    the same noise.

    Parameters
    ----------
    rnn : RNN
        The network after learning.
    before : array (neuron, neuron) or RNN
        `W0`, its recurrent matrix before learning, or the network of then. With zeros the matrix
        `W` itself is truncated: the control that shows what only the change has.
    task : Task
        What it learned.
    ranks : iterable of int
        Which k. 0 is always among them, those above the number of neurons are left out.
    n_trials : int
        Trials to score on: those of `evaluate` with the same seed.
    seed : int
        Determines trials and noise.

    Raises
    ------
    InputError
        If the matrix is not that of as many neurons, or a rank is below 0.
    """
    W0 = initial_matrix(rnn, before)
    change = weight_change(rnn, W0)
    kept = sorted({0, *(int(rank) for rank in ranks)})
    if kept[0] < 0:
        raise InputError(f"ranks holds {kept[0]}: give integers of at least 0")
    kept = [rank for rank in kept if rank <= rnn.neurons]
    matrices = [W0 + change.truncated(rank) for rank in kept]
    scores = score_variants(rnn, matrices, task, n_trials=n_trials, seed=seed)
    return TruncationCurve(
        np.array(kept),
        np.array([score.loss for score in scores]),
        np.array([score.accuracy for score in scores]),
    )


def functional_rank(curve: TruncationCurve, threshold: float = 0.05) -> int | None:
    """The fewest components of the change that bring the loss below a share of that without any.

    Parameters
    ----------
    curve : TruncationCurve
        From `truncation_curve`.
    threshold : float
        The share of `loss[0]`, the loss with rank 0.

    Returns
    -------
    int or None
        None if no rank of the curve does: the network has not learned, or needs more.
    """
    check_number("threshold", threshold, above=0)
    enough = np.flatnonzero(curve.loss < threshold * curve.loss[0])
    return int(curve.ranks[enough[0]]) if enough.size else None
