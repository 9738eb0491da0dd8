import numpy as np
import pandas as pd
import pytest

from lowrnn import RNN, FullRank, InputError, LowRank, Trials
from lowrnn.analysis import (
    procrustes_angle,
    readout_correlation,
    readout_dimensions,
    readout_noise,
    readout_susceptibility,
)
from lowrnn.learning.score import task_loss

rng = np.random.default_rng(0)


def orthonormal(neurons: int, count: int) -> np.ndarray:
    return np.linalg.qr(rng.standard_normal((neurons, count)))[0]


def test_correlation_of_aligned_orthogonal_and_unrelated_readouts() -> None:
    axes = orthonormal(50, 3)
    x = rng.standard_normal((4, 25, 1)) * axes[:, 0]
    for normalisation in ("gram", "norm"):
        aligned = readout_correlation(x, 3 * axes[:, :1], normalisation=normalisation)
        assert aligned == pytest.approx(1)
        assert readout_correlation(x, axes[:, 1:], normalisation=normalisation) < 1e-12
    # Two outputs along two equal components: 1 for the Gram matrices, less for the norms.
    both = np.stack([axes[:, 0], axes[:, 1]])
    assert readout_correlation(both, axes[:, :2]) == pytest.approx(1)
    assert readout_correlation(both, axes[:, :2], normalisation="norm") < 0.8
    unrelated = readout_correlation(
        rng.standard_normal((3000, 400)), rng.standard_normal((400, 1)), normalisation="norm"
    )
    assert unrelated == pytest.approx(1 / np.sqrt(400), rel=0.05)


def test_correlation_is_the_size_of_the_output() -> None:
    x, w = rng.standard_normal((200, 20)), rng.standard_normal((20, 1))
    z = np.sqrt(((x @ w) ** 2).mean())
    size = np.linalg.norm(x) / np.sqrt(200)
    found = readout_correlation(x, w, normalisation="norm")
    assert z == pytest.approx(found * np.linalg.norm(w) * size)
    # Few samples and many give the same Gram norm.
    gram = np.linalg.norm(w.T @ w) * np.linalg.norm(x @ x.T)
    assert readout_correlation(x, w) == pytest.approx(np.linalg.norm(x @ w) / np.sqrt(gram))


def test_correlation_follows_neurons_and_centring_removes_their_mean() -> None:
    x, w, order = rng.standard_normal((7, 9)), rng.standard_normal((9, 2)), rng.permutation(9)
    assert readout_correlation(x[:, order], w[order]) == pytest.approx(readout_correlation(x, w))
    lifted = x - x.mean(axis=1, keepdims=True) + rng.standard_normal((7, 1))
    found = readout_correlation(lifted, w, centre=True)
    assert found == pytest.approx(readout_correlation(x, w, centre=True))


def test_dimensions_of_states_and_of_the_output() -> None:
    axes = orthonormal(30, 6)
    latents = rng.standard_normal((12, 20, 6)) * np.array([10, 8, 6, 1, 0.8, 0.6])
    x = latents @ axes.T
    aligned = readout_dimensions(x, latents[:, :, :2])
    assert aligned.states == 3
    assert aligned.fit == 2
    assert aligned.variance[:3].sum() > 0.9
    assert aligned.r2[-1] > 0.99
    # An output in the directions of small activity.
    oblique = readout_dimensions(x, latents[:, :, 4:])
    assert oblique.states == 3
    assert oblique.fit == 6
    assert (oblique.r2[:4] < 0.05).all()
    # What no component holds is not fit, though there are as many as one likes.
    noise = readout_dimensions(x, rng.standard_normal((12, 20, 1)))
    assert noise.fit is None
    assert len(noise.r2) == 30


def test_noise_along_readout_components_and_random_directions() -> None:
    axes = orthonormal(40, 2)
    means = np.array([[3.0], [-3.0]])[:, :, None] * axes[:, 1]
    labels = np.repeat([0, 1], 400)
    noise = rng.standard_normal((800, 5, 40))
    noise -= 0.5 * (noise @ axes[:, :1]) @ axes[:, :1].T
    found = readout_noise(means[labels] + noise, 7 * axes[:, :1], labels)
    assert found.readout == pytest.approx(0.25, rel=0.1)
    assert found.components == pytest.approx(1, rel=0.1)
    assert found.random == pytest.approx((39 + 0.25) / 40, rel=0.02)


