"""Sums of modes: moments, spectra and modulation."""

import numpy as np
import pytest

from lowrnn import RNN, InputError, LowRank
from lowrnn.theory import bulk_radius, effective_rank, modulated, random_modes


def test_random_modes_have_the_asked_strengths():
    strengths = np.array([3.0, 1.0, 0.5])
    J = random_modes(strengths, 3000, seed=1)
    assert J.m.std(axis=0) == pytest.approx(strengths, rel=0.05)
    m, n = J.m, J.n
    values = np.linalg.svd(np.linalg.qr(m).R @ np.linalg.qr(n).R.T / 3000, compute_uv=False)
    assert values == pytest.approx(strengths, rel=0.1)
    np.testing.assert_array_equal(
        random_modes(strengths, 50, 4).m, random_modes(strengths, 50, 4).m
    )


@pytest.mark.parametrize("strengths", [np.ones(400), np.arange(1, 401.0) ** -0.3])
def test_radius_of_many_modes(strengths):
    values = np.abs(np.linalg.eigvals(random_modes(strengths, 400).dense()))
    assert values.max() == pytest.approx(bulk_radius(strengths, 400), rel=0.06)


def test_variance_of_couplings_is_the_radius_squared_over_n():
    strengths = np.arange(1, 201.0) ** -0.5
    J = random_modes(strengths, 500).dense()
    assert J.var() * 500 == pytest.approx(bulk_radius(strengths, 500) ** 2, rel=0.05)


def test_effective_rank():
    assert effective_rank(np.ones(7)) == pytest.approx(7)
    assert effective_rank([3.0, 0.0, 0.0]) == pytest.approx(1)
    assert effective_rank([2.0, 1.0]) == pytest.approx(25 / 17)


def test_modulation_rescales_the_overlap():
    rng = np.random.default_rng(0)
    m, n = rng.normal(size=(2, 60, 3))
    gains = np.array([0.3, 1.0, 0.7])
    J = modulated(LowRank(m, n), gains)
    np.testing.assert_allclose(J.dense(), m @ np.diag(gains) @ n.T / 60, atol=1e-15)
    values = np.linalg.eigvals(J.dense())
    values = values[np.argsort(-np.abs(values))[:3]]
    overlap = np.linalg.eigvals(np.diag(gains) @ n.T @ m / 60)
    np.testing.assert_allclose(np.sort_complex(values), np.sort_complex(overlap), atol=1e-12)


def test_gains_of_one_are_the_same_network_bit_by_bit():
    rng = np.random.default_rng(0)
    J = LowRank(*rng.normal(size=(2, 20, 2)))
    B, u = rng.normal(size=(20, 1)), rng.normal(size=(3, 30, 1))
    same = modulated(J, np.ones(2))
    np.testing.assert_array_equal(same.m, J.m)
    one, two = (RNN(c, B, dt=0.1, tau=1.0).simulate(u).x for c in (J, same))
    np.testing.assert_array_equal(one, two)


def test_what_does_not_fit_is_refused():
    with pytest.raises(InputError, match="rank cannot exceed"):
        random_modes(np.ones(5), 4)
    with pytest.raises(InputError, match="gains has 1 entries"):
        modulated(random_modes(np.ones(2), 4), [1.0])
