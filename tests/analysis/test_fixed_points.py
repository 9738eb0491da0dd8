import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from lowrnn import RNN, InputError, LowRank
from lowrnn.analysis import LatentFlow, fixed_points
from lowrnn.analysis.fixed_points import _FAR
from lowrnn.networks import NONLINEARITIES

Array = NDArray[np.float64]


def gaussian(size: int) -> Array:
    """A sample of unit variance that stands evenly spaced in probability."""
    z = norm.ppf((np.arange(size) + 0.5) / size)
    return z / z.std()


def gaussian_plane(radii: int, angles: int = 16) -> Array:
    """The same in two dimensions, in polar coordinates."""
    radius = np.sqrt(-2 * np.log1p(-(np.arange(radii) + 0.5) / radii))
    angle = 2 * np.pi * np.arange(angles) / angles
    z = radius[:, None, None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return z.reshape(-1, 2) / z.std()


def rnn(m: Array, n: Array, B: Array | None = None, nonlinearity: str = "tanh") -> RNN:
    return RNN(LowRank(m, n), B, dt=0.02, tau=0.1, nonlinearity=nonlinearity)


# Mean-field values by adaptive quadrature: sigma_mn <phi'>(kappa²) = 1.
@pytest.mark.parametrize(
    ("overlap", "kappa", "eigenvalue"),
    [
        (1.05, 0.228969, -0.0911),
        (1.2, 0.486282, -0.2914),
        (1.6, 0.948134, -0.5772),
        (3, 2.222314, -0.8663),
        (5, 3.886542, -0.9498),
    ],
)
def test_rank_1_pitchfork(overlap: float, kappa: float, eigenvalue: float) -> None:
    m = gaussian(4000)[:, None]
    found = fixed_points(rnn(m, overlap * m))
    np.testing.assert_allclose(found.kappa[:, 0], [-kappa, 0, kappa], atol=5e-4)
    assert found.kind == ("stable", "unstable", "stable")
    assert found.eigenvalues[2, 0].real == pytest.approx(eigenvalue, abs=5e-4)
    assert found.eigenvalues[1, 0].real == pytest.approx(overlap - 1)
    assert found.complete


def test_rank_1_below_the_pitchfork() -> None:
    m = gaussian(1000)[:, None]
    found = fixed_points(rnn(m, 0.9 * m))
    np.testing.assert_allclose(found.kappa, [[0]], atol=1e-9)
    assert found.kind == ("stable",)


def test_a_pair_within_one_cell_of_the_grid_is_found() -> None:
    # kappa = 2 tanh(kappa + u) gains a pair of solutions at kappa = √2 where the slope reaches 1.
    m = np.ones((2, 1))
    net = rnn(m, 2 * m, m)
    fold = np.arctanh(np.sqrt(0.5)) - np.sqrt(2)
    assert len(fixed_points(net, [fold - 1e-7])) == 1
    found = fixed_points(net, [fold + 1e-7])
    assert found.kind == ("stable", "unstable", "stable")
    np.testing.assert_allclose(found.kappa[1:, 0], np.sqrt(2), atol=1e-3)


def test_two_populations_make_three_stable_states() -> None:
    g = gaussian(2000)
    m = np.concatenate([np.sqrt(1.98) * g, np.sqrt(0.02) * g])[:, None]
    n = np.concatenate([-10 / np.sqrt(1.98) * g, 4.5 / np.sqrt(0.02) * g])[:, None]
    found = fixed_points(rnn(m, n))
    np.testing.assert_allclose(found.kappa[:, 0], [-6.4523, -2.8661, 0, 2.8661, 6.4523], atol=8e-3)
    assert found.kind == ("stable", "unstable", "stable", "unstable", "stable")
    assert found.eigenvalues[2, 0].real == pytest.approx(-3.75)


def test_rank_2_pair_and_saddles() -> None:
    m = gaussian_plane(800)
    found = fixed_points(rnn(m, m @ np.diag([1.2, 1.6])))
    # The canonical gauge puts the stronger latent first.
    points = {kind: found.kappa[np.array(found.kind) == kind] for kind in set(found.kind)}
    np.testing.assert_allclose(points["stable"], [[-0.9481, 0], [0.9481, 0]], atol=2e-3)
    np.testing.assert_allclose(points["saddle"], [[0, -0.4863], [0, 0.4863]], atol=2e-3)
    np.testing.assert_allclose(points["unstable"], [[0, 0]], atol=1e-6)
    np.testing.assert_allclose(found.eigenvalues[0], [-0.250, -0.577], atol=2e-3)
    assert found.complete


def test_rank_2_limit_cycle_has_only_the_origin() -> None:
    m = gaussian_plane(100)
    found = fixed_points(rnn(m, m @ np.array([[1.6, 0.8], [-0.8, 1.6]])))
    np.testing.assert_allclose(found.kappa, [[0, 0]], atol=1e-9)
    np.testing.assert_allclose(np.sort(found.eigenvalues[0].imag), [-0.8, 0.8])
    assert found.kind == ("unstable",)
    assert found.complete


def test_rank_2_four_populations() -> None:
    corners = [np.array([a, b]) for a in (-1, 1) for b in (-1, 1)]
    spread = 0.5 * gaussian_plane(400)
    m = np.concatenate([np.sqrt(0.75) * corner + spread for corner in corners])
    n = np.concatenate([np.tile(2 / np.sqrt(0.75) * c, (len(spread), 1)) for c in corners])
    found = fixed_points(rnn(m, n))
    assert sorted(found.kind) == ["saddle"] * 4 + ["stable"] * 4 + ["unstable"]
    radius = np.linalg.norm(found.kappa, axis=1)
    stable = np.array(found.kind) == "stable"
    np.testing.assert_allclose(radius[stable], 1.8181, atol=0.02)
    np.testing.assert_allclose(found.eigenvalues[stable].real, [[-0.435, -0.736]] * 4, atol=0.02)
    assert found.complete


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("nonlinearity", NONLINEARITIES)
def test_fixed_points_are_where_the_simulation_rests(rank: int, nonlinearity: str) -> None:
    rng = np.random.default_rng(rank)
    m, n = rng.standard_normal((2, 80, rank))
    net = rnn(m, n, rng.standard_normal((80, 2)), nonlinearity)
    u = np.array([0.7, -0.3])
    found = fixed_points(net, u)
    flow = LatentFlow.of(net, u)
    assert np.abs(flow(found.kappa)).max() < 1e-9
    rest = net.simulate(np.tile(u, (1, 500, 1))).kappa[0, -1]
    stable = found.kappa[np.array(found.kind) == "stable"]
    assert np.abs(stable - rest).max(axis=1).min() < 1e-6


def test_identity_has_the_one_fixed_point_of_a_linear_system() -> None:
    rng = np.random.default_rng(0)
    m, n, B = rng.standard_normal((3, 50, 2))
    net = rnn(m, 3 * n, B, "identity")
    found = fixed_points(net, [1.0, 2.0])
    x = np.linalg.solve(np.eye(50) - net.connectivity.dense(), B @ [1.0, 2.0])
    gauge = net.connectivity.canonical()
    np.testing.assert_allclose(found.kappa, (gauge.n.T @ x / 50)[None], atol=1e-9)
    jacobian = gauge.n.T @ gauge.m / 50 - np.eye(2)
    np.testing.assert_allclose(
        np.sort_complex(found.eigenvalues[0]), np.sort_complex(np.linalg.eigvals(jacobian))
    )


def test_kinks_of_relu_are_solved_exactly() -> None:
    # kappa = 2 relu(kappa - 1): at rest at 0 and, unstable, at 2.
    m = np.ones((1, 1))
    found = fixed_points(rnn(m, 2 * m, -m, "relu"), [1.0])
    np.testing.assert_allclose(found.kappa[:, 0], [0, 2])
    assert found.kind == ("stable", "unstable")
    assert found.complete


def test_a_line_of_fixed_points_is_refused() -> None:
    m = np.ones((4, 1))
    with pytest.raises(InputError, match="fixed points are not isolated"):
        fixed_points(rnn(m, m, nonlinearity="identity"))


def test_every_nonlinearity_has_its_bound() -> None:
    assert _FAR.keys() == NONLINEARITIES.keys()
    x = np.linspace(-30, 30, 6001)
    for name in NONLINEARITIES:
        left, right, distance = _FAR[name]
        net = RNN(LowRank(np.ones((1, 1)), np.ones((1, 1))), dt=1, tau=1, nonlinearity=name)
        phi = net.rates(x[:, None])[:, 0]
        assert np.abs(phi - np.where(x > 0, right, left) * x).max() <= distance + 1e-12


@pytest.mark.parametrize("seed", range(5))
def test_a_constant_bias_without_recurrence(seed):
    """The flow touches zero within rounding, whose sign depends on how many points are asked."""
    rng = np.random.default_rng(seed)
    m = rng.standard_normal((200, 1)).astype(np.float32)
    rnn = RNN(LowRank(m, np.zeros_like(m)), dt=0.02, tau=0.1, bias=np.full(200, 0.7))
    points = fixed_points(rnn)
    np.testing.assert_allclose(points.kappa, [[0.0]], atol=1e-6)
