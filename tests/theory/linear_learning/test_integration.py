"""The loss of learning to integrate, against quadrature and finite differences."""

import numpy as np
import pytest
import scipy.linalg
from scipy.integrate import quad

from lowrnn import InputError
from lowrnn.theory.linear_learning import initial_weights, integration_loss


@pytest.mark.parametrize(("g", "decay"), [(0.0, 0.3), (0.6, 0.2), (0.8, 2.0)])
def test_the_loss_is_that_of_the_response_to_a_pulse(g, decay):
    W, u, v = initial_weights(8, g, 2, perpendicular=False)

    def error(time):
        response = v @ scipy.linalg.expm(time * (W - np.eye(8))) @ u
        return (response - np.exp(-decay * time)) ** 2 / 2

    expected = quad(error, 0, 100, epsabs=1e-11, limit=200)[0]
    assert integration_loss(W, u, v, decay)[0] == pytest.approx(expected, abs=1e-9)


def test_the_gradient_is_that_of_the_loss():
    W, u, v = initial_weights(6, 0.5, 0, perpendicular=False)
    _, gradient = integration_loss(W, u, v, 0.4)
    for i, j in np.ndindex(W.shape):
        move = np.zeros_like(W)
        move[i, j] = 1e-5
        ends = [integration_loss(W + side * move, u, v, 0.4)[0] for side in (1, -1)]
        assert gradient[i, j] == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=1e-8)


def test_symmetries():
    W, u, v = initial_weights(10, 0.6, 1, perpendicular=False)
    loss, gradient = integration_loss(W, u, v, 0.5)
    turn = np.linalg.qr(np.random.default_rng(0).standard_normal((10, 10)))[0]
    rotated = integration_loss(turn @ W @ turn.T, turn @ u, turn @ v, 0.5)
    assert rotated[0] == pytest.approx(loss)
    np.testing.assert_allclose(rotated[1], turn @ gradient @ turn.T, atol=1e-12)
    transposed = integration_loss(W.T, v, u, 0.5)
    assert transposed[0] == pytest.approx(loss)
    np.testing.assert_allclose(transposed[1], gradient.T, atol=1e-12)


def test_one_eigenvalue_learns_the_task():
    decay = 0.3
    W, u, _ = initial_weights(40, 0.3, 0)
    # Input and readout along one direction: at first the network forgets too fast.
    v = u / (u @ u)
    first = integration_loss(W, u, v, decay)[0]
    for _ in range(400):
        W = W - 0.05 * integration_loss(W, u, v, decay)[1]
    eigenvalues = np.linalg.eigvals(W)
    eigenvalues = eigenvalues[np.argsort(-eigenvalues.real)]
    assert integration_loss(W, u, v, decay)[0] < 0.01 * first
    assert eigenvalues[0] == pytest.approx(1 - decay, abs=0.05)
    assert eigenvalues[1].real < 0.4


def test_the_exact_integrator_has_no_loss():
    u = np.array([2.0, 0.0])
    loss, gradient = integration_loss(np.diag([0.75, 0.1]), u, u / 4, 0.25)
    assert loss == pytest.approx(0, abs=1e-15)
    np.testing.assert_allclose(gradient, 0, atol=1e-14)


def test_what_cannot_be_used():
    W, u, v = initial_weights(5, 0.5)
    with pytest.raises(InputError, match="decay is 0: give a number above 0"):
        integration_loss(W, u, v, 0)
    with pytest.raises(InputError, match="W has an eigenvalue with real part 2: give weights"):
        integration_loss(2 * np.eye(5), u, v, 1.0)
    with pytest.raises(InputError, match=r"W has shape \(4, 5\): give a square matrix"):
        integration_loss(W[1:], u, v, 1.0)
