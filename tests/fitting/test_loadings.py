"""Loadings of neurons that took no part in the fit."""

import numpy as np
import pytest

from lowrnn import LINT, RNN, LowRank
from lowrnn.fitting import Loadings, r2

NEURONS, HELD, TRIALS, STEPS = 30, 8, 20, 30


def network(**changes):
    g = np.random.default_rng(3)
    m, B = g.standard_normal((2, NEURONS, 2))
    n = 1.5 * m + B + 0.5 * g.standard_normal((NEURONS, 2))
    n[:HELD] = 0
    return RNN(LowRank(m, n), B, dt=0.02, tau=0.1, **changes)


def inputs(seed=0):
    g = np.random.default_rng(seed)
    return g.uniform(-1, 1, (TRIALS, 1, 2)) + 0.5 * g.standard_normal((TRIALS, STEPS, 2))


@pytest.mark.parametrize("on", ["rates", "states"])
def test_known_loadings_are_recovered(on):
    truth, u = network(), inputs()
    run = truth.simulate(u)
    y = run.rates if on == "rates" else run.x
    fit = LINT(2, on=on, updates=50).fit(y[..., HELD:], u)
    found = Loadings(fit, u, y[..., :HELD])
    # Latents and inputs are known up to a linear map, which the fitted neurons tell.
    fitted = np.hstack([fit.rnn_.connectivity.m, fit.rnn_.inputs])
    known = np.hstack([truth.connectivity.m, truth.inputs])
    change = np.linalg.lstsq(fitted, known[HELD:], rcond=None)[0]
    recovered = found.W[:, :4] @ change
    assert np.corrcoef(recovered.ravel(), known[:HELD].ravel())[0, 1] > 0.97
    new = inputs(seed=9)
    run = truth.simulate(new)
    target = (run.rates if on == "rates" else run.x)[..., :HELD]
    assert r2(target, found.predict(new)) > 0.98


def test_offsets_and_missing_values():
    g = np.random.default_rng(1)
    truth = network(bias=0.5 * g.standard_normal(NEURONS), initial_state=g.standard_normal(NEURONS))
    u = inputs()
    y = truth.simulate(u).rates
    fit = LINT(2, bias=True, initial_state="shared", updates=100).fit(y[..., HELD:], u)
    seen = y[..., :HELD].copy()
    seen[g.random(seen.shape) < 0.3] = np.nan
    seen[..., 0] = np.nan
    found = Loadings(fit, u, seen).predict(u)
    assert found.shape == seen.shape
    assert np.isfinite(found).all()
    assert r2(y[..., 1:HELD], found[..., 1:]) > 0.98
