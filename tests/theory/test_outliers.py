"""Spectra of random-plus-low-rank connectivity, against direct eigenvalues."""

import numpy as np
import pytest

from lowrnn import RNN, FullRank, GaussianMixture, InputError, LowRank, MeanField, RandomPlusLowRank
from lowrnn.theory.outliers import expected_spectrum, jacobian_eigenvalues, spectrum


def network(connectivity):
    return RNN(connectivity, dt=0.1, tau=1.0)


def test_low_rank_spectrum_is_exact():
    m, n = np.random.default_rng(0).standard_normal((2, 50, 3))
    found = spectrum(network(LowRank(m, n + 0.5 * m)))
    direct = np.linalg.eigvals(m @ (n + 0.5 * m).T / 50)
    direct = direct[np.argsort(-np.abs(direct))][:3]
    np.testing.assert_allclose(np.sort_complex(found.eigenvalues), np.sort_complex(direct))
    np.testing.assert_allclose(found.measured, found.outliers)
    np.testing.assert_array_equal(found.std, 0)
    assert found.bulk_radius == found.measured_radius == 0
    assert found.visible.all()


def rank_one(neurons, s_m2, s_n2, overlap, seed):
    """Loadings with exactly these second moments and overlap."""
    basis = np.linalg.qr(np.random.default_rng(seed).standard_normal((neurons, 2)))[0]
    m = np.sqrt(neurons * s_m2) * basis[:, :1]
    along = overlap / np.sqrt(s_m2)
    n = np.sqrt(neurons) * (along * basis[:, :1] + np.sqrt(s_n2 - along**2) * basis[:, 1:])
    return m, n


@pytest.mark.parametrize(("g", "scaled"), [(0.8, 1.298), (1.5, 3.10)])
def test_deviation_of_a_rank_one_outlier(g, scaled):
    neurons, draws = 200, 60
    found = []
    for seed in range(draws):
        m, n = rank_one(neurons, 2.21, 5.0, 2.2, seed)
        found.append(spectrum(network(RandomPlusLowRank(g, m, n, seed))))
    one = found[0]
    assert one.bulk_radius == g
    assert one.outliers[0] == pytest.approx(2.2)
    assert np.sqrt(neurons) * one.std[0] == pytest.approx(scaled, abs=6e-3)
    deviations = np.array([f.measured[0].real - 2.2 for f in found])
    # A standard deviation from n draws scatters by 1/√(2n); the mean is off by order 1/N.
    spread = np.sqrt((deviations**2).mean())
    assert spread == pytest.approx(one.std[0], rel=4 / np.sqrt(2 * draws))
    radius = np.mean([f.measured_radius for f in found])
    # The edge of a finite disc is soft by a few 1/√N.
    assert radius == pytest.approx(g, rel=0.1)


def test_complex_outliers_scatter_as_predicted():
    neurons, draws, g = 150, 80, 0.5
    basis = np.linalg.qr(np.random.default_rng(0).standard_normal((neurons, 4)))[0]
    m = np.sqrt(neurons) * basis[:, :2]
    overlap = np.array([[1.4, -0.8], [0.8, 1.4]])
    n = m @ overlap.T + np.sqrt(neurons) * basis[:, 2:]
    # A gauge that is far from orthogonal changes neither outliers nor their scatter.
    A = np.array([[1.0, 2.0], [0.0, 0.3]])
    plain = spectrum(network(RandomPlusLowRank(g, m, n, 0)))
    other = spectrum(network(RandomPlusLowRank(g, m @ A, n @ np.linalg.inv(A).T, 0)))
    np.testing.assert_allclose(np.sort_complex(plain.outliers), [1.4 - 0.8j, 1.4 + 0.8j])
    np.testing.assert_allclose(other.std, plain.std)
    np.testing.assert_allclose(plain.timescales, -2.5)
    assert plain.std[0] == plain.std[1]
    found = [spectrum(network(RandomPlusLowRank(g, m, n, seed))) for seed in range(draws)]
    distance = np.array([np.abs(f.measured - f.outliers) for f in found])
    spread = np.sqrt((distance**2).mean())
    assert spread == pytest.approx(plain.std[0], rel=4 / np.sqrt(2 * draws))


def test_hidden_outliers_have_no_match():
    m, n = rank_one(100, 1.0, 2.0, 0.5, 0)
    found = spectrum(network(RandomPlusLowRank(1.2, m, n, 0)))
    assert not found.visible.any()
    assert np.isnan(found.std).all()
    assert np.isnan(found.measured).all()
    assert len(found.eigenvalues) == 100
    assert found.measured_radius == pytest.approx(np.abs(found.eigenvalues[0]))
    np.testing.assert_allclose(found.timescales, 2)


