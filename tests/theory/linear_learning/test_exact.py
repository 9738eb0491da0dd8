"""The exact solution without random weights, against gradient flow of whole networks."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from lowrnn import InputError
from lowrnn.theory.linear_learning import THETA_MAX, exact_solution, learning_time


def frame(neurons=9, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((neurons, 2)))[0].T


def dense_flow(a, b, zhat, tau):
    """Gradient flow of all weights."""
    neurons = len(a)

    def velocity(_, W):
        remaining = np.eye(neurons) - W.reshape(neurons, neurons)
        p, q = np.linalg.solve(remaining.T, b), np.linalg.solve(remaining, a)
        return np.outer((zhat - b @ q) * p, q).ravel()

    run = solve_ivp(
        velocity, (0, tau[-1]), np.zeros(neurons**2), "DOP853", tau, rtol=1e-10, atol=1e-13
    )
    return run.y.T.reshape(-1, neurons, neurons)


@pytest.mark.parametrize("zhat", [0.3, 1.0, 4.0, -2.0])
def test_weights_follow_the_gradient(zhat):
    a, b = frame()
    tau = [0.05, 0.2, 1.0]
    found = exact_solution(zhat, tau)
    dense = dense_flow(a, b, zhat, tau)
    np.testing.assert_allclose(found.weights(a, b), dense, atol=1e-8)
    outputs = [b @ np.linalg.solve(np.eye(len(a)) - W, a) for W in dense]
    np.testing.assert_allclose(found.z, outputs, rtol=1e-7)


def test_spectra_are_those_of_the_weights():
    a, b = frame()
    found = exact_solution(2.0, [0.1, 0.4, np.inf])
    for time, W in enumerate(found.weights(a, b)):
        values = np.linalg.svd(W, compute_uv=False)
        np.testing.assert_allclose(values[:2], found.singular_values[time], atol=1e-12)
        assert values[2] < 1e-14
        assert found.norm[time] == pytest.approx(np.linalg.norm(W))
        eigenvalues = np.sort(np.linalg.eigvals(W).real)
        np.testing.assert_allclose(eigenvalues[[-1, 0]], found.eigenvalues[time], atol=1e-12)


def test_the_end_of_learning():
    end = exact_solution(3.0, [20.0, np.inf])
    assert end.z == pytest.approx([3.0, 3.0])
    assert end.loss[-1] < 1e-20
    assert end.theta[0] == pytest.approx(end.theta[1], abs=1e-9)
    assert 0 < end.theta[-1] < THETA_MAX


def test_the_angle_of_divergence():
    # An eigenvalue of 1: the target is out of reach.
    ends = [exact_solution(10.0**k, np.inf) for k in (1, 3, 5)]
    gaps = [THETA_MAX - end.theta[0] for end in ends]
    assert gaps[2] < 1e-5 < gaps[1] < gaps[0]
    assert 1 - ends[2].eigenvalues[0, 0] < 1e-4


@pytest.mark.parametrize("zhat", [0.5, -2.0])
def test_learning_time_is_that_of_the_course(zhat):
    for fraction in (0.5, 0.05):
        time = learning_time(zhat, fraction)
        assert exact_solution(zhat, time).loss[0] == pytest.approx(fraction * zhat**2 / 2)


def test_symmetries():
    a, b = frame()
    tau = [0.2, 0.7]
    W = exact_solution(1.5, tau).weights(a, b)
    # Input and readout change places: the transpose.
    np.testing.assert_allclose(exact_solution(1.5, tau).weights(b, a), W.transpose(0, 2, 1))
    # The readout and its target change sign: the same.
    np.testing.assert_allclose(exact_solution(-1.5, tau).weights(a, -b), W, atol=1e-12)
    # Neurons are rotated: so are the weights.
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((9, 9)))[0]
    rotated = exact_solution(1.5, tau).weights(turn @ a, turn @ b)
    np.testing.assert_allclose(rotated, turn @ W @ turn.T, atol=1e-12)


def test_checkpoints_are_a_tensor_of_ranks_two_two_three():
    a, b = frame()
    tensor = exact_solution(2.0, np.linspace(0.05, 1, 12)).weights(a, b)
    # Neurons, neurons, and time, along which sin, 1 - cos and epsilon are independent.
    for axis, rank in ((1, 2), (2, 2), (0, 3)):
        unfolded = np.moveaxis(tensor, axis, 0).reshape(tensor.shape[axis], -1)
        values = np.linalg.svd(unfolded, compute_uv=False)
        assert values[rank - 1] > 1e-4 * values[0]
        assert (values[rank:] < 1e-13 * values[0]).all()


def test_times_may_repeat_and_a_target_of_zero_needs_nothing():
    again = exact_solution(1.0, [0.0, 0.3, 0.3, np.inf])
    assert again.theta[0] == 0
    assert again.theta[1] == again.theta[2]
    assert not exact_solution(0.0, [1.0, np.inf]).block.any()


def test_what_cannot_be_used():
    with pytest.raises(InputError, match="zhat is nan: give a number"):
        exact_solution(np.nan, 1.0)
    for tau in ([-1.0], [1.0, 0.5], [np.nan], [[1.0]]):
        with pytest.raises(InputError, match=r"tau is .* give times of at least 0"):
            exact_solution(1.0, tau)
    with pytest.raises(InputError, match=r"cosine 0.707: give directions at right angles"):
        exact_solution(1.0, 1.0).weights([1.0, 0.0], [1.0, 1.0])
    for zhat, fraction in ((0.0, 0.05), (1.0, 2.0)):
        with pytest.raises(InputError, match="give a target other than 0, and at most 1"):
            learning_time(zhat, fraction)
