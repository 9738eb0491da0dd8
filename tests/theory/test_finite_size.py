"""The scatter of finite networks: the note's value, closed forms, and networks themselves."""

import numpy as np
import pytest

from lowrnn import GaussianMixture, MeanField
from lowrnn.theory.finite_size import finite_size_covariance

REFERENCE = GaussianMixture.from_moments(0.0, mean_m=1.1, mean_n=2.0)


def test_the_reference_network():
    theory = MeanField(REFERENCE)
    state = theory.stationary()[0]
    found = finite_size_covariance(theory, state)
    assert np.sqrt(found[0, 0]) == pytest.approx(1.693, rel=0.01)
    assert 0.44 < np.sqrt(finite_size_covariance(theory, state, exact=True)[0, 0]) < 0.48


@pytest.mark.parametrize(("exact", "rtol"), [(False, 0.2), (True, 0.2)])
def test_networks_scatter_as_expected(exact, rtol):
    """200 networks know their standard deviation to 5 %."""
    theory, neurons = MeanField(REFERENCE), 400
    state = theory.stationary()[0]
    expected = np.sqrt(finite_size_covariance(theory, state, exact=exact)[0, 0] / neurons)
    found = []
    for seed in range(200):
        rnn = REFERENCE.sample(neurons, seed, exact=exact, dt=0.5)
        m, n = rnn.connectivity.m, rnn.connectivity.n
        rates = rnn.simulate(np.zeros((1, 60, 0)), initial_state=1.3 * m.T).rates[0, -1]
        found.append(n[:, 0] @ rates / neurons)
    assert np.std(found) == pytest.approx(expected, rel=rtol)


def test_a_linear_network_in_closed_form():
    """kappa = B·n u / (1 - n·m): with exact sampling it does not scatter, else as its products."""
    mixture = GaussianMixture.from_moments(0.5, nB=0.7, inputs=1)
    theory = MeanField(mixture, nonlinearity="identity")
    (state,) = theory.stationary(2.0)
    assert finite_size_covariance(theory, state, 2.0, exact=True)[0, 0] < 1e-12
    kappa, cov = state.kappa[0], mixture.covariances[0]
    direction = np.array([kappa, 0, 2.0])
    # Wick: the variance of n x for centred Gaussians.
    n_x = cov[1] @ direction
    variance = (cov[1, 1] * (direction @ cov @ direction) + n_x**2) / (1 - 0.5) ** 2
    found = finite_size_covariance(theory, state, 2.0)[0, 0]
    assert found == pytest.approx(variance, rel=0.02)


def test_it_diverges_where_a_branch_ends():
    scatter = []
    for overlap in (1.5, 1.1, 1.02):
        theory = MeanField(GaussianMixture.from_moments(overlap))
        scatter.append(finite_size_covariance(theory, theory.stationary()[0])[0, 0])
    assert scatter[0] < scatter[1] < scatter[2]
