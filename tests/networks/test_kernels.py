"""The fused kernels against the reference that defines them."""

import subprocess
import sys

import numba
import pytest
import torch

from lowrnn.networks import Noise
from lowrnn.networks.kernels import (
    compile,
    dense,
    integrate,
    output_gradient,
    reference,
    squared_error,
)

NEURONS, RANK, INPUTS, OUTPUTS, TRIALS, STEPS = 37, 2, 3, 2, 9, 19
ALL = ("tanh", "relu", "softplus", "identity", "erf")
TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-5}


def problem(dtype, *, dense=False, low_rank=True, start="trial"):
    generator = torch.Generator().manual_seed(1)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)

    tensors = {"B": normal(NEURONS, INPUTS), "bias": 0.3 * normal(NEURONS)}
    if low_rank:
        tensors |= {"m": normal(NEURONS, RANK), "n": normal(NEURONS, RANK)}
    if dense:
        tensors["J"] = normal(NEURONS, NEURONS) / NEURONS**0.5
    if start:
        shape = (TRIALS, NEURONS) if start == "trial" else (NEURONS,)
        tensors["initial_state"] = normal(*shape)
    return tensors, normal(TRIALS, STEPS, INPUTS), normal


def gradients(loss_of, tensors):
    leaves = {name: value.clone().requires_grad_() for name, value in tensors.items()}
    loss = loss_of(leaves)
    loss.backward()
    return {"loss": loss.detach()} | {name: leaf.grad for name, leaf in leaves.items()}


