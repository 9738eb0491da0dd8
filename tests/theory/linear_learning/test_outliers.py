"""Outliers from a small determinant, against all eigenvalues."""

import numpy as np
import pytest

from lowrnn import InputError
from lowrnn.errors import ConvergenceError
from lowrnn.theory.linear_learning import change_outliers, gradient_flow, initial_weights


def outside(matrix, radius):
    eigenvalues = np.linalg.eigvals(matrix)
    found = eigenvalues[np.abs(eigenvalues) > radius]
    return found[np.argsort(-np.abs(found), kind="stable")]


def agree(found, expected):
    assert len(found) == len(expected)
    for eigenvalue in expected:
        assert np.abs(found - eigenvalue).min() < 1e-8


@pytest.mark.parametrize("seed", range(4))
def test_outliers_of_a_random_change(seed):
    neurons, rank = 100, 4
    W0 = initial_weights(neurons, 0.5, seed)[0]
    rng = np.random.default_rng(seed)
    left, right = rng.standard_normal((2, neurons, rank))
    right = right + left @ rng.standard_normal((rank, rank))
    changed = W0 + left @ right.T / neurons
    # A circle that no eigenvalue is close to.
    moduli = np.sort(np.abs(np.linalg.eigvals(changed)))
    moduli = moduli[np.searchsorted(moduli, 0.7) - 1 :]
    gap = np.argmax(np.diff(moduli))
    radius = moduli[gap : gap + 2].mean()
    expected = outside(changed, radius)
    assert len(expected) > 0
    agree(change_outliers(W0, left / neurons, right, radius), expected)


def test_outlier_of_learned_weights():
    W0, u, v = initial_weights(150, 0.5, 1)
    flow = gradient_flow(W0, u, v, 2.0, [1.0])
    found = change_outliers(W0, flow.left @ flow.core[0], flow.right, 0.65)
    agree(found, outside(W0 + flow.delta[0], 0.65))
    assert found[0].real == pytest.approx(flow.eigenvalues()[0, 0].real)


def test_outliers_without_a_random_part_are_those_of_the_overlap():
    left = np.eye(5)[:, :3]
    overlap = np.array([[0.0, -2.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 4.0]])
    found = change_outliers(np.zeros((5, 5)), left, left @ overlap.T, 1.0)
    assert found[0] == pytest.approx(4)
    agree(found[1:], [2j, -2j])


def test_a_change_without_outliers():
    W0, u, v = initial_weights(50, 0.5, 0)
    assert change_outliers(W0, 1e-3 * u[:, None], v[:, None], 0.8).shape == (0,)


def test_what_cannot_be_used():
    left = np.ones((3, 1))
    with pytest.raises(InputError, match=r"radius is 0.4 and W0 has an eigenvalue of modulus 0.5"):
        change_outliers(0.5 * np.eye(3), left, left, 0.4)
    with pytest.raises(InputError, match="right has 2 entries along axis 0: give 3"):
        change_outliers(np.zeros((3, 3)), left, left[1:], 1.0)
    with pytest.raises(ConvergenceError, match="give another radius"):
        change_outliers(np.zeros((3, 3)), left, left, 3.0)
