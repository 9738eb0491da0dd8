import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.metrics import adjusted_rand_score

from lowrnn import RNN, FullRank, GaussianMixture, InputError
from lowrnn.analysis import cluster, loadings, resample, select_populations, stability


def planted(neurons: int = 600, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Loadings of two zero-mean populations, their labels, and covariances."""
    covariances = np.array(
        [np.diag([9.0, 1, 1, 1]) + 0.5, np.diag([1, 1, 9.0, 1]) - 0.2 * (1 - np.eye(4))]
    )
    rng = np.random.default_rng(seed)
    labels = (np.arange(neurons) >= 0.6 * neurons).astype(int)
    draws = [rng.multivariate_normal(np.zeros(4), c, neurons) for c in covariances]
    return np.where(labels[:, None] == 0, *draws), labels, covariances


def test_planted_populations_are_found_as_well_as_bayes_rule_can() -> None:
    X, labels, covariances = planted(1000)
    density = [multivariate_normal(np.zeros(4), c).logpdf(X) for c in covariances]
    ideal = adjusted_rand_score(labels, np.argmax(np.array(density).T + np.log([0.6, 0.4]), axis=1))
    for method in ("zero-mean", "bayesian"):
        found = cluster(X, 2, method=method)
        assert adjusted_rand_score(labels, found.labels) > ideal - 0.06
        np.testing.assert_allclose(found.weights, [0.6, 0.4], atol=0.06)
        np.testing.assert_allclose(found.covariances, covariances, atol=1.2)


def test_one_population_has_the_likelihood_of_a_gaussian() -> None:
    X, _, _ = planted()
    found = cluster(X, 1)
    second = X.T @ X / len(X)
    np.testing.assert_allclose(found.covariances[0], second, rtol=1e-6, atol=1e-6)
    likelihood = multivariate_normal(np.zeros(4), second).logpdf(X).sum()
    assert found.log_likelihood == pytest.approx(likelihood)
    assert found.bic == pytest.approx(10 * np.log(600) - 2 * likelihood)
    assert found.log_density(X).sum() == pytest.approx(likelihood)


def test_units_of_loadings_do_not_matter() -> None:
    X, _, _ = planted()
    scale = np.array([1e-3, 1, 50, 2])
    one, other = cluster(X, 2, seed=3), cluster(X * scale, 2, seed=3)
    np.testing.assert_array_equal(one.labels, other.labels)
    gap = one.log_likelihood - other.log_likelihood
    assert gap == pytest.approx(600 * np.log(scale).sum(), abs=1e-3)


def test_no_population_collapses_on_equal_neurons() -> None:
    X, labels, _ = planted(300)
    X[:6] = X[0]
    found = cluster(np.column_stack([X, 0 * labels]), 3)
    assert np.isfinite(found.bic)
    assert np.bincount(found.labels).min() > 6


def test_evidence_finds_the_number_and_stability_drops_beyond_it() -> None:
    X, _, _ = planted(2000)
    bic = [cluster(X, k).bic for k in (1, 2, 3)]
    assert np.argmin(bic) == 1
    alike = [stability(X, k, bootstraps=5).mean() for k in (2, 3)]
    assert alike[0] > 0.8 > alike[1]


def test_the_same_seed_gives_the_same_populations() -> None:
    X, _, _ = planted()
    np.testing.assert_array_equal(cluster(X, 3, seed=1).labels, cluster(X, 3, seed=1).labels)


def test_resampled_networks_have_the_covariances_and_no_means() -> None:
    mixture = GaussianMixture.from_moments(
        1.3, mean_m=[[2.0]], wm=1, weights=[1.0], rank=1, inputs=1, outputs=1
    )
    net = mixture.sample(400, 0, exact=True, noise_std=0.2, nonlinearity="erf")
    again = resample(net, seed=1, neurons=20000)
    X = loadings(again)
    np.testing.assert_allclose(np.cov(X.T), mixture.covariances[0], atol=0.2)
    np.testing.assert_allclose(X.mean(axis=0), 0, atol=0.1)
    kept = loadings(resample(net, seed=1, neurons=20000, means=True))
    np.testing.assert_allclose(kept.mean(axis=0)[0], 2, atol=0.1)
    assert (again.noise_std, again.nonlinearity, again.dt) == (0.2, "erf", net.dt)
    assert not np.array_equal(loadings(resample(net, seed=2)), loadings(resample(net, seed=1)))


def test_two_populations_rescue_what_one_breaks(gated) -> None:
    found = select_populations(
        gated.rnn, gated.task, (1, 2), draws=3, bootstraps=3, n_trials=150, restarts=5
    )
    assert (found.by_function, found.by_bic, found.by_heldout) == (2, 2, 2)
    one, two = found.table["accuracy"]
    assert found.accuracy > 0.93
    assert one < 0.85 < 0.9 < two
    assert found.table["stability"][1] > 0.9
    assert adjusted_rand_score(found.clusters[2].labels, gated.labels) > 0.8


def test_wrong_inputs_are_named(gated) -> None:
    X, _, _ = planted(50)
    with pytest.raises(InputError, match="populations is 11"):
        cluster(X, 11)
    with pytest.raises(InputError, match="method is 'kmeans'"):
        cluster(X, 2, method="kmeans")
    with pytest.raises(InputError, match="give at least 2, and a share"):
        stability(X, 2, fraction=0.5)
    with pytest.raises(InputError, match="low_rank_equivalent"):
        loadings(RNN(FullRank(np.eye(3)), dt=1, tau=1))
    with pytest.raises(InputError, match="populations is empty"):
        select_populations(gated.rnn, gated.task, ())
