"""Learning with noise in a frame of two, against gradient descent of whole networks."""

import numpy as np
import pytest
import scipy.linalg

from lowrnn import InputError
from lowrnn.theory.linear_learning import learned_mean, noisy_readout, suppressed_noise


def test_two_dimensions_hold_all_that_is_learned():
    neurons, overlap, zhat, noise_std = 5, 0.6, 1.2, 0.8
    frame = np.linalg.qr(np.random.default_rng(0).standard_normal((neurons, 2)))[0]
    w = frame[:, 0]
    w_in = frame @ [overlap, np.sqrt(neurons - overlap**2)]
    identity, lr, steps = np.eye(neurons), 2e-4, 400

    def loss(W):
        C = scipy.linalg.solve_continuous_lyapunov(W - identity, -2 * noise_std**2 * identity)
        bias = w @ np.linalg.solve(identity - W, w_in) - zhat
        return bias**2 + w @ C @ w

    def gradient(W):
        found = np.zeros_like(W)
        for i, j in np.ndindex(W.shape):
            move = np.zeros_like(W)
            move[i, j] = 1e-5
            found[i, j] = (loss(W + move) - loss(W - move)) / 2e-5
        return found

    W = np.zeros((neurons, neurons))
    for _ in range(40):
        # The midpoint rule, over ten steps of descent.
        half = W - 5 * lr * gradient(W)
        W = W - 10 * lr * gradient(half)
    run = noisy_readout(
        [0.0, steps], lr=lr, neurons=neurons, overlap=overlap, zhat=zhat, noise_std=noise_std
    )
    assert np.abs(run.M[-1]).max() > 0.1
    np.testing.assert_allclose(frame @ run.M[-1] @ frame.T, W, atol=2e-5)
    assert run.loss[-1] == pytest.approx(loss(W), rel=1e-4)
    assert run.loss[0] == pytest.approx((overlap - zhat) ** 2 + noise_std**2)


def test_phases_have_their_leading_orders_in_large_networks():
    neurons, lr, overlap, zhat = 65536, 0.002, -0.5, 1.0
    settings = {"neurons": neurons, "overlap": overlap, "zhat": zhat}
    fast = noisy_readout([200.0, 1000.0], lr=lr / neurons, **settings)
    expected = learned_mean(fast.time, lr, overlap, zhat)
    np.testing.assert_allclose(np.sqrt(neurons) * fast.M[:, 0, 1], expected, rtol=2e-3)
    np.testing.assert_allclose(fast.variance, 1, atol=1e-3)
    slow = noisy_readout([1000.0, 5000.0], lr=lr, start=fast.M[-1], **settings)
    feedback, variance = suppressed_noise(slow.time, lr, 1.0)
    np.testing.assert_allclose(slow.M[:, 0, 0], feedback, rtol=2e-3)
    np.testing.assert_allclose(slow.variance, variance, rtol=2e-3)
    kept = zhat * (1 - slow.M[:, 0, 0]) - overlap
    np.testing.assert_allclose(np.sqrt(neurons) * slow.M[:, 0, 1], kept, rtol=2e-3)


def test_without_noise_only_the_mean_is_learned():
    run = noisy_readout([1e5], lr=1e-4, neurons=100, noise_std=0.0)
    assert run.variance[0] == 0
    assert run.bias[0] == pytest.approx(0, abs=1e-6)


def test_what_cannot_be_used():
    with pytest.raises(InputError, match=r"time is .* give steps of at least 0 that rise"):
        noisy_readout([1.0, 0.0], lr=0.1, neurons=10)
    with pytest.raises(InputError, match=r"overlap is 4.0: give at most the root of 10 neurons"):
        noisy_readout([1.0], lr=0.1, neurons=10, overlap=4.0)
    with pytest.raises(InputError, match="start has an eigenvalue of real part 1 or more"):
        noisy_readout([1.0], lr=0.1, neurons=10, start=np.eye(2))
    with pytest.raises(InputError, match="noise_std is -1: give a number of at least 0"):
        noisy_readout([1.0], lr=0.1, neurons=10, noise_std=-1)
