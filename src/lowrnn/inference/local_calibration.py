"""Whether posteriors are calibrated for observations like the one that matters."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array

Array = NDArray[np.float64]

#: The share of held-out simulations whose weights are above exp(-1).
_NEAREST = 0.25
_NULL = 2000


def local_calibration(
    ranks: ArrayLike, means: ArrayLike, observed: ArrayLike, *, seed: int = 0
) -> Array:
    """The probability of ranks as uneven as those of the simulations nearest to an observation.

    Calibration over all observations can hide posteriors that are displaced or too narrow for some
    of them. Simulations are weighted by `exp(-s/h)`: `s` is the squared distance of their posterior
    means to that of the observation, in standard deviations of the means and beyond that of the
    nearest, and `h` the `s` within which a quarter of them lies. The weighted means of the first
    two Legendre polynomials of the ranks, which tell displacement and width, are held against those
    of uniform numbers.

    Parameters
    ----------
    ranks : array (test, parameter)
        From `calibrate`.
    means : array (test, parameter)
        Posterior means of the same simulations.
    observed : array (parameter,)
        Posterior mean of the observation.
    seed : int
        Determines the 2000 sets of uniform numbers.

    Returns
    -------
    array (parameter,)
        Uniform if posteriors are right, as weights do not depend on where the truth lies.

    Raises
    ------
    InputError
        If shapes disagree, or there are fewer than 20 tests.

    References
    ----------
    Ranks as a function of the observation: Zhao, Dalmasso, Izbicki & Lee 2021. The classifier of
    Linhart, Gramfort & Rodrigues 2023 answers the same question; it needs more simulations.
    """
    given = check_array("ranks", ranks, ("test", "parameter"), dtype=np.float64)
    places = check_array("means", means, given.shape, dtype=np.float64)
    here = check_array("observed", observed, given.shape[1:], dtype=np.float64)
    if len(given) < 20:
        raise InputError(f"ranks has {len(given)} tests: give at least 20")
    sd = places.std(axis=0)
    squares = (((places - here) / np.where(sd > 0, sd, 1.0)) ** 2).sum(axis=1)
    # Beyond the nearest, so that neighbours count too of an observation far from all simulations.
    squares -= squares.min()
    weights = np.exp(-squares / max(float(np.quantile(squares, _NEAREST)), 1e-300))
    weights /= weights.sum()
    rng = np.random.default_rng([seed, 11])
    null = _unevenness(rng.random((len(given), _NULL)), weights)
    return np.asarray(
        [(1 + (null >= found).sum()) / (1 + _NULL) for found in _unevenness(given, weights)]
    )


def _unevenness(ranks: Array, weights: Array) -> Array:
    """Squared weighted means of two orthonormal polynomials of ranks (test, column), (column,)."""
    centred = 2 * ranks - 1
    first = weights @ (np.sqrt(3) * centred)
    second = weights @ (np.sqrt(5) * (1.5 * centred**2 - 0.5))
    return np.asarray(first**2 + second**2)
