import time

import numpy as np
import pytest
from numpy.typing import NDArray

from lowrnn import RNN, LowRank
from lowrnn.analysis import LatentFlow, fixed_points
from lowrnn.analysis.fixed_points import _newton

Array = NDArray[np.float64]


def relu(m: Array, n: Array, drive: Array) -> RNN:
    """A relu network; its canonical gauge differs from the given one."""
    return RNN(LowRank(m, n), drive[:, None], dt=0.1, tau=1, nonlinearity="relu")


def by_all_patterns(net: RNN) -> Array:
    """Fixed points from all 2^N patterns of neurons that are on."""
    flow = LatentFlow.of(net, [1.0])
    neurons, rank = flow.m.shape
    found = []
    for code in range(2**neurons):
        on = (code >> np.arange(neurons)) & 1
        A = (flow.n * on[:, None]).T @ flow.m / neurons
        kappa = np.linalg.solve(np.eye(rank) - A, (flow.n * on[:, None]).T @ flow.drive / neurons)
        if ((flow.m @ kappa + flow.drive > 0) == on).all():
            found.append(kappa)
    return np.array(sorted(found, key=lambda point: tuple(point.round(6)))).reshape(-1, rank)


@pytest.mark.parametrize("rank", [1, 2])
def test_all_fixed_points_of_small_networks_are_found(rank: int) -> None:
    rng = np.random.default_rng(rank)
    numbers = set()
    for _ in range(60):
        m, n = rng.standard_normal((2, 9, rank))
        net = relu(2 * m, 2 * n + m, rng.standard_normal(9))
        found, truth = fixed_points(net, [1.0]), by_all_patterns(net)
        assert found.complete
        assert found.kappa.shape == truth.shape
        np.testing.assert_allclose(
            found.kappa, truth, atol=1e-8 * (1 + np.abs(truth).max(initial=0))
        )
        numbers.add(len(found))
    assert len(numbers) >= 3


@pytest.mark.parametrize("rank", [1, 2])
def test_without_input_the_origin_is_on_every_kink(rank: int) -> None:
    rng = np.random.default_rng(5)
    m, n = rng.standard_normal((2, 30, rank))
    found = fixed_points(relu(m, n, np.zeros(30)), [1.0])
    np.testing.assert_allclose(found.kappa, np.zeros((1, rank)), atol=1e-12)
    assert found.kind == ("marginal",)


def test_parallel_and_equal_kinks() -> None:
    # Two uncoupled latents, each kappa = 2 relu(kappa - 1) twice over: at rest at 0 and at 2.
    m = np.repeat(np.eye(2), 2, axis=0)
    net = relu(m, 4 * m, -np.ones(4))
    found = fixed_points(net, [1.0])
    scale = np.linalg.norm(net.connectivity.canonical().m[0])
    expected = np.array([[0, 0], [0, 2], [2, 0], [2, 2]]) / scale
    np.testing.assert_allclose(np.abs(found.kappa), expected, atol=1e-9)
    assert sorted(found.kind) == ["saddle", "saddle", "stable", "unstable"]
    assert found.complete


def test_newton_finds_nothing_else_in_a_large_network() -> None:
    rng = np.random.default_rng(7)
    m, n = rng.standard_normal((2, 512, 2))
    net = relu(m, n + 4 * m, -np.abs(rng.standard_normal(512)))
    start = time.perf_counter()
    found = fixed_points(net, [1.0])
    assert time.perf_counter() - start < 10
    flow = LatentFlow.of(net, [1.0])
    assert found.complete
    assert len(found) >= 2
    assert np.abs(flow(found.kappa)).max() < 1e-9
    starts = rng.uniform(-1, 1, (300, 2)) * 2 * np.abs(found.kappa).max()
    for point in _newton(flow, starts, np.full(2, 100.0)):
        assert np.abs(found.kappa - point).max(axis=1).min() < 1e-6


def test_a_piece_full_of_fixed_points_leaves_completeness_open() -> None:
    # kappa = relu(kappa + 1) - relu(kappa - 1): no slope between the kinks at rank 1 but 1.
    m = np.ones((2, 1))
    net = relu(m, np.array([[2.0], [-2.0]]), np.array([0.0, -1.0]))
    assert fixed_points(net, [1.0]).complete is None
