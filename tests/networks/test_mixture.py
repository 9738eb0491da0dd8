"""The mixture of loadings: its moments, its samples, and what it refuses."""

import numpy as np
import pytest

from lowrnn import GaussianMixture, InputError, LowRank, RandomPlusLowRank

MEANS = [[0.5, -0.3, 0.2, 1.0], [-1.0, 0.4, 0.0, -0.5]]


@pytest.fixture
def mixture():
    """Two populations with one latent, one input and one output."""
    rng = np.random.default_rng(0)
    factors = rng.standard_normal((2, 4, 4))
    return GaussianMixture(
        [0.3, 0.7], MEANS, factors @ factors.swapaxes(1, 2), rank=1, inputs=1, outputs=1
    )


def loadings(rnn):
    parts = [rnn.connectivity.m, rnn.connectivity.n, rnn.inputs, rnn.readout]
    return np.concatenate(parts, axis=1)


def test_an_exact_sample_has_the_moments_of_the_mixture(mixture):
    found = GaussianMixture.estimate(mixture.sample(100, 3, exact=True), mixture.labels(100))
    np.testing.assert_allclose(found.weights, mixture.weights)
    np.testing.assert_allclose(found.means, mixture.means, atol=1e-12)
    np.testing.assert_allclose(found.covariances, mixture.covariances, atol=1e-12)


def test_a_sample_has_them_within_its_scatter(mixture):
    count = 40_000
    found = GaussianMixture.estimate(mixture.sample(count, 5), mixture.labels(count))
    variances = np.diagonal(mixture.covariances, axis1=1, axis2=2)
    scatter = np.sqrt(variances / (0.3 * count))
    assert (np.abs(found.means - mixture.means) < 5 * scatter).all()
    spread = np.sqrt(2 * variances[:, :, None] * variances[:, None] / (0.3 * count))
    assert (np.abs(found.covariances - mixture.covariances) < 5 * spread).all()


def test_populations_differ_by_more_than_their_sample(mixture):
    """The mean over all neurons mixes the populations by their weights."""
    sample = loadings(mixture.sample(1000, 0, exact=True))
    np.testing.assert_allclose(sample.mean(axis=0), mixture.weights @ mixture.means, atol=1e-12)


def test_overlap_is_what_a_large_network_has(mixture):
    rnn = mixture.sample(50, 1, exact=True)
    overlap = rnn.connectivity.n.T @ rnn.connectivity.m / 50
    np.testing.assert_allclose(overlap, mixture.overlap, atol=1e-12)


def test_the_same_random_part_with_another_structure(mixture):
    other = GaussianMixture.from_moments(2.0)
    one, two = (each.sample(30, 7, g=0.8) for each in (mixture, other))
    assert isinstance(one.connectivity, RandomPlusLowRank)
    np.testing.assert_array_equal(one.connectivity.random, two.connectivity.random)
    np.testing.assert_array_equal(loadings(one), loadings(mixture.sample(30, 7)))
    assert isinstance(mixture.sample(30, 7).connectivity, LowRank)


def test_shares_are_as_exact_as_they_can_be():
    mixture = GaussianMixture(np.full(3, 1 / 3), np.zeros((3, 2)), np.zeros((3, 2, 2)), rank=1)
    np.testing.assert_array_equal(np.bincount(mixture.labels(100)), [33, 34, 33])


def test_from_moments_places_every_block():
    rng = np.random.default_rng(1)
    nm, mB, wm = rng.standard_normal((3, 2, 2, 2))
    mixture = GaussianMixture.from_moments(
        nm, mB=mB, wm=wm, mean_n=[[1, 2], [3, 4]], weights=[0.5, 0.5], rank=2, inputs=2, outputs=2
    )
    np.testing.assert_array_equal(mixture.covariance("n", "m"), nm)
    np.testing.assert_array_equal(mixture.covariance("m", "B"), mB)
    np.testing.assert_array_equal(mixture.covariance("B", "m"), mB.swapaxes(1, 2))
    np.testing.assert_array_equal(mixture.covariance("w", "m"), wm)
    np.testing.assert_array_equal(mixture.covariance("m", "m"), [np.eye(2)] * 2)
    np.testing.assert_array_equal(mixture.mean("n"), [[1, 2], [3, 4]])


def test_variance_that_is_not_given_is_the_least_plus_one():
    mixture = GaussianMixture.from_moments(2.0, mm=0.5)
    assert mixture.covariance("n", "n").item() == pytest.approx(2.0**2 / 0.5 + 1)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"weights": [0.5, 0.6]}, r"weights are \[0.5, 0.6\]: give shares above 0 that sum to 1"),
        ({"means": np.zeros((2, 3))}, "means has 3 entries along axis 1: give 2"),
        ({"covariances": [[[1, 2], [2, 1]]] * 2}, r"covariances\[0\] has the negative eigenvalue"),
        ({"covariances": [[[1, 0], [1, 1]]] * 2}, r"covariances\[0\] is not symmetric"),
        ({"rank": 0}, "rank is 0"),
    ],
)  # fmt: skip
def test_what_it_refuses(change, sentence):
    given = {"weights": [0.5, 0.5], "means": np.zeros((2, 2)), "covariances": [np.eye(2)] * 2}
    with pytest.raises(InputError, match=sentence):
        GaussianMixture(**({"rank": 1} | given | change))


def test_more_covariance_than_the_variances_allow():
    with pytest.raises(InputError, match=r"negative eigenvalue .* give larger variances"):
        GaussianMixture.from_moments(2.0, mm=1.0, nn=1.0)


def test_a_block_of_the_wrong_shape():
    with pytest.raises(InputError, match=r"mB has shape \(3,\): give a number, \(1, 2\) or"):
        GaussianMixture.from_moments(2.0, mB=[1, 2, 3], inputs=2)


def test_too_few_neurons(mixture):
    with pytest.raises(InputError, match="a population has 3 neurons for 4 loadings"):
        mixture.sample(10, 0, exact=True)
    with pytest.raises(InputError, match="neurons is 1: give at least one for each of the 2"):
        mixture.sample(1, 0)


def test_labels_that_leave_a_population_empty(mixture):
    rnn = mixture.sample(10, 0)
    with pytest.raises(InputError, match="labels have shape"):
        GaussianMixture.estimate(rnn, [0] * 9 + [2])


def test_no_estimate_of_a_network_with_a_bias(mixture):
    rnn = mixture.sample(10, 0).replace(bias=np.ones(10))
    with pytest.raises(InputError, match="bias is not zero, and a mixture has none: replace it"):
        GaussianMixture.estimate(rnn)
