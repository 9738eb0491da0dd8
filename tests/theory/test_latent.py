"""Latent dynamics: against networks, against stationary states, and their gradients."""

import numpy as np
import pytest
import torch

from lowrnn.errors import ConvergenceError, InputError
from lowrnn.networks import NONLINEARITIES, GaussianMixture
from lowrnn.theory import MeanField
from lowrnn.theory.averages import average
from lowrnn.theory.latent import latent_dynamics
from lowrnn.theory.moments import _Average


@pytest.fixture(scope="module")
def mixture():
    return GaussianMixture.from_moments(
        nm=[[[2.0, 0.3], [0.0, 1.0]], [[0.0, -1.0], [1.0, 0.0]]],
        mB=0.2, nB=[[1.0, 0.3], [0.0, 0.5]], mean_m=0.3, mean_n=0.3, mean_B=0.2,
        wm=0.5, mean_w=1.0, weights=[0.4, 0.6], rank=2, inputs=2, outputs=1,
    )  # fmt: skip


@pytest.fixture(scope="module")
def u():
    return np.random.default_rng(0).standard_normal((3, 60, 2))


@pytest.mark.parametrize("nonlinearity", NONLINEARITIES)
def test_one_population_per_neuron_is_the_network(mixture, u, nonlinearity):
    """The finite-size reduction: sample means in place of averages."""
    rnn = mixture.sample(100, seed=0, nonlinearity=nonlinearity)
    points = GaussianMixture.estimate(rnn, range(100))
    found = MeanField(points, nonlinearity=nonlinearity).trajectory(u, 0.1)
    run = rnn.simulate(u)
    x = found.kappa @ points.mean("m").T + found.v @ points.mean("B").T
    scale = np.abs(run.x).max()
    np.testing.assert_allclose(x, run.x, atol=1e-11 * scale)
    np.testing.assert_allclose(found.z, run.z, atol=1e-11 * scale)
    np.testing.assert_allclose(found.time, run.time)


def test_large_networks_do_what_the_average_says(mixture, u):
    theory = MeanField(mixture).trajectory(u, 0.1, [1.0, 0.5]).z
    errors = []
    for neurons in (500, 8000):
        rnn = mixture.sample(neurons, seed=1, exact=True)
        start = GaussianMixture.estimate(rnn, range(neurons)).mean("m") @ [1.0, 0.5]
        run = rnn.simulate(u, initial_state=np.tile(start, (3, 1)))
        errors.append(np.abs(run.z - theory).max())
    assert errors[1] < 0.5 / np.sqrt(8000)
    assert errors[1] < errors[0]


def test_private_noise_is_a_variance(mixture, u):
    theory = MeanField(mixture, noise_std=0.8).trajectory(u, 0.2)
    run = mixture.sample(8000, seed=2, exact=True, dt=0.2, noise_std=0.8).simulate(u, seed=3)
    without = MeanField(mixture).trajectory(u, 0.2)
    assert np.std(run.z - theory.z) < 0.02
    assert np.std(run.z - without.z) > 0.05
    assert theory.psi[0, -1] == pytest.approx(0.64 / (1 - 0.1))


@pytest.mark.parametrize("g", [0.0, 0.9])
def test_settles_where_the_stationary_theory_says(mixture, g):
    """Whatever the time step, and with the same variance and readout."""
    theory = MeanField(mixture, g)
    constant = np.tile([0.7, -0.3], (1, 150, 1))
    for dt in (0.2, 0.5, 1.0):
        end = theory.trajectory(constant, dt, [2.0, 1.0])
        state = min(
            theory.stationary([0.7, -0.3]), key=lambda s: np.abs(s.kappa - end.kappa[0, -1]).max()
        )
        np.testing.assert_allclose(end.kappa[0, -1], state.kappa, atol=1e-6)
        np.testing.assert_allclose(end.z[0, -1], state.z, atol=1e-6)
        assert end.psi[0, -1] == pytest.approx(state.psi0, abs=1e-6)


@pytest.mark.parametrize("g", [0.0, 0.7])
def test_flow_is_the_euler_step(mixture, u, g):
    theory = MeanField(mixture, g)
    run = theory.trajectory(u, 0.01, [1.0, -0.5])
    velocity = theory.flow(run.kappa[:, :-1], run.v[:, :-1])
    np.testing.assert_allclose(np.diff(run.kappa, axis=1) / 0.01, velocity, atol=1e-11)


def test_flow_broadcasts(mixture):
    theory = MeanField(mixture)
    kappa, v = np.random.default_rng(0).standard_normal((2, 5, 2))
    grid = theory.flow(kappa[:, None], v)
    np.testing.assert_allclose(grid[3, 1], theory.flow(kappa[3], v[1]), atol=1e-14)
    assert theory.flow([0.0, 0.0]).shape == (2,)


