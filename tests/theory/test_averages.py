"""Gaussian averages: the note's values, independent quadrature, and the identities they obey."""

import numpy as np
import pytest
from scipy.integrate import quad

from lowrnn.networks import NONLINEARITIES
from lowrnn.theory.averages import average, product

SMOOTH = ["tanh", "softplus", "identity", "erf"]


@pytest.mark.parametrize(
    ("mu", "delta", "singles", "products"),
    [
        (0, 0.5, [0, 0.726324, 0, -0.649260], [0.592426, 0, -0.267796]),
        (0.5, 1, [0.295453, 0.561993, -0.168089, -0.283541], [0.421919, 0.084044, -0.280148]),
        (1, 5, [0.322212, 0.304009, -0.052725, -0.043526], [0.209927, 0.026362, -0.188164]),
        (-2, 30, [-0.281362, 0.134698, 0.008744, -0.003804], [0.090432, -0.004372, -0.088530]),
    ],
)
def test_tanh_values(mu, delta, singles, products):
    np.testing.assert_allclose(average("tanh", range(4), mu, delta), singles, atol=6e-7)
    pairs = [(1, 1), (0, 1), (0, 2)]
    np.testing.assert_allclose(product("tanh", pairs, mu, delta), products, atol=6e-7)


@pytest.mark.parametrize(
    ("mu", "delta0", "delta", "values"),
    [
        (0, 1, 0.5, [0.186324, 0.384747, 0.186515]),
        (0, 1, -0.5, [-0.186324, 0.384747, 0.186515]),
        (0.5, 2, 1, [0.274096, 0.231778, 0.655739]),
        (1, 5, 4.9, [0.675737, 0.195782, 3.696387]),
    ],
)
def test_tanh_two_point_values(mu, delta0, delta, values):
    found = product("tanh", [(0, 0), (1, 1), (-1, -1)], mu, delta0, delta)
    np.testing.assert_allclose(found, values, atol=6e-7)


def test_erf_two_point_is_an_arcsine():
    delta0, delta = 1.7, np.array([-1.7, -1.2, 0.0, 0.3, 1.7])
    (found,) = product("erf", [(0, 0)], 0.0, delta0, delta)
    exact = 2 / np.pi * np.arcsin(2 * delta / (1 + 2 * delta0))
    np.testing.assert_allclose(found, exact, atol=1e-13)


@pytest.mark.parametrize("nonlinearity", NONLINEARITIES)
@pytest.mark.parametrize(("mu", "delta"), [(0.0, 0.3), (-0.7, 2.0), (1.5, 12.0)])
def test_against_adaptive_quadrature(nonlinearity, mu, delta):
    """phi of the kernels, averaged by a library."""
    import torch

    def phi(x):
        return float(NONLINEARITIES[nonlinearity](torch.tensor(x, dtype=torch.float64)))

    def density(x):
        return np.exp(-((x - mu) ** 2) / (2 * delta)) / np.sqrt(2 * np.pi * delta)

    reach = 9 * np.sqrt(delta)
    for power, found in ((1, average(nonlinearity, [0], mu, delta)),
                         (2, product(nonlinearity, [(0, 0)], mu, delta))):  # fmt: skip
        wanted = quad(
            lambda x, power=power: phi(x) ** power * density(x),
            mu - reach, mu + reach, points=[0.0], epsabs=1e-13, limit=300,
        )[0]  # fmt: skip
        assert found[0] == pytest.approx(wanted, abs=1e-10)


@pytest.mark.parametrize("nonlinearity", NONLINEARITIES)
def test_derivatives_follow_from_each_other(nonlinearity):
    """d⟨f⟩/dμ = ⟨f'⟩ and d⟨f⟩/dΔ = ½⟨f''⟩, from the primitive up to phi'''."""
    mu, delta, step = np.array([-1.3, 0.0, 0.4]), 1.7, 1e-4
    orders = range(-1, 4)
    centre = average(nonlinearity, orders, mu, delta)
    right, left = (average(nonlinearity, orders, mu + s, delta) for s in (step, -step))
    wider, narrower = (average(nonlinearity, orders, mu, delta + s) for s in (step, -step))
    for k in range(4):
        np.testing.assert_allclose((right[k] - left[k]) / (2 * step), centre[k + 1], atol=1e-7)
    for k in range(3):
        change = (wider[k] - narrower[k]) / (2 * step)
        np.testing.assert_allclose(change, 0.5 * centre[k + 2], atol=1e-7)


@pytest.mark.parametrize("nonlinearity", NONLINEARITIES)
def test_two_point_derivative_in_the_covariance(nonlinearity):
    mu, delta0, step = 0.3, 1.4, 1e-4
    for delta in (-0.6, 0.5, 0.9):
        pairs = [(-1, -1), (0, 0), (1, 1)]
        centre = product(nonlinearity, pairs, mu, delta0, delta)
        up, down = (product(nonlinearity, pairs, mu, delta0, delta + s) for s in (step, -step))
        for k in range(2):
            assert (up[k] - down[k]) / (2 * step) == pytest.approx(centre[k + 1], abs=1e-6)


@pytest.mark.parametrize("nonlinearity", NONLINEARITIES)
def test_limits_of_the_covariance(nonlinearity):
    """Independent variables factorise; fully correlated ones are one."""
    mu, delta0 = np.array([-0.4, 0.9]), 0.8
    (apart,) = product(nonlinearity, [(0, 1)], mu, delta0, 0.0)
    phi, slope = average(nonlinearity, [0, 1], mu, delta0)
    np.testing.assert_allclose(apart, phi * slope, atol=1e-12)
    pairs = [(-1, -1), (0, 0), (0, 1), (1, 1)]
    together = product(nonlinearity, pairs, mu, delta0, delta0 * (1 - 1e-7))
    atol = 1e-3 if nonlinearity == "relu" else 1e-6
    np.testing.assert_allclose(together, product(nonlinearity, pairs, mu, delta0), atol=atol)


@pytest.mark.parametrize("nonlinearity", NONLINEARITIES)
def test_no_variance_is_the_point(nonlinearity):
    mu = np.array([-1.2, 0.3, 2.0])
    narrow = average(nonlinearity, [-1, 0, 1], mu, 1e-12)
    for found, limit in zip(average(nonlinearity, [-1, 0, 1], mu, 0.0), narrow, strict=True):
        np.testing.assert_allclose(found, limit, atol=1e-9)


def test_tanh_far_out_does_not_overflow():
    (found,) = average("tanh", [-1], 2000.0, 0.0)
    assert found == pytest.approx(2000 - np.log(2))


def test_blocks_do_not_change_an_average(monkeypatch):
    mu = np.linspace(-2, 2, 1001)
    whole = average("tanh", [0, 1], mu, 2.0)
    monkeypatch.setattr("lowrnn.theory.averages.BLOCK", 1000)
    np.testing.assert_allclose(average("tanh", [0, 1], mu, 2.0), whole, rtol=1e-14)
