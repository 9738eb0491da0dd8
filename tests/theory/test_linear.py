"""Covariances of linear networks, against Lyapunov solvers, quadrature and simulation."""

import numpy as np
import pytest
import scipy.linalg

from lowrnn import RNN, FullRank, InputError, LowRank, RandomPlusLowRank
from lowrnn.theory.dimensionality import (
    combined_participation_ratio,
    participation_ratio,
    random_activity,
)
from lowrnn.theory.linear import (
    frequency_response,
    linear_covariance,
    long_window_outliers,
    rank_one_eigenvalues,
    timescales,
)

NEURONS = 40

OVERLAPS = {
    "real": np.array([[0.6, 0.2, 0.0], [-0.1, 0.3, 0.4], [0.5, 0.0, -0.8]]),
    "complex": np.array([[0.5, -1.4, 0.0], [1.4, 0.5, 0.0], [0.0, 0.3, 0.1]]),
    "jordan": np.array([[0.7, 1.0, 0.0], [0.0, 0.7, 1.0], [0.0, 0.0, 0.7]]),
    "feedforward": np.array([[0.0, 3.0, 0.0], [0.0, 0.0, 3.0], [0.0, 0.0, 0.0]]),
}


def linear(m, n, noise_std=1.0, **settings):
    settings = {"dt": 0.1, "tau": 1.0, "nonlinearity": "identity"} | settings
    return RNN(LowRank(m, n), noise_std=noise_std, **settings)


def with_overlap(overlap, neurons=NEURONS, seed=0, **settings):
    """A network whose overlap (1/N) nᵀm is exactly the given one."""
    rng = np.random.default_rng(seed)
    m, free = rng.standard_normal((2, neurons, len(overlap)))
    solved = np.linalg.solve(m.T @ m, neurons * np.asarray(overlap).T - m.T @ free)
    return linear(m, free + m @ solved, **settings)


def directions(*cosines, neurons=NEURONS):
    """Unit vectors with the given Gram matrix."""
    basis = np.linalg.qr(np.random.default_rng(1).standard_normal((neurons, 3)))[0]
    root = np.linalg.cholesky(np.asarray(cosines))
    return (basis @ root.T).T


def lyapunov(rnn, covariance):
    """The stationary covariance by the dense solver."""
    drift = rnn.connectivity.dense() - np.eye(rnn.neurons)
    return scipy.linalg.solve_continuous_lyapunov(drift, -2 * covariance)


@pytest.mark.parametrize("noise_std", [0.0, 1.3])
@pytest.mark.parametrize("kind", OVERLAPS)
def test_covariance_solves_the_lyapunov_equation(kind, noise_std):
    rnn = with_overlap(OVERLAPS[kind], noise_std=noise_std)
    U = np.random.default_rng(2).standard_normal((NEURONS, 2))
    found = linear_covariance(rnn, U)
    exact = lyapunov(rnn, noise_std**2 * np.eye(NEURONS) + U @ U.T)
    scale = np.abs(exact).max()
    np.testing.assert_allclose(found.dense(), exact, atol=1e-10 * scale)
    np.testing.assert_allclose(found.variances, np.diag(exact), atol=1e-10 * scale)
    values = np.linalg.eigvalsh(exact)[::-1]
    np.testing.assert_allclose(found.eigenvalues, values, atol=1e-10 * scale)
    ratio = np.trace(exact) ** 2 / (exact**2).sum()
    assert found.participation_ratio == pytest.approx(ratio, rel=1e-10)


@pytest.mark.parametrize("kind", OVERLAPS)
@pytest.mark.parametrize("lag", [0.0, 0.4, 5.0])
def test_lagged_covariance_is_propagated_by_the_dynamics(kind, lag):
    rnn = with_overlap(OVERLAPS[kind])
    U = np.random.default_rng(2).standard_normal((NEURONS, 1))
    found = linear_covariance(rnn, U)
    drift = rnn.connectivity.dense() - np.eye(NEURONS)
    exact = scipy.linalg.expm(drift * lag) @ found.dense()
    np.testing.assert_allclose(found.dense(lag), exact, atol=1e-11 * np.abs(exact).max())
    private, core = found.lagged(lag)
    assert private == pytest.approx(np.full(NEURONS, np.exp(-lag)))
    assert core.shape == (7, 7)


