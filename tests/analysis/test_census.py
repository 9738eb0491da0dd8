"""Fixed points counted along a family of networks, and eigenvalues along a family of matrices."""

import numpy as np
import pytest

from lowrnn import RNN, FullRank, InputError, LowRank
from lowrnn.analysis import fixed_point_census, soft_eigenvalue_count


def rank_one(overlap, neurons=60):
    m = np.random.default_rng(0).normal(size=(neurons, 1))
    return RNN(LowRank(m, overlap * m * neurons / (m**2).sum()), dt=0.1, tau=1.0)


def test_two_attractors_appear_where_the_overlap_crosses_one():
    census = fixed_point_census([rank_one(overlap) for overlap in (0.5, 0.97, 1.03, 2.0)])
    np.testing.assert_array_equal(census.total, [1, 1, 3, 3])
    np.testing.assert_array_equal(census.counts["stable"], [1, 1, 2, 2])
    np.testing.assert_array_equal(census.counts["unstable"], [0, 0, 1, 1])
    assert census.complete == (True,) * 4


def test_two_bits_hold_four_states():
    # Two independent latents, each with two stable states: 4 stable, 4 saddles, 1 unstable.
    m = np.zeros((40, 2))
    m[:20, 0] = m[20:, 1] = 1
    census = fixed_point_census([RNN(LowRank(m, 4 * m), dt=0.1, tau=1.0)])
    assert {kind: int(n[0]) for kind, n in census.counts.items()} == {
        "stable": 4, "saddle": 4, "unstable": 1, "marginal": 0,
    }  # fmt: skip


def test_soft_count():
    moduli = np.array([0.2, 0.3, 0.8, 1.3, 2.0])
    rotation = np.array([[0.0, -0.8], [0.8, 0.0]])
    expected = (0 + 0 + 0.65 + 1.3 + 2.0) / 5
    assert soft_eigenvalue_count(np.diag(moduli)) == pytest.approx(expected)
    assert soft_eigenvalue_count(rotation) == pytest.approx(0.65)
    below, above = (soft_eigenvalue_count([[1.3 + e]]) for e in (-1e-9, 1e-9))
    assert below == pytest.approx(above, abs=1e-7)


def test_what_cannot_be_used_is_refused():
    with pytest.raises(InputError, match="networks is empty"):
        fixed_point_census([])
    with pytest.raises(InputError, match="connectivity is full-rank"):
        fixed_point_census([RNN(FullRank(np.eye(3)), dt=0.1, tau=1.0)])
    with pytest.raises(InputError, match="J has 2 entries along axis 1: give 3"):
        soft_eigenvalue_count(np.zeros((3, 2)))
    with pytest.raises(InputError, match="low is 2"):
        soft_eigenvalue_count(np.eye(2), low=2)
