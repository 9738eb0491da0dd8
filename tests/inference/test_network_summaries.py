import numpy as np
import pytest

from lowrnn import RNN, InputError, LowRank
from lowrnn.analysis import LatentFlow
from lowrnn.inference import (
    change_directions,
    change_spectrum,
    fixed_frame,
    flow_on_grid,
    overlaps,
    principal_angles,
    resting_points,
)

NEURONS = 30
RNG = np.random.default_rng(0)
M, N = RNG.standard_normal((2, NEURONS, 2))
LEFT, RIGHT = RNG.standard_normal((2, 4, NEURONS, 3))


def test_overlaps() -> None:
    J = M @ N.T / NEURONS
    found = overlaps(M, N, J, inputs=M[:, :1], readout=N[:, :1])
    overlap = N.T @ M / NEURONS
    wanted = [overlap.ravel(), (overlap @ overlap).ravel(), overlap[:, 0], overlap[0]]
    np.testing.assert_allclose(found.values, np.concatenate(wanted))
    assert found.labels[4] == "nJm.00"
    order = RNG.permutation(NEURONS)
    shuffled = overlaps(M[order], N[order], J[np.ix_(order, order)])
    np.testing.assert_allclose(shuffled.values, found.values[:8])
    many = overlaps(M, N, np.stack([J, 2 * J])).values
    np.testing.assert_allclose(many[:, 4:8], np.stack([wanted[1], 2 * wanted[1]]))
    with pytest.raises(InputError, match="nB pairs vectors of other lengths"):
        overlaps(M, N, inputs=np.ones((3, 1)))


def test_spectrum_against_dense_matrices() -> None:
    found = change_spectrum(LEFT, RIGHT, norm0=np.full(4, 2.0), leading=4)
    for row, (a, c) in zip(found.values, zip(LEFT, RIGHT, strict=True), strict=True):
        dense = a @ c.T
        eigenvalues = np.linalg.eigvals(dense)
        eigenvalues = eigenvalues[np.argsort(-np.abs(eigenvalues))][:3]
        s = np.linalg.svd(dense, compute_uv=False)[:3]
        np.testing.assert_allclose(np.sort(row[:3]), np.sort(eigenvalues.real), atol=1e-9)
        np.testing.assert_allclose(np.sort(row[4:7]), np.sort(np.abs(eigenvalues.imag)), atol=1e-9)
        np.testing.assert_allclose(row[8:11], s / np.linalg.norm(s))
        np.testing.assert_allclose(row[-2], np.sum(s**2) ** 2 / np.sum(s**4))
        np.testing.assert_allclose(row[-1], np.linalg.norm(dense) / 2)
        np.testing.assert_array_equal(row[[3, 7, 11]], 0)


def test_spectrum_of_hebbs_change() -> None:
    r = RNG.standard_normal((NEURONS, 1))
    found = change_spectrum(r, r, norm0=1.0, leading=1)
    np.testing.assert_allclose(found.values, [np.sum(r**2), 0, 1, 1, np.sum(r**2)])
    nothing = change_spectrum(0 * r, r, norm0=1.0).values
    np.testing.assert_array_equal(nothing, 0)


def test_angles_in_closed_form() -> None:
    axes = np.eye(NEURONS)
    tilted = np.column_stack([axes[:, 0], np.cos(0.3) * axes[:, 1] + np.sin(0.3) * axes[:, 5]])
    mixed = axes[:, :2] @ np.array([[1.0, 2.0], [0.5, -1.0]])
    np.testing.assert_allclose(principal_angles(mixed, tilted).values, [0, 0.3], atol=1e-7)
    u, v = change_directions(LEFT, RIGHT, 1)
    dense = np.einsum("bik,bjk->bij", LEFT, RIGHT)
    gain = np.einsum("bi,bij,bj->b", u[..., 0], dense, v[..., 0])
    np.testing.assert_allclose(gain, np.linalg.svd(dense, compute_uv=False)[:, 0])
    assert principal_angles(u, M).values.shape == (4, 1)
    with pytest.raises(InputError, match="count is 4: a change of 3 factors"):
        change_directions(LEFT, RIGHT, 4)


def network(m: np.ndarray, n: np.ndarray, B: np.ndarray) -> RNN:
    return RNN(LowRank(m, n), B, dt=0.02, tau=0.1)


def test_flow_is_that_of_the_latents() -> None:
    B = RNG.standard_normal((NEURONS, 1))
    rnn = network(M, N, B)
    gauge = rnn.connectivity.canonical()
    grid = RNG.standard_normal((5, 2))
    found = flow_on_grid(gauge.m, gauge.n, 0.7 * B[:, 0], grid)
    flow = LatentFlow.of(rnn, [0.7])
    np.testing.assert_allclose(found.values, flow(grid).ravel())
    pair = flow_on_grid(np.stack([M, 2 * M]), np.stack([N, N]), np.zeros((2, NEURONS)), grid)
    np.testing.assert_allclose(
        pair.values[1], flow_on_grid(2 * M, N, np.zeros(NEURONS), grid).values
    )


def test_resting_points_of_two_attractors() -> None:
    m = np.where(np.arange(NEURONS) < 15, 1.0, -1.0)[:, None]
    B = np.ones((NEURONS, 1))
    frame = fixed_frame(m, B)
    found = resting_points(network(m, 2 * m, B), frame, count=2)
    # kappa = 2 tanh(kappa): all neurons have the same modulus.
    kappa = 1.9150080481545
    slope = 2 / np.cosh(kappa) ** 2 - 1
    wanted = [2, 0, 1, -kappa, 0, slope, kappa, 0, slope]
    np.testing.assert_allclose(found.values, wanted, atol=1e-9)
    assert found.labels[:4] == ("stable", "saddle", "unstable", "stable1.0")
    flipped = resting_points(network(-3 * m, -2 / 3 * m, B), frame, count=2)
    np.testing.assert_allclose(flipped.values, found.values, atol=1e-9)
    alone = resting_points(network(m, 0.5 * m, B), frame, count=2)
    np.testing.assert_allclose(alone.values, [1, 0, 0, 0, 0, -0.5, 0, 0, 0], atol=1e-9)