def test_latent_covariance_is_that_of_the_latent_equation():
    rnn = with_overlap(OVERLAPS["jordan"])
    # State (x, kappa): kappa is driven by x and drives nothing.
    m, n = rnn.connectivity.m, rnn.connectivity.n
    drift = np.block(
        [
            [m @ n.T / NEURONS - np.eye(NEURONS), np.zeros((NEURONS, 3))],
            [n.T / NEURONS, -np.eye(3)],
        ]
    )
    noise = np.diag(np.r_[np.ones(NEURONS), np.zeros(3)])
    exact = scipy.linalg.solve_continuous_lyapunov(drift, -2 * noise)[NEURONS:, NEURONS:]
    np.testing.assert_allclose(linear_covariance(rnn).latent, exact, atol=1e-10)


@pytest.mark.parametrize("sources", [0, 2])
@pytest.mark.parametrize("kind", OVERLAPS)
def test_private_noise_that_differs_between_neurons(kind, sources):
    rnn = with_overlap(OVERLAPS[kind])
    rng = np.random.default_rng(5)
    std, U = rng.uniform(0, 2, NEURONS), rng.standard_normal((NEURONS, sources))
    found = linear_covariance(rnn, U if sources else None, private_std=std)
    exact = lyapunov(rnn, np.diag(std**2) + U @ U.T)
    scale = np.abs(exact).max()
    np.testing.assert_allclose(found.dense(), exact, atol=1e-10 * scale)
    values = np.linalg.eigvalsh(exact)[::-1]
    np.testing.assert_allclose(found.eigenvalues, values, atol=1e-10 * scale)
    assert found.participation_ratio == pytest.approx(participation_ratio(values), rel=1e-10)
    drift = rnn.connectivity.dense() - np.eye(NEURONS)
    later = scipy.linalg.expm(1.3 * drift) @ exact
    np.testing.assert_allclose(found.dense(1.3), later, atol=1e-10 * scale)


def test_noise_of_any_covariance_is_shared_noise():
    rnn = with_overlap(OVERLAPS["complex"])
    root = np.random.default_rng(6).standard_normal((NEURONS, NEURONS))
    found = linear_covariance(rnn, root, private_std=np.zeros(NEURONS))
    exact = lyapunov(rnn, root @ root.T)
    np.testing.assert_allclose(found.dense(), exact, atol=1e-10 * np.abs(exact).max())


def test_covariance_does_not_depend_on_the_gauge():
    rnn = with_overlap(OVERLAPS["real"])
    A = np.array([[2.0, 1.0, 0.0], [0.0, 0.5, 0.3], [0.1, 0.0, 1.0]])
    m, n = rnn.connectivity.m, rnn.connectivity.n
    other = rnn.replace(connectivity=LowRank(m @ A, n @ np.linalg.inv(A).T))
    one, two = linear_covariance(rnn), linear_covariance(other)
    np.testing.assert_allclose(one.dense(0.7), two.dense(0.7), atol=1e-12)


def test_more_directions_than_neurons():
    rng = np.random.default_rng(0)
    rnn = linear(rng.standard_normal((3, 2)), 0.1 * rng.standard_normal((3, 2)))
    U = rng.standard_normal((3, 4))
    found = linear_covariance(rnn, U)
    exact = lyapunov(rnn, np.eye(3) + U @ U.T)
    np.testing.assert_allclose(found.eigenvalues, np.linalg.eigvalsh(exact)[::-1])


