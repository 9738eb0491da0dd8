"""Fits that differ from the truth where activity cannot tell, and where it can."""

import numpy as np
import pytest

from lowrnn import RNN, InputError
from lowrnn.analysis import (
    drive_split,
    identifiable_parts,
    recovery,
    visited_connectivity,
    visited_rates_over_trials,
)
from lowrnn.networks import LowTensorRank

NEURONS, TRIALS, STEPS = 60, 20, 12


def truth(seed=0):
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((NEURONS, 3))
    b = 0.5 * a + rng.standard_normal((NEURONS, 3))
    time = np.linspace(0, 1, TRIALS)
    c = np.column_stack([1.5 - time, 1 + 0.8 * time**2, 1.3 + 0.4 * np.sin(6 * time)])
    # Weak, so that rates hardly leave the span of a and inputs, and much of b is never read.
    rnn = RNN(LowTensorRank(a, b, c), rng.standard_normal((NEURONS, 2)), dt=0.02, tau=0.1)
    u = 0.1 * rng.standard_normal((TRIALS, STEPS, 2))
    starts = 0.1 * rng.standard_normal((TRIALS, 3)) @ a.T
    return rnn, u, visited_rates_over_trials(rnn, u, starts), starts


def unread(rates):
    """A direction of which no rate holds anything to speak of."""
    flat = rates.reshape(-1, NEURONS)
    return np.linalg.eigh(flat.T @ flat)[1][:, :3]


def test_visited_rates_are_those_before_each_step():
    rnn, u, rates, starts = truth()
    run = rnn.simulate(u, initial_state=starts)
    np.testing.assert_allclose(rates[:, 0], np.tanh(starts))
    np.testing.assert_allclose(rates[:, 1:], run.rates[:, :-1])
    still = visited_rates_over_trials(rnn, u)
    np.testing.assert_array_equal(still[:, 0], 0)


def test_what_is_not_read_does_not_count():
    rnn, _, rates, _ = truth()
    parts = rnn.connectivity
    rng = np.random.default_rng(1)
    b = parts.b + 20 * unread(rates) @ rng.standard_normal((3, 3))
    scale, swap = np.array([-3.0, 0.5, -1.0]), [1, 2, 0]
    fit = LowTensorRank((parts.a * scale)[:, swap], b[:, swap], (parts.c / scale)[:, swap])
    found = recovery(rnn.replace(connectivity=fit), rnn, rates)
    assert np.linalg.norm(fit.at(0).dense()) > 2 * np.linalg.norm(parts.at(0).dense())
    np.testing.assert_allclose(found.span_cosines, 1)
    np.testing.assert_allclose(found.factor_correlations, 1)
    np.testing.assert_allclose(found.read_correlations, 1, atol=1e-4)
    assert found.drive_r2 == pytest.approx(1, abs=1e-4)
    assert found.eigenvalue_error < 1e-2
    assert set(found.matched) == {0, 1, 2}


def test_other_factors_spans_and_drives_do_count():
    rnn, _, rates, _ = truth()
    parts = rnn.connectivity
    rng = np.random.default_rng(2)
    static = LowTensorRank(parts.a, parts.b, np.tile(parts.c.mean(axis=0), (TRIALS, 1)))
    found = recovery(rnn.replace(connectivity=static), rnn, rates)
    assert np.isnan(found.factor_correlations).all()
    assert found.drive_r2 < 0.95
    assert found.eigenvalue_error > 0.05
    a = np.column_stack([parts.a[:, :2], rng.standard_normal(NEURONS)])
    found = recovery(rnn.replace(connectivity=LowTensorRank(a, parts.b, parts.c)), rnn, rates)
    np.testing.assert_allclose(found.span_cosines[:2], 1)
    assert found.span_cosines[2] < 0.6


def test_a_poorer_fit_leaves_a_component_without_partner():
    rnn, _, rates, _ = truth()
    parts = rnn.connectivity
    fit = LowTensorRank(parts.a[:, :2], parts.b[:, :2], parts.c[:, :2])
    found = recovery(rnn.replace(connectivity=fit), rnn, rates)
    assert sorted(found.matched) == [-1, 0, 1]
    assert np.isnan(found.factor_correlations).sum() == 1
    assert found.drive_r2 < 0.97


def test_projection_keeps_what_the_network_does():
    rnn, u, rates, starts = truth()
    known = visited_connectivity(rnn.connectivity, rates)
    again = rnn.replace(connectivity=known).simulate(u, initial_state=starts)
    np.testing.assert_allclose(again.x, rnn.simulate(u, initial_state=starts).x, atol=1e-3)
    parts = identifiable_parts(rnn, rates)
    dense = np.einsum(
        "kij,ktj->kti", [rnn.connectivity.at(k).dense() for k in range(TRIALS)], rates
    )
    np.testing.assert_allclose(parts.drive, dense, atol=1e-3)
    np.testing.assert_allclose(parts.span.T @ parts.span, np.eye(3), atol=1e-12)


def test_drive_splits_into_fixed_and_changing():
    rnn, _, rates, _ = truth()
    found = drive_split(rnn, rates)
    assert found.fixed + found.changing + found.shared == pytest.approx(1)
    parts = rnn.connectivity
    mean = LowTensorRank(parts.a, parts.b, np.tile(parts.c.mean(axis=0), (TRIALS, 1)))
    whole, fixed = (
        np.einsum("kij,ktj->kti", [each.at(k).dense() for k in range(TRIALS)], rates)
        for each in (parts, mean)
    )
    assert found.fixed == pytest.approx(np.sum(fixed**2) / np.sum(whole**2))
    assert found.changing == pytest.approx(np.sum((whole - fixed) ** 2) / np.sum(whole**2))
    still = drive_split(rnn.replace(connectivity=mean), rates)
    assert (still.fixed, still.changing) == pytest.approx((1, 0))
    np.testing.assert_allclose(still.components, 0, atol=1e-20)


def test_orthogonal_components_add_up():
    a = np.linalg.qr(np.random.default_rng(0).standard_normal((NEURONS, 3)))[0]
    rnn, _, rates, _ = truth()
    parts = rnn.connectivity
    found = drive_split(rnn.replace(connectivity=LowTensorRank(a, parts.b, parts.c)), rates)
    assert found.components.sum() == pytest.approx(found.changing)


def test_networks_that_cannot_be_compared():
    rnn, _, rates, _ = truth()
    parts = rnn.connectivity
    with pytest.raises(InputError, match="19 trials"):
        recovery(rnn.replace(connectivity=LowTensorRank(parts.a, parts.b, parts.c[1:])), rnn, rates)
    with pytest.raises(InputError, match="rates"):
        identifiable_parts(rnn, rates[:3])
    with pytest.raises(InputError, match="drive no component"):
        drive_split(rnn, 0 * rates)
