"""Every contender computes the same loss and gradient, so that only their times differ."""

import math
from dataclasses import replace

import pytest
import torch

from lowrnn.bench import Cell, eager, jax_scan
from lowrnn.bench.problem import problem
from lowrnn.bench.training_step import gradient_error, lowrnn_step
from lowrnn.errors import InputError
from lowrnn.networks import Noise
from lowrnn.networks.kernels import reference

QUIET = Cell(neurons=33, rank=2, batch=6, steps=31, noise=False)
NOISY = Cell(neurons=33, rank=2, batch=6, steps=31, noise=True)


def by_reference(given, seed):
    leaves = {name: value.double().requires_grad_() for name, value in given.tensors.items()}
    x = reference.integrate(
        leaves, given.u.double(), alpha=given.alpha, nonlinearity="tanh",
        noise=Noise(given.noise_std, seed),
    )  # fmt: skip
    loss = reference.error_of(
        x, leaves, given.target.double(), given.weight.double(), on="output", nonlinearity="tanh"
    )
    gradients = torch.autograd.grad(loss, list(leaves.values()))
    return loss.detach(), dict(zip(leaves, gradients, strict=True))


def assert_same(found, wanted, tolerance):
    assert float(found[0]) == pytest.approx(float(wanted[0]), rel=tolerance)
    assert found[1].keys() == wanted[1].keys()
    for name, exact in wanted[1].items():
        error = (torch.as_tensor(found[1][name]).double() - exact).norm() / exact.norm()
        assert error < tolerance, f"{name} differs by {error:.1e}"


@pytest.mark.parametrize("cell", [QUIET, NOISY])
def test_eager_loop_is_the_reference(cell):
    given = problem(cell)
    assert_same(eager.exact_step(given, 5), by_reference(given, 5), 1e-12)


@pytest.mark.parametrize("cell", [QUIET, NOISY])
def test_gradient_of_lowrnn(cell):
    given = problem(cell)
    assert_same(lowrnn_step(given, 5), by_reference(given, 5), 1e-5)
    assert gradient_error(given) < 1e-5


def test_gradient_error_sees_an_error(monkeypatch):
    given = problem(QUIET)
    loss, gradients = eager.exact_step(given, 0)
    wrong = gradients | {"n": 1.01 * gradients["n"]}
    monkeypatch.setattr("lowrnn.bench.training_step.eager.exact_step", lambda *_: (loss, wrong))
    assert gradient_error(given) == pytest.approx(0.01 / 1.01, rel=1e-3)


def test_single_precision_step_of_the_eager_loop():
    given = problem(QUIET)
    assert_same(eager.step(given), by_reference(given, 0), 1e-5)


def test_jax_scan():
    pytest.importorskip("jax")
    given = problem(QUIET)
    loss, gradients = jax_scan.compiled_step(given)(0)
    gradients = {name: torch.tensor(value.tolist()) for name, value in gradients.items()}
    assert_same((loss, gradients), by_reference(given, 0), 1e-5)


@pytest.mark.parametrize("peer", ["lowrnn", "eager", "jax"])
def test_noise_has_the_same_strength(peer):
    """Without connections and inputs a state is a sum of noise, and so is a linear readout of it.

    The variance of x after T steps is `2 alpha std² (1 - (1-alpha)^2T) / (1 - (1-alpha)²)`; noise
    is made so weak that tanh is linear, and the loss is the mean of z².
    """
    given = problem(Cell(neurons=64, rank=1, batch=2000, steps=29, noise=True))
    for name in ("m", "B"):
        given.tensors[name].zero_()
    given.tensors["w"].fill_(1.0)
    given.target.zero_()
    given = replace(given, noise_std=1e-3)
    if peer == "lowrnn":
        loss, _ = lowrnn_step(given, 1)
    elif peer == "eager":
        torch.manual_seed(1)
        loss, _ = eager.step(given)
    else:
        pytest.importorskip("jax")
        loss, _ = jax_scan.compiled_step(given)(1)
    decay = (1 - given.alpha) ** 2
    variance = 2 * given.alpha * 1e-6 * (1 - decay**29) / (1 - decay) / 64
    assert float(loss) == pytest.approx(variance, rel=5 * math.sqrt(2 / 2000))


def test_problem_has_the_size_of_its_cell():
    given = problem(Cell(neurons=40, rank=3, batch=7, steps=100, noise=True))
    assert given.u.shape == (7, 100, 4)
    assert given.target.shape == (7, 100, 1)
    assert given.tensors["n"].shape == (40, 3)
    # The weights of a trial add up to 1, those of a batch to a mean over trials.
    assert float(given.weight.sum()) == pytest.approx(1)
    assert math.sqrt(2 * given.alpha) * given.noise_std == pytest.approx(0.05)
    assert not problem(QUIET).noise_std


def test_too_few_steps_are_refused():
    with pytest.raises(InputError, match="stimulus"):
        problem(Cell(neurons=4, rank=1, batch=2, steps=28, noise=False))
