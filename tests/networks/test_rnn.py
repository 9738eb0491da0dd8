"""Networks as their users see them."""

import numpy as np
import pytest
from scipy.signal import lfilter

from lowrnn import RNN, FullRank, InputError, LowRank, RandomPlusLowRank

NEURONS = 60


def network(seed=0, **changes):
    g = np.random.default_rng(seed)
    m = g.standard_normal((NEURONS, 2))
    n = m @ [[1.6, 0.2], [0.0, 1.2]] + 0.3 * g.standard_normal((NEURONS, 2))
    B, w = g.standard_normal((NEURONS, 3)), g.standard_normal((NEURONS, 1))
    return RNN(LowRank(m, n), B, w, **({"dt": 0.02, "tau": 0.1} | changes))


def inputs(trials=4, steps=50, channels=3):
    return np.random.default_rng(9).standard_normal((trials, steps, channels))


def test_the_state_is_what_latents_and_inputs_make_of_it():
    rnn = network(initial_state=np.linspace(-1, 1, NEURONS))
    u = inputs()
    run = rnn.simulate(u)
    m = rnn.connectivity.canonical().m
    filtered = lfilter([0.2], [1, -0.8], u, axis=1)
    made = run.kappa @ m.T + filtered @ rnn.inputs.T
    left = run.x - made
    # What is left is the decaying part of the initial state that m does not make.
    np.testing.assert_allclose(left[:, 1:], 0.8 * left[:, :-1], atol=1e-12)
    coordinates = np.linalg.lstsq(np.c_[m, rnn.inputs], left[:, 0].T)[0]
    np.testing.assert_allclose(coordinates[:2], 0, atol=1e-12)
    assert np.abs(run.kappa[:, 0]).max() > 0.01


def test_gauge_changes_neither_states_nor_latents():
    rnn, u = network(), inputs()
    A = np.array([[2.0, 1.0], [-0.5, 0.7]])
    m, n = rnn.connectivity.m, rnn.connectivity.n
    other = rnn.replace(connectivity=LowRank(m @ A, n @ np.linalg.inv(A).T))
    one, two = rnn.simulate(u), other.simulate(u)
    np.testing.assert_allclose(two.x, one.x, atol=1e-12)
    sign = np.sign((one.kappa * two.kappa).sum((0, 1)))
    np.testing.assert_allclose(sign * two.kappa, one.kappa, atol=1e-12)


def test_canonical_gauge_is_the_singular_value_decomposition():
    low_rank = network().connectivity
    canonical = low_rank.canonical()
    np.testing.assert_allclose(canonical.dense(), low_rank.dense(), atol=1e-14)
    np.testing.assert_allclose(canonical.m.T @ canonical.m, NEURONS * np.eye(2), atol=1e-10)
    values = np.linalg.svd(low_rank.dense(), compute_uv=False)[:2]
    norms = np.linalg.norm(canonical.n, axis=0) / np.sqrt(NEURONS)
    np.testing.assert_allclose(norms, values)


def test_every_connectivity_simulates_the_matrix_it_stands_for():
    low_rank = network()
    m, n = low_rank.connectivity.m, low_rank.connectivity.n
    for connectivity in (LowRank(m, n), RandomPlusLowRank(0.8, m, n, 3)):
        one = low_rank.replace(connectivity=connectivity).simulate(inputs())
        two = low_rank.replace(connectivity=FullRank(connectivity.dense())).simulate(inputs())
        np.testing.assert_allclose(one.x, two.x, atol=1e-12)
        np.testing.assert_allclose(one.z, two.z, atol=1e-12)
        assert two.kappa.shape == (4, 50, 0)


def test_uncoupled_noise_settles_to_its_standard_deviation():
    rnn = RNN(FullRank(np.zeros((50, 50))), dt=0.001, tau=0.05, noise_std=0.3)
    x = rnn.simulate(np.zeros((200, 400, 0))).x[:, -1]
    exact = 0.3 / np.sqrt(1 - 0.02 / 2)
    assert abs(x.std() - exact) < 4 * exact / np.sqrt(2 * x.size)


def test_halving_the_time_step_halves_the_error():
    def end(dt):
        steps = round(0.5 / dt)
        return network(dt=dt, tau=0.1).simulate(np.ones((1, steps, 3))).kappa[0, -1]

    exact = end(0.0005)
    coarse, fine = np.abs(end(0.02) - exact).max(), np.abs(end(0.01) - exact).max()
    assert 1.6 < coarse / fine < 2.6


def test_noise_depends_on_the_seed_alone():
    rnn = network(noise_std=0.2)
    u = inputs()
    np.testing.assert_array_equal(rnn.simulate(u, seed=4).x, rnn.simulate(u, seed=4).x)
    np.testing.assert_array_equal(rnn.simulate(u[:2], seed=4).x, rnn.simulate(u, seed=4).x[:2])
    assert np.abs(rnn.simulate(u, seed=5).x - rnn.simulate(u, seed=4).x).max() > 0.1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", ["low", "full", "random"])
def test_save_and_load(tmp_path, dtype, kind):
    low = network().connectivity
    m, n = low.m.astype(dtype), low.n.astype(dtype)
    connectivity = {
        "low": LowRank(m, n),
        "full": FullRank(low.dense().astype(dtype)),
        "random": RandomPlusLowRank(0.7, m, n, 11),
    }[kind]
    rnn = network(nonlinearity="erf", noise_std=0.1, bias=np.ones(NEURONS))
    rnn = rnn.replace(connectivity=connectivity)
    rnn.save(tmp_path / "network.safetensors")
    again = RNN.load(tmp_path / "network.safetensors")
    assert repr(again) == repr(rnn)
    assert again.dtype == dtype
    np.testing.assert_array_equal(again.simulate(inputs()).x, rnn.simulate(inputs()).x)


def test_a_damaged_file_is_refused(tmp_path):
    path = tmp_path / "network.safetensors"
    network().save(path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match="cannot be read"):
        RNN.load(path)
    with pytest.raises(InputError, match="does not exist"):
        RNN.load(tmp_path / "none")


def test_to_xarray_names_the_axes():
    data = network().simulate(inputs()).to_xarray()
    assert dict(data.sizes) == {"trial": 4, "time": 50, "neuron": NEURONS, "latent": 2, "output": 1}
    assert data.time[0] == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dt": 0.2}, "dt is 0.2"),
        ({"nonlinearity": "sigmoid"}, "sigmoid.*use one of tanh"),
        ({"noise_std": -1}, "noise_std is -1"),
        ({"bias": np.zeros(3)}, "bias has 3 entries"),
        ({"inputs": np.full((NEURONS, 1), np.nan)}, "inputs holds 60 values that are not finite"),
        ({"connectivity": np.zeros((3, 3))}, "connectivity is a ndarray"),
        ({"tua": 1.0}, "'tua' is no argument"),
    ],
)
def test_bad_arguments(change, message):
    with pytest.raises(InputError, match=message):
        network().replace(**change)


def test_bad_inputs():
    with pytest.raises(InputError, match="u has 2 entries along axis 2: give 3"):
        network().simulate(np.zeros((4, 5, 2)))
    with pytest.raises(InputError, match=r"u has shape \(5, 3\)"):
        network().simulate(np.zeros((5, 3)))
    with pytest.raises(InputError, match="square"):
        FullRank(np.zeros((3, 4)))
    with pytest.raises(InputError, match="rank cannot exceed"):
        LowRank(np.zeros((3, 4)), np.zeros((3, 4)))
