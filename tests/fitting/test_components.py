"""Pairs of components, against permutations and angles that are known."""

import numpy as np
import pytest

from lowrnn import InputError
from lowrnn.fitting import match_components


def factors(rank=4, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal((length, rank)) for length in (20, 15, 12)]


@pytest.mark.parametrize("combine", ["product", "mean"])
def test_order_scale_and_signs_do_not_count(combine):
    one = factors()
    order = np.array([2, 0, 3, 1])
    other = [-2.0 * one[0][:, order], one[1][:, order], -one[2][:, order]]
    match = match_components(one, other, combine)
    np.testing.assert_allclose(match.similarity, 1)
    np.testing.assert_array_equal(order[match.second], match.first)


def test_similarity_by_hand():
    angle = 0.3
    turned = np.array([[np.cos(angle)], [np.sin(angle)]])
    axis = np.array([[1.0], [0.0]])
    product = match_components([axis] * 3, [turned, turned, axis])
    mean = match_components([axis] * 3, [turned, turned, axis], "mean")
    assert product.similarity == pytest.approx(np.cos(angle) ** 2)
    assert mean.similarity == pytest.approx((2 * np.cos(angle) + 1) / 3)


def test_the_richer_decomposition_keeps_components_alone():
    one = factors()
    match = match_components(one, [factor[:, [3, 1]] for factor in one])
    np.testing.assert_allclose(match.similarity, 1)
    assert sorted(match.first) == [1, 3]


def test_the_sum_is_largest_not_each_pair():
    # The first component is nearest to the second one there, but that has no other partner.
    first = np.eye(2)
    second = np.array([[0.6, 0.8], [0.8, 0.0]])
    second /= np.linalg.norm(second, axis=0)
    match = match_components([first], [second])
    assert dict(zip(match.first, match.second, strict=True)) == {0: 1, 1: 0}


def test_wrong_arguments():
    with pytest.raises(InputError, match="combine is 'sum'"):
        match_components(factors(), factors(), "sum")
    with pytest.raises(InputError, match="first has axes of"):
        match_components(factors(), factors()[::-1])
    with pytest.raises(InputError, match="first is empty"):
        match_components([], [])
