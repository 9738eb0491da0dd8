"""Eigenvalues that a low-rank change takes out of a matrix's bulk, from a small determinant."""

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import ConvergenceError, InputError, check_array, check_number

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

#: Points of the contour within which eigenvalues are counted.
POINTS = 256
#: Steps of Newton's method for each eigenvalue.
STEPS = 50


def change_outliers(W0: ArrayLike, left: ArrayLike, right: ArrayLike, radius: float) -> Complex:
    """Eigenvalues of `W0 + left rightᵀ` outside a disc, by a determinant of the size of the rank.

    They solve `det(1 - rightᵀ (λ - W0)⁻¹ left) = 0` (r x r; Schuessler et al. 2020). The winding of
    this determinant along the circle counts them and gives the sums of their powers; Newton's
    method then refines each. Meant for a few outliers, and cheaper than all N eigenvalues where W0
    stays and the change moves.

    Parameters
    ----------
    W0 : array (neuron, neuron)
        The matrix before the change.
    left, right : array (neuron, rank)
        Factors of the change: of learned weights, leading singular vectors times singular values.
    radius : float
        Radius of a disc that holds all eigenvalues of W0, with some margin.

    Returns
    -------
    complex array (outlier,)
        From largest to smallest modulus.

    Raises
    ------
    InputError
        If shapes disagree or W0 has an eigenvalue outside the disc.
    ConvergenceError
        If eigenvalues lie too close to the circle or to each other to be told apart.
    """
    W0 = check_array("W0", W0, ("neuron", "neuron"), dtype=np.float64)
    neurons = len(W0)
    if W0.shape[1] != neurons:
        raise InputError(f"W0 has shape {W0.shape}: give a square matrix")
    left = check_array("left", left, (neurons, "rank"), dtype=np.float64)
    right = check_array("right", right, left.shape, dtype=np.float64)
    radius = check_number("radius", radius, above=0)
    triangle, basis = scipy.linalg.schur(W0, output="complex")
    outermost = np.abs(np.diag(triangle)).max()
    if outermost >= radius:
        raise InputError(
            f"radius is {radius} and W0 has an eigenvalue of modulus {outermost:.4g}: give a larger"
            " radius"
        )
    P, Q = basis.conj().T @ left, right.T @ basis
    identity, small = np.eye(neurons), np.eye(left.shape[1])

    def logarithmic_derivative(eigenvalue: complex) -> complex:
        """Of the determinant."""
        shifted = eigenvalue * identity - triangle
        once = scipy.linalg.solve_triangular(shifted, P)
        slope = Q @ scipy.linalg.solve_triangular(shifted, once)
        try:
            return complex(np.trace(np.linalg.solve(small - Q @ once, slope)))
        except np.linalg.LinAlgError:
            return complex(np.inf)

    # In 1/λ the determinant has no poles within the circle: its zeros there are the outliers.
    circle = radius * np.exp(2j * np.pi * (np.arange(POINTS) + 0.5) / POINTS)
    winding = -circle * [logarithmic_derivative(point) for point in circle]
    count = int(np.rint(winding.mean().real))
    if abs(winding.mean() - count) > 0.05 or count < 0:
        raise ConvergenceError(
            f"the determinant winds {winding.mean().real:.3f} times around the circle: give another"
            " radius, further from all eigenvalues"
        )
    sums = [(winding * circle**-power).mean() for power in range(1, count + 1)]
    found = 1 / np.roots(_polynomial(sums))
    for index, eigenvalue in enumerate(found):
        for _ in range(STEPS):
            # Without the others, so that two estimates do not end in one zero.
            others = np.delete(found, index)
            step = 1 / (logarithmic_derivative(eigenvalue) - np.sum(1 / (eigenvalue - others)))
            eigenvalue -= step
            if abs(step) < 1e-10 * abs(eigenvalue):
                break
        else:
            raise ConvergenceError(
                f"Newton's method ended with a step of {abs(step):.2g}: give a larger radius, for"
                " fewer outliers"
            )
        found[index] = eigenvalue
    return np.asarray(found[np.argsort(-np.abs(found), kind="stable")])


def _polynomial(sums: list[complex]) -> Complex:
    """Coefficients of the polynomial whose zeros have these sums of powers (Newton)."""
    coefficients = [1.0 + 0j]
    for k in range(1, len(sums) + 1):
        total = sum(coefficients[k - i] * sums[i - 1] for i in range(1, k + 1))
        coefficients.append(-total / k)
    return np.array(coefficients)
