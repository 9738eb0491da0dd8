"""The gradient of a recurrent matrix as a product of adjoints and rates, written out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Problem:
    """A tanh network, from the state 0: `x' = (1 - α) x + α (W tanh x + B u)`, `y = C tanh x`.

    Attributes
    ----------
    B : array (neuron, input)
    C : array (output, neuron)
    inputs : array (time, trial, input)
    targets : array (time, trial, output)
        Of the loss `Σ (y - target)² / (2 · entries)`.
    alpha : float
    """

    B: Array
    C: Array
    inputs: Array
    targets: Array
    alpha: float = 0.3


def draw_problem(seed: int) -> tuple[Problem, Array]:
    """60 units, two inputs and outputs, 6 trials of 20 steps of noise, and W0 of strength 0.8."""
    rng = np.random.default_rng(seed)
    B = rng.standard_normal((60, 2)) / np.sqrt(2)
    C = rng.standard_normal((2, 60)) / np.sqrt(60)
    inputs, targets = rng.standard_normal((2, 20, 6, 2))
    W0 = 0.8 * rng.standard_normal((60, 60)) / np.sqrt(60)
    return Problem(B, C, inputs, targets), W0


def adjoints_and_rates(problem: Problem, W: Array) -> tuple[Array, Array]:
    """`Λ` and `Φ`, (neuron, time · trial) each: the gradient of the loss by W is `α Λ Φᵀ`."""
    steps, trials, _ = problem.inputs.shape
    x = np.zeros((steps + 1, trials, len(W)))
    for t in range(steps):
        drive = np.tanh(x[t]) @ W.T + problem.inputs[t] @ problem.B.T
        x[t + 1] = (1 - problem.alpha) * x[t] + problem.alpha * drive
    rates = np.tanh(x)
    error = (rates[1:] @ problem.C.T - problem.targets) / problem.targets.size
    adjoint = np.zeros((steps + 2, trials, len(W)))
    for t in range(steps, 0, -1):
        through = problem.alpha * adjoint[t + 1] @ W + error[t - 1] @ problem.C
        adjoint[t] = (1 - problem.alpha) * adjoint[t + 1] + (1 - rates[t] ** 2) * through
    return adjoint[1:-1].reshape(-1, len(W)).T, rates[:-1].reshape(-1, len(W)).T


def gradient_error(seed: int) -> float:
    """Relative difference of `α Λ Φᵀ` from automatic differentiation."""
    import torch

    problem, start = draw_problem(seed)
    Λ, Φ = adjoints_and_rates(problem, start)
    W = torch.tensor(start, requires_grad=True)
    B, C, inputs, targets = (
        torch.tensor(each) for each in (problem.B, problem.C, problem.inputs, problem.targets)
    )
    x, loss = torch.zeros(inputs.shape[1], len(W), dtype=torch.float64), torch.zeros(())
    for u, target in zip(inputs, targets, strict=True):
        x = (1 - problem.alpha) * x + problem.alpha * (torch.tanh(x) @ W.T + u @ B.T)
        loss = loss + (torch.tanh(x) @ C.T - target).square().sum() / (2 * targets.numel())
    loss.backward()
    assert W.grad is not None
    expected = W.grad.numpy()
    difference = problem.alpha * Λ @ Φ.T - expected
    return float(np.linalg.norm(difference) / np.linalg.norm(expected))


def residuals_and_bounds(
    seed: int, most: int = 12, steps: int = 80, rate: float = 0.3
) -> tuple[Array, Array]:
    """What is learned outside of the leading rates or adjoints, and the bound on it.

    After gradient descent `‖ΔW (1 - P)‖ ≤ rate α Σ_k ‖Λ_k‖₂ ‖(1 - P) Φ_k‖` for any projector P,
    here on the leading 1, 2, ... `most` directions of all rates; and likewise on the left with the
    adjoints. Frobenius norms but for `‖Λ_k‖₂`, relative to `‖ΔW‖`.

    Returns
    -------
    array (2, dimension), twice
        Residuals and bounds; rates first, then adjoints.
    """
    problem, W = draw_problem(seed)
    start, seen = W.copy(), []
    for _ in range(steps):
        Λ, Φ = adjoints_and_rates(problem, W)
        W = W - rate * problem.alpha * Λ @ Φ.T
        seen.append((Φ, Λ))
    change = W - start
    residuals, bounds = np.empty((2, most)), np.empty((2, most))
    for side, matrix in enumerate((change.T, change)):
        together = np.concatenate([pair[side] for pair in seen], axis=1)
        vectors = np.linalg.svd(together, full_matrices=False)[0]
        for d in range(1, most + 1):
            outside = vectors[:, d:].T
            residuals[side, d - 1] = np.linalg.norm(outside @ matrix)
            bounds[side, d - 1] = (
                rate
                * problem.alpha
                * sum(
                    np.linalg.norm(pair[1 - side], 2) * np.linalg.norm(outside @ pair[side])
                    for pair in seen
                )
            )
    size = np.linalg.norm(change)
    return residuals / size, bounds / size