def test_a_defective_outlier_has_no_first_order_deviation():
    m = np.sqrt(100) * np.linalg.qr(np.random.default_rng(0).standard_normal((100, 2)))[0]
    n = m @ np.array([[2.0, 0.0], [1.0, 2.0]])
    found = spectrum(network(RandomPlusLowRank(0.5, m, n, 0)))
    np.testing.assert_allclose(found.outliers, 2, atol=1e-6)
    assert np.isinf(found.std).all()
    # Without the random part there is nothing to deviate.
    np.testing.assert_array_equal(spectrum(network(LowRank(m, n))).std, 0)


MIXTURES = {
    "independent": GaussianMixture.from_moments(0.0, mm=1.2, nn=2.0, mean_m=1.5, mean_n=1.4),
    "correlated": GaussianMixture.from_moments(1.1, mm=1.2, nn=2.0, mean_m=0.8, mean_n=1.0),
    "populations": GaussianMixture.from_moments(
        np.array([[[0.5]], [[2.5]]]), mean_m=[[1.0], [-1.0]], mean_n=[[0.6], [0.0]],
        weights=[0.4, 0.6],
    ),
    "rotating": GaussianMixture.from_moments([[1.4, -0.8], [0.8, 1.4]], rank=2),
}  # fmt: skip


def test_deviation_of_independent_loadings_is_the_closed_form():
    found = expected_spectrum(MIXTURES["independent"], 500)
    exact = np.sqrt((1.5**2 * 2.0 + 1.4**2 * 1.2 + 1.2 * 2.0) / 500)
    assert found.std[0] == pytest.approx(exact)
    assert found.outliers[0] == pytest.approx(2.1)
    assert np.isnan(found.measured).all()


@pytest.mark.parametrize("kind", MIXTURES)
def test_sampled_overlaps_scatter_as_expected(kind):
    mixture, neurons, draws = MIXTURES[kind], 1000, 400
    expected = expected_spectrum(mixture, neurons)
    found = np.array([spectrum(mixture.sample(neurons, seed)).outliers for seed in range(draws)])
    if mixture.rank == 2:
        found = np.where(found.imag > 0, found, found.conj())
        target = 1.4 + 0.8j
    else:
        target = expected.outliers[0]
    spread = np.sqrt((np.abs(found[:, 0] - target) ** 2).mean())
    assert spread == pytest.approx(expected.std[0], rel=4 / np.sqrt(2 * draws))


def test_random_part_and_sampling_add_up():
    mixture, neurons, draws, g = MIXTURES["correlated"], 150, 80, 0.9
    expected = expected_spectrum(mixture, neurons, g)
    loadings = expected_spectrum(mixture, neurons).std[0]
    exact = spectrum(mixture.sample(neurons, 0, exact=True, g=g))
    assert expected.std[0] == pytest.approx(np.hypot(loadings, exact.std[0]))
    found = [spectrum(mixture.sample(neurons, s, g=g)).eigenvalues[0].real for s in range(draws)]
    spread = np.sqrt(((np.array(found) - expected.outliers[0].real) ** 2).mean())
    assert spread == pytest.approx(expected.std[0], rel=4 / np.sqrt(2 * draws))


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: spectrum(network(FullRank(np.eye(3)))), "connectivity is full-rank"),
        (lambda: expected_spectrum(MIXTURES["rotating"], 0), "neurons is 0"),
        (lambda: expected_spectrum(MIXTURES["rotating"], 10, -1.0), "g is -1.0"),
    ],
)
def test_what_cannot_be_used_is_refused(call, match):
    with pytest.raises(InputError, match=match):
        call()


@pytest.mark.parametrize(("g", "branch"), [(0.4, 0), (0.4, 1), (0.0, 0)])
def test_jacobian_around_a_state(g, branch):
    """Stable and unstable branches: the leading eigenvalue is the state's outlier."""
    theory = MeanField(GaussianMixture.from_moments(0.0, mean_m=1.1, mean_n=1.3 / 1.1), g)
    state = theory.stationary()[branch]
    found = []
    for seed in range(3):
        rnn = theory.mixture.sample(400, seed, exact=True, g=g)
        eigenvalues = jacobian_eigenvalues(rnn, state)
        found.append(eigenvalues[0].real)
        if g > 0:
            assert np.abs(eigenvalues[1]) == pytest.approx(state.bulk_radius, abs=0.1)
    assert np.mean(found) == pytest.approx(state.outlier.real, abs=0.05)


def test_no_jacobian_of_chaos():
    theory = MeanField(GaussianMixture.from_moments(0.0), 1.5)
    with pytest.raises(InputError, match=r"bulk radius of the state is 1\.067: give a state"):
        jacobian_eigenvalues(theory.mixture.sample(50, 0, g=1.5), theory.stationary()[0])
