"""Autocorrelations: the note's table, closed forms, and self-consistency in frequency."""

import numpy as np
import pytest
import scipy.fft

from lowrnn.errors import InputError
from lowrnn.networks.mixture import GaussianMixture
from lowrnn.theory import MeanField
from lowrnn.theory.autocorrelation import autocorrelation
from lowrnn.theory.averages import product
from lowrnn.theory.equations import Equations
from lowrnn.theory.fluctuating import fluctuating_states

moments = GaussianMixture.from_moments
NONE = moments(0)


@pytest.mark.parametrize(
    ("g", "half_width", "values"),
    [
        (1.2, 15.00, [0.2389, 0.2282, 0.1927]), (1.5, 7.846, [0.7059, 0.6027, 0.3657]),
        (2.0, 5.361, [1.6997, 1.2512, 0.5484]), (2.5, 4.511, [2.9314, 1.9677, 0.7273]),
        (3.0, 4.084, [4.3959, 2.7822, 0.9295]),
    ],
)  # fmt: skip
def test_random_network(g, half_width, values):
    equations = Equations(NONE, g)
    (state,) = fluctuating_states(equations)
    found = autocorrelation(equations, state, [0, 2, 4, 8])
    assert found.half_width == pytest.approx(half_width, rel=2e-4)
    np.testing.assert_allclose(found.psi, [state.psi0, *values], atol=6e-5)
    np.testing.assert_array_equal(found.delta, [found.psi])


def low_pass(covariance, step):
    """`∫ ½ e^{-|s|} covariance(lag - s) ds`: what `1 / (1 + ω²)` does, on a cosine transform."""
    points = len(covariance)
    omega = np.pi * np.arange(points) / ((points - 1) * step)
    return scipy.fft.idct(scipy.fft.dct(covariance, 1) / (1 + omega**2), 1)


def implied(equations, state, delta, lag):
    """psi from `(1 + ω²) psi = g² ⟨phi phi⟩ + 2 noise_std²`, the definition of the random part."""
    (square,) = product(equations.nonlinearity, [(0, 0)], state.mu, state.delta0, delta.T)
    psi = low_pass(equations.g**2 * (square @ equations.alpha), lag[1])
    return psi + state.noise_std**2 * np.exp(-lag)


@pytest.mark.parametrize(
    ("mixture", "g", "noise_std", "nonlinearity"),
    [
        (NONE, 1.5, 0.0, "tanh"),
        (NONE, 2.0, 0.4, "erf"),
        (NONE, 2.0, 0.01, "tanh"),
        (NONE, 1.1, 1.0, "relu"),
        (moments(0, mean_m=1.1, mean_n=2), 1.9, 0.0, "tanh"),
        (moments(0, mean_m=1.1, mean_n=2), 1.8, 0.0, "tanh"),
        (moments([[[3.0]], [[1.0]]], mean_m=[[0.5], [-0.2]], weights=[0.6, 0.4]), 1.9, 0.2, "tanh"),
    ],
)
def test_self_consistency(mixture, g, noise_std, nonlinearity):
    """The autocorrelation implies itself, by a way that knows of no potential."""
    equations = Equations(mixture, g, nonlinearity)
    state = fluctuating_states(equations, noise_std)[0]
    end = autocorrelation(equations, state).lag[-1]
    lag = np.linspace(0, 2.5 * end, 2001)
    found = autocorrelation(equations, state, lag)
    # The transform sees the kink of low-passed noise at lag 0 with an error of second order.
    atol = 1e-6 if nonlinearity == "tanh" and noise_std == 0 else 3e-4
    np.testing.assert_allclose(implied(equations, state, found.delta, lag), found.psi, atol=atol)
    assert (np.diff(found.psi) <= 0).all()
    assert found.psi[-1] == pytest.approx(state.psi_inf, abs=1e-6)


def test_iteration_in_frequency_finds_the_noise_driven_state():
    """From scratch, without the equations for psi0 and psi_inf."""
    g, noise_std = 0.8, 0.7
    lag = np.linspace(0, 60, 6001)
    psi = noise_std**2 * np.exp(-lag)
    for _ in range(60):
        (square,) = product("erf", [(0, 0)], 0.0, psi[0], psi)
        psi = low_pass(g**2 * square, lag[1]) + noise_std**2 * np.exp(-lag)
    equations = Equations(NONE, g, "erf")
    (state,) = fluctuating_states(equations, noise_std)
    found = autocorrelation(equations, state, lag)
    np.testing.assert_allclose(found.psi, psi, atol=2e-5)


@pytest.mark.parametrize("g", [0.0, 0.8])
def test_linear_network(g):
    equations = Equations(NONE, g, "identity")
    (state,) = fluctuating_states(equations, 0.7)
    found = autocorrelation(equations, state)
    rate = np.sqrt(1 - g**2)
    np.testing.assert_allclose(found.psi, state.psi0 * np.exp(-rate * found.lag), atol=1e-7)
    assert found.half_width == pytest.approx(np.log(2) / rate, rel=1e-6)


def test_populations_differ_by_structure():
    mixture = moments([[[3.0]], [[3.0]]], mm=[[[1.0]], [[2.0]]], weights=[0.5, 0.5])
    equations = Equations(mixture, 2.0)
    state = fluctuating_states(equations)[0]
    found = autocorrelation(equations, state)
    structured = np.array([1, 2]) * state.kappa[0] ** 2
    np.testing.assert_allclose(found.delta, structured[:, None] + found.psi, rtol=1e-12)
    np.testing.assert_allclose(found.delta[:, 0], state.delta0, rtol=1e-12)


def test_far_lags_do_not_overflow():
    equations = Equations(NONE, 2.0)
    (state,) = fluctuating_states(equations)
    assert autocorrelation(equations, state, [1e6]).psi[0] == pytest.approx(0, abs=1e-12)


def test_input_errors():
    equations = Equations(moments(2.2), 1.0)
    with pytest.raises(InputError, match="state is structured-stationary"):
        autocorrelation(equations, MeanField(moments(2.2), 1.0).stationary()[0])
    (state,) = fluctuating_states(Equations(NONE, 2.0))
    with pytest.raises(InputError, match="violates the equations"):
        autocorrelation(Equations(NONE, 2.1), state)
    with pytest.raises(InputError, match="negative entry -1"):
        autocorrelation(Equations(NONE, 2.0), state, [0, -1])
