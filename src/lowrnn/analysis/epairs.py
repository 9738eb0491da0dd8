"""The ePAIRS test: whether neurons fall into types, or their features form one cloud."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import ranksums

from lowrnn.errors import InputError, check_array

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class EPairs:
    """The outcome of the ePAIRS test.

    Attributes
    ----------
    effect : float
        (median angle of Gaussian samples - median angle of the data) / standard deviation of the
        angles in the samples. Positive if neurons crowd around preferred directions.
    p_value : float
        Two-sided: the rank of the data's median among the medians of the samples. Exact if the
        features are Gaussian with any mean and covariance; at least 2 / (draws + 1).
    p_published : float
        The rank-sum test of the angles against those of all samples pooled, as published. It takes
        angles that share neighbours for independent: 7.5 % of Gaussian data have p < 0.05.
    angles : array (neuron,)
        Angle of each neuron to its nearest neighbours, in radians.
    null_medians : array (draw,)
        Median angle in each Gaussian sample.
    """

    effect: float
    p_value: float
    p_published: float
    angles: Array
    null_medians: Array


def epairs(features: ArrayLike, *, neighbours: int = 3, draws: int = 500, seed: int = 0) -> EPairs:
    """Test whether the features of neurons are distributed as one Gaussian.

    Features are centred and scaled to unit variance along their principal axes. The angle of a
    neuron is the arc cosine of its mean cosine similarity to its nearest neighbours; it is small
    where neurons crowd around directions. The null distribution are Gaussian samples of the same
    size, treated the same way: what is left then depends on no mean or covariance.

    Parameters
    ----------
    features : array (neuron, feature)
        Loadings of a network without those of the readout (Dubreuil et al. 2022), or regression
        coefficients (`selectivity`). At least two features, none a linear function of others.
    neighbours : int
        Nearest neighbours of a neuron.
    draws : int
        Gaussian samples: about 1 s for 500 of 512 neurons with 6 features.
    seed : int
        Determines the samples. They depend on nothing else but size, and are kept for the next
        test of the same size.

    Returns
    -------
    EPairs

    Raises
    ------
    InputError
        If there are too few neurons, or features depend on each other linearly.

    References
    ----------
    Hirokawa, Vaughan, Masset, Ott & Kepecs, Nature 576 (2019) 446-451. Dubreuil, Valente, Beiran,
    Mastrogiuseppe & Ostojic, Nature Neuroscience 25 (2022) 783-794.
    """
    X = check_array("features", features, ("neuron", "feature"), dtype=np.float64)
    for field, value in (("neighbours", neighbours), ("draws", draws)):
        if value < 1:
            raise InputError(f"{field} is {value}: give at least 1")
    if X.shape[1] < 2 or len(X) <= max(X.shape[1], neighbours):
        raise InputError(
            f"features have shape {X.shape}: give at least 2 features, and more neurons than"
            " features and neighbours"
        )
    angles = _angles(X, neighbours)
    null, medians = _null(*X.shape, neighbours, draws, seed)
    median = np.median(angles)
    lower = int((medians <= median).sum())
    upper = int((medians >= median).sum())
    return EPairs(
        effect=float((np.median(null) - median) / null.std()),
        p_value=min(1.0, 2 * (1 + min(lower, upper)) / (draws + 1)),
        p_published=float(ranksums(angles, null).pvalue),
        angles=angles,
        null_medians=medians,
    )


@lru_cache(maxsize=8)
def _null(
    neurons: int, size: int, neighbours: int, draws: int, seed: int
) -> tuple[NDArray[np.float32], Array]:
    """Angles in all Gaussian samples, pooled, and the median of each."""
    rng = np.random.default_rng(seed)
    pooled = np.empty((draws, neurons), np.float32)
    for draw in range(draws):
        pooled[draw] = _angles(rng.standard_normal((neurons, size)), neighbours)
    medians: Array = np.median(pooled, axis=1).astype(np.float64)
    medians.setflags(write=False)
    return pooled.ravel(), medians


def _angles(X: Array, neighbours: int) -> Array:
    """Angle of each row to its nearest neighbours."""
    centred = X - X.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred)
    if values[0] <= 1e-10 * values[-1]:
        raise InputError(
            "features depend on each other linearly: leave out those that follow from others"
        )
    white = centred @ (vectors / np.sqrt(values))
    white /= np.maximum(np.linalg.norm(white, axis=1, keepdims=True), 1e-300)
    # Single precision sorts twice as fast, and an angle of 1e-3 is as good as 0 here.
    white32 = white.astype(np.float32)
    nearest = np.empty(len(X))
    for start in range(0, len(X), 1024):
        cosines = white32[start : start + 1024] @ white32.T
        rows = np.arange(len(cosines))
        cosines[rows, start + rows] = -2.0
        cosines.partition(len(X) - neighbours, axis=1)
        nearest[start : start + 1024] = cosines[:, -neighbours:].mean(axis=1)
    angles: Array = np.arccos(np.clip(nearest, -1, 1))
    return angles
