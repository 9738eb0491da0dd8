import numpy as np
import pytest

from lowrnn import InputError
from lowrnn.analysis import eigenvalue_outliers, outlier_determinant, weight_change

rng = np.random.default_rng(0)
N, g = 200, 0.5
W0 = g / np.sqrt(N) * rng.standard_normal((N, N))
unit = np.linalg.qr(rng.standard_normal((N, 3)))[0]


def test_a_rank_one_change_has_one_outlier_where_its_overlap_is() -> None:
    change = 1.5 * np.outer(unit[:, 0], unit[:, 0])
    found = eigenvalue_outliers(W0 + change, g)
    assert found.shape == (1,)
    # To leading order λ = 1.5; the deviation of one draw is of the order g / √N.
    assert found[0] == pytest.approx(1.5, abs=4 * g / np.sqrt(N))
    assert not eigenvalue_outliers(W0, g).size
    np.testing.assert_allclose(eigenvalue_outliers(change, g), [1.5])


def test_outliers_come_sorted_and_in_pairs() -> None:
    rotation = np.array([[0.6, -1.0, 0], [1.0, 0.6, 0], [0, 0, -2.0]])
    found = eigenvalue_outliers(unit @ rotation @ unit.T, 1.0)
    assert found[0] == pytest.approx(-2)
    np.testing.assert_allclose(np.sort_complex(found[1:]), [0.6 - 1j, 0.6 + 1j], atol=1e-9)


def test_outliers_can_come_from_how_the_change_meets_the_start() -> None:
    # A change without eigenvalues of its own: it reads what W0 makes of what it writes.
    p = unit[:, 0]
    q = W0 @ p - p * (p @ W0 @ p)
    change = 4 / g**2 * np.outer(p, q)
    assert not eigenvalue_outliers(change, g).size
    assert eigenvalue_outliers(W0 + change, g).size > 0


def test_the_margin_is_that_of_finite_gaussian_matrices() -> None:
    matrices = rng.standard_normal((300, 64, 64)) / 8
    assert np.mean([eigenvalue_outliers(J, 1.0).size > 0 for J in matrices]) < 0.02
    assert np.mean([eigenvalue_outliers(J, 1.0, margin=0).size > 0 for J in matrices]) > 0.2


def test_the_determinant_is_0_at_every_outlier() -> None:
    change = weight_change(W0 + unit @ np.diag([3.0, 2.0, 1.5]) @ unit[:, [0, 2, 1]].T, W0)
    outliers = eigenvalue_outliers(W0 + change.truncated(3), g)
    assert len(outliers) >= 2
    np.testing.assert_allclose(outlier_determinant(outliers, W0, change, 3), 0, atol=1e-9)
    np.testing.assert_allclose(outlier_determinant(outliers, W0, change), 0, atol=1e-9)
    assert (np.abs(outlier_determinant(outliers, W0, change, 1)) > 1e-3).any()
    assert outlier_determinant(1e6, W0, change)[0] == pytest.approx(1, abs=1e-5)


def test_the_determinant_is_the_ratio_of_characteristic_polynomials() -> None:
    A, dA = rng.standard_normal((2, 6, 6))
    at = 0.3 + 2j
    ratio = np.linalg.det(at * np.eye(6) - A - dA) / np.linalg.det(at * np.eye(6) - A)
    found = outlier_determinant([at], A, weight_change(A + dA, A))
    np.testing.assert_allclose(found, ratio)


def test_wrong_inputs_are_named() -> None:
    change = weight_change(np.eye(3), np.zeros((3, 3)))
    with pytest.raises(InputError, match=r"W has shape \(2, 3\): give a square matrix"):
        eigenvalue_outliers(np.ones((2, 3)), 1.0)
    with pytest.raises(InputError, match="radius is -1"):
        eigenvalue_outliers(np.eye(3), -1)
    with pytest.raises(InputError, match=r"change has shape \(3, 3\)"):
        outlier_determinant(2.0, np.eye(4), change)
    with pytest.raises(InputError, match="rank is 0: give 1 to 3"):
        outlier_determinant(2.0, np.eye(3), change, 0)
    with pytest.raises(InputError, match="holds one of W0 itself"):
        outlier_determinant(1.0, np.eye(3), change)
