"""How well data tell the trial factors of a fit."""

import numpy as np
import torch
from numpy.typing import NDArray

from lowrnn.fitting.ltrnn_model import Model
from lowrnn.fitting.ltrnn_result import Components
from lowrnn.networks import RNN
from lowrnn.networks.nonlinearity import derivative

Array = NDArray[np.floating]

#: Numbers in the tangents of the trials that are followed at a time.
_MOST_TANGENTS = 4_000_000

#: The smallest expected count, and the smallest variance of a factor, that are divided by.
_FEWEST, _SMALLEST = 1e-6, 1e-12


def information(
    model: Model, expected: Array, scale: Array, found: Components
) -> NDArray[np.float64]:
    """Inverse variance with which data tell each trial factor, (trial, rank).

    From the curvature of the log-likelihood at the fit, with `a`, `b` and all else held, and the
    other factors of a trial as uncertain as the process lets them be. The variance of Gaussian
    noise is that of the residuals.

    Parameters
    ----------
    model : Model
    expected : array (trial, time, neuron)
        Predictions, in the unit of `model.y`.
    scale : array (neuron,)
        Of the readout.
    found : Components
    """
    rnn, parts, s = found.rnn, found.connectivity, model.settings
    trials, steps, neurons = model.y.shape
    rank, alpha = parts.rank, rnn.alpha
    if model.poisson:
        # Of softplus, at what it gives.
        gain = -np.expm1(-expected)
        weight = model.seen.numpy() * gain**2 / np.maximum(expected, _FEWEST)
    else:
        residual = np.where(model.seen.numpy(), expected - model.filled.numpy(), 0.0)
        noise = float((residual**2).sum()) / model.count
        weight = model.seen.numpy() / max(noise, np.finfo(np.float32).tiny)
    weight = weight * scale**2
    a, b = parts.a.T, parts.b / neurons
    curvature = np.zeros((trials, rank, rank))
    chunk = max(1, _MOST_TANGENTS // (rank * neurons))
    for first in range(0, trials, chunk):
        some = slice(first, min(first + chunk, trials))
        c = parts.c[some]
        x = found.starts[some]
        tangent: Array = np.zeros((len(c), rank, neurons), np.float32)
        for step in range(steps):
            read, inner = rnn.rates(x) @ b, (tangent * _gain(rnn, x)[:, None]) @ b
            moved = (inner * c[:, None]) @ a + read[:, :, None] * a
            x = (1 - alpha) * x + alpha * ((read * c) @ a + found.inputs[some, step] @ rnn.inputs.T)
            tangent = (1 - alpha) * tangent + alpha * moved
            shown = tangent * _gain(rnn, x)[:, None] if s.on == "rates" else tangent
            curvature[some] += (shown * weight[some, step][:, None]) @ shown.transpose(0, 2, 1)
    prior = np.square(found.scale, dtype=np.float64) * model.process.covariance[0, 0] + _SMALLEST
    marginal = np.linalg.inv(curvature + np.diag(1 / prior))
    told = 1 / np.diagonal(marginal, axis1=1, axis2=2) - 1 / prior
    return np.asarray(np.maximum(told, 0.0))


def _gain(rnn: RNN, x: Array) -> Array:
    """`phi'` of states, entry by entry."""
    return np.asarray(derivative(rnn.nonlinearity, torch.from_numpy(x + rnn.bias)).numpy())
