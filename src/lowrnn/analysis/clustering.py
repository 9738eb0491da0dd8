"""Mixtures of Gaussians fitted to the loadings of a network."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import BayesianGaussianMixture

from lowrnn.errors import InputError, check_array
from lowrnn.networks import RNN, structured_part

Array = NDArray[np.float64]
Labels = NDArray[np.intp]

#: Pseudo-neurons with the covariance of all neurons that join each population: none collapses.
PRIOR_NEURONS = 1.0
#: EM stops where the penalised log-likelihood per neuron grows by less, or after so many steps.
GAIN, STEPS = 1e-5, 1000
#: After so many steps only the best starts go on.
TRIAL_STEPS, FINALISTS = 20, 3
#: Variance, relative to that of a loading, that keeps loadings apart which depend on each other.
FLOOR = 1e-8


@dataclass(frozen=True, eq=False)
class Clusters:
    """A Gaussian mixture fitted to loadings.

    Attributes
    ----------
    labels : array (neuron,) of int
        The most probable population of each neuron; population 0 has the largest share.
    weights : array (population,)
        Shares.
    means : array (population, loading)
        0 for zero-mean mixtures.
    covariances : array (population, loading, loading)
    log_likelihood : float
        Of all loadings, in nats.
    bic : float
        Bayesian information criterion, `p log N - 2 log L`: smaller is better.
    """

    labels: Labels
    weights: Array
    means: Array
    covariances: Array
    log_likelihood: float
    bic: float

    def log_density(self, loadings: ArrayLike) -> Array:
        """Log probability density of loadings (neuron, loading), such as held-out ones."""
        X = check_array("loadings", loadings, ("neuron", self.means.shape[1]), dtype=np.float64)
        return _logsumexp(_log_joint(X, self.weights, self.means, self.covariances))


def loadings(rnn: RNN) -> Array:
    """`(m, n, B, w)` of each neuron, (neuron, loading), unscaled.

    Raises
    ------
    InputError
        If the network has no `m` and `n`.
    """
    low_rank = structured_part(rnn.connectivity)
    if low_rank is None:
        raise InputError(
            f"connectivity is {rnn.connectivity.kind}: give a network with loadings m and n, such"
            " as low_rank_equivalent finds"
        )
    parts = [low_rank.m, low_rank.n, rnn.inputs, rnn.readout]
    return np.concatenate(parts, axis=1).astype(np.float64)


def cluster(
    loadings: ArrayLike,
    populations: int,
    *,
    method: str = "zero-mean",
    restarts: int = 20,
    seed: int = 0,
) -> Clusters:
    """Sort neurons into Gaussian populations by their loadings.

    Populations of trained networks are clouds around the same centre, 0, and differ in how they
    spread. The default fits just that by expectation maximisation, from many starts at once;
    "bayesian" is the published fit with free means and a Dirichlet prior on the shares
    (scikit-learn's `BayesianGaussianMixture`).

    Parameters
    ----------
    loadings : array (neuron, loading)
        `loadings(rnn)`, or any columns of them. Their units do not matter to the default.
    populations : int
        How many at most: populations that are the most probable of no neuron are left out.
    method : {"zero-mean", "bayesian"}
        See above.
    restarts : int
        Random starts, of which the best is kept.
    seed : int
        Determines the starts.

    Returns
    -------
    Clusters

    Raises
    ------
    InputError
        If there are not enough neurons for so many populations, or a setting is out of range.
    """
    X = check_array("loadings", loadings, ("neuron", "loading"), dtype=np.float64)
    if populations < 1 or len(X) < populations * (X.shape[1] + 1):
        raise InputError(
            f"populations is {populations} for {len(X)} neurons with {X.shape[1]} loadings: give"
            f" 1 to {len(X) // (X.shape[1] + 1)}"
        )
    if restarts < 1:
        raise InputError(f"restarts is {restarts}: give at least 1")
    if method not in ("zero-mean", "bayesian"):
        raise InputError(f"method is {method!r}: use 'zero-mean' or 'bayesian'")
    fit = _zero_mean if method == "zero-mean" else _bayesian
    weights, means, covariances = fit(X, populations, restarts, seed)
    kept = np.unique(_log_joint(X, weights, means, covariances).argmax(axis=1))
    kept = kept[np.argsort(-weights[kept], kind="stable")]
    weights, means, covariances = weights[kept], means[kept], covariances[kept]
    weights /= weights.sum()
    joint = _log_joint(X, weights, means, covariances)
    likelihood = float(_logsumexp(joint).sum())
    size = X.shape[1]
    free = size * (size + 1) // 2 + (size if method == "bayesian" else 0) + 1
    bic = (len(kept) * free - 1) * np.log(len(X)) - 2 * likelihood
    return Clusters(joint.argmax(axis=1), weights, means, covariances, likelihood, float(bic))


def stability(
    loadings: ArrayLike,
    populations: int,
    *,
    method: str = "zero-mean",
    bootstraps: int = 20,
    fraction: float = 0.8,
    restarts: int = 10,
    seed: int = 0,
) -> Array:
    """How alike clusterings of random subsets of the neurons are.

    Parameters
    ----------
    loadings, populations, method, restarts
        As for `cluster`.
    bootstraps : int
        Subsets, drawn without replacement.
    fraction : float
        Share of the neurons in each, above 0.5 so that any two share some.
    seed : int
        Determines the subsets and the fits.

    Returns
    -------
    array (pair,)
        Adjusted Rand index of every pair of subsets on the neurons that they share: 1 for the same
        populations, around 0 for unrelated ones.
    """
    X = check_array("loadings", loadings, ("neuron", "loading"), dtype=np.float64)
    if bootstraps < 2 or not 0.5 < fraction <= 1:
        raise InputError(
            f"bootstraps is {bootstraps} and fraction {fraction}: give at least 2, and a share"
            " above 0.5"
        )
    rng = np.random.default_rng(seed)
    labels = np.full((bootstraps, len(X)), -1)
    for i in range(bootstraps):
        chosen = rng.permutation(len(X))[: round(fraction * len(X))]
        fit = cluster(X[chosen], populations, method=method, restarts=restarts, seed=seed + i)
        labels[i, chosen] = fit.labels
    scores = []
    for i in range(bootstraps):
        for j in range(i):
            shared = (labels[i] >= 0) & (labels[j] >= 0)
            scores.append(adjusted_rand_score(labels[i, shared], labels[j, shared]))
    return np.array(scores)


def _zero_mean(X: Array, populations: int, restarts: int, seed: int) -> tuple[Array, Array, Array]:
    """Expectation maximisation of all restarts at once: two matrix products a step."""
    size = X.shape[1]
    scale = np.sqrt((X**2).mean(axis=0))
    scale[scale == 0] = 1.0
    pairs = (X[:, :, None] * X[:, None, :] / np.outer(scale, scale)).reshape(len(X), -1)
    members = _random_members(pairs, (restarts, populations), np.random.default_rng(seed))
    best = np.full(restarts, -np.inf)
    weights = np.empty((restarts, populations))
    covariances = np.empty((restarts, populations, size, size))
    running = np.arange(restarts)
    for step in range(STEPS):
        share, covariance, members, value = _em_step(pairs, members)
        weights[running], covariances[running] = share, covariance
        going = value - best[running] > GAIN
        best[running] = value
        if step == TRIAL_STEPS and running.size > FINALISTS:
            going &= value >= np.sort(value)[-FINALISTS]
        running, members = running[going], members[going]
        if not running.size:
            break
    first = int(best.argmax())
    unscaled = covariances[first] * np.outer(scale, scale)
    return weights[first], np.zeros((populations, size)), unscaled


def _random_members(pairs: Array, shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """Memberships to start from, (restart, population, neuron).

    Neurons join the random quadratic form that they are largest in: forms split a cloud by the
    axes that neurons lie along, whatever their sign, as populations with the same centre differ.
    """
    size = round(np.sqrt(pairs.shape[1]))
    roots = rng.standard_normal((*shape, size, 2))
    forms = np.einsum("rkdi,rkei->rkde", roots, roots).reshape(*shape, -1)
    closest = np.einsum("rkp,np->rkn", forms, pairs).argmax(axis=1)
    joined = closest[:, None] == np.arange(shape[1])[:, None]
    members: Array = 0.8 * joined + 0.2 / shape[1]
    return members


def _em_step(pairs: Array, members: Array) -> tuple[Array, Array, Array, Array]:
    """Shares and covariances, the memberships that they imply, and the penalised likelihood.

    `pairs` (neuron, loading · loading) holds the products of each neuron's loadings: sums of them
    are covariances, and their product with a precision is a Mahalanobis distance.
    """
    neurons, size = len(pairs), round(np.sqrt(pairs.shape[1]))
    pooled = pairs.mean(axis=0) + FLOOR * np.eye(size).ravel()
    counts = members.sum(axis=2)
    sums = (members.reshape(-1, neurons) @ pairs).reshape(*counts.shape, -1)
    second = (sums + PRIOR_NEURONS * pooled) / (counts[..., None] + PRIOR_NEURONS)
    covariance = second.reshape(*counts.shape, size, size)
    precision = np.linalg.inv(covariance).reshape(*counts.shape, -1)
    logdet = np.linalg.slogdet(covariance)[1]
    share = counts / neurons
    distance = (precision.reshape(-1, size**2) @ pairs.T).reshape(*counts.shape, neurons)
    joint = (np.log(np.maximum(share, 1e-300)) - 0.5 * logdet)[..., None] - 0.5 * distance
    peak = joint.max(axis=1, keepdims=True)
    members = np.exp(joint - peak)
    total = members.sum(axis=1, keepdims=True)
    penalty = 0.5 * PRIOR_NEURONS * (logdet + precision @ pooled).sum(axis=1)
    value = ((np.log(total) + peak).sum(axis=(1, 2)) - penalty) / neurons
    return share, covariance, members / total, value


def _bayesian(X: Array, populations: int, restarts: int, seed: int) -> tuple[Array, Array, Array]:
    """The published fit."""
    model = BayesianGaussianMixture(
        n_components=populations,
        n_init=restarts,
        init_params="random",
        max_iter=STEPS,
        weight_concentration_prior_type="dirichlet_process",
        random_state=seed,
    ).fit(X)
    return model.weights_, model.means_, model.covariances_


def _log_joint(X: Array, weights: Array, means: Array, covariances: Array) -> Array:
    """Log of share times density, (neuron, population)."""
    scale = np.sqrt(np.einsum("kdd->kd", covariances).mean(axis=0))
    scale[scale == 0] = 1.0
    scaled = covariances / np.outer(scale, scale) + FLOOR * np.eye(X.shape[1])
    lower = np.linalg.cholesky(scaled)
    apart = ((X[None] - means[:, None]) / scale).swapaxes(1, 2)
    form = (np.linalg.solve(lower, apart) ** 2).sum(axis=1)
    logdet = 2 * np.log(np.einsum("kdd->kd", lower)).sum(axis=1)
    constant = X.shape[1] * np.log(2 * np.pi) + 2 * np.log(scale).sum()
    joint: Array = np.log(weights) - 0.5 * (form.T + logdet + constant)
    return joint


def _logsumexp(joint: Array) -> Array:
    """Over populations."""
    peak = joint.max(axis=1)
    total: Array = peak + np.log(np.exp(joint - peak[:, None]).sum(axis=1))
    return total
