"""Populations as building blocks of a flow: gradients, and noise in closed form."""

import numpy as np
import pytest
import torch

from lowrnn.theory.design.flow_populations import FlowProblem, Populations, whole_neurons


def problem(nonlinearity="tanh", exact=False, points=6):
    rng = np.random.default_rng(0)
    psi = np.column_stack([rng.uniform(-1, 1, (points, 2)), np.ones(points)])
    return FlowProblem(
        psi, psi[:, :2], nonlinearity=nonlinearity, neurons=100.0, exact=exact, ridge=1e-9
    )


@pytest.mark.parametrize("exact", [True, False])
def test_gradients_of_blocks_and_noise(exact):
    of = problem(exact=exact)
    drawn = of.draw(3, 0.5, np.random.default_rng(1))
    centre, spread = drawn.centre.requires_grad_(), drawn.spread.requires_grad_()
    assert torch.autograd.gradcheck(
        lambda a, s: of._blocks(Populations(a, s, drawn.share)), (centre, spread)
    )


@pytest.mark.parametrize("exact", [True, False])
def test_noise_is_the_variance_of_a_sample_average(exact):
    of = problem(exact=exact, points=4)
    drawn = of.draw(1, 0.5, np.random.default_rng(1))
    blocks, noise = of._blocks(drawn)
    rng = np.random.default_rng(2)
    coefficients = np.array([0.7, -1.0, 2.0, 0.5])
    centre, spread = drawn.centre.numpy()[0], drawn.spread.numpy()[0]
    averages = []
    for _ in range(2000):
        z = rng.standard_normal((200, 3))
        if exact:
            z -= z.mean(axis=0)
            z = z @ np.linalg.inv(np.linalg.cholesky(z.T @ z / len(z))).T
        rates = np.tanh((centre + spread * z) @ of.psi.numpy().T)
        averages.append((coefficients[0] + z @ coefficients[1:]) @ rates / len(z))
    expected = blocks[:, 0].numpy() @ coefficients
    variance = coefficients @ noise[0].numpy() @ coefficients
    np.testing.assert_allclose(np.mean(averages, axis=0), expected, atol=0.02)
    assert 200 * np.var(averages, axis=0).mean() == pytest.approx(variance, rel=0.1)


def test_exact_samples_of_a_linear_network_have_no_noise():
    of = problem("identity", exact=True)
    _, noise = of._blocks(of.draw(4, 0.5, np.random.default_rng(0)))
    assert noise.abs().max() < 1e-6


def test_greedy_choice_beats_a_random_one():
    of = problem(points=100)
    of.wanted = torch.sin(4 * of.psi[:, :2])
    drawn = of.draw(50, 0.5, np.random.default_rng(0))
    chosen = of.choose(drawn, 4)
    random = Populations(drawn.centre[:4], drawn.spread[:4], chosen.share)

    def error(populations):
        coefficients, noise = of.solve(populations)
        blocks, _ = of._blocks(populations)
        given = torch.einsum("p,mpi,pir->mr", populations.share, blocks, coefficients)
        return ((given - of.wanted) ** 2).sum(dim=1).mean() + noise / of.neurons

    assert error(chosen) < 0.7 * error(random)
    refined = of.refine(chosen, 15, 0.5)
    assert error(refined) < 0.7 * error(chosen)
    assert refined.spread[:, :2].min() >= 0.5 - 1e-9


def test_whole_neurons():
    counts = whole_neurons(np.array([0.701, 0.2985, 0.0005]), 1000, 12)
    assert counts.sum() == 1000
    assert counts.min() == 12
    np.testing.assert_array_equal(whole_neurons(np.array([0.5, 0.5]), 7, 1), [4, 3])
