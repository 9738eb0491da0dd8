"""Plastic synapses: the decaying sum against dense matrices, states, linear onset."""

import numpy as np
import pytest
import scipy.integrate

from lowrnn import InputError
from lowrnn.theory.hebbian import hebbian_dynamics, hebbian_threshold, homogeneous_states


def random_matrix(g, neurons, seed=0):
    return g * np.random.default_rng(seed).standard_normal((neurons, neurons)) / np.sqrt(neurons)


def dense_dynamics(J, k, p, x, steps, dt, frozen_after):
    A, states = np.zeros_like(J), []
    for step in range(steps):
        rates = np.tanh(x)
        x = x + dt * (-x + (J + A) @ rates)
        if step < frozen_after:
            A = A + dt / p * (-A + k / len(x) * np.outer(rates, rates))
        states.append(x)
    return np.array(states), A


@pytest.mark.parametrize("k", [2.5, -1.5])
@pytest.mark.parametrize("frozen_after", [200, 60])
def test_decaying_sum_is_the_dense_plastic_matrix(k, frozen_after):
    J, x = random_matrix(1.5, 30), np.random.default_rng(1).standard_normal(30)
    found = hebbian_dynamics(J, k, 2.0, x, 200, dt=0.1, frozen_after=frozen_after, forgotten=1e-300)
    states, A = dense_dynamics(J, k, 2.0, x, 200, 0.1, frozen_after)
    np.testing.assert_allclose(found.x, states, atol=1e-12)
    np.testing.assert_allclose(found.plastic, A, atol=1e-13)
    np.testing.assert_allclose(
        found.speed, np.sqrt(np.mean(np.diff(states, axis=0) ** 2, axis=1)) / 0.1, atol=1e-11
    )


def test_old_rates_are_dropped_once_they_are_forgotten():
    J, x = random_matrix(0.5, 20), np.random.default_rng(1).standard_normal(20)
    found = hebbian_dynamics(J, 2.0, 1.0, x, 1000, dt=0.1, forgotten=1e-6)
    assert len(found.rates) == 139
    states, A = dense_dynamics(J, 2.0, 1.0, x, 1000, 0.1, 1000)
    np.testing.assert_allclose(found.x, states, atol=1e-5)
    np.testing.assert_allclose(found.plastic, A, atol=1e-6)


def test_threshold_of_homogeneous_states():
    least, x = hebbian_threshold()
    assert least == pytest.approx(2.0169980, abs=1e-7)
    assert x == pytest.approx(1.4192232, abs=1e-7)
    assert least == pytest.approx(x / np.tanh(x) ** 3, abs=1e-12)
    grid = np.linspace(0.1, 5, 100_001)
    assert least == pytest.approx((grid / np.tanh(grid) ** 3).min(), abs=1e-8)


def test_homogeneous_states():
    np.testing.assert_allclose(homogeneous_states(3.0), [0.7338219, 2.9512102], atol=1e-7)
    for k in (2.017, 5.0, 40.0):
        x = homogeneous_states(k)
        assert len(x) == 2
        np.testing.assert_allclose(x, k * np.tanh(x) ** 3, atol=1e-11)
    assert len(homogeneous_states(2.0169)) == len(homogeneous_states(-1.0)) == 0


def test_neurons_settle_at_the_larger_state_with_either_sign():
    signs = np.array([1, -1, -1, 1, 1])
    run = hebbian_dynamics(np.zeros((5, 5)), 3.0, 1.0, 20.0 * signs, 1500)
    np.testing.assert_allclose(run.x[-1], homogeneous_states(3.0)[1] * signs, atol=1e-10)
    np.testing.assert_allclose(
        run.plastic, 3 / 5 * np.tanh(run.x[-1, 0]) ** 2 * np.outer(signs, signs), atol=1e-9
    )


@pytest.mark.parametrize("k", [-4.0, 4.0])
def test_small_activity_does_not_feel_plasticity(k):
    J, x = random_matrix(1.2, 40), 1e-7 * np.random.default_rng(1).standard_normal(40)
    found = hebbian_dynamics(J, k, 1.0, x, 100, dt=0.1).x[-1]
    step = 0.9 * np.eye(40) + 0.1 * J
    np.testing.assert_allclose(found, np.linalg.matrix_power(step, 100) @ x, atol=1e-17)


def test_euler_steps_approach_the_continuous_dynamics():
    J, x = random_matrix(0.8, 10), np.random.default_rng(1).standard_normal(10)

    def flow(_, state):
        neurons, A = state[:10], state[10:].reshape(10, 10)
        rates = np.tanh(neurons)
        change = -A + 0.2 * np.outer(rates, rates)
        return np.concatenate([-neurons + (J + A) @ rates, change.ravel() / 1.5])

    start = np.concatenate([x, np.zeros(100)])
    exact = scipy.integrate.solve_ivp(flow, (0, 5), start, rtol=1e-9, atol=1e-11).y[:10, -1]
    errors = [
        np.abs(hebbian_dynamics(J, 2.0, 1.5, x, round(5 / dt), dt=dt).x[-1] - exact).max()
        for dt in (0.02, 0.01)
    ]
    assert errors[0] < 0.01
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.05)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"J": np.zeros((3, 2))}, "J has 3 entries"),
        ({"p": 0.01}, "p is 0.01: give a number of at least 0.05"),
        ({"steps": 0}, "steps is 0"),
        ({"dt": 1.5, "p": 2.0}, "dt is 1.5"),
        ({"forgotten": 0.0}, "forgotten is 0.0"),
        ({"k": np.nan}, "k is nan"),
    ],
)
def test_what_cannot_be_used_is_refused(changes, match):
    settings = {"J": np.eye(2), "k": 1.0, "p": 1.0, "initial_state": np.ones(2), "steps": 3}
    with pytest.raises(InputError, match=match):
        hebbian_dynamics(**settings | changes)
