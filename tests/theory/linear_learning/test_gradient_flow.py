"""Gradient flow in small spaces, against that of all weights."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from lowrnn import InputError
from lowrnn.theory.linear_learning import exact_solution, gradient_flow, initial_weights


def dense_flow(W0, u, v, zhat, tau):
    """Gradient flow of all weights."""
    neurons = len(u)

    def velocity(_, delta):
        remaining = np.eye(neurons) - W0 - delta.reshape(W0.shape)
        p, q = np.linalg.solve(remaining.T, v), np.linalg.solve(remaining, u)
        return np.outer((zhat - v @ q) * p, q).ravel()

    run = solve_ivp(
        velocity, (0, tau[-1]), np.zeros(neurons**2), "DOP853", tau, rtol=1e-10, atol=1e-13
    )
    return run.y.T.reshape(-1, neurons, neurons)


@pytest.mark.parametrize(
    ("neurons", "g", "zhat", "perpendicular"),
    [(30, 0.5, 2.0, True), (30, 0.8, 1.0, False), (5, 0.7, -3.0, False), (30, 0.0, 4.0, False)],
)
def test_small_spaces_hold_all_that_is_learned(neurons, g, zhat, perpendicular):
    weights = initial_weights(neurons, g, 3, perpendicular=perpendicular)
    tau = np.array([0.2, 0.8, 3.0]) * (1 - g**2) ** 2
    flow = gradient_flow(*weights, zhat, tau)
    np.testing.assert_allclose(flow.delta, dense_flow(*weights, zhat, tau), atol=1e-7)
    W0, u, v = weights
    outputs = [v @ np.linalg.solve(np.eye(neurons) - W0 - delta, u) for delta in flow.delta]
    np.testing.assert_allclose(flow.z, outputs, rtol=1e-9)
    assert flow.finished


def test_without_random_weights_it_is_the_exact_solution():
    W0, u, v = initial_weights(20, 0.0)
    flow = gradient_flow(W0, u, v, 2.0, [0.0, 0.1, 1.0])
    exact = exact_solution(2.0, flow.tau)
    assert flow.core.shape == (3, 2, 2)
    np.testing.assert_allclose(flow.singular_values, exact.singular_values, atol=1e-9)
    np.testing.assert_allclose(flow.norm, exact.norm, atol=1e-9)
    np.testing.assert_allclose(flow.loss, exact.loss, atol=1e-8)
    np.testing.assert_allclose(flow.eigenvalues()[:, 0], exact.eigenvalues[:, 0], atol=1e-6)
    assert flow.converged_at == pytest.approx(0.368484, abs=1e-6)


def test_symmetries():
    W0, u, v = initial_weights(20, 0.6, 1)
    tau = [0.1, 0.6]
    delta = gradient_flow(W0, u, v, 1.0, tau).delta
    transposed = gradient_flow(W0.T, v, u, 1.0, tau).delta
    np.testing.assert_allclose(transposed, delta.transpose(0, 2, 1), atol=1e-9)
    turn = np.linalg.qr(np.random.default_rng(2).standard_normal((20, 20)))[0]
    rotated = gradient_flow(turn @ W0 @ turn.T, turn @ u, turn @ v, 1.0, tau).delta
    np.testing.assert_allclose(rotated, turn @ delta @ turn.T, atol=1e-9)
    # Only the product of input weights and readout counts for a loss, but their sizes for its pace.
    scaled = gradient_flow(W0, 2 * u, v / 2, 1.0, tau).delta
    np.testing.assert_allclose(scaled, delta, atol=1e-9)


def test_the_path_is_the_same_for_all_targets():
    W0, u, v = initial_weights(40, 0.5, 2)
    near = gradient_flow(W0, u, v, 0.7, [50.0])
    far = gradient_flow(W0, u, v, 3.0, [0.01 * k for k in range(1, 40)])
    # Where the output of the second passes 0.7, its weights are those that the first ends with.
    cores = [far.left.T @ near.delta[0] @ far.right, *far.core]
    after = int(np.searchsorted(far.z, 0.7))
    low, high = far.core[after - 1], far.core[after]
    share = (0.7 - far.z[after - 1]) / (far.z[after] - far.z[after - 1])
    assert np.abs(low + share * (high - low) - cores[0]).max() < 2e-3
    assert np.abs(high - low).max() > 1e-2


def test_at_first_the_propagated_readout_and_input_are_learned():
    W0, u, v = initial_weights(200, 0.6, 0)
    flow = gradient_flow(W0, u, v, 1.0, np.array([0.05, 0.1]) * (1 - 0.36) ** 2)
    resolvent = np.linalg.inv(np.eye(200) - W0)
    U, _, Vt = np.linalg.svd(flow.delta)
    for found, expected in ((U[:, :, 0], resolvent.T @ v), (Vt[:, 0], resolvent @ u)):
        early, late = 1 - np.abs(found @ expected) / np.linalg.norm(expected)
        assert late < 0.003
        # An angle that grows in proportion to time.
        assert late / early == pytest.approx(4, rel=0.2)


def test_convergence_is_when_the_loss_is_a_twentieth():
    weights = initial_weights(30, 0.5, 4, perpendicular=False)
    start = gradient_flow(*weights, 1.0, [0.0, 5.0])
    there = gradient_flow(*weights, 1.0, [start.converged_at])
    assert there.loss[0] == pytest.approx(0.05 * start.loss[0], rel=1e-8)
    assert np.isnan(gradient_flow(*weights, 1.0, [0.01]).converged_at)


def test_learning_ends_where_the_network_becomes_unstable():
    W0, u, v = initial_weights(30, 0.0)
    flow = gradient_flow(W0, u, v, 1000.0, [1e-5, 1e-4, 10.0])
    assert not flow.finished
    assert flow.tau.max() < 10
    assert flow.eigenvalues().real.max() < 0.98
    assert gradient_flow(W0, u, v, 4.0, [10.0]).finished


def test_what_cannot_be_used():
    W0, u, v = initial_weights(10, 0.5)
    with pytest.raises(InputError, match=r"W0 has shape \(10, 9\): give a square matrix"):
        gradient_flow(W0[:, 1:], u, v, 1.0, [1.0])
    with pytest.raises(InputError, match="v has 9 entries along axis 0: give 10"):
        gradient_flow(W0, u, v[1:], 1.0, [1.0])
    with pytest.raises(InputError, match="u or v is 0 in all neurons"):
        gradient_flow(W0, u, 0 * v, 1.0, [1.0])
    with pytest.raises(InputError, match=r"W0 has an eigenvalue with real part 1.5"):
        gradient_flow(1.5 * np.eye(10), u, v, 1.0, [1.0])
    for tau in ([1.0, 1.0], [-1.0]):
        with pytest.raises(InputError, match=r"tau is .* that rise"):
            gradient_flow(W0, u, v, 1.0, tau)
