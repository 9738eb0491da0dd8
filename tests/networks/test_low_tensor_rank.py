"""Connectivity that differs from trial to trial, and its kernel."""

import numba
import numpy as np
import pytest
import torch
from scipy.signal import lfilter

from lowrnn import RNN, InputError, LowRank, LowTensorRank
from lowrnn.networks import Noise
from lowrnn.networks.kernels import compile, integrate, reference, squared_error

NEURONS, RANK, INPUTS, OUTPUTS, TRIALS, STEPS = 37, 3, 2, 2, 9, 19
TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-5}


def connectivity(seed=0, dtype=np.float64):
    g = np.random.default_rng(seed)
    a, b = g.standard_normal((2, NEURONS, RANK))
    c = 1 + 0.5 * g.standard_normal((TRIALS, RANK))
    return LowTensorRank(*(array.astype(dtype) for array in (a, a + b, c)))


def network(**changes):
    g = np.random.default_rng(1)
    B, w = g.standard_normal((NEURONS, INPUTS)), g.standard_normal((NEURONS, OUTPUTS))
    return RNN(connectivity(), B, w, **({"dt": 0.02, "tau": 0.1} | changes))


def inputs(trials=TRIALS):
    return np.random.default_rng(2).standard_normal((trials, STEPS, INPUTS))


def problem(dtype, start="trial"):
    """Tensors, inputs, and normal numbers of any shape."""
    g = np.random.default_rng(3)

    def normal(*shape):
        return torch.tensor(g.standard_normal(shape), dtype=dtype)

    bias = 0.3 * g.standard_normal(NEURONS)
    tensors = {name: value.to(dtype) for name, value in network(bias=bias).tensors().items()}
    del tensors["w"]
    tensors["initial_state"] = normal(*((TRIALS, NEURONS) if start == "trial" else (NEURONS,)))
    return tensors, normal(TRIALS, STEPS, INPUTS), normal


def gradients(loss_of, tensors, u):
    """Loss and gradients, that of the inputs under `u`."""
    leaves = {name: value.clone().requires_grad_() for name, value in tensors.items()}
    given = u.clone().requires_grad_()
    loss = loss_of(leaves, given)
    loss.backward()
    return {"loss": loss.detach(), "u": given.grad} | {n: leaf.grad for n, leaf in leaves.items()}


