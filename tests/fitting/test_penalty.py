"""The penalty: what it does to fits of few noisy conditions, and to clean ones."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from lowrnn import LINT, RNN, LowRank
from lowrnn.fitting import r2
from lowrnn.fitting.gauss_newton import noise_variance
from lowrnn.fitting.loadings import Loadings

LEVELS = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
OUTER, INNER = [0, 4], [1, 2, 3]


def held(levels, steps=30):
    return np.broadcast_to(np.asarray(levels)[:, None, None], (len(levels), steps, 1)).copy()


def noise(g, shape):
    """Noise as slow as smoothed rates, with variance 1."""
    values = gaussian_filter1d(g.standard_normal(shape), 3, axis=1)
    return values / values.std()


def conditions(seed, neurons=40):
    """States of a rank-1 network under five levels of its input, true and as measured."""
    g = np.random.default_rng(seed)
    m, B = g.standard_normal((2, neurons, 1))
    x = RNN(LowRank(m, 1.2 * m + B), B, dt=0.02, tau=0.1).simulate(held(LEVELS)).x
    return x, x + 0.7 * noise(g, x.shape)


def fit(rank, y, u, **settings):
    estimator = LINT(rank, on="states", initial_state="shared", updates=50, dt=0.02, **settings)
    return estimator.fit(y, u)


@pytest.mark.parametrize("seed", range(3))
def test_conditions_beyond_those_seen_are_predicted(seed):
    truth, y = conditions(seed)
    u = held(LEVELS)
    scores = [fit(rank, y[INNER], u[INNER]).score(truth[OUTER], u[OUTER]) for rank in (1, 2, 4)]
    assert min(scores) > 0.5
    assert max(scores) - min(scores) < 0.2


def test_without_it_they_are_not():
    truth, y = conditions(0)
    u = held(LEVELS)
    assert fit(2, y[INNER], u[INNER], penalty=0).score(truth[OUTER], u[OUTER]) < -1


@pytest.mark.parametrize("rank", [1, 3])
def test_fits_of_noise_alone_predict_little_and_harm_little(rank):
    g = np.random.default_rng(1)
    u = held(LEVELS)
    y, new = noise(g, (2, 5, 30, 40))
    found = fit(rank, y, u)
    assert found.r2_ < 0.4
    assert -0.5 < found.score(new, u) < 0.1


def test_a_larger_penalty_gives_smaller_currents_down_to_none():
    _, y = conditions(0)
    u = held(LEVELS)
    sizes = []
    for penalty in (0.1, 1.0, 10.0, 1e5):
        rnn = fit(2, y, u, penalty=penalty).rnn_
        m, n = rnn.connectivity.m, rnn.connectivity.n
        sizes.append(np.linalg.norm(m @ n.T) + np.linalg.norm(rnn.inputs))
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < 1e-2 * sizes[0]


def test_loadings_of_further_neurons_are_ridge_regression():
    _, y = conditions(0)
    u = held(LEVELS)
    found = fit(1, y[:, :, :30], u, penalty=5.0)
    loadings = Loadings(found, u, y[:, :, 30:].astype(np.float32))
    kappa = found.rnn_.simulate(u).kappa
    alpha = found.rnn_.alpha
    time = np.arange(1, u.shape[1] + 1)[:, None]
    filtered = u * (1 - (1 - alpha) ** time)
    resting = np.broadcast_to((1 - alpha) ** time, filtered.shape)
    d = np.concatenate([kappa, filtered, resting], axis=2).reshape(-1, 3)
    expected = np.linalg.solve(
        d.T @ d + found.ridge_ * np.eye(3), d.T @ y[:, :, 30:].reshape(-1, 10)
    )
    np.testing.assert_allclose(loadings.W, expected.T, atol=1e-3)


def test_it_costs_clean_data_little():
    g = np.random.default_rng(2)
    m, B = g.standard_normal((2, 40, 1))
    rnn = RNN(LowRank(m, 1.2 * m + B), B, dt=0.02, tau=0.1)
    u = g.uniform(-1, 1, (40, 30, 1))
    y = rnn.simulate(u).x
    found = fit(1, y, u)
    assert r2(y, found.predict(u)) > 0.99


@pytest.mark.parametrize("level", [0.1, 1.0])
def test_the_noise_is_estimated(level):
    g = np.random.default_rng(4)
    factors, loadings = g.standard_normal((2000, 3)), g.standard_normal((3, 50))
    y = factors @ loadings + level * g.standard_normal((2000, 50))
    found = noise_variance(y.reshape(20, 100, 50), 3)
    assert found == pytest.approx(level**2, rel=0.1)
