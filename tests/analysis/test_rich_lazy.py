import numpy as np
import pytest
import torch

from lowrnn import RNN, FullRank, InputError, LowRank
from lowrnn.analysis import kernel_alignment, rank_r_start, rich_lazy, tangent_kernel
from lowrnn.networks.kernels import reference
from lowrnn.networks.noise import Noise
from lowrnn.networks.nonlinearity import NONLINEARITIES

rng = np.random.default_rng(0)


def network(nonlinearity: str = "tanh", neurons: int = 8) -> RNN:
    J = rng.standard_normal((neurons, neurons)) / np.sqrt(neurons)
    B, w = rng.standard_normal((neurons, 2)), rng.standard_normal((neurons, 2))
    return RNN(
        FullRank(J), B, w, dt=0.3, tau=1, nonlinearity=nonlinearity,
        bias=0.3 * rng.standard_normal(neurons), initial_state=rng.standard_normal(neurons),
    )  # fmt: skip


def jacobian_of_outputs(rnn: RNN, u: np.ndarray) -> np.ndarray:
    """By autograd: (trial, time, output, neuron, neuron)."""
    tensors = rnn.tensors()

    def outputs(J: torch.Tensor) -> torch.Tensor:
        x = reference.integrate(
            tensors | {"J": J}, torch.tensor(u), alpha=rnn.alpha, nonlinearity=rnn.nonlinearity,
            noise=Noise(0.0),
        )  # fmt: skip
        rates = NONLINEARITIES[rnn.nonlinearity](x + tensors["bias"])
        return rates @ tensors["w"] / rnn.neurons

    return torch.autograd.functional.jacobian(outputs, tensors["J"]).numpy()


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu", "softplus"])
def test_tangent_kernel_is_that_of_the_gradients(nonlinearity: str) -> None:
    rnn, u = network(nonlinearity), rng.standard_normal((3, 6, 2))
    gradients = jacobian_of_outputs(rnn, u)
    flat = gradients.reshape(3 * 6 * 2, -1)
    np.testing.assert_allclose(tangent_kernel(rnn, u), flat @ flat.T, atol=1e-10)
    some = gradients[:, [2, 5]].reshape(3 * 2 * 2, -1)
    np.testing.assert_allclose(tangent_kernel(rnn, u, [2, -1]), some @ some.T, atol=1e-10)


def test_tangent_kernel_of_a_low_rank_network_is_that_of_its_matrix() -> None:
    dense, u = network(), rng.standard_normal((2, 4, 2))
    m, n = rng.standard_normal((2, 8, 2))
    low = dense.replace(connectivity=LowRank(m, n))
    full = dense.replace(connectivity=FullRank(m @ n.T / 8))
    np.testing.assert_allclose(tangent_kernel(low, u), tangent_kernel(full, u), atol=1e-12)


def test_tangent_kernel_does_not_depend_on_the_order_of_neurons() -> None:
    rnn, u, order = network(), rng.standard_normal((2, 4, 2)), rng.permutation(8)
    shuffled = RNN(
        FullRank(rnn.connectivity.dense()[order][:, order]), rnn.inputs[order], rnn.readout[order],
        dt=rnn.dt, tau=rnn.tau, bias=rnn.bias[order], initial_state=rnn.initial_state[order],
    )  # fmt: skip
    np.testing.assert_allclose(tangent_kernel(rnn, u), tangent_kernel(shuffled, u), atol=1e-12)


def test_alignment_is_1_for_the_same_and_0_for_disjoint_kernels() -> None:
    R, S = rng.standard_normal((2, 5, 3))
    K, L = R @ R.T, S @ S.T
    assert kernel_alignment(K, 7 * K) == pytest.approx(1, abs=1e-14)
    assert kernel_alignment(np.diag([1.0, 0, 0]), np.diag([0, 1.0, 2.0])) == 0
    assert 0 < kernel_alignment(K, L) < 1
    # By the rates alone: |Rᵀ S|² / (|Rᵀ R| |Sᵀ S|).
    rates = np.linalg.norm(R.T @ S) ** 2 / np.linalg.norm(R.T @ R) / np.linalg.norm(S.T @ S)
    assert kernel_alignment(K, L) == pytest.approx(rates)


def test_what_did_not_learn_is_lazy() -> None:
    rnn, u = network("relu"), rng.standard_normal((4, 6, 2))
    same = rich_lazy(rnn, rnn, u)
    assert same.norm_change == 0
    assert same.sign_agreement == 1
    assert same.kernel_alignment == pytest.approx(1)
    assert same.representation_alignment == pytest.approx(1)
    far = rich_lazy(rnn, rnn.replace(connectivity=network().connectivity), u, kernel_steps=range(6))
    assert far.norm_change > 1
    assert 0 < far.kernel_alignment < 1
    assert 0 < far.representation_alignment < 1
    assert 0 < far.sign_agreement < 1
    # Noise does not enter.
    noisy = rnn.replace(noise_std=0.5)
    assert rich_lazy(noisy, noisy, u).representation_alignment == pytest.approx(1)


def test_start_of_a_rank_keeps_norm_and_leading_directions() -> None:
    J = 1.25 * rng.standard_normal((30, 30)) / np.sqrt(30)
    start = rank_r_start(J, 4)
    assert np.linalg.matrix_rank(start) == 4
    assert np.linalg.norm(start) == pytest.approx(np.linalg.norm(J))
    before, after = (np.linalg.svd(matrix)[1] for matrix in (J, start))
    np.testing.assert_allclose(after[:4] / after[0], before[:4] / before[0])
    np.testing.assert_allclose(rank_r_start(J, 30), J, atol=1e-12)


def test_wrong_inputs_are_named() -> None:
    rnn, u = network(), np.zeros((2, 5, 2))
    with pytest.raises(InputError, match=r"steps is \[5\]: give whole numbers from -5 to 4"):
        tangent_kernel(rnn, u, [5])
    with pytest.raises(InputError, match="readout has no output"):
        tangent_kernel(rnn.replace(readout=None), u)
    with pytest.raises(InputError, match="neurons before and after are 8 and 9"):
        rich_lazy(rnn, network(neurons=9), u)
    with pytest.raises(InputError, match="readout before and after are"):
        rich_lazy(rnn, rnn.replace(readout=np.ones((8, 1))), u)
    with pytest.raises(InputError, match="one of the kernels is 0"):
        kernel_alignment(np.zeros((2, 2)), np.eye(2))
    with pytest.raises(InputError, match="rank is 0: give 1 to 3"):
        rank_r_start(np.eye(3), 0)
    with pytest.raises(InputError, match="J is 0"):
        rank_r_start(np.zeros((3, 3)), 1)
    with pytest.raises(InputError, match="J has shape"):
        rank_r_start(np.ones((2, 3)), 1)