def assert_close(found, wanted, tolerance):
    for name, value in wanted.items():
        error = (found[name] - value).norm() / value.norm()
        assert error < tolerance, f"{name} differs by {error:.1e}"


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(
    ("on", "nonlinearity", "start"),
    [
        ("output", "tanh", "shared"),
        ("rates", "tanh", "trial"),
        ("rates", "erf", "shared"),
        ("states", "softplus", "trial"),
    ],
)
def test_squared_error_and_its_gradient(dtype, on, nonlinearity, start):
    tensors, u, normal = problem(dtype, start)
    channels = OUTPUTS if on == "output" else NEURONS
    if on == "output":
        tensors["w"] = normal(NEURONS, OUTPUTS)
    target, weight = normal(TRIALS, STEPS, channels), normal(TRIALS, STEPS).abs()
    target[2, 3, 1] = torch.nan
    target[4] = torch.nan
    settings = {"alpha": 0.2, "nonlinearity": nonlinearity, "noise": Noise(0.1, 5)}

    def by_reference(leaves, u):
        x = reference.integrate(leaves, u, **settings)
        return reference.error_of(x, leaves, target, weight, on=on, nonlinearity=nonlinearity)

    def fused(leaves, u):
        return squared_error(leaves, u, target, weight, on=on, **settings)

    found = gradients(fused, tensors, u)
    assert not found["c"][4].any()
    assert_close(found, gradients(by_reference, tensors, u), TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("factored", [True, False])
def test_any_loss_on_the_states(dtype, factored):
    tensors, u, normal = problem(dtype)
    if not factored:
        del tensors["c"]
    target = normal(TRIALS, STEPS, NEURONS)
    settings = {"alpha": 0.2, "nonlinearity": "tanh", "noise": Noise(0.1, 5)}

    def loss(integrator):
        return lambda leaves, u: (target * integrator(leaves, u, **settings).sin()).sum()

    found = gradients(loss(integrate), tensors, u)
    assert_close(found, gradients(loss(reference.integrate), tensors, u), TOLERANCE[dtype])


def test_inputs_of_a_dense_network_have_a_gradient_too():
    tensors, u, normal = problem(torch.float64)
    tensors["J"] = tensors.pop("m") @ tensors.pop("n").T / NEURONS
    del tensors["c"]
    settings = {"alpha": 0.2, "nonlinearity": "tanh", "noise": Noise(0.0)}
    target, weight = normal(TRIALS, STEPS, NEURONS), normal(TRIALS, STEPS).abs()

    def fused(leaves, u):
        return squared_error(leaves, u, target, weight, on="rates", **settings)

    def by_reference(leaves, u):
        x = reference.integrate(leaves, u, **settings)
        return reference.error_of(x, leaves, target, weight, on="rates", nonlinearity="tanh")

    wanted = gradients(by_reference, tensors, u)
    assert_close(gradients(fused, tensors, u), wanted, 1e-10)


def test_gradients_of_inputs_that_are_made_of_others():
    """As of inputs that a condition's trials share."""
    tensors, u, normal = problem(torch.float64)
    target, weight = normal(TRIALS, STEPS, NEURONS), torch.ones(TRIALS, STEPS, dtype=torch.float64)
    shared = u[:3].clone().requires_grad_()
    factors = tensors["c"].requires_grad_()

    def loss(shared, factors):
        return squared_error(
            tensors | {"c": factors}, shared.repeat(3, 1, 1), target, weight, on="rates",
            alpha=0.2, nonlinearity="tanh", noise=Noise(0.0),
        )  # fmt: skip

    assert torch.autograd.gradcheck(loss, (shared, factors), fast_mode=True)


def test_same_numbers_for_any_number_of_threads(monkeypatch):
    monkeypatch.setattr(compile, "FEW", 0)
    tensors, u, normal = problem(torch.float32)
    target, weight = normal(TRIALS, STEPS, NEURONS), normal(TRIALS, STEPS).abs()

    def run(threads):
        numba.set_num_threads(threads)
        return gradients(
            lambda leaves, u: squared_error(
                leaves, u, target, weight, on="rates", alpha=0.2, nonlinearity="tanh",
                noise=Noise(0.1, 3),
            ),
            tensors, u,
        )  # fmt: skip

    most = numba.config.NUMBA_NUM_THREADS
    try:
        one, many = run(1), run(most)
    finally:
        numba.set_num_threads(most)
    for name, value in one.items():
        assert torch.equal(value, many[name])


def test_every_trial_is_the_low_rank_network_of_that_trial():
    rnn = network(noise_std=0.1, bias=np.linspace(-0.5, 0.5, NEURONS))
    u, starts = inputs(), np.random.default_rng(4).standard_normal((TRIALS, NEURONS))
    run = rnn.simulate(u, seed=3, initial_state=starts)
    for trial in range(TRIALS):
        one = rnn.replace(connectivity=rnn.connectivity.at(trial))
        # All trials are run, for the noise of this one.
        alone = one.simulate(u, seed=3, initial_state=starts)
        np.testing.assert_allclose(run.x[trial], alone.x[trial], atol=1e-12)
        np.testing.assert_allclose(run.z[trial], alone.z[trial], atol=1e-12)
    last = rnn.connectivity.at(-1)
    assert isinstance(last, LowRank)
    np.testing.assert_array_equal(last.dense(), rnn.connectivity.at(TRIALS - 1).dense())


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-5), (np.float64, 1e-12)])
def test_reduced_dynamics_are_those_of_the_matrices(dtype, tolerance):
    """Pellegrino et al. 2023: `x = a z`, with `W_k` of every trial written out."""
    low = connectivity(dtype=dtype)
    rnn = network().replace(connectivity=low)
    u = inputs().astype(dtype)
    matrices = np.stack([low.at(trial).dense() for trial in range(TRIALS)])
    x, states = np.zeros((TRIALS, NEURONS), dtype), []
    for step in range(STEPS):
        recurrent = np.einsum("kij,kj->ki", matrices, np.tanh(x))
        x = x + dtype(0.2) * (-x + recurrent + u[:, step] @ rnn.inputs.T)
        states.append(x)
    np.testing.assert_allclose(rnn.simulate(u).x, np.stack(states, 1), atol=tolerance)


def test_eigenvalues_of_a_trial_are_those_of_the_reduced_matrix():
    low = connectivity()
    for trial in range(3):
        found = np.linalg.eigvals(low.at(trial).dense())
        found = np.sort_complex(found[np.argsort(-np.abs(found))[:RANK]])
        small = np.diag(low.c[trial]) @ low.b.T @ low.a / NEURONS
        np.testing.assert_allclose(found, np.sort_complex(np.linalg.eigvals(small)), atol=1e-10)