def test_simulation_has_the_predicted_covariance():
    rnn = with_overlap([[0.2, 1.0], [0.0, -0.5]], 30, noise_std=0.4, dt=0.02)
    trials = 1500
    x = rnn.simulate(np.zeros((trials, 250, 0)), seed=1).x[:, -1]
    found = linear_covariance(rnn)
    # The sample covariance of Gaussian numbers scatters by √((C_ii C_jj + C_ij²) / trials); an
    # Euler step of 0.02 changes variances by a few per cent.
    C = found.dense()
    error = x.T @ x / trials - C
    scatter = np.sqrt((np.outer(np.diag(C), np.diag(C)) + C**2) / trials)
    assert np.abs(error / scatter).max() < 5
    assert x.var() == pytest.approx(found.variances.mean(), rel=0.04)


@pytest.mark.parametrize(
    ("mn", "low", "high"),
    [
        (-0.5, 0.211325, 0.788675),
        (0.0, 0.292893, 1.707107),
        (0.3, 0.387114, 4.612886),
        (0.45, 0.465374, 19.534626),
    ],
)
def test_rank_one_private_noise(mn, low, high):
    # The reference values are for an uncoupled variance of 1/2.
    closed = rank_one_eigenvalues(2.0, mn)
    np.testing.assert_allclose(closed / 2, [high, low], atol=5e-7)
    m, n, _ = directions([1, mn, 0], [mn, 1, 0], [0, 0, 1])
    found = linear_covariance(linear(m[:, None] * NEURONS, 2 * n[:, None]))
    np.testing.assert_allclose(found.eigenvalues[[0, -1]], closed, rtol=1e-10)
    np.testing.assert_allclose(found.eigenvalues[1:-1], 1, atol=1e-10)
    plus, minus = closed - 1
    ratio = (NEURONS + plus + minus) ** 2 / (NEURONS + 2 * (plus + minus) + plus**2 + minus**2)
    assert found.participation_ratio == pytest.approx(ratio)


@pytest.mark.parametrize(
    ("mn", "nu", "mu", "low", "high"),
    [
        (0.0, 1.0, 0.0, 0.190983, 1.309017),
        (0.3, 0.5, 0.2, 0.235427, 1.300288),
        (-0.5, 0.7, 0.1, 0.040238, 0.669762),
    ],
)
def test_rank_one_single_source(mn, nu, mu, low, high):
    closed = rank_one_eigenvalues(2.0, mn, source=(mu, nu))
    np.testing.assert_allclose(closed / 2, [high, low], atol=5e-7)
    gram = np.array([[1, mn, mu], [mn, 1, nu], [mu, nu, 1]])
    m, n, u = directions(*(gram + 1e-13 * np.eye(3)))
    found = linear_covariance(
        linear(m[:, None] * NEURONS, 2 * n[:, None], noise_std=0.0), u[:, None]
    )
    np.testing.assert_allclose(found.eigenvalues[:2], closed, rtol=1e-6)


def test_frequency_response_is_the_settled_response_to_a_sine():
    rng = np.random.default_rng(3)
    rnn = with_overlap(
        OVERLAPS["complex"], inputs=rng.standard_normal((NEURONS, 2)), noise_std=0, dt=2e-3
    )
    omega = 1.7
    response = frequency_response(rnn, [0.0, omega])
    assert response.shape == (2, 3, 2)
    time = rnn.dt * np.arange(1, 20001)
    u = np.zeros((1, len(time), 2))
    u[0, :, 1] = np.cos(omega * time)
    x = rnn.simulate(u).x[0, -1]
    settled = np.real(response[1, :, 1] * np.exp(1j * omega * time[-1]))
    filtered = np.real(np.exp(1j * omega * time[-1]) / (1 + 1j * omega))
    predicted = rnn.connectivity.m @ settled + rnn.inputs[:, 1] * filtered
    assert np.abs(x - predicted).max() < 0.01 * np.abs(predicted).max()
    m, n = rnn.connectivity.m, rnn.connectivity.n
    rest = np.linalg.solve(np.eye(NEURONS) - m @ n.T / NEURONS, rnn.inputs)
    np.testing.assert_allclose(m @ response[0].real + rnn.inputs, rest, atol=1e-10)


