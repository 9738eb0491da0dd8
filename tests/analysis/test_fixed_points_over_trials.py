"""Branches of fixed points whose bifurcations are known."""

import numpy as np
import pytest

from lowrnn import RNN, InputError
from lowrnn.analysis import fixed_points, fixed_points_over_trials
from lowrnn.networks import LowTensorRank


def network(overlap, strength, neurons=60):
    """Overlaps `strength_k overlap`."""
    rank = len(overlap)
    drawn = np.random.default_rng(0).standard_normal((neurons, rank))
    a = np.linalg.qr(drawn)[0] * np.sqrt(neurons)
    c = np.asarray(strength)[:, None] * np.ones(rank)
    return RNN(LowTensorRank(a, a @ np.asarray(overlap).T, c), dt=0.02, tau=0.1)


def test_a_pitchfork_happens_where_the_eigenvalue_passes_1():
    strength = np.linspace(0.72, 1.92, 13)
    rnn = network([[1.0]], strength)
    found = fixed_points_over_trials(rnn, search_every=100)
    born = int(np.argmax(strength > 1))
    np.testing.assert_array_equal(found.count, np.where(np.arange(13) < born, 1, 3))
    (event,) = found.bifurcations
    assert (event.trial, event.kind, len(event.branches)) == (born, "appear", 2)
    assert set(found.kind[-1]) == {"stable", "unstable"}
    for trial in range(born, 13):
        wanted = fixed_points(rnn.replace(connectivity=rnn.connectivity.at(trial)))
        np.testing.assert_allclose(np.sort(found.kappa[trial, :, 0]), wanted.kappa[:, 0], atol=1e-6)
    # Each branch moves outwards, or stays.
    outer = np.abs(found.kappa[born:, list(event.branches), 0])
    assert (np.diff(outer, axis=0) > 0).all()


def test_a_hopf_bifurcation_of_a_rotation():
    strength = np.linspace(0.82, 1.27, 10)
    found = fixed_points_over_trials(network([[1.0, -0.8], [0.8, 1.0]], strength))
    assert [each.kind for each in found.bifurcations] == ["hopf"]
    assert found.bifurcations[0].trial == int(np.argmax(strength > 1))
    np.testing.assert_array_equal(found.count, 1)
    np.testing.assert_allclose(found.eigenvalues[:, 0, 0].real, strength - 1, atol=1e-9)
    assert all(found.complete)


def test_what_vanishes_is_told_with_the_trials_that_were_chosen():
    rnn = network([[1.0]], [1.5, 9.0, 1.2, 0.8])
    found = fixed_points_over_trials(rnn, trials=[0, 2, 3])
    assert [(each.trial, each.kind) for each in found.bifurcations] == [(3, "vanish")]
    assert np.isnan(found.kappa[-1]).any()
    np.testing.assert_array_equal(found.trials, [0, 2, 3])


def test_input_moves_the_points():
    rnn = network([[1.0]], [1.2, 1.4])
    driven = rnn.replace(inputs=rnn.connectivity.a)
    found = fixed_points_over_trials(driven, [2.0])
    assert (found.count == 1).all()
    wanted = fixed_points(driven.replace(connectivity=driven.connectivity.at(1)), [2.0])
    sign = np.sign(driven.connectivity.at(1).canonical().m[0] * driven.connectivity.a[0])
    np.testing.assert_allclose(found.kappa[1], wanted.kappa * sign, atol=1e-6)


def test_what_cannot_be_looked_at():
    rnn = network([[1.0]], [1.2, 1.4])
    with pytest.raises(InputError, match="trials has shape"):
        fixed_points_over_trials(rnn, trials=[])
    with pytest.raises(InputError, match="search_every is 0"):
        fixed_points_over_trials(rnn, search_every=0)
    with pytest.raises(InputError, match="trial is 5"):
        fixed_points_over_trials(rnn, trials=[5])
