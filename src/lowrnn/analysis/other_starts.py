"""Whether a change of weights works without the initial matrix that it was learned on."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.analysis.recurrent_variants import initial_matrix, score_variants
from lowrnn.analysis.weight_change import as_matrix
from lowrnn.errors import check_number
from lowrnn.learning.seeds import check_seed
from lowrnn.networks import RNN
from lowrnn.tasks import Task

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StartLoss:
    """Losses of a trained network whose initial matrix was replaced.

    Attributes
    ----------
    loss : array (draw,)
        With `ΔW` on top of each replacement of `W0`.
    without_change : float
        With `W0` alone: the loss of rank 0 in `truncation_curve`.
    intact : float
        With `W0 + ΔW`, as trained.
    """

    loss: Array
    without_change: float
    intact: float

    @property
    def relative(self) -> Array:
        """`loss / without_change`, (draw,): near 1 where the change is worth nothing alone."""
        return self.loss / self.without_change


def shuffled_start_loss(
    rnn: RNN,
    before: ArrayLike | RNN,
    task: Task,
    *,
    draws: int = 5,
    n_trials: int = 512,
    seed: int = 0,
) -> StartLoss:
    """Loss after all N² entries of `W0` have been permuted, `ΔW` and all else kept.

    Schuessler et al. 2020. They divide by the loss before training: that of
    `evaluate(initial, task, n_trials=n_trials, seed=seed)`, on the same trials. Here `relative`
    divides by the loss that the trained inputs and readout have with `W0`.

    Parameters
    ----------
    rnn : RNN
        The network after learning.
    before : array (neuron, neuron) or RNN
        `W0`, its recurrent matrix before learning, or the network of then.
    task : Task
        What it learned.
    draws : int
        How many permutations.
    n_trials : int
        Trials to score on: those of `evaluate` with the same seed.
    seed : int
        Determines permutations, trials and noise.

    Raises
    ------
    InputError
        If the matrix is not that of as many neurons, or a number is out of range.
    """
    return _losses(rnn, before, task, shuffled, draws, n_trials, seed)


def redrawn_start_loss(
    rnn: RNN,
    before: ArrayLike | RNN,
    task: Task,
    *,
    draws: int = 5,
    n_trials: int = 512,
    seed: int = 0,
) -> StartLoss:
    """Loss with a fresh Gaussian matrix of the same g in place of `W0`, `ΔW` and all else kept.

    Its entries are normal with the mean square of those of `W0`, `g²/N`. For a Gaussian `W0` this
    and `shuffled_start_loss` are statistically the same; for one with structure only the shuffle
    keeps the distribution of its entries.

    Parameters
    ----------
    rnn, before, task, draws, n_trials, seed
        As for `shuffled_start_loss`.
    """
    return _losses(rnn, before, task, redrawn, draws, n_trials, seed)


def shuffled(W0: ArrayLike, rng: np.random.Generator) -> Array:
    """A copy of a matrix (row, column) with all its entries permuted."""
    matrix = as_matrix("W0", W0)
    return rng.permutation(matrix.ravel()).reshape(matrix.shape)


def redrawn(W0: ArrayLike, rng: np.random.Generator) -> Array:
    """A Gaussian matrix of mean 0 with the shape and the expected norm of another."""
    matrix = as_matrix("W0", W0)
    drawn: Array = np.sqrt(np.mean(matrix**2)) * rng.standard_normal(matrix.shape)
    return drawn


def _losses(
    rnn: RNN,
    before: ArrayLike | RNN,
    task: Task,
    replacement: Callable[[Array, np.random.Generator], Array],
    draws: int,
    n_trials: int,
    seed: int,
) -> StartLoss:
    check_number("draws", draws, at_least=1)
    W0 = initial_matrix(rnn, before)
    W = as_matrix("rnn", rnn)
    rng = np.random.default_rng([check_seed(seed), 1])
    others = [replacement(W0, rng) + (W - W0) for _ in range(draws)]
    scores = score_variants(rnn, [W0, W, *others], task, n_trials=n_trials, seed=seed)
    without, intact, *rest = (score.loss for score in scores)
    return StartLoss(np.array(rest), without, intact)
