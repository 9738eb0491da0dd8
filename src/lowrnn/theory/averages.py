"""Gaussian averages of a nonlinearity, its derivatives and its primitive.

Everything that mean-field theory knows of a network's nonlinearity passes through here. Closed
forms serve relu and erf; the others use the uniform trapezoid rule, which beats Gauss-Hermite
quadrature by many digits once the standard deviation exceeds the distance of the poles of phi from
the real axis: with step h its error falls as exp(-π² / (h √Δ)) for tanh.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erf, ndtr

from lowrnn.networks.nonlinearity import check_nonlinearity

Array = NDArray[np.float64]

#: Standard deviations that a quadrature covers: what is left out weighs 1e-17.
REACH = 8.5
#: Nodes within the reach, at least, and for each unit of the standard deviation.
NODES, NODES_PER_UNIT = 41, 60
#: Where relu is hardly smoothed, its kink costs more nodes, up to these (error below 1e-5).
MOST_NODES = 4001
#: A bound on the memory of one quadrature, in numbers.
BLOCK = 4_000_000


def average(
    nonlinearity: str, orders: Sequence[int], mu: ArrayLike, delta: ArrayLike
) -> tuple[Array, ...]:
    """`⟨phi^(k)⟩ = ∫Dz phi^(k)(mu + √delta z)` for each order k.

    Parameters
    ----------
    nonlinearity : str
        phi, by name.
    orders : sequence of int
        Which derivatives: 0 for phi itself, up to 3, and -1 for its primitive.
    mu, delta : array
        Mean and variance of the Gaussian; they broadcast. A variance below 0 counts as 0.

    Returns
    -------
    tuple of array
        One array for each order.
    """
    mean, variance = _broadcast(mu, delta)
    closed = _CLOSED.get(check_nonlinearity(nonlinearity))
    if closed is not None:
        return closed(orders, mean, variance)
    point = _POINT[nonlinearity]
    if not variance.any():
        return point(orders, mean)
    z, weights = _nodes(variance)
    deviation = np.sqrt(variance)

    def block(centre: Array, width: Array) -> tuple[Array, ...]:
        return tuple(f @ weights for f in point(orders, centre[..., None] + width[..., None] * z))

    if mean.size * len(z) <= BLOCK:
        return block(mean, deviation)
    pieces = np.array_split(np.arange(mean.size), -(-mean.size * len(z) // BLOCK))
    parts = [block(mean.ravel()[piece], deviation.ravel()[piece]) for piece in pieces]
    return tuple(np.concatenate(part).reshape(mean.shape) for part in zip(*parts, strict=True))


def product(
    nonlinearity: str,
    orders: Sequence[tuple[int, int]],
    mu: ArrayLike,
    delta0: ArrayLike,
    delta: ArrayLike | None = None,
) -> tuple[Array, ...]:
    """`⟨phi^(a)(x) phi^(b)(y)⟩` of jointly Gaussian x and y, for each pair of orders (a, b).

    Both have mean `mu` and variance `delta0`, and their covariance is `delta`. Useful identities:
    `∂/∂delta` of a pair (a, b) is the pair (a + 1, b + 1).

    Parameters
    ----------
    nonlinearity : str
        phi, by name.
    orders : sequence of pairs of int
        Which derivatives, as in `average`.
    mu, delta0 : array
        Mean and variance; they broadcast with `delta`.
    delta : array, optional
        Covariance, clipped to ±delta0; by default delta0, so that x and y are the same variable.
    """
    if delta is None:
        mean, variance = _broadcast(mu, delta0)
        if nonlinearity == "relu":
            return _relu_products(orders, mean, variance)
        shared, sign = variance, np.ones_like(variance)
    else:
        covariance = np.asarray(delta, np.float64)
        mean, variance = _broadcast(mu, np.asarray(delta0, np.float64) + 0 * covariance)
        shared, sign = np.minimum(np.abs(covariance), variance), np.sign(covariance)
    private = variance - shared
    z, weights = _nodes(shared, kink=private if nonlinearity == "relu" else None)
    first = mean[..., None] + np.sqrt(shared)[..., None] * z
    spread = np.broadcast_to(private[..., None], first.shape)
    a = sorted({pair[0] for pair in orders} | {pair[1] for pair in orders})
    of_first = dict(zip(a, average(nonlinearity, a, first, spread), strict=True))
    of_second = of_first
    if (sign < 0).any():
        second = mean[..., None] + (sign * np.sqrt(shared))[..., None] * z
        of_second = dict(zip(a, average(nonlinearity, a, second, spread), strict=True))
    return tuple((of_first[one] * of_second[other]) @ weights for one, other in orders)


def _broadcast(mu: ArrayLike, delta: ArrayLike) -> tuple[Array, Array]:
    """Both as arrays of one shape, the second at least 0."""
    mean, variance = np.broadcast_arrays(np.asarray(mu, np.float64), np.asarray(delta, np.float64))
    return mean, variance if variance.size and variance.min() >= 0 else np.maximum(variance, 0.0)


def _nodes(variance: Array, kink: Array | None = None) -> tuple[Array, Array]:
    """Nodes and weights of the trapezoid rule for standard normal variables.

    What is averaged has the poles of tanh or, where `kink` is given, a kink that a Gaussian of that
    variance has smoothed.
    """
    number = NODES_PER_UNIT * float(np.sqrt(variance.max(initial=0.0)))
    if kink is not None:
        sharpest = float(np.min(kink / np.maximum(variance, 1e-300), initial=np.inf))
        number = min(4 * REACH / np.sqrt(max(sharpest, 1e-12)), MOST_NODES)
    z = np.linspace(-REACH, REACH, max(NODES, int(number)) | 1)
    weights = np.exp(-0.5 * z**2)
    return z, weights / weights.sum()


def _tanh(orders: Sequence[int], x: Array) -> tuple[Array, ...]:
    t = np.tanh(x)
    slope = 1 - t * t
    forms: dict[int, Callable[[], Array]] = {
        -1: lambda: np.abs(x) + np.log1p(np.exp(-2 * np.abs(x))) - np.log(2.0),
        0: lambda: t,
        1: lambda: slope,
        2: lambda: -2 * t * slope,
        3: lambda: slope * (6 * t * t - 2),
    }
    return tuple(forms[order]() for order in orders)


def _softplus(orders: Sequence[int], x: Array) -> tuple[Array, ...]:
    s = 0.5 * (1 + np.tanh(0.5 * x))
    slope = s * (1 - s)
    forms: dict[int, Callable[[], Array]] = {
        -1: lambda: _softplus_primitive(x),
        0: lambda: np.logaddexp(0.0, x),
        1: lambda: s,
        2: lambda: slope,
        3: lambda: slope * (1 - 2 * s),
    }
    return tuple(forms[order]() for order in orders)


def _softplus_primitive(x: Array) -> Array:
    """`-Li2(-e^x)`; scipy's `spence(1 + y)` is `Li2(-y)`."""
    from scipy.special import spence

    low = -spence(1 + np.exp(np.minimum(x, -x)))
    result: Array = np.where(x <= 0, low, 0.5 * x * x + np.pi**2 / 6 - low)
    return result


