"""A change as factors is the change as a matrix."""

import numpy as np
import pytest

from lowrnn.errors import InputError
from lowrnn.learning.plasticity.factors import FactoredChange, reversed_filter, squared_entries

rng = np.random.default_rng(3)
N, T = 120, 60


@pytest.mark.parametrize("keep", [0.0, 0.9, 1.0])
def test_reversed_filter_is_the_trace(keep):
    post, pre = rng.standard_normal((2, T, N))
    modulator = rng.standard_normal((T, N))
    trace, dense = np.zeros((N, N)), np.zeros((N, N))
    for step in range(T):
        trace = keep * trace + np.outer(post[step], pre[step])
        dense += modulator[step][:, None] * trace
    weighed = reversed_filter(modulator[None], keep)[0]
    np.testing.assert_allclose((weighed * post).T @ pre, dense, rtol=0, atol=1e-10)


def test_scaling_adding_and_compressing():
    change, dense = FactoredChange(N), np.zeros((N, N))
    for _ in range(40):
        left, right = rng.standard_normal((2, N, 4))
        change.scale(0.95)
        rows, columns = rng.uniform(0.9, 1.0, (2, N))
        change.scale(rows)
        change.scale_columns(columns)
        change.add(left, right)
        dense = 0.95 * dense * rows[:, None] * columns + left @ right.T
    change.compress()
    assert change.columns <= N
    np.testing.assert_allclose(change.dense(), dense, rtol=0, atol=1e-10)


def test_compression_leaves_out_what_it_may():
    change = FactoredChange(N)
    change.add(rng.standard_normal((N, 42)), rng.standard_normal((N, 42)) * 0.7 ** np.arange(42))
    before = change.dense()
    change.compress(1e-2)
    error = np.linalg.norm(change.dense() - before) / np.linalg.norm(before)
    assert 1e-3 < error <= 1e-2
    assert change.columns < 20


def test_rank_is_found():
    change = FactoredChange(N)
    basis = rng.standard_normal((N, 3))
    change.add(basis @ rng.standard_normal((3, 30)), rng.standard_normal((N, 30)))
    change.compress()
    assert change.columns == 3


def test_eigenvalues():
    change = FactoredChange(N)
    change.add(*rng.standard_normal((2, N, 5)))
    dense = np.linalg.eigvals(change.dense())
    largest = dense[np.argsort(-np.abs(dense))][:5]
    np.testing.assert_allclose(np.sort_complex(change.eigenvalues()), np.sort_complex(largest))


def test_squared_entries():
    left, right = rng.standard_normal((2, N, 6))
    a, b = squared_entries(left, right)
    assert a.shape == (N, 21)
    np.testing.assert_allclose(a @ b.T, (left @ right.T) ** 2, rtol=0, atol=1e-10)


def test_shapes_are_checked():
    with pytest.raises(InputError, match="left has shape"):
        FactoredChange(5).add(np.ones(5), np.ones(5))
    with pytest.raises(InputError, match="left has 2 columns and right 3"):
        squared_entries(np.ones((4, 2)), np.ones((4, 3)))