def test_timescales():
    np.testing.assert_allclose(timescales([0.0, 0.9, 0.5 + 2j, 1.5]), [1, 10, 2, -2])
    assert timescales([1.0])[0] == np.inf


@pytest.mark.parametrize(
    ("g", "ratio"), [(0.0, 1.0), (0.3, 0.9518), (0.5, 0.8477), (0.7, 0.6334), (0.8, 0.4545)]
)
def test_random_participation_is_the_double_frequency_integral(g, ratio):
    found = random_activity(g)
    assert found.participation == pytest.approx(ratio, abs=6e-5)
    # ω = tan(angle): the trapezoid rule on a circle converges fast for rational integrands.
    angle = (np.arange(400) + 0.5) / 400 * np.pi - np.pi / 2
    w, step = np.tan(angle), np.pi / 400 / np.cos(angle) ** 2 / (2 * np.pi)
    spectrum = step / (1 + w**2 - g**2)
    shared = np.abs(1 - g**2 / np.outer(1 + 1j * w, 1 - 1j * w)) ** 2
    K = spectrum @ (1 / shared) @ spectrum
    assert found.participation == pytest.approx(1 / (4 * (1 - g**2)) / K, rel=1e-8)


def random_linear(g, m, n, seed):
    return RNN(
        RandomPlusLowRank(g, m, n, seed), dt=0.1, tau=1, nonlinearity="identity", noise_std=1.0
    )


def random_covariances(g, neurons, seed):
    """Equal-time and long-window covariance of one random network, with unit private noise."""
    drift = np.random.default_rng(seed).standard_normal((neurons, neurons))
    drift = g / np.sqrt(neurons) * drift - np.eye(neurons)
    inverse = np.linalg.inv(drift)
    equal = scipy.linalg.solve_continuous_lyapunov(drift, -2 * np.eye(neurons))
    return equal, 2 * inverse @ inverse.T


@pytest.mark.parametrize("g", [0.3, 0.6])
def test_random_networks_have_the_predicted_dimensionality(g):
    neurons, theory = 250, random_activity(g)
    draws = [random_covariances(g, neurons, seed) for seed in range(3)]
    for found, variance, participation in (
        ([d[0] for d in draws], theory.variance, theory.participation),
        (
            [d[1] for d in draws],
            theory.long_window_variance,
            theory.long_window_participation,
        ),
    ):
        ratios = [participation_ratio(np.linalg.eigvalsh(c)) / neurons for c in found]
        assert np.mean(ratios) == pytest.approx(participation, abs=0.015)
        assert np.mean([np.trace(c) / neurons for c in found]) == pytest.approx(variance, rel=0.02)


def test_mean_autocorrelation_of_a_random_network_decays_exponentially():
    g, neurons, lag = 0.6, 250, 1.5
    drift = np.random.default_rng(0).standard_normal((neurons, neurons)) * g / np.sqrt(neurons)
    drift -= np.eye(neurons)
    equal, _ = random_covariances(g, neurons, 0)
    ratio = np.trace(scipy.linalg.expm(lag * drift) @ equal) / np.trace(equal)
    assert ratio == pytest.approx(np.exp(-lag / random_activity(g).correlation_time), rel=0.02)


def orthogonal_pair(neurons, strength, seed):
    """m and n without overlap, of norms that make `strength` the singular value of J."""
    m, n = np.random.default_rng(seed).standard_normal((2, neurons))
    n -= m * (m @ n) / (m @ m)
    root = np.sqrt(neurons * strength)
    return (root * m / np.linalg.norm(m))[:, None], (root * n / np.linalg.norm(n))[:, None]


