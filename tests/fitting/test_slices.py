"""Slice tensor components: planted ranks come back, entries that are missing are predicted."""

import numpy as np
import pytest

from lowrnn import InputError
from lowrnn.fitting import slice_components


def planted(ranks, shape=(9, 8, 7), seed=0):
    rng = np.random.default_rng(seed)
    total = np.zeros(shape)
    for axis, rank in enumerate(ranks):
        rest = np.delete(shape, axis)
        part = np.einsum("ar,rbc->abc", rng.standard_normal((shape[axis], rank)),
                         rng.standard_normal((rank, *rest)))  # fmt: skip
        total += np.moveaxis(part, 0, axis)
    return total


@pytest.mark.parametrize("ranks", [(1, 0, 0), (0, 2, 0), (0, 0, 3), (1, 1, 1)])
def test_planted_ranks_leave_no_error(ranks):
    X = planted(ranks)
    found = slice_components(X, ranks, sweeps=3000, tolerance=1e-14)
    assert found.ranks == ranks
    assert found.error < 1e-6
    np.testing.assert_allclose(found.predict(), X, atol=5e-3 * np.abs(X).max())
    for vectors, rank in zip(found.vectors, ranks, strict=True):
        np.testing.assert_allclose(vectors.T @ vectors, np.eye(rank), atol=1e-10)


def test_of_one_axis_it_is_the_best_approximation_of_an_unfolding():
    X = np.random.default_rng(1).standard_normal((6, 5, 4))
    found = slice_components(X, (0, 2, 0))
    u, s, vt = np.linalg.svd(np.moveaxis(X, 1, 0).reshape(5, -1), full_matrices=False)
    best = np.moveaxis(((u[:, :2] * s[:2]) @ vt[:2]).reshape(5, 6, 4), 0, 1)
    np.testing.assert_allclose(found.predict(), best, atol=1e-10)
    assert found.error == pytest.approx(np.sum((X - best) ** 2) / np.sum((X - X.mean()) ** 2))


def test_what_is_missing_is_predicted():
    X = planted((2, 0, 1), (14, 12, 10))
    rng = np.random.default_rng(2)
    held = rng.random(X.shape) < 0.1
    Y = X.copy()
    Y[0, 0, 0] = np.nan
    found = slice_components(Y, (2, 0, 1), ~held, sweeps=3000, tolerance=1e-12)
    wrong = slice_components(Y, (1, 0, 0), ~held)
    assert np.sum((found.predict() - X)[held] ** 2) < 1e-3 * np.sum(X[held] ** 2)
    assert np.sum((wrong.predict() - X)[held] ** 2) > 0.1 * np.sum(X[held] ** 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.ones((3, 3)), (1, 0, 0)), "array has shape"),
        ((np.ones((3, 3, 3)), (1, 0)), r"ranks is \(1, 0\)"),
        ((np.ones((3, 3, 3)), (0, 0, 0)), "one of them above 0"),
        ((np.ones((3, 3, 3)), (4, 0, 0)), "ranks holds 4 for axis 0: give 0 to 3"),
        ((np.ones((3, 3, 3)), (1, 0, 0), np.zeros((3, 3, 3))), "mask leaves no entry"),
    ],
)
def test_wrong_input(arguments, message):
    with pytest.raises(InputError, match=message):
        slice_components(*arguments)
