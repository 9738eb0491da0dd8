"""What is computed from a part of the trials, or without storing states, against the whole."""

import numpy as np
import pytest

from lowrnn import RNN, LowRank
from lowrnn.fitting import gauss_newton
from lowrnn.fitting.data import Data, squared_deviations
from lowrnn.fitting.visited import latents, shortest, visited_rates

NEURONS, TRIALS, STEPS = 40, 12, 30


@pytest.fixture(params=["tanh", "softplus"])
def rnn(request):
    g = np.random.default_rng(2)
    m, B = g.standard_normal((2, NEURONS, 2)).astype(np.float32)
    n = (0.6 * m + B + g.standard_normal((NEURONS, 2))).astype(np.float32)
    bias = g.standard_normal(NEURONS)
    return RNN(LowRank(m, n), B, dt=0.02, tau=0.1, bias=bias, nonlinearity=request.param)


@pytest.fixture
def starts():
    return np.random.default_rng(1).standard_normal((TRIALS, NEURONS)).astype(np.float32)


def data(rnn, starts, size=1.0):
    u = size * np.random.default_rng(0).standard_normal((TRIALS, STEPS, 2)).astype(np.float32)
    return Data(rnn.simulate(u, initial_state=starts).x, u, rnn.dt)


@pytest.mark.parametrize("on", ["rates", "states"])
def test_rates_and_latents_are_those_of_a_simulation(rnn, starts, on):
    given = data(rnn, starts)
    run = rnn.simulate(given.inputs, initial_state=starts)
    before = np.concatenate([rnn.rates(starts)[:, None], run.rates[:, :-1]], axis=1)
    rows = visited_rates(rnn, given, starts, on, TRIALS * STEPS)
    np.testing.assert_allclose(rows, before.reshape(-1, NEURONS), atol=2e-6)
    some = visited_rates(rnn, given, starts, on, 50)
    assert some.shape == (50, NEURONS)
    apart = np.abs(some[:, None] - before.reshape(-1, NEURONS)).max(axis=2)
    assert apart.min(axis=1).max() < 2e-6
    rnn = rnn.replace(connectivity=rnn.connectivity.canonical())
    found = latents(rnn, given, starts, on)
    np.testing.assert_allclose(found, run.kappa, atol=1e-5)


def test_the_shortest_n_reads_the_same(rnn):
    # Small inputs visit few dimensions of the rates.
    starts = np.zeros((TRIALS, NEURONS), np.float32)
    given = data(rnn, starts, size=0.05)
    found = shortest(rnn, given, starts, "states")
    run, same = rnn.simulate(given.inputs), found.simulate(given.inputs)
    np.testing.assert_allclose(same.x, run.x, atol=2e-3 * np.abs(run.x).max())
    rows = np.concatenate([rnn.rates(starts)[:, None], run.rates[:, :-1]], axis=1)
    _, s, vt = np.linalg.svd(rows.reshape(-1, NEURONS).astype(np.float64))
    kept = vt[:NEURONS][s > 1e-3 * s[0]]
    assert len(kept) < NEURONS / 2
    n = kept.T @ (kept @ rnn.connectivity.n)
    J = rnn.connectivity.m @ n.T / NEURONS
    np.testing.assert_allclose(found.connectivity.dense(), J, atol=1e-3 * np.abs(J).max())


def test_the_noise_is_told_from_some_of_the_bins(monkeypatch):
    g = np.random.default_rng(4)
    signal = g.standard_normal((200, 50, 3)) @ g.standard_normal((3, 30))
    y = (signal + 0.3 * g.standard_normal(signal.shape)).astype(np.float32)
    # Bins of which nothing was observed tell nothing.
    y[:100] = np.nan
    monkeypatch.setattr(gauss_newton, "_MOST_BINS", 10_000)
    whole = gauss_newton.noise_variance(y, 3)
    monkeypatch.setattr(gauss_newton, "_MOST_BINS", 1000)
    assert gauss_newton.noise_variance(y, 3) == pytest.approx(whole, rel=0.02)
    assert whole == pytest.approx(0.09 * 27 / 30, rel=0.05)


def test_squared_deviations_of_what_was_observed():
    g = np.random.default_rng(5)
    y = (1000 + 0.1 * g.standard_normal((7, 20, 11))).astype(np.float32)
    y[g.random(y.shape) < 0.3] = np.nan
    y[2] = np.nan
    seen = y[~np.isnan(y)].astype(np.float64)
    assert squared_deviations(y) == pytest.approx(((seen - seen.mean()) ** 2).sum(), rel=1e-9)
