"""Two-time mean field: the note's transients, closed forms, and networks with a random part."""

import numpy as np
import pytest

from lowrnn.errors import InputError
from lowrnn.networks import NONLINEARITIES, GaussianMixture
from lowrnn.theory import MeanField
from lowrnn.theory.averages import product
from lowrnn.theory.two_time import _correlation


@pytest.fixture(scope="module")
def means():
    """Overlap by means, as in figure 1 of Mastrogiuseppe & Ostojic 2018; the mean rate is read."""
    return GaussianMixture.from_moments(nm=0.0, mean_m=1.1, mean_n=2.0, mean_w=1.0, ww=0, outputs=1)


@pytest.mark.parametrize(
    ("g", "kappa", "psi"),
    [
        (1.0, [0.7158, 1.0056, 1.0722, 1.0851, 1.0874, 1.0878, 1.0878, 1.0879],
              [0.2568, 0.5203, 0.6026, 0.6207, 0.6242, 0.6249, 0.6250, 0.6251]),
        (1.5, [0.6393, 0.8228, 0.8466, 0.8429, 0.8384, 0.8361, 0.8350, 0.8345],
              [0.5915, 1.1376, 1.2957, 1.3262, 1.3297, 1.3291, 1.3284, 1.3280]),
    ],
)  # fmt: skip
def test_transients(means, g, kappa, psi):
    found = MeanField(means, g).two_time(np.zeros((1, 160, 0)), 0.1, [0.2], 0.25)
    np.testing.assert_allclose(found.kappa[0, 19::20, 0], kappa, atol=6e-5)
    np.testing.assert_allclose(found.psi[0, 19::20], psi, atol=6e-5)


def test_networks_do_the_same(means):
    theory = MeanField(means, g=1.0).two_time(np.zeros((1, 80, 0)), 0.1, [0.2], 0.25)
    runs = []
    for seed in range(3):
        rnn = means.sample(1000, seed, exact=True, g=1.0)
        start = 0.2 * GaussianMixture.estimate(rnn, range(1000)).mean("m")[:, 0]
        noise = np.random.default_rng(seed).standard_normal(1000)
        start = start + 0.5 * (noise - noise.mean()) / noise.std()
        runs.append(rnn.simulate(np.zeros((1, 80, 0)), initial_state=start[None]))
    np.testing.assert_allclose(np.mean([run.z for run in runs], axis=0), theory.z, atol=0.03)
    variance = np.mean([run.x.var(axis=2) for run in runs], axis=0)
    np.testing.assert_allclose(variance, theory.psi + theory.kappa[..., 0] ** 2, atol=0.1)


@pytest.mark.parametrize("noise_std", [0.0, 0.6])
def test_without_randomness_it_is_the_latent_dynamics(noise_std):
    mixture = GaussianMixture.from_moments(
        nm=[[[2.0]], [[-1.0]]], mean_m=0.3, mean_B=0.5, nB=1.0, wm=1.0, weights=[0.3, 0.7],
        inputs=1, outputs=1,
    )  # fmt: skip
    u = np.random.default_rng(0).standard_normal((2, 40, 1))
    theory = MeanField(mixture, noise_std=noise_std)
    one, two = theory.trajectory(u, 0.2, [1.0]), theory.two_time(u, 0.2, [1.0])
    for name in ("kappa", "v", "z", "psi", "time"):
        np.testing.assert_allclose(getattr(two, name), getattr(one, name), atol=1e-13)
    # Noise that has been filtered decorrelates as the filter forgets.
    forgets = one.psi[:, 9, None] * 0.8 ** np.arange(30)
    np.testing.assert_allclose(two.autocovariance[:, 9, 9:39], forgets, atol=1e-13)


def test_settles_at_the_stationary_state():
    """Populations, an input, any time step."""
    mixture = GaussianMixture.from_moments(
        nm=[[[2.0]], [[0.4]]], mm=[[[1.0]], [[0.3]]], mean_m=[[0.5], [-1.0]],
        mean_n=[[2.0], [-0.5]], nB=0.5, weights=[0.6, 0.4], inputs=1,
    )  # fmt: skip
    theory = MeanField(mixture, g=0.8)
    state = theory.stationary([0.6])[0]
    end = theory.two_time(np.full((1, 80, 1), 0.6), 0.5, [1.0])
    np.testing.assert_allclose(end.kappa[0, -1], state.kappa, atol=1e-5)
    assert end.psi[0, -1] == pytest.approx(state.psi0, abs=1e-5)
    assert end.autocovariance[0, -1, -9] == pytest.approx(state.psi0, abs=1e-5)


def test_noise_and_randomness():
    """Variance under white noise, in the limit of small steps (note, section 4)."""
    theory = MeanField(GaussianMixture.from_moments(nm=0.0), g=0.5, noise_std=np.sqrt(0.5))
    coarse, middle, fine = (
        theory.two_time(np.zeros((1, steps, 0)), 10 / steps).psi[0, -1] for steps in (50, 100, 200)
    )
    assert (coarse - 6 * middle + 8 * fine) / 3 == pytest.approx(0.536131, abs=3e-4)


def test_silence_lasts(means):
    found = MeanField(means, g=1.5).two_time(np.zeros((1, 10, 0)), 0.5)
    assert not found.kappa.any()
    assert not found.autocovariance.any()


def test_correlation_of_erf_is_an_arcsine():
    delta, covariance = np.array([0.7, 2.0, 1.3]), np.array([0.5, -1.2, 1.3])
    found = _correlation("erf", *(each[None, None] for each in (0 * delta, delta, covariance)))
    exact = 2 / np.pi * np.arcsin(2 * covariance / np.sqrt((1 + 2 * delta) * (1 + 2 * 1.3)))
    np.testing.assert_allclose(found[0, 0], exact, atol=1e-9)


@pytest.mark.parametrize("nonlinearity", NONLINEARITIES)
def test_correlation_of_equal_variances(nonlinearity):
    covariance = np.array([-1.0, 0.0, 0.4, 1.2])
    mu, delta = np.full((2, 4), [[-0.6], [1.2]])
    found = _correlation(nonlinearity, *(each[None, None] for each in (mu, delta, covariance)))
    (wanted,) = product(nonlinearity, [(0, 0)], mu, delta, covariance)
    atol = 2e-4 if nonlinearity == "relu" else 1e-9
    np.testing.assert_allclose(found[0, 0], wanted, atol=atol)


def test_progress_and_refusals(means):
    seen = []
    theory = MeanField(means, g=1.0)
    theory.two_time(np.zeros((1, 3, 0)), 0.5, progress=lambda *at: seen.append(at))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    with pytest.raises(InputError, match="psi0 is -1"):
        theory.two_time(np.zeros((1, 3, 0)), 0.5, psi0=-1)
    with pytest.raises(InputError, match="dt is 0"):
        theory.two_time(np.zeros((1, 3, 0)), 0)
