"""How many dimensions the activity of a linear random network fills, with or without structure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lowrnn.errors import InputError, check_array, check_number


@dataclass(frozen=True)
class RandomActivity:
    """Stationary activity of `x' = -x + g χ x + noise` as N → ∞. Times in units of tau.

    Attributes
    ----------
    variance : float
        Of a neuron, `noise_std² / √(1 - g²)`.
    correlation_time : float
        `1 / √(1 - g²)`: the mean autocorrelation decays exponentially with it.
    participation : float
        Participation ratio of the equal-time covariance, divided by N.
    long_window_variance : float
        Integral of a neuron's autocovariance over all lags, `2 noise_std² / (1 - g²)`: the variance
        of its activity summed over a long window, divided by the window.
    long_window_participation : float
        Participation ratio of the covariance in long windows, divided by N: `(1 - g²)²`.
    """

    variance: float
    correlation_time: float
    participation: float
    long_window_variance: float
    long_window_participation: float


def random_activity(g: float, noise_std: float = 1.0) -> RandomActivity:
    """Variance, timescale and dimensionality of a linear random network.

    The equal-time participation ratio is `8a³ / (3 - 2a + 4a² + 2a³ + a⁴)` with `a = √(1 - g²)`:
    the integral over two frequencies that averages `tr C²` (each factor `C` an integral over one)
    has rational integrands, and residues do both. The long-window one is that of Hu & Sompolinsky
    2022.

    Parameters
    ----------
    g : float
        Strength of the random part, `χ_ij ~ N(0, 1/N)`; 0 <= g < 1.
    noise_std : float
        Standard deviation that an uncoupled neuron settles to.

    Raises
    ------
    InputError
        If the network is unstable or a number is out of range.
    """
    g = check_number("g", g, at_least=0)
    intensity = check_number("noise_std", noise_std, at_least=0) ** 2
    if g >= 1:
        raise InputError(f"g is {g}: give less than 1, where the linear network becomes unstable")
    a = np.sqrt(1 - g**2)
    return RandomActivity(
        variance=float(intensity / a),
        correlation_time=float(1 / a),
        participation=float(8 * a**3 / (3 - 2 * a + 4 * a**2 + 2 * a**3 + a**4)),
        long_window_variance=float(2 * intensity / a**2),
        long_window_participation=float(a**4),
    )


def participation_ratio(eigenvalues: ArrayLike) -> float:
    """`(Σ λ)² / Σ λ²` of the eigenvalues of a covariance: the number of dimensions it fills.

    Parameters
    ----------
    eigenvalues : array (neuron,)
        At least one is above 0.

    Raises
    ------
    InputError
        If an eigenvalue is clearly negative, or none is positive.
    """
    values = check_array("eigenvalues", eigenvalues, ("neuron",), dtype=np.float64)
    if values.max() <= 0 or values.min() < -1e-9 * values.max():
        raise InputError(
            f"eigenvalues run from {values.min():.4g} to {values.max():.4g}:"
            " give those of a covariance, none negative and not all 0"
        )
    return float(values.sum() ** 2 / (values**2).sum())


def combined_participation_ratio(
    outliers: ArrayLike, bulk_variance: float, bulk_participation_ratio: float
) -> float:
    """Participation ratio of a bulk of eigenvalues together with a few isolated ones.

    `1/PR = Σ_k f_k² + f_bulk² / PR_bulk`, where the f are shares of the total variance: exact for
    any split of the eigenvalues of a covariance. For a random network with structure, the bulk is
    what `random_activity` gives, `bulk_variance = N · variance`.

    Parameters
    ----------
    outliers : array (outlier,)
        Isolated eigenvalues.
    bulk_variance : float
        Sum of the eigenvalues of the bulk.
    bulk_participation_ratio : float
        Participation ratio of the bulk by itself, at least 1 (not divided by N).

    Raises
    ------
    InputError
        If a variance is negative, all are zero, or the ratio is below 1.
    """
    isolated = check_array("outliers", outliers, (np.size(outliers),), dtype=np.float64)
    if (isolated < 0).any():
        raise InputError(f"outliers go down to {isolated.min():.4g}: give variances, none negative")
    bulk = check_number("bulk_variance", bulk_variance, at_least=0)
    ratio = check_number("bulk_participation_ratio", bulk_participation_ratio, at_least=1)
    total = isolated.sum() + bulk
    if total == 0:
        raise InputError("outliers and bulk_variance are all 0: give some variance")
    return float(total**2 / ((isolated**2).sum() + bulk**2 / ratio))