def test_flow_vanishes_on_the_ring():
    theory = MeanField(GaussianMixture.from_moments(nm=2.0, rank=2), g=0.8)
    angle = np.linspace(0, 6, 7)
    ring = 1.2116 * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    assert np.abs(theory.flow(ring)).max() < 5e-5
    assert np.abs(theory.flow(0.9 * ring)).max() > 0.02


def test_two_populations_have_three_attractors():
    """Beiran et al. 2021: impossible with one population without mean."""
    mixture = GaussianMixture.from_moments(
        nm=[[[-10.0]], [[4.5]]], mm=[[[1.98]], [[0.02]]], weights=[0.5, 0.5]
    )
    end = MeanField(mixture).trajectory(
        np.zeros((4, 400, 0)), 0.1, [[-9.0], [2.8], [2.9], [9.0]]
    ).kappa[:, -1, 0]  # fmt: skip
    np.testing.assert_allclose(end, [-6.4523, 0.0, 6.4523, 6.4523], atol=6e-5)


@pytest.mark.parametrize("nonlinearity", [name for name in NONLINEARITIES if name != "relu"])
def test_gradient_of_averages(nonlinearity):
    mu = torch.tensor([-0.7, 0.0, 1.3], dtype=torch.float64, requires_grad=True)
    delta = torch.tensor([0.4, 2.0, 7.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda *x: _Average.apply(*x, nonlinearity), (mu, delta))


def test_gradient_of_averages_without_variance():
    """The one-sided derivative, where a quadrature in √delta would divide by zero."""
    mu = torch.tensor([0.6], dtype=torch.float64, requires_grad=True)
    delta = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    _Average.apply(mu, delta, "tanh")[0].sum().backward()
    step = 1e-6
    change = (average("tanh", [0], 0.6, step)[0] - np.tanh(0.6)) / step
    assert float(delta.grad[0]) == pytest.approx(float(change), abs=1e-5)
    assert float(mu.grad[0]) == pytest.approx(1 - np.tanh(0.6) ** 2)


@pytest.mark.parametrize(("g", "noise_std"), [(0.0, 0.0), (0.0, 0.5), (0.8, 0.0)])
def test_gradient_of_the_dynamics(mixture, u, g, noise_std):
    """With respect to shares, means, a factor of the covariances, inputs and start."""
    factor = torch.linalg.cholesky(torch.tensor(mixture.covariances))

    def run(shares, means, factor, u, kappa0):
        return latent_dynamics(
            shares, means, factor @ factor.mT, u,
            rank=2, alpha=0.3, kappa0=kappa0, g=g, noise_std=noise_std,
        )  # fmt: skip

    given = [mixture.weights, mixture.means, factor, u[:2, :3], np.array([[0.4, -1.0], [0.0, 0.0]])]
    leaves = [torch.as_tensor(each).clone().requires_grad_() for each in given]
    assert torch.autograd.gradcheck(run, leaves, fast_mode=True)


def test_descent_finds_a_memory():
    """Seven numbers learn to keep the sign of a pulse, and a network drawn from them does."""
    torch.manual_seed(0)
    factor = (0.3 * torch.randn(1, 4, 4, dtype=torch.float64)).requires_grad_()
    weights, means = torch.ones(1, dtype=torch.float64), torch.zeros(1, 4, dtype=torch.float64)
    u = torch.zeros(2, 30, 1, dtype=torch.float64)
    u[0, :5], u[1, :5] = 1, -1
    target = torch.tensor([1.0, -1.0], dtype=torch.float64)[:, None, None]
    optimiser = torch.optim.Adam([factor], lr=0.05)
    for _ in range(150):
        z = latent_dynamics(weights, means, factor @ factor.mT, u, rank=1, alpha=0.2)[2]
        loss = ((z[:, 15:] - target) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert float(loss.detach()) < 0.01
    learned = GaussianMixture(
        [1.0], means, (factor @ factor.mT).detach(), rank=1, inputs=1, outputs=1
    )
    z = learned.sample(2000, seed=0, exact=True, dt=0.2).simulate(u.numpy()).z
    np.testing.assert_allclose(z[:, -1, 0], [1, -1], atol=0.3)


def test_refusals(mixture, u):
    with pytest.raises(InputError, match="dt is 2"):
        MeanField(mixture).trajectory(u, 2)
    with pytest.raises(InputError, match="kappa0 has 3 entries"):
        MeanField(mixture).trajectory(u, 0.1, [1, 2, 3])
    with pytest.raises(InputError, match="u has 1 entries along axis 2"):
        MeanField(mixture).trajectory(u[..., :1], 0.1)
    with pytest.raises(InputError, match="leading axes"):
        MeanField(mixture).flow(np.zeros((3, 2)), np.zeros((4, 2)))
    with pytest.raises(InputError, match="two_time"):
        MeanField(mixture, g=0.5, noise_std=0.5).flow([0, 0])
    with pytest.raises(ConvergenceError, match="grow"):
        MeanField(mixture, g=2.0, nonlinearity="relu").flow([1, 1])