def test_the_state_is_what_latents_and_inputs_make_of_it():
    rnn = network(initial_state=np.linspace(-1, 1, NEURONS))
    u = inputs()
    run = rnn.simulate(u)
    a = rnn.connectivity.canonical().a
    filtered = lfilter([0.2], [1, -0.8], u, axis=1)
    left = run.x - run.kappa @ a.T - filtered @ rnn.inputs.T
    # What is left is the decaying part of the initial state that a does not make.
    np.testing.assert_allclose(left[:, 1:], 0.8 * left[:, :-1], atol=1e-12)
    coordinates = np.linalg.lstsq(np.c_[a, rnn.inputs], left[:, 0].T)[0]
    np.testing.assert_allclose(coordinates[:RANK], 0, atol=1e-12)
    assert np.abs(run.kappa[:, 0]).max() > 0.01


def test_gauge_changes_neither_states_nor_latents():
    rnn, u = network(), inputs()
    low = rnn.connectivity
    order, scale = [2, 0, 1], np.array([-2.0, 0.5, 3.0])
    a, b, c = low.a * scale, low.b * [0.1, -7, -1], low.c / scale / [0.1, -7, -1]
    other = LowTensorRank(a[:, order], b[:, order], c[:, order])
    one, two = rnn.simulate(u), rnn.replace(connectivity=other).simulate(u)
    np.testing.assert_allclose(two.x, one.x, atol=1e-12)
    np.testing.assert_allclose(two.kappa, one.kappa, atol=1e-12)
    for name in "abc":
        wanted = getattr(low.canonical(), name)
        np.testing.assert_allclose(getattr(other.canonical(), name), wanted, atol=1e-12)


def test_canonical_gauge():
    low = connectivity()
    canonical = low.canonical()
    for trial in range(TRIALS):
        np.testing.assert_allclose(canonical.at(trial).dense(), low.at(trial).dense(), atol=1e-14)
    for columns in (canonical.a, canonical.b):
        np.testing.assert_allclose((columns**2).sum(0), NEURONS)
    energy = (canonical.c**2).sum(0)
    assert (np.diff(energy) <= 0).all()
    assert (canonical.c.mean(0) > 0).all()
    assert (canonical.a.max(0) == np.abs(canonical.a).max(0)).all()


def test_canonical_gauge_of_a_component_that_is_zero():
    low = connectivity()
    silent = LowTensorRank(low.a * [1, 0, 1], low.b, low.c).canonical()
    assert not silent.a[:, 2].any()
    assert not silent.c[:, 2].any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_save_and_load(tmp_path, dtype):
    rnn = network(nonlinearity="softplus").replace(connectivity=connectivity(dtype=dtype))
    rnn.save(tmp_path / "network.safetensors")
    again = RNN.load(tmp_path / "network.safetensors")
    assert repr(again) == repr(rnn)
    assert again.dtype == dtype
    assert again.connectivity.trials == TRIALS
    np.testing.assert_array_equal(again.simulate(inputs()).x, rnn.simulate(inputs()).x)


def test_errors():
    low = connectivity()
    with pytest.raises(InputError, match="u has 4 trials, but the connectivity is of 9"):
        network().simulate(inputs(4))
    with pytest.raises(InputError, match=r"of 9 trials.*give a trial, connectivity\.at\(trial\)"):
        low.dense()
    with pytest.raises(InputError, match="trial is 9: give one from 0 to 8"):
        low.at(9)
    with pytest.raises(InputError, match="b has 36 entries along axis 0: give 37"):
        LowTensorRank(low.a, low.b[:-1], low.c)
    with pytest.raises(InputError, match="c has 2 entries along axis 1: give 3"):
        LowTensorRank(low.a, low.b, low.c[:, :2])
    with pytest.raises(InputError, match="the rank cannot exceed"):
        LowTensorRank(low.a[:2], low.b[:2], low.c)
    tensors, u, _ = problem(torch.float64)
    with pytest.raises(InputError, match="both J and c"):
        integrate(
            tensors | {"J": torch.zeros(NEURONS, NEURONS)}, u,
            alpha=0.2, nonlinearity="tanh", noise=Noise(0.0),
        )  # fmt: skip
