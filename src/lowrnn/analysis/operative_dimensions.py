"""Operative dimensions: the directions of a recurrent matrix that its activity makes use of.

Removing a direction from the matrix changes the recurrent drive `J r` of a network in a given
state, by little for most directions. The few that matter depend on the state, and are not the
leading singular vectors of `J` (Krause, Cook, Kollmorgen, Mante & Indiveri, NeurIPS 2022).
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from lowrnn.errors import InputError, check_array
from lowrnn.networks import RNN, LowRank

Array = NDArray[np.float64]
Kind = Literal["column", "row"]

#: What is smaller, relative to the largest, is what rounding leaves of 0.
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class OperativeDimensions:
    """Global operative dimensions of a network.

    Attributes
    ----------
    kind : {"column", "row"}
        Whether they are directions of the column space of `J`, along which recurrent drive
        arrives, or of its row space, along which rates are read.
    directions : array (neuron, dimension)
        Orthonormal, the most important first: the left singular vectors of the matrix of local
        dimensions, each times its effect, over all states.
    strength : array (dimension,)
        The singular values.
    """

    kind: Kind
    directions: Array
    strength: Array

    @property
    def variance(self) -> Array:
        """The share of each dimension in the variance of the local ones, (dimension,)."""
        share: Array = self.strength**2 / (self.strength**2).sum()
        return share


def column_dimensions(J: ArrayLike, rates: ArrayLike) -> tuple[Array, Array]:
    """The one direction of the column space of `J` that matters in each state, in closed form.

    `J → (I - d dᵀ) J` changes the drive `J r` by `|dᵀ J r|`, which only `d = J r / |J r|` does; no
    direction orthogonal to it has any effect.

    Parameters
    ----------
    J : array (neuron, neuron)
        The recurrent matrix.
    rates : array (state, neuron)
        `r = phi(x + bias)` in each state.

    Returns
    -------
    directions : array (state, neuron)
        Of length 1; 0 where the drive is 0.
    effect : array (state,)
        `|J r|`, the change of the recurrent drive.

    Raises
    ------
    InputError
        If `J` is not square, or the rates are those of another number of neurons.
    """
    matrix, r = _checked(J, rates)
    drive = r @ matrix.T
    effect = np.linalg.norm(drive, axis=1)
    directions = drive / np.where(effect > 0, effect, 1.0)[:, None]
    return directions, effect


def row_dimensions(J: ArrayLike, rates: ArrayLike, count: int = 1) -> tuple[Array, Array]:
    """The directions of the row space of `J` that matter most in each state.

    `J → J (I - d dᵀ)` changes the drive `J r` by `|J d| |dᵀ r|`. With `A = Jᵀ J`, its maximum is at
    `d ∝ (2a - A)⁻¹ r`, where `a = dᵀ A d` lies between half the largest eigenvalue of `A` and that
    eigenvalue: one equation in `a`, whose two sides cross once, for the left one falls with `a`.
    The next direction is the best one orthogonal to those before. (The published search is over
    all of `d`; the closed form is this project's.)

    Parameters
    ----------
    J : array (neuron, neuron)
        The recurrent matrix.
    rates : array (state, neuron)
        `r = phi(x + bias)` in each state.
    count : int
        How many directions in each state, up to the number of neurons.

    Returns
    -------
    directions : array (state, count, neuron)
        Orthonormal in each state; 0 once no direction is left that has an effect.
    effect : array (state, count)
        The change of the recurrent drive.

    Raises
    ------
    InputError
        If `J` is not square, the rates are those of another number of neurons, or `count` is out
        of range.
    """
    matrix, r = _checked(J, rates)
    neurons = len(matrix)
    if not 1 <= count <= neurons:
        raise InputError(f"count is {count}: give 1 to {neurons}, the number of neurons")
    gram = matrix.T @ matrix
    whole = np.linalg.eigh(gram)
    directions = np.zeros((len(r), count, neurons))
    effect = np.zeros((len(r), count))
    for state, rate in enumerate(r):
        basis, (values, vectors) = np.eye(neurons), whole
        for number in range(count):
            if number:
                # What is orthogonal to the directions found so far.
                found = directions[state, :number].T
                basis = np.linalg.qr(found, mode="complete")[0][:, number:]
                values, vectors = np.linalg.eigh(basis.T @ gram @ basis)
            best = _best_row(values, vectors.T @ (basis.T @ rate))
            if best is None:
                break
            d = basis @ (vectors @ best)
            directions[state, number] = d
            effect[state, number] = np.linalg.norm(matrix @ d) * abs(d @ rate)
    return directions, effect


def operative_dimensions(
    rnn: RNN, x: ArrayLike, kind: Kind = "column", *, local: int = 5
) -> OperativeDimensions:
    """The directions that matter over many states of a network.

    Parameters
    ----------
    rnn : RNN
        A network of any connectivity.
    x : array (..., neuron)
        States at which to look: published with averages over the trials of each condition, at
        equal distances in time. States drawn at random do not find what a network uses.
    kind : {"column", "row"}
        Which space of the recurrent matrix.
    local : int
        Row dimensions in each state, of which there are as many as neurons; those after the first
        few hardly change the result. A state has a single column dimension.

    Returns
    -------
    OperativeDimensions
        As many dimensions as the local ones span.

    Raises
    ------
    InputError
        If shapes disagree, `kind` is unknown, or nothing drives the network in any of the states.

    Notes
    -----
    Dimensions that serve one function alone, such as a context, are those of the states in which it
    is performed: see `operative_dimensions_by`.
    """
    states = np.asarray(x, np.float64)
    states = check_array("x", states, (*states.shape[:-1], rnn.neurons)).reshape(-1, rnn.neurons)
    J, rates = rnn.connectivity.dense(), rnn.rates(states)
    if kind == "column":
        directions, effect = column_dimensions(J, rates)
    elif kind == "row":
        directions, effect = row_dimensions(J, rates, min(local, rnn.neurons))
    else:
        raise InputError(f"kind is {kind!r}: use column or row")
    scaled = (directions * effect[..., None]).reshape(-1, rnn.neurons)
    left, strength, _ = np.linalg.svd(scaled.T, full_matrices=False)
    if not len(strength) or strength[0] == 0:
        raise InputError(f"x has {len(states)} states without recurrent drive: give active ones")
    kept = strength > ROUNDING * strength[0]
    return OperativeDimensions(kind, left[:, kept], strength[kept])


def operative_dimensions_by(
    rnn: RNN, x: ArrayLike, labels: ArrayLike, kind: Kind = "column", *, local: int = 5
) -> dict[Hashable, OperativeDimensions]:
    """Operative dimensions of each function of a network, from the states that belong to it.

    Parameters
    ----------
    rnn : RNN
        A network of any connectivity.
    x : array (trial, time, neuron)
        States.
    labels : array (trial,)
        What each trial belongs to, such as its context.
    kind, local
        As for `operative_dimensions`.

    Raises
    ------
    InputError
        If shapes disagree, or in the cases of `operative_dimensions`.
    """
    states = check_array("x", x, ("trial", "time", rnn.neurons), dtype=np.float64)
    of = np.asarray(labels)
    if of.shape != (len(states),):
        raise InputError(f"labels have shape {of.shape}: give one for each of {len(states)} trials")
    return {
        label: operative_dimensions(rnn, states[of == label], kind, local=local)
        for label in np.unique(of).tolist()
    }


def reduced_network(rnn: RNN, dimensions: OperativeDimensions, rank: int) -> RNN:
    """The network of low rank that keeps the leading operative dimensions.

    Its recurrent matrix is `O Oᵀ J` for column dimensions and `J O Oᵀ` for row dimensions, with the
    first `rank` directions as the columns of `O`.

    Parameters
    ----------
    rnn : RNN
        The network that the dimensions belong to.
    dimensions : OperativeDimensions
        From `operative_dimensions`.
    rank : int
        How many dimensions to keep.

    Raises
    ------
    InputError
        If `rank` exceeds the number of dimensions, or they belong to another number of neurons.
    """
    shape = dimensions.directions.shape
    if shape[0] != rnn.neurons:
        raise InputError(
            f"dimensions are of {shape[0]} neurons: give those of the network's {rnn.neurons}"
        )
    if not 1 <= rank <= shape[1]:
        raise InputError(f"rank is {rank}: give 1 to {shape[1]}, the number of dimensions")
    J, root = rnn.connectivity.dense(), np.sqrt(rnn.neurons)
    kept = (dimensions.directions[:, :rank] * root).astype(rnn.dtype)
    if dimensions.kind == "column":
        return rnn.replace(connectivity=LowRank(kept, J.T @ kept))
    return rnn.replace(connectivity=LowRank(J @ kept, kept))


def _checked(J: ArrayLike, rates: ArrayLike) -> tuple[Array, Array]:
    """The matrix and the rates, if they belong together."""
    matrix = check_array("J", J, ("neuron", "neuron"), dtype=np.float64)
    if matrix.shape[0] != matrix.shape[1]:
        raise InputError(f"J has shape {matrix.shape}: give a square matrix")
    return matrix, check_array("rates", rates, ("state", len(matrix)), dtype=np.float64)


def _best_row(values: Array, r: Array) -> Array | None:
    """The maximum of `|dᵀ r|² dᵀ A d` over unit vectors, in the eigenbasis of A, ascending.

    None where it is 0.
    """
    top = values[-1]
    if top <= 0 or not r.any():
        return None
    scaled = values / top

    def candidate(a: float) -> Array:
        unit = r / (2 * a - scaled)
        return np.asarray(unit / np.linalg.norm(unit), np.float64)

    def excess(a: float) -> float:
        return float(candidate(a) ** 2 @ scaled - a)

    low = 0.5 * (1 + 1e-14)
    if excess(low) > 0:
        return candidate(float(brentq(excess, low, 1.0, xtol=1e-16, rtol=1e-15)))
    # Rates without a part along the leading direction: `a` is at its lower bound, and so much of
    # the leading direction is added that it stays there.
    rest = scaled < 1 - ROUNDING
    unit = np.where(rest, r / np.where(rest, 1 - scaled, 1.0), 0.0)
    if not unit.any():
        return None
    unit /= np.linalg.norm(unit)
    mean = float(unit**2 @ scaled)
    share = (0.5 - mean) / (1 - mean)
    best: Array = np.sqrt(1 - share) * unit
    best[-1] += np.sqrt(share)
    return best
