"""What recorded activity shows of a designed connectivity: principal components and regressions."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array
from lowrnn.networks.rnn import RNN
from lowrnn.theory.design.design import Design

Array = NDArray[np.float64]


def pc1_correlation(rnn: RNN, x: ArrayLike) -> float:
    """How well the first principal component of activity predicts reciprocal connections.

    The correlation, over all pairs of different neurons, of `(J_ij + J_ji) / 2` with the product
    of their weights in the first component (Mastrogiuseppe & Ostojic 2018, figure 3; 20000 random
    pairs there). Costs a few arrays of N² numbers.

    Parameters
    ----------
    rnn : RNN
        The network.
    x : array (time, neuron)
        Its activity on one trial; the mean over time is removed, nothing is rescaled.

    Raises
    ------
    InputError
        If the activity does not fit the network or does not change in time.
    """
    x = check_array("x", x, ("time", rnn.neurons), dtype=np.float64)
    changing = x - x.mean(axis=0)
    if not changing.any():
        raise InputError("x does not change in time: give activity with a stimulus in it")
    weights = np.linalg.svd(changing, full_matrices=False)[2][0]
    J = rnn.connectivity.dense().astype(np.float64)
    pairs = np.triu_indices(rnn.neurons, 1)
    return float(np.corrcoef(0.5 * (J + J.T)[pairs], weights[pairs[0]] * weights[pairs[1]])[0, 1])


def expected_pc1_correlation(design: Design, condition: int, neurons: int) -> float:
    """`pc1_correlation` as theory has it, for the activity after the first epoch of a trial.

    The state is taken to be `m κ(t) + B v(t)`, with the latents and filtered inputs of the reduced
    model; what a weak random part adds is left out.

    Parameters
    ----------
    design : Design
        The task.
    condition : int
        Row of `design.conditions`.
    neurons : int
        Number of neurons N.
    """
    path = design.reduced.run(design.inputs(condition), design.start)
    y = np.concatenate(path, axis=-1)[0, design.steps()[0] :]
    rank, covariance = design.mixture.rank, design.mixture.covariances[0]
    n, moving = np.s_[rank : 2 * rank], np.r_[0:rank, 2 * rank : 2 * rank + y.shape[1] - rank]
    within = covariance[np.ix_(moving, moving)]
    # p = (m, B) q is an eigenvector of the covariance over time, normalised to E[p²] = 1.
    values, vectors = np.linalg.eig(np.cov(y.T, bias=True) @ within)
    q = vectors[:, values.real.argmax()].real
    q /= np.sqrt(q @ within @ q)
    along_m, along_n = within[:rank] @ q, covariance[n][:, moving] @ q
    return float(along_m @ along_n / _connectivity_std(design, neurons))


def pc1_correlation_bound(design: Design, neurons: int) -> float:
    """The largest `pc1_correlation` that activity in any one direction can have.

    For rank one with independent m and n it is `√½ / √(1 + N g² / (Σ_m Σ_n)²)`, which a component
    that mixes m and n equally reaches.
    """
    rank = design.mixture.rank
    gram = design.mixture.covariances[0][: 2 * rank, : 2 * rank]
    swapped = np.roll(gram, rank, axis=0)
    largest = 0.5 * np.linalg.eigvals(swapped).real.max()
    return float(largest / _connectivity_std(design, neurons))


def _connectivity_std(design: Design, neurons: int) -> float:
    """N times the standard deviation of the entries of `(J + Jᵀ) / 2`."""
    mixture = design.mixture
    mm, nn, nm = (mixture.covariance(*pair)[0] for pair in ("mm", "nn", "nm"))
    return float(np.sqrt(0.5 * (np.sum(mm * nn) + np.sum(nm * nm.T) + neurons * design.g**2)))


def regression_axes(x: ArrayLike, variables: Mapping[str, ArrayLike]) -> pd.DataFrame:
    """Linear regression of the state of each neuron on variables of the trials.

    An intercept is always included. Take the state at the end of the stimulus: earlier ones, or a
    regression without intercept, find axes of the common start instead.

    Parameters
    ----------
    x : array (trial, neuron)
        State at one time of each trial.
    variables : mapping of str to array (trial,)
        For instance the readout and the mean stimulus.

    Returns
    -------
    pandas.DataFrame
        One row a neuron, one column a variable: the coefficients.

    Raises
    ------
    InputError
        If a variable does not fit, or variables cannot be told apart (one is constant, or they are
        linearly dependent).
    """
    x = check_array("x", x, ("trial", "neuron"), dtype=np.float64)
    columns = [check_array(k, v, (len(x),), dtype=np.float64) for k, v in variables.items()]
    regressors = np.column_stack([*columns, np.ones(len(x))])
    if np.linalg.matrix_rank(regressors) < regressors.shape[1]:
        raise InputError(
            f"variables {', '.join(variables)} are linearly dependent over {len(x)} trials:"
            " leave one out or give more trials"
        )
    coefficients = np.linalg.lstsq(regressors, x)[0][:-1]
    return pd.DataFrame(coefficients.T, columns=list(variables))
