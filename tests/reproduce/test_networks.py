"""Simulated sides of claims: latents are those along the m that was drawn."""

import numpy as np
import pytest

from lowrnn import GaussianMixture
from lowrnn.reproduce.networks import draw, fluctuating, latents, run_from
from lowrnn.theory import MeanField


def test_latents_along_the_given_m():
    """Without a random part the state is m kappa, and Euler steps of kappa are exact."""
    theory = MeanField(GaussianMixture.from_moments([[1.6, -0.8], [0.8, 1.6]], mm=2.0, rank=2))
    rnn = draw(theory, 200, 1)
    run = run_from(rnn, [[0.9, -0.2]], 0.0, 1.0)
    m, n = rnn.connectivity.m.astype(float), rnn.connectivity.n.astype(float)
    kappa = np.array([0.9, -0.2])
    for found in latents(rnn, run)[0]:
        kappa = kappa + rnn.dt * (np.tanh(m @ kappa) @ n / 200 - kappa)
        np.testing.assert_allclose(found, kappa, atol=1e-5)


def test_the_start_has_the_variance_asked_for():
    theory = MeanField(GaussianMixture.from_moments(0.5, inputs=1), 0.5)
    rnn = draw(theory, 2000, 0, dt=0.001)
    run = run_from(rnn, [[0.0], [1.0]], 0.25, 0.001, [0.0])
    assert run.x[0, 0].var() == pytest.approx(0.25, rel=0.1)
    assert run.x[1, 0].var() == pytest.approx(1.25, rel=0.1)


def test_time_averages_of_a_chaotic_network():
    theory = MeanField(GaussianMixture.from_moments(0.0), 3.0)
    (state,) = theory.fluctuating()
    kappa, psi0 = fluctuating(theory, state, 300, 1, duration=40, settling=10)
    assert kappa < 0.1
    assert psi0 == pytest.approx(state.psi0, rel=0.15)
