import numpy as np
import pytest
import torch

from lowrnn import InputError
from lowrnn.analysis import alignment, propagated_inputs, propagated_readout, weight_change

rng = np.random.default_rng(0)


def test_a_planted_vector_lies_within_and_a_random_one_hardly() -> None:
    basis = rng.standard_normal((200, 5))
    planted = basis @ rng.standard_normal((5, 3))
    np.testing.assert_allclose(alignment(7 * planted, basis), 1)
    random = rng.standard_normal((200, 400))
    assert alignment(random, basis).mean() == pytest.approx(5 / 200, rel=0.15)
    orthogonal = random - basis @ np.linalg.lstsq(basis, random)[0]
    np.testing.assert_allclose(alignment(orthogonal, basis), 0, atol=1e-12)


def test_only_the_span_of_the_basis_counts() -> None:
    vectors, basis = rng.standard_normal((30, 4)), rng.standard_normal((30, 2))
    redundant = np.column_stack([basis @ [[3.0, 1], [1, -1]], basis])
    np.testing.assert_allclose(alignment(vectors, redundant), alignment(vectors, basis))
    order = rng.permutation(30)
    np.testing.assert_allclose(alignment(vectors[order], basis[order]), alignment(vectors, basis))


@pytest.mark.parametrize("phi", [torch.tanh, lambda x: x], ids=["tanh", "identity"])
def test_the_gradient_of_a_steady_output(phi) -> None:
    # By automatic differentiation of the steady state itself, in the limit of a small input.
    N = 12
    W0, B, w, around = (
        torch.tensor(a)
        for a in (
            rng.standard_normal((N, N)) / 6,
            rng.standard_normal((N, 1)),
            rng.standard_normal((N, 2)),
            rng.standard_normal(N),
        )
    )

    def steady(W: torch.Tensor, amplitude: torch.Tensor) -> torch.Tensor:
        """Rates at the steady state of `x = W phi(x) + around + amplitude B`."""
        x = torch.zeros(N, dtype=torch.float64)
        for _ in range(400):
            x = W @ phi(x) + around + amplitude * B[:, 0]
        return phi(x)

    none = torch.zeros((), dtype=torch.float64)
    rates = steady(W0, none)
    gain = 1 - rates.numpy() ** 2 if phi is torch.tanh else np.ones(N)
    caused = torch.autograd.functional.jacobian(lambda a: steady(W0, a), none)
    np.testing.assert_allclose(
        propagated_inputs(W0.numpy(), B.numpy(), gain)[:, 0], caused.numpy(), rtol=1e-8
    )
    for output in range(2):
        gradient = torch.autograd.functional.jacobian(
            lambda W, k=output: w[:, k] @ steady(W, none), W0
        )
        left = propagated_readout(W0.numpy(), w.numpy(), gain)[:, [output]]
        np.testing.assert_allclose(left * rates.numpy(), gradient.numpy(), rtol=1e-8, atol=1e-12)


def test_a_first_step_of_a_linear_network_is_along_both() -> None:
    N = 50
    W0 = 0.6 / np.sqrt(N) * rng.standard_normal((N, N))
    B, w = rng.standard_normal((2, N, 1))
    step = propagated_readout(W0, w) @ propagated_inputs(W0, B).T
    change = weight_change(W0 + step, W0)
    assert change.participation_ratio == pytest.approx(1)
    inverse = np.linalg.inv(np.eye(N) - W0)
    np.testing.assert_allclose(alignment(change.left[:, :1], inverse.T @ w), 1)
    np.testing.assert_allclose(alignment(change.right[:, :1], inverse @ B), 1)
    assert alignment(change.left[:, :1], w)[0] < 0.95


def test_wrong_inputs_are_named() -> None:
    with pytest.raises(InputError, match=r"basis has 4 entries along axis 0"):
        alignment(np.ones((3, 1)), np.ones((4, 1)))
    with pytest.raises(InputError, match="vectors is 0 in column 1"):
        alignment(np.eye(3) * [1, 0, 1], np.ones((3, 1)))
    with pytest.raises(InputError, match="eigenvalue 1 and no steady state"):
        propagated_inputs(np.eye(3), np.ones((3, 1)))
    with pytest.raises(InputError, match=r"W0 has shape \(2, 3\)"):
        propagated_readout(np.ones((2, 3)), np.ones((2, 1)))
    with pytest.raises(InputError, match="gain has 2 entries"):
        propagated_readout(np.zeros((3, 3)), np.ones((3, 1)), np.ones(2))
