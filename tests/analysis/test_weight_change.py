import numpy as np
import pytest

from lowrnn import RNN, FullRank, InputError
from lowrnn.analysis import weight_change

rng = np.random.default_rng(0)


def orthonormal(rows: int, columns: int) -> np.ndarray:
    return np.linalg.qr(rng.standard_normal((rows, columns)))[0]


def test_equal_singular_values_are_counted_by_every_measure() -> None:
    u, v = orthonormal(30, 2), orthonormal(12, 2)
    before = rng.standard_normal((30, 12))
    change = weight_change(before + 3 * u @ v.T, before)
    np.testing.assert_allclose(change.singular_values[:3], [3, 3, 0], atol=1e-12)
    assert change.norm == pytest.approx(np.sqrt(18))
    assert change.participation_ratio == pytest.approx(2)
    assert change.entropy_rank == pytest.approx(2)
    assert change.stable_rank == pytest.approx(2)
    assert change.rank() == 2
    np.testing.assert_allclose(change.cumulative_energy[:3], [0.5, 1, 1])
    # The planted vectors span what is found.
    np.testing.assert_allclose(np.linalg.norm(u.T @ change.left[:, :2], axis=0), 1)
    np.testing.assert_allclose(np.linalg.norm(v.T @ change.right[:, :2], axis=0), 1)


def test_unequal_singular_values() -> None:
    change = weight_change(np.diag([2.0, 1.0, 1.0]), np.zeros((3, 3)))
    assert change.participation_ratio == pytest.approx(36 / 18)
    assert change.stable_rank == pytest.approx(6 / 4)
    assert change.entropy_rank == pytest.approx(np.exp(1.5 * np.log(2)))


def test_truncation_keeps_the_largest_parts() -> None:
    u, v = orthonormal(9, 3), orthonormal(7, 3)
    parts = [s * np.outer(u[:, i], v[:, i]) for i, s in enumerate((4.0, 2.0, 1.0))]
    change = weight_change(sum(parts), np.zeros((9, 7)))
    assert not change.truncated(0).any()
    for rank in (1, 2, 3, 7):
        np.testing.assert_allclose(change.truncated(rank), sum(parts[:rank]), atol=1e-12)


def test_a_gaussian_change_has_half_the_dimensions() -> None:
    change = weight_change(rng.standard_normal((200, 200)), np.zeros((200, 200)))
    assert change.participation_ratio == pytest.approx(100, rel=0.03)


def test_measures_do_not_depend_on_the_order_of_neurons() -> None:
    W, W0 = rng.standard_normal((2, 20, 20))
    order = rng.permutation(20)
    one = weight_change(W, W0)
    other = weight_change(W[np.ix_(order, order)], W0[np.ix_(order, order)])
    np.testing.assert_allclose(one.singular_values, other.singular_values)
    np.testing.assert_allclose(np.abs(one.left[order]), np.abs(other.left), atol=1e-9)


def test_rank_ignores_what_single_precision_rounds_off() -> None:
    W0 = rng.standard_normal((40, 40)).astype(np.float32)
    W = W0 + (3 * orthonormal(40, 2) @ orthonormal(40, 2).T).astype(np.float32)
    change = weight_change(W, W0)
    assert change.rank() == 2
    assert change.rank(tolerance=1e-12) > 30
    assert change.singular_values.dtype == np.float64


def test_of_networks_it_is_that_of_the_recurrent_matrices() -> None:
    W, W0 = rng.standard_normal((2, 5, 5))
    one, other = (RNN(FullRank(matrix), dt=0.1, tau=1) for matrix in (W, W0))
    np.testing.assert_array_equal(
        weight_change(one, other).singular_values, weight_change(W, W0).singular_values
    )


def test_no_change_has_no_dimension() -> None:
    change = weight_change(np.ones((3, 4)), np.ones((3, 4)))
    assert change.norm == 0
    assert change.rank() == 0
    for value in (change.participation_ratio, change.entropy_rank, change.stable_rank):
        assert np.isnan(value)
    assert np.isnan(change.cumulative_energy).all()


def test_wrong_inputs_are_named() -> None:
    with pytest.raises(InputError, match=r"after has shape \(2, 2\) and before \(2, 3\)"):
        weight_change(np.ones((2, 2)), np.ones((2, 3)))
    with pytest.raises(InputError, match="before holds 1 values that are not finite"):
        weight_change(np.ones((1, 1)), np.full((1, 1), np.nan))
    with pytest.raises(InputError, match="rank is 3: give 0 to 2"):
        weight_change(np.ones((2, 2)), np.zeros((2, 2))).truncated(3)
