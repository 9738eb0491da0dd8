"""Eigenvalues of a recurrent matrix outside the disc that its random part fills."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.analysis.weight_change import WeightChange, as_matrix
from lowrnn.errors import InputError, check_number
from lowrnn.networks import RNN

Complex = NDArray[np.complex128]


def eigenvalue_outliers(W: ArrayLike | RNN, radius: float, *, margin: float = 2.0) -> Complex:
    """Eigenvalues with `|λ| > radius (1 + margin / √N)`.

    Applied to `W` and to `ΔW = W - W0` with the radius of `W0`, it tells whether outliers are those
    of the change or come from how the change meets `W0` (Schuessler et al. 2020).

    Parameters
    ----------
    W : array (neuron, neuron) or RNN
        A square matrix.
    radius : float
        That of the bulk: g for Gaussian entries of variance g²/N. For `W0 = 0` there
        is no bulk, and radius 0 counts nearly every eigenvalue: give 1, beyond which modes around
        `x = 0` can be unstable.
    margin : float
        Allowance for a finite network. With 2 fewer than one Gaussian matrix in a hundred has an
        eigenvalue beyond (64 to 1024 neurons).

    Returns
    -------
    complex array (outlier,)
        From largest to smallest modulus.

    Raises
    ------
    InputError
        If the matrix is not square or a number is out of range.
    """
    matrix = _square("W", W)
    check_number("radius", radius, at_least=0)
    check_number("margin", margin, at_least=0)
    found = np.linalg.eigvals(matrix).astype(np.complex128)
    beyond: Complex = found[np.abs(found) > radius * (1 + margin / np.sqrt(len(matrix)))]
    return beyond[np.argsort(-np.abs(beyond), kind="stable")]


def outlier_determinant(
    eigenvalues: ArrayLike, W0: ArrayLike | RNN, change: WeightChange, rank: int | None = None
) -> Complex:
    """`det(1 - Qᵀ (λ - W0)⁻¹ P)` for the change `P Qᵀ` of a given rank: 0 at an outlier.

    Away from the spectrum of `W0` its zeros are the eigenvalues of `W0 + P Qᵀ`. At an eigenvalue of
    `W0 + ΔW`, how near it comes to 0 with the first few components alone tells whether these make
    the outlier. Far from all eigenvalues it goes to 1.

    Parameters
    ----------
    eigenvalues : complex array (eigenvalue,)
        Where to evaluate it, such as `eigenvalue_outliers(W, radius)`.
    W0 : array (neuron, neuron) or RNN
        The matrix before the change.
    change : WeightChange
        Its change.
    rank : int, optional
        The components to keep; all by default.

    Raises
    ------
    InputError
        If shapes disagree, there are not so many components, or λ is an eigenvalue of `W0`.
    """
    matrix = _square("W0", W0)
    neurons = len(matrix)
    if change.left.shape[0] != neurons or change.right.shape[0] != neurons:
        found = (change.left.shape[0], change.right.shape[0])
        raise InputError(f"change has shape {found}: give that of a matrix of {neurons} neurons")
    count = len(change.singular_values)
    rank = count if rank is None else rank
    if not 1 <= rank <= count:
        raise InputError(f"rank is {rank}: give 1 to {count}")
    P = change.left[:, :rank] * change.singular_values[:rank]
    Q = change.right[:, :rank]
    at = np.atleast_1d(np.asarray(eigenvalues, np.complex128))
    try:
        inside = [Q.T @ np.linalg.solve(value * np.eye(neurons) - matrix, P) for value in at]
    except np.linalg.LinAlgError:
        raise InputError(
            "eigenvalues holds one of W0 itself: give those outside its bulk"
        ) from None
    return np.array([np.linalg.det(np.eye(rank) - each) for each in inside], np.complex128)


def _square(field: str, weights: ArrayLike | RNN) -> NDArray[np.float64]:
    matrix = as_matrix(field, weights)
    if matrix.shape[0] != matrix.shape[1]:
        raise InputError(f"{field} has shape {matrix.shape}: give a square matrix")
    return matrix