def test_long_window_outliers_and_what_they_do_to_dimensionality():
    g, neurons, draws, bulk = 0.25, 300, 10, random_activity(0.25)
    found = []
    for seed in range(draws):
        m, n = orthogonal_pair(neurons, 4.0, seed)
        rnn = random_linear(g, m, n, seed)
        inverse = np.linalg.inv(np.eye(neurons) - rnn.connectivity.dense())
        values = np.linalg.eigvalsh(2 * inverse @ inverse.T)
        found.append([values[-1], values[0], participation_ratio(values)])
    outliers = long_window_outliers(rnn)
    bulk_ratio = neurons * bulk.long_window_participation
    ratio = combined_participation_ratio(outliers, neurons * bulk.long_window_variance, bulk_ratio)
    mean, error = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(draws)
    assert (error / mean < 0.06).all()
    np.testing.assert_array_less(np.abs(mean - [*outliers, ratio]), 4 * error)
    # One of 300 eigenvalues takes almost half of the dimensions.
    assert ratio < 0.6 * bulk_ratio


def test_long_window_outliers_without_random_part_are_exact():
    rnn = with_overlap(OVERLAPS["jordan"], noise_std=0.5)
    inverse = np.linalg.inv(np.eye(NEURONS) - rnn.connectivity.dense())
    values = np.linalg.eigvalsh(0.5 * inverse @ inverse.T)[::-1]
    np.testing.assert_allclose(long_window_outliers(rnn), np.r_[values[:3], values[-3:]], rtol=1e-8)


def test_combination_is_exact_for_any_split():
    values = np.random.default_rng(0).exponential(size=50)
    bulk = values[3:]
    combined = combined_participation_ratio(values[:3], bulk.sum(), participation_ratio(bulk))
    assert combined == pytest.approx(participation_ratio(values))
    assert combined_participation_ratio([], 5.0, 7.0) == pytest.approx(7)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: linear_covariance(with_overlap([[1.2]])), "eigenvalue with real part 1.2"),
        (lambda: linear_covariance(with_overlap([[1.0, -3], [3, 1.0]])), "real part 1, so"),
        (
            lambda: linear_covariance(with_overlap([[0.2]]).replace(nonlinearity="tanh")),
            "nonlinearity is 'tanh'",
        ),
        (
            lambda: linear_covariance(
                RNN(FullRank(np.eye(3)), dt=0.1, tau=1, nonlinearity="identity")
            ),
            "connectivity is full-rank",
        ),
        (
            lambda: linear_covariance(random_linear(0.2, np.ones((4, 1)), np.zeros((4, 1)), 0)),
            "connectivity is random-plus-low-rank",
        ),
        (
            lambda: long_window_outliers(random_linear(1.2, np.ones((4, 1)), np.zeros((4, 1)), 0)),
            "g is 1.2: give less than 1",
        ),
        (lambda: linear_covariance(with_overlap([[0.2]]), np.ones((3, 1))), "shared_noise has 3"),
        (
            lambda: linear_covariance(with_overlap([[0.2]]), private_std=[1.0]),
            "private_std has 1 entries",
        ),
        (lambda: linear_covariance(with_overlap([[0.2]])).lagged(-1), "lag is -1"),
        (lambda: rank_one_eigenvalues(2.0, 0.5), "real part 1, so"),
        (lambda: rank_one_eigenvalues(2.0, 1.1), "no directions have these cosines"),
        (lambda: rank_one_eigenvalues(1.0, 0.9, (0.9, -0.9)), "no directions have these cosines"),
        (lambda: frequency_response(with_overlap([[0.2]]), [1.0]), "rnn has no inputs"),
        (lambda: random_activity(1.0), "g is 1.0: give less than 1"),
        (lambda: participation_ratio([1.0, -0.1]), "eigenvalues run from -0.1"),
        (lambda: combined_participation_ratio([-1.0], 1, 1), "outliers go down to -1"),
        (lambda: combined_participation_ratio([], 0, 1), "are all 0"),
    ],
)
def test_what_cannot_be_used_is_refused(call, match):
    with pytest.raises(InputError, match=match):
        call()
