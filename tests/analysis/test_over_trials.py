"""Dynamics of networks over trials whose overlaps are chosen."""

import numpy as np
import pytest

from lowrnn import RNN, InputError, LowRank
from lowrnn.analysis import (
    eigenvalues_over_trials,
    flow_over_trials,
    mean_latents,
    overlaps_over_trials,
    trial_flow,
)
from lowrnn.networks import LowTensorRank


def orthogonal(neurons, rank, seed=0):
    """Columns of mean square 1, orthogonal to one another."""
    drawn = np.random.default_rng(seed).standard_normal((neurons, rank))
    return np.linalg.qr(drawn)[0] * np.sqrt(neurons)


def turning(trials=30, neurons=40):
    """Overlaps `c_k` times a rotation and growth of an angle that is known."""
    a = orthogonal(neurons, 2)
    turn = np.array([[1.0, -0.5], [0.5, 1.0]])
    c = np.linspace(0.5, 1.5, trials)[:, None] * np.ones(2)
    return RNN(LowTensorRank(a, a @ turn.T, c), dt=0.02, tau=0.1)


def random_network(trials=6, neurons=30, rank=3, seed=1):
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((2, neurons, rank))
    c = 1 + rng.random((trials, rank))
    inputs = rng.standard_normal((neurons, 2))
    return RNN(LowTensorRank(a, b, c).canonical(), inputs, dt=0.02, tau=0.1)


def test_eigenvalues_of_a_rotation_grow_with_its_factor():
    rnn = turning()
    values = eigenvalues_over_trials(overlaps_over_trials(rnn))
    wanted = rnn.connectivity.c * np.array([1 + 0.5j, 1 - 0.5j])
    np.testing.assert_allclose(values, wanted, atol=1e-12)


def test_eigenvalues_are_those_of_each_dense_matrix():
    rnn = random_network()
    found = eigenvalues_over_trials(overlaps_over_trials(rnn))
    for trial, values in enumerate(found):
        dense = np.linalg.eigvals(rnn.connectivity.at(trial).dense())
        largest = dense[np.argsort(-np.abs(dense))][:3]
        np.testing.assert_allclose(np.sort_complex(values), np.sort_complex(largest), atol=1e-10)


def test_eigenvalues_depend_neither_on_signs_nor_on_orders():
    rnn = random_network()
    parts = rnn.connectivity
    neurons, swap = np.random.default_rng(2).permutation(30), [2, 0, 1]
    other = LowTensorRank(
        -2 * parts.a[neurons][:, swap], parts.b[neurons][:, swap], -0.5 * parts.c[:, swap]
    )
    found, wanted = (
        eigenvalues_over_trials(overlaps_over_trials(each))
        for each in (rnn.replace(connectivity=other, inputs=None, readout=None), rnn)
    )
    np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_a_pair_that_passes_a_real_eigenvalue_is_followed():
    a = orthogonal(20, 3)
    overlap = np.array([[1, -0.5, 0], [0.5, 1, 0], [0, 0, 1]])
    c = np.stack([np.linspace(0.5, 1.5, 40)] * 2 + [np.full(40, 1.0)], axis=1)
    rnn = RNN(LowTensorRank(a, a @ overlap.T, c), dt=0.1, tau=1)
    values = eigenvalues_over_trials(overlaps_over_trials(rnn))
    wanted = np.stack([c[:, 2] + 0j, c[:, 0] * (1 + 0.5j), c[:, 0] * (1 - 0.5j)], axis=1)
    np.testing.assert_allclose(values, wanted, atol=1e-12)


def test_effective_overlaps_are_the_jacobian():
    rnn = random_network()
    kappa = np.array([0.3, -0.8, 0.5])
    state = rnn.connectivity.a @ kappa
    x = np.broadcast_to(state, (6, 1, 30))
    overlaps = overlaps_over_trials(rnn, x)
    for trial in range(6):
        jacobian = trial_flow(rnn, trial).jacobian(kappa)
        np.testing.assert_allclose(overlaps[trial] - np.eye(3), jacobian, atol=1e-12)


def test_a_window_chooses_the_gains():
    rnn = random_network()
    x = np.concatenate([np.zeros((6, 4, 30)), np.full((6, 3, 30), 2.0)], axis=1)
    early = overlaps_over_trials(rnn, x, slice(0, 4))
    np.testing.assert_allclose(early, overlaps_over_trials(rnn))
    late = overlaps_over_trials(rnn, x, slice(4, 7))
    np.testing.assert_allclose(late, early / np.cosh(2.0) ** 2)


def test_the_flow_of_a_trial_is_what_it_does():
    rnn = random_network()
    u = np.broadcast_to([0.4, -0.2], (6, 300, 2))
    run = rnn.simulate(u)
    # By now the inputs have been filtered out.
    before, after = run.kappa[:, -2], run.kappa[:, -1]
    for trial in range(6):
        flow = trial_flow(rnn, trial, [0.4, -0.2])(before[trial])
        np.testing.assert_allclose(after[trial] - before[trial], rnn.alpha * flow, atol=1e-10)


def test_flow_on_a_grid_early_and_late():
    rnn = turning()
    axes = [np.linspace(-1, 1, 3), [0.5]]
    flow = flow_over_trials(rnn, [0, -1], kappa_axes=axes)
    assert flow.shape == (2, 3, 1, 2)
    wanted = trial_flow(rnn, 29)(np.array([1.0, 0.5])) / 0.1
    np.testing.assert_allclose(flow[1, 2, 0], wanted)


def test_latents_are_averaged_by_condition_and_epoch():
    kappa = np.arange(5.0)[:, None, None] * np.ones((5, 2, 1))
    found = mean_latents(kappa, ["x", "y", "x", "x", "x"], ["late", "late", "late", "end", "end"])
    assert list(found.epochs) == ["late", "end"]
    np.testing.assert_array_equal(found.trials, [[2, 1], [2, 0]])
    np.testing.assert_array_equal(found.mean[0, :, 0, 0], [1, 1])
    assert found.mean[1, 0, 0, 0] == 3.5
    assert np.isnan(found.mean[1, 1]).all()


def test_other_networks_are_refused():
    a = orthogonal(10, 1)
    with pytest.raises(InputError, match="connectivity is low-rank"):
        overlaps_over_trials(RNN(LowRank(a, a), dt=0.02, tau=0.1))
    with pytest.raises(InputError, match="trial is 30"):
        trial_flow(turning(), 30)
    with pytest.raises(InputError, match="epochs has shape"):
        mean_latents(np.ones((3, 2, 1)), [0, 0, 0], [0, 0])
