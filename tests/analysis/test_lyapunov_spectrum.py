import numpy as np
import pytest
import torch

from lowrnn import RNN, FullRank, InputError, LowRank
from lowrnn.analysis import flossing_loss, lyapunov_spectrum
from lowrnn.networks.noise import Noise

rng = np.random.default_rng(0)


def gaussian(g: float, neurons: int, seed: int = 0) -> np.ndarray:
    drawn = np.random.default_rng(seed).standard_normal((neurons, neurons))
    return g * drawn / np.sqrt(neurons)


def quiet(trials: int, time: int) -> np.ndarray:
    return np.zeros((trials, time, 0))


def test_at_rest_the_largest_exponent_is_that_of_the_spectral_radius() -> None:
    J, dt = gaussian(0.9, 60), 0.2
    rnn = RNN(FullRank(J), dt=dt, tau=1)
    radius = np.abs(np.linalg.eigvals((1 - dt) * np.eye(60) + dt * J)).max()
    found = lyapunov_spectrum(rnn, quiet(1, 3000), discard=2000)[0, 0]
    assert found == pytest.approx(np.log(radius) / dt, abs=2e-3)
    assert found < 0


def test_linear_network_has_the_exponents_of_its_eigenvalues() -> None:
    left = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    rates = np.array([0.9, 0.5, 0.1, -0.3, -0.7, -1.2])
    J, dt = left @ np.diag(rates) @ left.T, 0.01
    rnn = RNN(FullRank(J), np.ones((6, 1)), dt=dt, tau=1, nonlinearity="identity")
    found = lyapunov_spectrum(rnn, rng.standard_normal((2, 6000, 1)), 6, discard=4000)
    exact = np.log(1 - dt + dt * rates) / dt
    np.testing.assert_allclose(found, np.tile(exact, (2, 1)), atol=1e-8)
    # As dt → 0, the real parts of the eigenvalues of J - 1.
    np.testing.assert_allclose(exact, rates - 1, atol=0.03)
    rare = lyapunov_spectrum(rnn, np.zeros((1, 6000, 1)), 6, discard=4000, every=10)
    np.testing.assert_allclose(rare[0], exact, atol=1e-8)


def test_complex_eigenvalues_give_their_real_part() -> None:
    dt, angular = 0.001, 2.0
    J = np.array([[0.5, -angular], [angular, 0.5]])
    rnn = RNN(FullRank(J), dt=dt, tau=1, nonlinearity="identity")
    found = lyapunov_spectrum(rnn, quiet(1, 200), 2)[0]
    np.testing.assert_allclose(found, np.log(np.hypot(1 - dt + dt / 2, dt * angular)) / dt)
    np.testing.assert_allclose(found, -0.5, atol=0.01)


def test_sum_of_all_exponents_is_the_contraction_of_volume() -> None:
    rnn = RNN(FullRank(gaussian(1.8, 10)), np.ones((10, 1)), dt=0.2, tau=1, noise_std=0.2)
    u = rng.standard_normal((2, 50, 1))
    found = lyapunov_spectrum(rnn, u, 10, seed=3).sum(axis=1)
    x = np.concatenate([np.zeros((2, 1, 10)), rnn.simulate(u, 3).x], axis=1)[:, :-1]
    slopes = 1 - np.tanh(x) ** 2
    jacobian = 0.8 * np.eye(10) + 0.2 * rnn.connectivity.dense() * slopes[:, :, None, :]
    volume = np.linalg.slogdet(jacobian)[1].sum(axis=1) / (50 * 0.2)
    np.testing.assert_allclose(found, volume)


def test_random_networks_have_the_exponents_of_theory() -> None:
    def largest(g: float, neurons: int) -> float:
        rnn = RNN(FullRank(gaussian(g, neurons)), dt=0.1, tau=1)
        start = rng.standard_normal((1, neurons))
        return float(lyapunov_spectrum(rnn, quiet(1, 1500), discard=700, initial_state=start)[0, 0])

    assert largest(0.5, 150) == pytest.approx(0.5 - 1, abs=0.1)
    # Mean field: 0.2355; small networks are less chaotic.
    assert largest(3.0, 250) == pytest.approx(0.2355, abs=0.12)


def test_exponents_do_not_depend_on_the_form_of_the_matrix_or_the_order_of_neurons() -> None:
    m, n, B = (rng.standard_normal((12, 2)) for _ in range(3))
    u, order = rng.standard_normal((1, 400, 2)), rng.permutation(12)
    low = RNN(LowRank(m, n), B, dt=0.2, tau=1)
    dense = low.replace(connectivity=FullRank(m @ n.T / 12))
    one, other = (lyapunov_spectrum(rnn, u, 3) for rnn in (low, dense))
    np.testing.assert_allclose(one, other, atol=1e-10)
    # All exponents together do not depend on the perturbations at the start.
    shuffled = RNN(LowRank(m[order], n[order]), B[order], dt=0.2, tau=1)
    totals = [lyapunov_spectrum(rnn, u, 12).sum() for rnn in (low, shuffled)]
    assert totals[0] == pytest.approx(totals[1])


def test_flossing_loss_is_that_of_the_spectrum_and_its_gradient_exact() -> None:
    rnn = RNN(FullRank(gaussian(1.5, 5)), rng.standard_normal((5, 1)), dt=0.3, tau=1)
    u = rng.standard_normal((2, 6, 1))
    spectrum = lyapunov_spectrum(rnn, u, 2)
    settings = {"alpha": rnn.alpha, "nonlinearity": "tanh"}

    def loss(J: torch.Tensor, B: torch.Tensor) -> torch.Tensor:
        return flossing_loss(rnn.tensors() | {"J": J, "B": B}, torch.tensor(u), 2, **settings)

    J, B = (rnn.tensors()[name].requires_grad_() for name in ("J", "B"))
    assert float(loss(J, B).detach()) == pytest.approx((spectrum**2).sum(axis=1).mean())
    assert torch.autograd.gradcheck(loss, (J, B))


def test_descent_on_the_flossing_loss_moves_exponents_to_0() -> None:
    rnn = RNN(FullRank(gaussian(0.5, 20)), rng.standard_normal((20, 1)), dt=0.2, tau=1)
    u = 0.3 * rng.standard_normal((4, 40, 1))
    tensors = rnn.tensors()
    adam = torch.optim.Adam([tensors["J"].requires_grad_()], lr=0.02)
    losses = []
    for _ in range(40):
        loss = flossing_loss(
            tensors, torch.tensor(u), 3, alpha=rnn.alpha, nonlinearity="tanh", noise=Noise(0.0)
        )
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.1 * losses[0]
    flossed = rnn.replace(connectivity=FullRank(tensors["J"].detach().numpy()))
    assert np.abs(lyapunov_spectrum(flossed, u, 3)).max() < 0.3


def test_wrong_inputs_are_named() -> None:
    rnn = RNN(FullRank(np.eye(3)), dt=0.1, tau=1)
    with pytest.raises(InputError, match="k is 4: give 1 to 3"):
        lyapunov_spectrum(rnn, quiet(1, 5), 4)
    with pytest.raises(InputError, match="discard is 5: give 0 to 4"):
        lyapunov_spectrum(rnn, quiet(1, 5), discard=5)
    with pytest.raises(InputError, match="every is 0"):
        lyapunov_spectrum(rnn, quiet(1, 5), every=0)
    with pytest.raises(InputError, match="initial_state has 2 entries along axis 0: give 1"):
        lyapunov_spectrum(rnn, quiet(1, 5), initial_state=np.zeros((2, 3)))