def switch() -> tuple[RNN, Trials]:
    """A linear integrator along one direction, read out there, and its imperfect target."""
    m = np.ones((20, 1))
    rnn = RNN(LowRank(m, m), m, m, dt=0.1, tau=1, nonlinearity="identity")
    u = np.zeros((2, 10, 1))
    u[:, 0] = [[5], [-5]]
    targets = rnn.simulate(u).z + 0.1
    mask = np.zeros((2, 10))
    mask[:, 5:] = 1
    return rnn, Trials(u, targets, mask, pd.DataFrame(index=range(2)), 0.1)


def test_kicks_along_the_readout_of_an_integrator_last() -> None:
    rnn, trials = switch()
    found = readout_susceptibility(rnn, trials, amplitude=np.sqrt(20), step=3, draws=20)
    # z shifts by 1 either way: ((1 - .1)² + (1 + .1)²) / 2 / .1² - 1.
    assert found.readout == pytest.approx(100)
    assert found.components == pytest.approx(found.readout)
    assert 0 < found.random < 20
    # A kick after the last step does nothing to earlier outputs; one at the last step to that one.
    last = readout_susceptibility(rnn, trials, amplitude=np.sqrt(20), step=9)
    assert last.readout == pytest.approx(100 / 5)
    assert task_loss(rnn.simulate(trials.inputs).z, trials) == pytest.approx(0.01)


def test_angle_between_learners_ignores_rotations_scale_and_means() -> None:
    x = rng.standard_normal((4, 30, 10))
    turn = orthonormal(10, 10)
    assert procrustes_angle(x, 3 * x @ turn + 5) < 1e-6
    # Activity of independent samples; other numbers of neurons may be compared.
    other = rng.standard_normal((4, 30, 12))
    angle = procrustes_angle(x, other)
    assert angle == pytest.approx(procrustes_angle(other, x))
    assert 0.5 < angle < np.pi / 2
    wave = np.arange(120.0)[:, None]
    one, two = np.cos(np.pi * wave / 6), np.sin(np.pi * wave / 6)
    assert procrustes_angle(one, two) == pytest.approx(np.pi / 2)


def test_wrong_inputs_are_named() -> None:
    x, w = rng.standard_normal((3, 4, 5)), np.ones((5, 1))
    with pytest.raises(InputError, match="normalisation is 'l2'"):
        readout_correlation(x, w, normalisation="l2")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="x has 5 entries along axis 2: give 4"):
        readout_correlation(x, np.ones((4, 1)))
    with pytest.raises(InputError, match="x or readout is 0"):
        readout_correlation(0 * x, w)
    with pytest.raises(InputError, match="x has shape"):
        readout_correlation(np.ones(5), w)
    z = x[:, :, :1]
    with pytest.raises(InputError, match="level is 1"):
        readout_dimensions(x, z, level=1.0)
    with pytest.raises(InputError, match="folds is 5: give 2 to 3"):
        readout_dimensions(x, z)
    with pytest.raises(InputError, match="x or z does not vary"):
        readout_dimensions(x, 0 * z, folds=2)
    with pytest.raises(InputError, match="components is 0"):
        readout_dimensions(x, z, folds=2, components=0)
    with pytest.raises(InputError, match="labels are all different"):
        readout_noise(x, w, [0, 1, 2])
    with pytest.raises(InputError, match="labels have shape"):
        readout_noise(x, w, [0, 1])
    with pytest.raises(InputError, match="readout is 0"):
        readout_noise(x, 0 * w, [0, 0, 1])
    with pytest.raises(InputError, match="other has 4 samples: give 12"):
        procrustes_angle(x, x[0])
    with pytest.raises(InputError, match="activity does not vary"):
        procrustes_angle(0 * x, x)
    rnn, trials = switch()
    with pytest.raises(InputError, match="step is 10: give 0 to 9"):
        readout_susceptibility(rnn, trials, amplitude=1, step=10)
    with pytest.raises(InputError, match="amplitude is 0"):
        readout_susceptibility(rnn, trials, amplitude=0, step=1)
    with pytest.raises(InputError, match="draws is 0"):
        readout_susceptibility(rnn, trials, amplitude=1, step=1, draws=0)
    silent = RNN(FullRank(np.eye(20)), np.ones((20, 1)), dt=0.1, tau=1)
    with pytest.raises(InputError, match="readout is 0"):
        readout_susceptibility(silent, trials, amplitude=1, step=1)
