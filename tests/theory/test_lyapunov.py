"""Lyapunov exponents: the note's values, limits, and two copies of one network."""

import numpy as np
import pytest

from lowrnn.networks.mixture import GaussianMixture
from lowrnn.theory import MeanField
from lowrnn.theory.equations import Equations
from lowrnn.theory.fluctuating import fluctuating_states
from lowrnn.theory.lyapunov import lyapunov_exponent

moments = GaussianMixture.from_moments
NONE = moments(0)


def exponent(mixture, g, noise_std=0.0, nonlinearity="tanh"):
    equations = Equations(mixture, g, nonlinearity)
    return lyapunov_exponent(equations, fluctuating_states(equations, noise_std)[0])


@pytest.mark.parametrize(
    ("g", "value"), [(1.2, 0.0119), (1.5, 0.0468), (2.0, 0.1125), (2.5, 0.1762), (3.0, 0.2355)]
)
def test_random_network(g, value):
    assert exponent(NONE, g) == pytest.approx(value, abs=6e-5)


@pytest.mark.parametrize(
    ("mean_n", "g", "value"), [(2, 1.9, 0.0427), (2, 2.0, 0.0820), (3 / 1.1, 2.4, 0.0745)]
)
def test_structured_chaos(mean_n, g, value):
    assert exponent(moments(0, mean_m=1.1, mean_n=mean_n), g) == pytest.approx(value, abs=6e-5)


def test_onset():
    """Sompolinsky, Crisanti & Sommers 1988: the exponent grows as (g - 1)² / 2."""
    for excess in (0.02, 0.04):
        assert exponent(NONE, 1 + excess) == pytest.approx(excess**2 / 2, rel=0.2)


@pytest.mark.parametrize("g", [0.0, 0.5, 0.9])
def test_linear_network(g):
    """Differences do not feel the noise, and decay at the edge of the bulk."""
    assert exponent(NONE, g, 0.7, "identity") == pytest.approx(g - 1, abs=1e-6)


def test_noise_tames_chaos():
    """Schuecker, Goedeke & Helias 2018: chaos needs a larger gain where noise drives activity."""
    exponents = [exponent(NONE, 1.5, noise_std) for noise_std in (0.0, 0.2, 0.4, 0.8)]
    assert exponents[0] > exponents[1] > exponents[2] > exponents[3]
    assert exponents[0] > 0 > exponents[3]


def test_stationary_states():
    """The edge of the spectrum: of the bulk, or an outlier."""
    up, middle, _ = MeanField(moments(2.2), 0.5).stationary()
    equations = Equations(moments(2.2), 0.5)
    assert lyapunov_exponent(equations, up) == pytest.approx(
        max(up.bulk_radius, up.outlier.real) - 1
    )
    assert lyapunov_exponent(equations, middle) == pytest.approx(1.2)


def test_two_copies_with_the_same_noise_meet():
    """Their distance decays at the exponent, within what a finite network and time leave."""
    g, noise_std, dt = 1.0, 0.7, 0.05
    rnn = NONE.sample(600, 0, exact=True, g=g, dt=dt, noise_std=noise_std)
    rng = np.random.default_rng(0)
    first = rng.standard_normal((1, 600))
    u = np.zeros((1, 800, 0))
    one = rnn.simulate(u, seed=4, initial_state=first)
    other = rnn.simulate(u, seed=4, initial_state=first + 1e-3 * rng.standard_normal((1, 600)))
    distance = np.log(np.linalg.norm(one.x - other.x, axis=-1)[0])
    slope = np.polyfit(one.time[200:], distance[200:], 1)[0]
    assert slope == pytest.approx(exponent(NONE, g, noise_std), abs=0.06)
