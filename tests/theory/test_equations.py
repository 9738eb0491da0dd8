"""The self-consistency map: its derivatives, its symmetries, and populations that are one."""

import numpy as np
import pytest

from lowrnn import GaussianMixture
from lowrnn.networks import NONLINEARITIES
from lowrnn.theory.equations import Equations


def random_mixture(rank=2, populations=2, seed=0):
    rng = np.random.default_rng(seed)
    size = 2 * rank + 2
    factors = rng.standard_normal((populations, size, size)) / np.sqrt(size)
    weights = rng.random(populations) + 0.5
    return GaussianMixture(
        weights / weights.sum(),
        rng.standard_normal((populations, size)),
        factors @ factors.swapaxes(1, 2),
        rank=rank, inputs=1, outputs=1,
    )  # fmt: skip


@pytest.mark.parametrize("nonlinearity", NONLINEARITIES)
def test_jacobian_is_the_derivative_of_the_map(nonlinearity):
    equations = Equations(random_mixture(), 0.9, nonlinearity, [0.6])
    y, step = np.array([0.5, -0.8, 0.4]), 1e-5
    changes = step * np.eye(3)
    numeric = (equations.map(y + changes) - equations.map(y - changes)) / (2 * step)
    np.testing.assert_allclose(equations.jacobian(y), numeric.T, atol=1e-8)


def test_leading_axes_are_points():
    equations = Equations(random_mixture(), 0.9, u=[0.6])
    y = np.abs(np.random.default_rng(0).standard_normal((3, 4, 3)))
    for method in (equations.map, equations.jacobian):
        np.testing.assert_allclose(method(y)[1, 2], method(y[1, 2]), atol=1e-13)


def test_change_of_gauge():
    """`(m A, n A⁻ᵀ)` is the same network, so kappa turns and nothing else changes."""
    mixture, gauge = random_mixture(), np.array([[1.2, 0.3], [-0.5, 0.8]])
    turn = np.eye(6)
    turn[:2, :2], turn[2:4, 2:4] = gauge.T, np.linalg.inv(gauge)
    turned = GaussianMixture(
        mixture.weights, mixture.means @ turn.T, turn @ mixture.covariances @ turn.T,
        rank=2, inputs=1, outputs=1,
    )  # fmt: skip
    y = np.array([0.5, -0.8, 0.4])
    y_turned = np.append(np.linalg.inv(gauge) @ y[:2], y[2])
    one, other = (Equations(each, 0.9, u=[0.6]) for each in (mixture, turned))
    implied, implied_turned = one.map(y), other.map(y_turned)
    np.testing.assert_allclose(np.linalg.inv(gauge) @ implied[:2], implied_turned[:2], atol=1e-12)
    assert implied[2] == pytest.approx(implied_turned[2])
    np.testing.assert_allclose(
        one.readout(y[:2], y[2]), other.readout(y_turned[:2], y[2]), atol=1e-12
    )
    eigenvalues = [np.sort_complex(np.linalg.eigvals(e.jacobian(at)))
                   for e, at in ((one, y), (other, y_turned))]  # fmt: skip
    np.testing.assert_allclose(*eigenvalues, atol=1e-12)


def test_a_population_may_be_split():
    whole = random_mixture(populations=1)
    split = GaussianMixture(
        [0.2, 0.8], np.repeat(whole.means, 2, 0), np.repeat(whole.covariances, 2, 0),
        rank=2, inputs=1, outputs=1,
    )  # fmt: skip
    y = np.array([0.5, -0.8, 0.4])
    one, other = (Equations(each, 0.9, u=[0.6]).map(y) for each in (whole, split))
    np.testing.assert_allclose(one, other, atol=1e-13)


@pytest.mark.parametrize("nonlinearity", NONLINEARITIES)
def test_what_it_implies_is_the_average_over_neurons(nonlinearity):
    """Monte Carlo: loadings from the mixture, states built from them."""
    mixture, y, u, count = random_mixture(), np.array([0.5, -0.8, 0.4]), 0.6, 200_000
    rnn = mixture.sample(count, 0, exact=True, nonlinearity=nonlinearity)
    random = np.random.default_rng(1).standard_normal(count)
    x = rnn.connectivity.m @ y[:2] + rnn.inputs[:, 0] * u + np.sqrt(y[2]) * random
    rates = rnn.rates(x)
    equations = Equations(mixture, 0.9, nonlinearity, [u])
    for value, weights in ((equations.latents(y[:2], y[2]), rnn.connectivity.n),
                           (equations.readout(y[:2], y[2]), rnn.readout)):  # fmt: skip
        terms = weights * rates[:, None]
        error = terms.std(axis=0) / np.sqrt(count)
        assert (np.abs(terms.mean(axis=0) - value) < 4 * error).all()
    square = 0.81 * rates**2
    assert abs(square.mean() - equations.variance(y[:2], y[2])) < 4 * square.std() / np.sqrt(count)


def test_latents_stay_within_their_bound():
    equations = Equations(random_mixture(), 0.9, u=[0.6])
    kappa = np.random.default_rng(0).standard_normal((500, 2)) * 10
    assert (np.abs(equations.latents(kappa, 0.3)) <= equations.largest_kappa).all()
