import numpy as np
import pytest

from lowrnn import RNN, FullRank, GaussianMixture, InputError
from lowrnn.analysis import (
    effective_coupling,
    filtered_inputs,
    gains,
    mean_field_gains,
    state_latents,
)

rng = np.random.default_rng(0)


def context_mixture() -> GaussianMixture:
    """Two populations, each the one that one of two cues saturates."""
    strong, weak = 2.63, 0.21
    BB = np.zeros((2, 4, 4))
    BB[:, [0, 1], [0, 1]] = 1.0
    BB[:, [2, 3], [2, 3]] = [[strong, weak], [weak, strong]]
    nB = np.zeros((2, 1, 4))
    nB[:, 0, :2] = [[0.78, -1.26], [-1.27, 0.78]]
    return GaussianMixture.from_moments(
        1.4, BB=BB, nB=nB, weights=[0.5, 0.5], rank=1, inputs=4, outputs=1
    )


def cue(context: int, trials: int = 1, steps: int = 60) -> np.ndarray:
    u = np.zeros((trials, steps, 4))
    u[:, :, 2 + context] = 1.0
    return u


def test_gains_of_one_neuron_and_of_a_linear_network() -> None:
    x = rng.standard_normal((3, 5, 2))
    net = RNN(FullRank(np.zeros((2, 2))), dt=0.1, tau=1, bias=[0.0, 1.0])
    by_neuron = gains(net, x, [0, 1], slice(1, 4))
    expected = (1 - np.tanh(x + np.array([0, 1])) ** 2)[:, 1:4].mean(axis=1)
    np.testing.assert_allclose(by_neuron, expected)
    np.testing.assert_allclose(gains(net, x, window=slice(1, 4))[:, 0], expected.mean(axis=1))
    np.testing.assert_array_equal(gains(net.replace(nonlinearity="identity"), x), np.ones((3, 1)))


def test_a_window_of_each_trials_own() -> None:
    x = rng.standard_normal((2, 4, 1))
    net = RNN(FullRank(np.zeros((1, 1))), dt=0.1, tau=1)
    mask = np.array([[1, 0, 0, 0], [0, 0, 1, 1]])
    slope = 1 - np.tanh(x[:, :, 0]) ** 2
    expected = [slope[0, 0], slope[1, 2:].mean()]
    np.testing.assert_allclose(gains(net, x, window=mask)[:, 0], expected)


# <phi'> by adaptive quadrature.
@pytest.mark.parametrize(
    ("mu", "delta", "slope"),
    [(0, 0.25, 0.82648386), (0.5, 1, 0.56199295), (1, 2, 0.39936819), (0, 100, 0.07946314)],
)
def test_mean_field_gains_are_those_of_quadrature(mu: float, delta: float, slope: float) -> None:
    mixture = GaussianMixture.from_moments(1.0, mm=delta, mean_m=mu, rank=1)
    assert mean_field_gains(mixture, [1.0])[0] == pytest.approx(slope, abs=1e-8)
    quiet = GaussianMixture.from_moments(1.0, mm=0.5 * delta, mean_m=mu, rank=1)
    noisy = mean_field_gains(quiet, [1.0], noise_std=np.sqrt(0.5 * delta))
    assert noisy[0] == pytest.approx(slope, abs=1e-8)


def test_gains_of_a_large_network_are_those_of_mean_field_and_swap_with_the_cue() -> None:
    mixture = context_mixture()
    net = mixture.sample(8000, 0, exact=True, dt=0.02, tau=0.1)
    found = []
    for context in (0, 1):
        u = cue(context)
        x = net.simulate(u).x
        empirical = gains(net, x, mixture.labels(8000), slice(30, 60))[0]
        v = filtered_inputs(net, u)
        theory = mean_field_gains(mixture, np.zeros((1, 60, 1)), v)[0, 30:].mean(axis=0)
        np.testing.assert_allclose(empirical, theory, atol=0.01)
        found.append(empirical)
    np.testing.assert_allclose(found[0], found[1][::-1], atol=0.02)
    assert found[0][0] < 0.55 < 0.8 < found[0][1]
    # The population of low gain steps back: the cued stimulus drives the latent, the other hardly.
    drive = effective_coupling(mixture, found, "n", "B")[:, 0, :2]
    assert abs(drive[0, 0]) > 0.3 > 0.1 > abs(drive[0, 1])
    np.testing.assert_allclose(drive[0], drive[1][::-1], atol=0.03)


def test_effective_coupling_of_gain_1_is_the_overlap() -> None:
    mixture = context_mixture()
    np.testing.assert_allclose(effective_coupling(mixture, [1, 1], "n", "m"), mixture.overlap)
    np.testing.assert_allclose(
        effective_coupling(mixture, [1, 0], "n", "B")[0], [0.39, -0.63, 0, 0]
    )


def test_latents_of_states_undo_the_simulation() -> None:
    mixture = context_mixture()
    net = mixture.sample(300, 1, dt=0.02, tau=0.1)
    u = rng.standard_normal((4, 30, 4))
    run = net.simulate(u)
    kappa, v = state_latents(net, run.x)
    np.testing.assert_allclose(kappa, run.kappa, atol=1e-10)
    np.testing.assert_allclose(v, filtered_inputs(net, u), atol=1e-10)


def test_wrong_inputs_are_named() -> None:
    net = context_mixture().sample(20, 0)
    x = np.zeros((1, 3, 20))
    with pytest.raises(InputError, match="labels have shape"):
        gains(net, x, np.array([0, 2] * 10))
    with pytest.raises(InputError, match="window is empty in trial 0"):
        gains(net, x, window=slice(5, 9))
    with pytest.raises(InputError, match="window has shape"):
        gains(net, x, window=[True, False])
    with pytest.raises(InputError, match="one is 'I'"):
        effective_coupling(context_mixture(), [1, 1], "I", "n")
    with pytest.raises(InputError, match="connectivity is full-rank"):
        state_latents(RNN(FullRank(np.zeros((2, 2))), dt=1, tau=1), np.zeros((1, 2)))