def assert_close(found, wanted, tolerance):
    for name, value in wanted.items():
        error = (found[name] - value).norm() / value.norm()
        assert error < tolerance, f"{name} differs by {error:.1e}"


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(
    ("nonlinearity", "on"),
    [*((name, "rates") for name in ALL), ("tanh", "output"), ("tanh", "states"), ("erf", "output")],
)
def test_squared_error_and_its_gradient(dtype, nonlinearity, on):
    tensors, u, normal = problem(dtype)
    channels = OUTPUTS if on == "output" else NEURONS
    if on == "output":
        tensors["w"] = normal(NEURONS, OUTPUTS)
    target, weight = normal(TRIALS, STEPS, channels), normal(TRIALS, STEPS).abs()
    target[2, 3, 1] = torch.nan
    settings = {"alpha": 0.2, "nonlinearity": nonlinearity, "noise": Noise(0.1, 5)}

    def by_reference(leaves):
        x = reference.integrate(leaves, u, **settings)
        return reference.error_of(x, leaves, target, weight, on=on, nonlinearity=nonlinearity)

    found = gradients(lambda t: squared_error(t, u, target, weight, on=on, **settings), tensors)
    assert_close(found, gradients(by_reference, tensors), TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("nonlinearity", ALL)
@pytest.mark.parametrize("low_rank", [True, False])
def test_squared_error_of_a_full_rank_network(dtype, nonlinearity, low_rank, monkeypatch):
    """Over three chunks of trials, the last one short."""
    monkeypatch.setattr(dense, "CHUNK", 4)
    tensors, u, normal = problem(dtype, dense=True, low_rank=low_rank)
    tensors["w"] = normal(NEURONS, OUTPUTS)
    target, weight = normal(TRIALS, STEPS, OUTPUTS), normal(TRIALS, STEPS).abs()
    target[2, 3, 1] = torch.nan
    settings = {"alpha": 0.2, "nonlinearity": nonlinearity, "noise": Noise(0.1, 5)}

    def by_reference(leaves):
        x = reference.integrate(leaves, u, **settings)
        return reference.error_of(x, leaves, target, weight, on="output", nonlinearity=nonlinearity)

    found = gradients(
        lambda t: squared_error(t, u, target, weight, on="output", **settings), tensors
    )
    assert_close(found, gradients(by_reference, tensors), TOLERANCE[dtype])


@pytest.mark.parametrize("full", [False, True])
def test_the_gradient_without_autograd_is_that_with_it(full):
    tensors, u, normal = problem(torch.float64, dense=full)
    tensors["w"] = normal(NEURONS, OUTPUTS)
    target, weight = normal(STEPS, TRIALS, OUTPUTS).transpose(0, 1), normal(STEPS, TRIALS).abs().T
    settings = {"alpha": 0.2, "nonlinearity": "tanh", "noise": Noise(0.1, 5)}
    wanted = gradients(
        lambda t: squared_error(t, u, target, weight, on="output", **settings), tensors
    )
    names = ["w", "n", "initial_state", "bias"]
    leaves = {name: value.requires_grad_() for name, value in tensors.items()}
    loss, found = output_gradient(leaves, u, target, weight, names, **settings)
    assert loss == float(wanted["loss"])
    for name, gradient in zip(names, found, strict=True):
        assert torch.equal(torch.tensor(gradient), wanted[name])


@pytest.mark.parametrize("start", [None, "shared", "trial"])
@pytest.mark.parametrize(
    ("nonlinearity", "full", "low_rank"),
    [("tanh", False, True), ("tanh", True, False), ("erf", False, True), ("softplus", True, True)],
)
def test_any_loss_on_the_states(nonlinearity, full, low_rank, start, monkeypatch):
    monkeypatch.setattr(dense, "CHUNK", 4)
    tensors, u, normal = problem(torch.float64, dense=full, low_rank=low_rank, start=start)
    target = normal(TRIALS, STEPS, NEURONS)
    settings = {"alpha": 0.2, "nonlinearity": nonlinearity, "noise": Noise(0.1, 5)}

    def loss(integrator):
        return lambda t: (target * integrator(t, u, **settings).sin()).sum()

    found = gradients(loss(integrate), tensors)
    assert_close(found, gradients(loss(reference.integrate), tensors), 1e-10)


@pytest.mark.parametrize("steps", [1, 7, 8, 9])
def test_any_number_of_steps(steps):
    tensors, u, normal = problem(torch.float64)
    target, weight = normal(TRIALS, steps, NEURONS), normal(TRIALS, steps).abs()
    settings = {"alpha": 0.2, "nonlinearity": "tanh", "noise": Noise(0.0)}

    def by_reference(leaves):
        x = reference.integrate(leaves, u[:, :steps], **settings)
        return reference.error_of(x, leaves, target, weight, on="rates", nonlinearity="tanh")

    found = gradients(
        lambda t: squared_error(t, u[:, :steps], target, weight, on="rates", **settings), tensors
    )
    assert_close(found, gradients(by_reference, tensors), 1e-10)


def test_gradient_agrees_with_finite_differences():
    tensors, u, normal = problem(torch.float64)
    target, weight = normal(TRIALS, STEPS, NEURONS), normal(TRIALS, STEPS).abs()
    names = tuple(tensors)

    def loss(*values):
        return squared_error(
            dict(zip(names, values, strict=True)), u, target, weight, on="rates",
            alpha=0.2, nonlinearity="tanh", noise=Noise(0.1, 3),
        )  # fmt: skip

    leaves = [value.requires_grad_() for value in tensors.values()]
    assert torch.autograd.gradcheck(loss, leaves, fast_mode=True)


@pytest.mark.parametrize("on", ["output", "rates"])
@pytest.mark.parametrize("full", [False, True])
def test_same_numbers_for_any_number_of_threads(on, full, monkeypatch):
    monkeypatch.setattr(compile, "FEW", 0)
    monkeypatch.setattr(dense, "CHUNK", 4)
    tensors, u, normal = problem(torch.float32, dense=full)
    tensors["w"] = normal(NEURONS, OUTPUTS)
    if on == "rates":
        del tensors["w"]
    target = normal(TRIALS, STEPS, OUTPUTS if on == "output" else NEURONS)
    weight = torch.ones(TRIALS, STEPS)

    def run(threads):
        numba.set_num_threads(threads)
        return gradients(
            lambda t: squared_error(
                t, u, target, weight, on=on, alpha=0.2, nonlinearity="tanh", noise=Noise(0.1, 3)
            ),
            tensors,
        )

    most = numba.config.NUMBA_NUM_THREADS
    try:
        one, many = run(1), run(most)
    finally:
        numba.set_num_threads(most)
    for name, value in one.items():
        assert torch.equal(value, many[name])


def test_same_numbers_for_any_split_of_the_batch():
    tensors, u, _ = problem(torch.float32)
    whole = integrate(tensors, u, alpha=0.2, nonlinearity="tanh", noise=Noise(0.1, 3))
    parts = [slice(0, 4), slice(4, 9)]
    split = [
        integrate(
            tensors | {"initial_state": tensors["initial_state"][part]}, u[part],
            alpha=0.2, nonlinearity="tanh", noise=Noise(0.1, 3, first_trial=part.start),
        )
        for part in parts
    ]  # fmt: skip
    assert torch.equal(whole, torch.cat(split))


def test_permuted_neurons_give_permuted_states():
    tensors, u, _ = problem(torch.float64)
    order = torch.randperm(NEURONS, generator=torch.Generator().manual_seed(0))
    moved = {name: value[order] for name, value in tensors.items() if name != "initial_state"}
    moved["initial_state"] = tensors["initial_state"][:, order]
    settings = {"alpha": 0.2, "nonlinearity": "tanh", "noise": Noise(0.0)}
    torch.testing.assert_close(
        integrate(moved, u, **settings), integrate(tensors, u, **settings)[..., order]
    )


def test_not_a_number_spreads_instead_of_vanishing():
    tensors, u, _ = problem(torch.float32)
    u[0, 5, 0] = torch.nan
    x = integrate(tensors, u, alpha=0.2, nonlinearity="tanh", noise=Noise(0.0))
    assert torch.isnan(x[0, 5:]).all()
    assert torch.isfinite(x[1:]).all()
    assert torch.isfinite(x[0, :5]).all()


def test_torch_keeps_its_number_of_threads():
    """In a new process, since numba starts its threads only once."""
    code = (
        "import torch; torch.set_num_threads(3);"
        "from lowrnn.networks.kernels import compile;"
        "compile.share(lambda thread, first, last: None, 2, compile.FEW);"
        "print(torch.get_num_threads())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert int(done.stdout) == 3
