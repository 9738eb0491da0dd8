"""What a fitted network visits in its trials, without a simulation that stores every state.

The state is known in closed form from the drive of the latents and the inputs, both filtered: so
its rates are computed only where they are needed, and its latents without any.
"""

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from lowrnn.fitting.data import Data
from lowrnn.networks import RNN, LowRank
from lowrnn.networks.kernels.evaluate import evaluate

Array = NDArray[np.floating]

#: So many of the visited rates stand for all of them.
_MOST_ROWS = 4000

#: Directions of the rates with less than this share of their largest variance are noise to n.
_SHARE = 1e-6


def shortest(rnn: RNN, data: Data, starts: Array, on: str) -> RNN:
    """The network in canonical gauge, with n reduced to the part that reads the visited rates."""
    rows = visited_rates(rnn, data, starts, on, _MOST_ROWS).astype(np.float64)
    values, vectors = np.linalg.eigh(rows.T @ rows)
    kept = vectors[:, values > _SHARE * values[-1]]
    m, n = _loadings(rnn)
    n = (kept @ (kept.T @ n)).astype(rnn.dtype)
    return rnn.replace(connectivity=LowRank(m, n).canonical())


def visited_rates(rnn: RNN, data: Data, starts: Array, on: str, most: int) -> Array:
    """What n reads, (row, neuron): rates before each step, a random subset if they are many."""
    trials, steps, _ = data.inputs.shape
    rows = np.arange(trials * steps)
    if len(rows) > most:
        rows = np.random.default_rng(0).choice(len(rows), most, replace=False)
    trial, step = np.divmod(rows, steps)
    # Of the state before a step, all but the decaying start comes from earlier steps.
    earlier = np.concatenate([_drive(rnn, data, starts, on), data.inputs], axis=2)[:, :-1]
    filtered = scipy.signal.lfilter([rnn.alpha], [1, rnn.alpha - 1], earlier, axis=1)
    filtered = np.pad(filtered, ((0, 0), (1, 0), (0, 0)))[trial, step].astype(rnn.dtype)
    decay = ((1 - rnn.alpha) ** step).astype(rnn.dtype)
    weights = np.concatenate([_loadings(rnn)[0], rnn.inputs], axis=1)
    return rnn.rates(filtered @ weights.T + decay[:, None] * starts[trial])


def latents(rnn: RNN, data: Data, starts: Array, on: str) -> Array:
    """The latents (trial, time, rank) of a network in canonical gauge, as in `RNN.simulate`."""
    decay = 1 - rnn.alpha
    first = rnn.simulate(data.inputs[:, :1], initial_state=starts).kappa
    later = rnn.alpha * _drive(rnn, data, starts, on)[:, 1:]
    kappa, _ = scipy.signal.lfilter([1], [1, -decay], later, axis=1, zi=decay * first)
    return np.concatenate([first, kappa], axis=1).astype(rnn.dtype)


def _loadings(rnn: RNN) -> tuple[Array, Array]:
    connectivity = rnn.connectivity
    assert isinstance(connectivity, LowRank)
    return connectivity.m, connectivity.n


def _drive(rnn: RNN, data: Data, starts: Array, on: str) -> Array:
    """`(1/N) nᵀ phi` before each step, (trial, time, rank)."""
    # With the same `on` as the fit, for which the kernel is compiled.
    return evaluate(
        *_loadings(rnn), rnn.inputs, rnn.bias, starts, data.inputs, data.activity,
        alpha=rnn.alpha, nonlinearity=rnn.nonlinearity, on=on,
    )[1]  # fmt: skip
