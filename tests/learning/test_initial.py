"""Random initial networks: their statistics are the published ones."""

import numpy as np
import pytest

from lowrnn import FullRank, InputError, LowRank
from lowrnn.learning import initial_network, low_rank_start
from lowrnn.tasks import ContextDecision

N = 1500


def spread(array):
    return float(np.std(array))


def test_a_low_rank_network():
    rnn = initial_network(ContextDecision(dt=0.01), N, 2, seed=1)
    assert isinstance(rnn.connectivity, LowRank)
    assert (rnn.neurons, rnn.rank, rnn.inputs.shape, rnn.readout.shape) == (N, 2, (N, 4), (N, 1))
    for array in (rnn.connectivity.m, rnn.connectivity.n, rnn.inputs):
        assert spread(array) == pytest.approx(1, abs=0.05)
    assert spread(rnn.readout) == pytest.approx(4, rel=0.07)
    assert (rnn.dt, rnn.tau, rnn.dtype) == (0.01, 0.1, np.float32)
    everything = np.hstack([rnn.connectivity.m, rnn.connectivity.n, rnn.inputs, rnn.readout])
    assert np.abs(np.corrcoef(everything.T) - np.eye(9)).max() < 0.12


def test_a_full_rank_network():
    rnn = initial_network(ContextDecision(), N, g=0.8)
    assert isinstance(rnn.connectivity, FullRank)
    assert spread(rnn.connectivity.J) == pytest.approx(0.8 / np.sqrt(N), rel=0.01)
    # Published: w ~ N(0, 1/N²), read out without 1/N.
    assert spread(rnn.readout / N) == pytest.approx(1 / N, rel=0.07)


@pytest.mark.parametrize(("rank", "readout"), [(None, 1), (2, 4)])
def test_exact_norms(rank, readout):
    plain, exact = (
        initial_network(ContextDecision(), 50, rank, exact_norms=e, dtype=float) for e in (0, 1)
    )
    np.testing.assert_allclose(np.linalg.norm(exact.inputs, axis=0), np.sqrt(50))
    np.testing.assert_allclose(np.linalg.norm(exact.readout, axis=0), readout * np.sqrt(50))
    for name in ("inputs", "readout"):
        ratio = getattr(exact, name) / getattr(plain, name)
        np.testing.assert_allclose(ratio, np.broadcast_to(ratio[0], ratio.shape))
    np.testing.assert_array_equal(exact.connectivity.dense(), plain.connectivity.dense())


def test_overlaps():
    low = initial_network(ContextDecision(), N, 3, seed=2, overlap=0.9).connectivity
    np.testing.assert_allclose(low.m.T @ low.n / N, 0.9 * np.eye(3), atol=0.1)
    plain = initial_network(ContextDecision(), N, 3, seed=2).connectivity
    np.testing.assert_allclose(low.n - plain.n, 0.9 * plain.m, atol=1e-6)


def test_the_noise_is_the_published_one():
    """0.05 a step settles to 0.05 / sqrt(1 - 0.8²) in a neuron without connections."""
    rnn = initial_network(ContextDecision(), 400, g=0.0)
    x = rnn.simulate(np.zeros((20, 60, 4)), seed=1).x
    assert spread(x[:, 30:]) == pytest.approx(0.05 / 0.6, rel=0.02)


def test_the_seed_determines_the_network():
    one, same, other = (initial_network(ContextDecision(), 10, 1, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(one.connectivity.m, same.connectivity.m)
    assert not np.array_equal(one.connectivity.m, other.connectivity.m)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"neurons": 0}, "neurons is 0: give at least 1"),
        ({"rank": 11}, "rank is 11: give 1 to 10, the number of neurons"),
        ({"rank": 0}, "rank is 0: give 1 to 10"),
        ({"g": -1.0}, r"g is -1\.0: give a strength of at least 0"),
        ({"seed": 1.5}, r"seed is 1\.5: give an integer of at least 0"),
        ({"noise_std": -1.0}, "noise_std is"),
    ],
)
def test_settings_out_of_range(settings, sentence):
    with pytest.raises(InputError, match=sentence):
        initial_network(ContextDecision(), **{"neurons": 10, "rank": 1} | settings)


def test_a_low_rank_start_at_full_rank_is_the_same_network():
    full = initial_network(ContextDecision(), 30, g=1.5, seed=2, dtype=np.float64)
    low = low_rank_start(full, 30)
    np.testing.assert_allclose(low.connectivity.dense(), full.connectivity.J, atol=1e-12)
    u = np.random.default_rng(1).standard_normal((3, 20, 4))
    np.testing.assert_allclose(low.simulate(u).z, full.simulate(u).z, atol=1e-12)


def test_a_low_rank_start_is_the_best_approximation():
    full = initial_network(ContextDecision(), 30, g=1.5, seed=2, dtype=np.float64)
    low = low_rank_start(full, 2)
    J, found = full.connectivity.J, low.connectivity
    rest = np.linalg.svd(J, compute_uv=False)[2:]
    assert np.sum((J - found.dense()) ** 2) == pytest.approx(np.sum(rest**2))
    np.testing.assert_allclose(found.n.T @ found.n, 30 * np.eye(2), atol=1e-10)
    np.testing.assert_array_equal(low.readout, full.readout)
    with pytest.raises(InputError, match="rank is 31: give 1 to 30, the number of neurons"):
        low_rank_start(full, 31)
