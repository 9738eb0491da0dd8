"""Learning a fixed point from random weights: series in learning time, and how they scale with g.

For `W0_ij ~ N(0, g²/N)` with g < 1 and N → ∞, and input and readout that are independent of it and
of each other. `B = (1 - W0)⁻¹` is the resolvent, `β = 1 / (1 - g²)`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array, check_number

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Perturbation:
    """The first three orders of learning, at given times.

    Attributes
    ----------
    effective_time : array (time,)
        `β² tau`.
    z : array (time,)
        Output.
    s1, s2 : array (time,)
        The two largest singular values of what is learned. `s2` is of third order.
    s2_resummed : array (time,)
        `s2` with `zhat β² tau` replaced by the output of a linear approach to small targets,
        `zhat (1 - exp(-β² tau))`: better late in learning.
    """

    effective_time: Array
    z: Array
    s1: Array
    s2: Array
    s2_resummed: Array


@dataclass(frozen=True)
class ScalingLaws:
    """How learning a small target depends on g, to first order in the target.

    Attributes
    ----------
    convergence_time : float
        Learning time until the loss is 5 % of its start: `ln(20) / (2β²)`, so `∝ (1 - g²)²`.
    norm : float
        Frobenius norm of all that is learned, `|zhat| (1 - g²)`.
    gradient_norm : float
        Norm over convergence time, the mean norm of the gradient: `∝ 1 / (1 - g²)`.
    shuffle_loss : float
        Loss with W0 drawn anew after learning, relative to that before learning:
        `(1 - (1 - g²)²)²`.
    """

    convergence_time: float
    norm: float
    gradient_norm: float
    shuffle_loss: float


def resolvent_moments(g: float, count: int = 3) -> Array:
    """`μ_k = lim (1/N) tr (BᵀB)ᵏ` of the resolvent of a Gaussian matrix, for k = 1 ... count.

    Their generating function `m(y) = Σ μ_(k+1) yᵏ` solves `(1 - g²) m = 1 + y m (1 + g² m)²`, so
    that `μ_1 = β`, `μ_2 = β⁴`, `μ_3 = β⁷ (1 + 2g²)`.

    Parameters
    ----------
    g : float
        Strength of the random weights, `0 <= g < 1`.
    count : int
        How many moments.

    Returns
    -------
    array (count,)

    Raises
    ------
    InputError
        If a number is out of range.
    """
    g = _strength(g)
    count = int(check_number("count", count, at_least=1))
    moments = np.zeros(count)
    moments[0] = 1 / (1 - g**2)
    for k in range(1, count):
        known = moments[:k]
        inner = g**2 * known
        inner[0] += 1
        product = np.convolve(known, np.convolve(inner, inner)[:k])[:k]
        moments[k] = product[k - 1] / (1 - g**2)
    return moments


def perturbation(g: float, zhat: float, tau: ArrayLike) -> Perturbation:
    """Output and singular values to third order in learning time.

    With `t = β² tau`: `z = zhat [t - t²/2 + t³/6 (1 + 8 zhat² β)]`,
    `s1 = (zhat/β) [t - t²/2 + t³/6 (1 + 7/2 zhat² β)]` and `s2 = zhat³ t³ / 12`. At first order
    what is learned has rank one: the readout carried back through W0 times the input carried
    forward. Of `gradient_flow` with `|u| |v| = 1` (Schuessler et al. 2020; derived anew by this
    project).

    Parameters
    ----------
    g : float
        Strength of the random weights, `0 <= g < 1`.
    zhat : float
        Target of the output.
    tau : float or array (time,)
        Learning times, at least 0; the series holds for `β² tau` well below 1.

    Raises
    ------
    InputError
        If a number is out of range.
    """
    beta = 1 / (1 - _strength(g) ** 2)
    zhat = check_number("zhat", zhat)
    tau = check_array("tau", np.atleast_1d(tau), ("time",), dtype=np.float64)
    if (tau < 0).any():
        raise InputError(f"tau is {tau.min()}: give learning times of at least 0")
    t = beta**2 * tau
    early, cubic, size = t - t**2 / 2, t**3 / 6, abs(zhat)
    return Perturbation(
        effective_time=t,
        z=zhat * (early + cubic * (1 + 8 * zhat**2 * beta)),
        s1=size / beta * (early + cubic * (1 + 3.5 * zhat**2 * beta)),
        s2=(size * t) ** 3 / 12,
        s2_resummed=(size * (1 - np.exp(-t))) ** 3 / 12,
    )


def scaling_laws(g: float, zhat: float = 1.0) -> ScalingLaws:
    """How long learning takes and how much it changes, against the strength of random weights.

    To first order in the target, where `z = zhat (1 - exp(-β² tau))` (Schuessler et al. 2020).

    Parameters
    ----------
    g : float
        Strength of the random weights, `0 <= g < 1`.
    zhat : float
        Target of the output, small.

    Raises
    ------
    InputError
        If a number is out of range.
    """
    remaining = 1 - _strength(g) ** 2
    time = np.log(20) / 2 * remaining**2
    norm = abs(check_number("zhat", zhat)) * remaining
    return ScalingLaws(float(time), norm, float(norm / time), (1 - remaining**2) ** 2)


def _strength(g: float) -> float:
    g = check_number("g", g, at_least=0)
    if g >= 1:
        raise InputError(f"g is {g}: give less than 1, where the linear network becomes unstable")
    return g