def _identity(orders: Sequence[int], mu: Array, delta: Array) -> tuple[Array, ...]:
    forms: dict[int, Callable[[], Array]] = {
        -1: lambda: 0.5 * (mu * mu + delta),
        0: lambda: mu + 0.0,
        1: lambda: np.ones_like(mu),
        2: lambda: np.zeros_like(mu),
        3: lambda: np.zeros_like(mu),
    }
    return tuple(forms[order]() for order in orders)


def _erf(orders: Sequence[int], mu: Array, delta: Array) -> tuple[Array, ...]:
    """Smoothing by a Gaussian only stretches erf: Williams 1998."""
    a = 1 + 2 * delta
    slope = 2 / np.sqrt(np.pi * a) * np.exp(-mu * mu / a)
    forms: dict[int, Callable[[], Array]] = {
        -1: lambda: mu * erf(mu / np.sqrt(a)) + 0.5 * a * slope,
        0: lambda: erf(mu / np.sqrt(a)),
        1: lambda: slope,
        2: lambda: -2 * mu / a * slope,
        3: lambda: (4 * mu * mu / (a * a) - 2 / a) * slope,
    }
    return tuple(forms[order]() for order in orders)


def _half_line(mu: Array, delta: Array) -> tuple[Array, Array, Array]:
    """Standard deviation, probability of x > 0, and density at 0, of a Gaussian x."""
    deviation = np.sqrt(delta)
    safe = np.where(deviation > 0, deviation, 1.0)
    certain = np.where(mu > 0, 1.0, np.where(mu < 0, 0.0, 0.5))
    positive = np.where(deviation > 0, ndtr(mu / safe), certain)
    density = np.exp(-0.5 * (mu / safe) ** 2) / (np.sqrt(2 * np.pi) * safe)
    return safe, positive, np.where(deviation > 0, density, 0.0)


def _relu(orders: Sequence[int], mu: Array, delta: Array) -> tuple[Array, ...]:
    deviation, positive, density = _half_line(mu, delta)
    forms: dict[int, Callable[[], Array]] = {
        -1: lambda: 0.5 * ((mu * mu + delta) * positive + mu * delta * density),
        0: lambda: mu * positive + delta * density,
        1: lambda: positive + 0.0,
        2: lambda: density + 0.0,
        3: lambda: -mu / deviation**2 * density,
    }
    return tuple(forms[order]() for order in orders)


def _relu_products(orders: Sequence[tuple[int, int]], mu: Array, delta: Array) -> tuple[Array, ...]:
    """One variable: the products are its moments on the half-line, from their recursion."""
    _, positive, density = _half_line(mu, delta)
    moments = [positive, mu * positive + delta * density]
    for k in range(2, 5):
        moments.append(mu * moments[-1] + (k - 1) * delta * moments[-2])
    factor = {-1: 0.5, 0: 1.0, 1: 1.0}

    def form(a: int, b: int) -> Array:
        a, b = min(a, b), max(a, b)
        if b <= 1:
            return factor[a] * factor[b] * moments[2 - a - b]
        # phi'' is a point mass at 0, where phi and its primitive vanish and phi' steps from 0 to 1.
        return 0.5 * density if (a, b) == (1, 2) else np.zeros_like(mu)

    return tuple(form(a, b) for a, b in orders)


_Closed = Callable[[Sequence[int], Array, Array], tuple[Array, ...]]
_CLOSED: dict[str, _Closed] = {"identity": _identity, "erf": _erf, "relu": _relu}
_POINT: dict[str, Callable[[Sequence[int], Array], tuple[Array, ...]]] = {
    "tanh": _tanh,
    "softplus": _softplus,
}
