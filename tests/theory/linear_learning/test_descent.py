"""Backpropagation through time of linear networks, against finite differences and gradient flow."""

import numpy as np
import pytest

from lowrnn import RNN, FullRank, InputError, LowRank
from lowrnn.tasks.cosine import Cosine
from lowrnn.theory.linear_learning import (
    backpropagation,
    exact_solution,
    fixed_point_trials,
    gradient_descent,
    gradient_flow,
    initial_weights,
)


def network(W0, u, v, **settings):
    settings = {"dt": 0.5, "tau": 1.0, "nonlinearity": "identity"} | settings
    return RNN(FullRank(W0), u[:, None], len(W0) * v[:, None], **settings)


def test_a_step_goes_down_the_gradient_of_the_loss():
    W0, u, v = initial_weights(6, 0.5, 1)
    trials = fixed_point_trials(1.0, duration=5)

    def loss(W):
        z = network(W, u, v).simulate(trials.inputs).z
        return (trials.mask * (z[..., 0] - 1) ** 2).sum() / trials.mask.sum() / 2

    step = gradient_descent(network(W0, u, v), trials, lr=0.1, steps=1)
    assert step.loss[0] == pytest.approx(loss(W0))
    assert step.loss[1] == pytest.approx(loss(W0 + step.delta[-1]))
    for i, j in ((0, 0), (2, 5), (4, 1)):
        move = np.zeros((6, 6))
        move[i, j] = 1e-5
        slope = (loss(W0 + move) - loss(W0 - move)) / 2e-5
        assert step.delta[-1][i, j] == pytest.approx(-0.1 * slope, rel=1e-6)


@pytest.mark.parametrize("g", [0.0, 0.5])
def test_descent_is_gradient_flow_of_small_steps(g):
    weights = initial_weights(24, g, 0)
    run = backpropagation(*weights, 1.0, lr=0.004, steps=120, duration=31, every=60)
    flow = gradient_flow(*weights, 1.0, [0.004 * 60, 0.004 * 120])
    assert list(run.checkpoint) == [0, 60, 120]
    # First order in the step, and trials long enough to settle but for a slow mode.
    np.testing.assert_allclose(run.delta[1:], flow.delta, atol=0.02 * np.abs(flow.delta).max())
    np.testing.assert_allclose(run.loss[[60, 120]], flow.loss, atol=0.01)
    np.testing.assert_allclose(run.largest_real[1:], flow.eigenvalues()[:, 0].real, atol=0.02)
    assert run.finished


def test_descent_learns_the_exact_solution():
    W0, u, v = initial_weights(32, 0.0)
    run = backpropagation(W0, u, v, 2.0, lr=0.003, duration=51, every=200)
    end = exact_solution(2.0, np.inf)
    values = np.linalg.svd(run.delta[-1], compute_uv=False)
    assert values[0] == pytest.approx(end.singular_values[0, 0], rel=5e-3)
    assert values[1] == pytest.approx(end.singular_values[0, 1], rel=3e-2)
    assert values[2] < 1e-14
    assert run.converged_at() == pytest.approx(124, abs=2)
    assert run.converged_at(1e-30) is None


def test_learning_stops_where_it_diverges():
    # Close to its target the output grows without bound: a large step goes past an eigenvalue of 1.
    weights = initial_weights(32, 0.5)
    run = backpropagation(*weights, 4.0, lr=0.05, steps=400, duration=31, every=1)
    assert not run.finished
    assert len(run.loss) < 400
    assert run.largest_real[-1] > 0.98
    assert (run.largest_real[:-1] <= 0.98).all()
    trials = fixed_point_trials(4.0, duration=101)
    further = gradient_descent(network(*weights), trials, lr=0.05, steps=400)
    assert not further.finished
    assert not np.isfinite(further.loss[-1])
    assert np.isfinite(further.delta).all()


def test_weights_of_a_generator_of_its_own_input_turn_only_with_random_ones():
    trials = Cosine(duration=1.0).conditions()
    imaginary = []
    for g in (0.0, 0.4):
        W0, u, _ = initial_weights(32, g)
        rnn = network(W0, u, u / 32, dt=0.01, tau=0.1)
        run = gradient_descent(rnn, trials, lr=0.1, steps=20)
        moved = np.linalg.eigvals(W0 + run.delta[-1]).imag.max()
        imaginary.append(moved)
        assert run.loss[-1] < run.loss[0]
    assert imaginary[0] < 1e-12 < imaginary[1]


def test_arithmetic_is_that_of_the_network():
    W0, u, v = initial_weights(12, 0.3)
    trials = fixed_point_trials(0.5, duration=8)
    single = gradient_descent(
        network(W0.astype(np.float32), u, v), trials, lr=0.01, steps=12, every=5
    )
    double = gradient_descent(network(W0, u, v), trials, lr=0.01, steps=12, every=5)
    assert single.delta.dtype == np.float32
    np.testing.assert_allclose(single.delta, double.delta, atol=1e-6)
    assert list(double.checkpoint) == [0, 5, 10, 12]


def test_initial_weights_have_exact_norms():
    W0, u, v = initial_weights(400, 0.7, 5)
    assert np.linalg.norm(u) == pytest.approx(20)
    assert np.linalg.norm(v) == pytest.approx(1 / 20)
    assert np.std(W0) * 20 == pytest.approx(0.7, rel=0.02)
    assert v @ np.linalg.solve(np.eye(400) - W0, u) == pytest.approx(0, abs=1e-12)
    kept = initial_weights(400, 0.7, 5, perpendicular=False)
    np.testing.assert_array_equal(kept[1], u)
    assert abs(kept[2] @ u) > 1e-6


def test_trials_of_the_fixed_point():
    trials = fixed_point_trials(2.0)
    assert trials.inputs.shape == (1, 202, 1)
    assert list(trials.inputs[0, :4, 0]) == [0, 0, 1, 1]
    assert trials.mask.sum() == 2
    assert trials.mask[0, -2:].all()


def test_what_cannot_be_used():
    W0, u, v = initial_weights(4, 0.5)
    trials = fixed_point_trials(1.0, duration=5)
    low_rank = RNN(LowRank(u[:, None], v[:, None]), dt=0.5, tau=1.0)
    with pytest.raises(InputError, match=r"connectivity is low-rank: give FullRank\(J\)"):
        gradient_descent(low_rank, trials, lr=0.1, steps=1)
    with pytest.raises(InputError, match=r"noise_std is 0.1: give a network without noise"):
        gradient_descent(network(W0, u, v, noise_std=0.1), trials, lr=0.1, steps=1)
    mute = RNN(FullRank(W0), u[:, None], dt=0.5, tau=1.0)
    with pytest.raises(InputError, match="trials have 1 inputs and 1 outputs"):
        gradient_descent(mute, trials, lr=0.1, steps=1)
    with pytest.raises(InputError, match="lr is 0: give a number above 0"):
        backpropagation(W0, u, v, 1.0, lr=0)
    with pytest.raises(InputError, match=r"dt is 2.0: give at most 1"):
        fixed_point_trials(1.0, dt=2.0)
    with pytest.raises(InputError, match="neurons is 1: give a number of at least 2"):
        initial_weights(1, 0.5)
