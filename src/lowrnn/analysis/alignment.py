"""Whether a change of weights lies along inputs and readout, or where the network takes them.

The gradient of a steady output by the recurrent weights is an outer product: its left factor is the
readout propagated back through the network, its right one the rates. Gradient descent first adds
weights along these two.
"""

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike, NDArray

from lowrnn.analysis.weight_change import as_matrix
from lowrnn.errors import InputError, check_array
from lowrnn.networks import RNN

Array = NDArray[np.float64]


def alignment(vectors: ArrayLike, basis: ArrayLike) -> Array:
    """The share of each vector's squared length within a subspace.

    Parameters
    ----------
    vectors : array (neuron, vector)
        Such as `change.left` or `change.right[:, :3]` of a `WeightChange`; none is 0.
    basis : array (neuron, direction)
        Any vectors that span the subspace, such as `rnn.readout`, `rnn.inputs`, or their propagated
        forms.

    Returns
    -------
    array (vector,)
        From 0 to 1. A random vector has k/N on average in a subspace of k of N dimensions.

    Raises
    ------
    InputError
        If shapes disagree or a vector is 0.
    """
    given = check_array("vectors", vectors, ("neuron", "vector"), dtype=np.float64)
    spanning = check_array("basis", basis, (len(given), "direction"), dtype=np.float64)
    length = np.sum(given**2, axis=0)
    if not length.all():
        raise InputError(f"vectors is 0 in column {np.argmin(length)}: leave it out")
    inside = scipy.linalg.orth(spanning).T @ given
    share: Array = np.sum(inside**2, axis=0) / length
    return share


def propagated_inputs(
    W0: ArrayLike | RNN, inputs: ArrayLike, gain: ArrayLike | None = None
) -> Array:
    """Rates that steady inputs cause through the network: `φ' (1 - W0 φ')⁻¹ B`.

    To first order in the input, around an operating point of gains φ'. With gains of 1 it is
    `(1 - W0)⁻¹ B`, along which the right singular vectors of a change lie that a linear network
    learns first (Schuessler et al. 2020).

    Parameters
    ----------
    W0 : array (neuron, neuron) or RNN
        The recurrent matrix before learning.
    inputs : array (neuron, input)
        Input weights `B`.
    gain : array (neuron,), optional
        `phi'(x + bias)` at the operating point, such as `1 - rates**2` for tanh; 1 by default.

    Returns
    -------
    array (neuron, input)

    Raises
    ------
    InputError
        If shapes disagree, or there is no such steady state, as `1 - W0 φ'` is singular.
    """
    matrix, directions, slope = _checked(W0, "inputs", inputs, gain)
    return slope * _solve(np.eye(len(matrix)) - matrix * slope[:, 0], directions)


def propagated_readout(
    W0: ArrayLike | RNN, readout: ArrayLike, gain: ArrayLike | None = None
) -> Array:
    """What a current into each neuron does to the outputs: `(1 - W0 φ')⁻ᵀ φ' w`.

    The readout propagated back through the network, at a steady state. With gains of 1 it is
    `(1 - W0)⁻ᵀ w`, along which the left singular vectors of a change lie that a linear network
    learns first (Schuessler et al. 2020).

    Parameters
    ----------
    W0, gain
        As for `propagated_inputs`.
    readout : array (neuron, output)
        Output weights `w`.

    Returns
    -------
    array (neuron, output)

    Raises
    ------
    InputError
        As for `propagated_inputs`.
    """
    matrix, directions, slope = _checked(W0, "readout", readout, gain)
    return _solve(np.eye(len(matrix)) - (matrix * slope[:, 0]).T, slope * directions)


def _checked(
    W0: ArrayLike | RNN, field: str, directions: ArrayLike, gain: ArrayLike | None
) -> tuple[Array, Array, Array]:
    """The matrix, the directions, and the gains as a column."""
    matrix = as_matrix("W0", W0)
    neurons = len(matrix)
    if matrix.shape[1] != neurons:
        raise InputError(f"W0 has shape {matrix.shape}: give a square matrix")
    given = check_array(field, directions, (neurons, "direction"), dtype=np.float64)
    slope = np.ones(neurons)
    if gain is not None:
        slope = check_array("gain", gain, (neurons,), dtype=np.float64)
    return matrix, given, slope[:, None]


def _solve(system: Array, right: Array) -> Array:
    try:
        return np.asarray(np.linalg.solve(system, right), np.float64)
    except np.linalg.LinAlgError:
        raise InputError(
            "W0 with these gains has the eigenvalue 1 and no steady state: give gains of another"
            " operating point"
        ) from None
