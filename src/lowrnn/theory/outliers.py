"""The spectrum of random-plus-low-rank connectivity: a disc, and outliers that the rank sets."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from lowrnn.errors import InputError, check_number
from lowrnn.networks import RNN, LowRank, RandomPlusLowRank
from lowrnn.networks.mixture import GaussianMixture
from lowrnn.networks.nonlinearity import derivative
from lowrnn.theory.linear import timescales
from lowrnn.theory.state import State

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

#: Condition of an eigenvalue of the overlap from which on it counts as defective.
DEFECTIVE = 1e6
#: Steps within which a network settles.
SETTLING = 2000


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Eigenvalues of `J = g χ + (1/N) m nᵀ`: what theory expects, and what a network has.

    Attributes
    ----------
    bulk_radius : float
        Radius g of the disc that the random part fills as N → ∞.
    outliers : complex array (rank,)
        Eigenvalues of the overlap `(1/N) nᵀm`, from largest to smallest modulus. Each is an
        eigenvalue of J as N → ∞ if it lies outside the disc.
    std : array (rank,)
        Finite-size deviation of each outlier, the root mean square of `|λ̂ - λ|` to leading order.
        NaN for one inside the disc; infinite for a defective eigenvalue, which splits by more than
        the order `1/√N`.
    eigenvalues : complex array (eigenvalue,)
        Those of a given network, from largest to smallest modulus: all N with a random part, the R
        that can differ from 0 without. Empty for an expected spectrum.
    """

    bulk_radius: float
    outliers: Complex
    std: Array
    eigenvalues: Complex

    @property
    def visible(self) -> NDArray[np.bool_]:
        """Which outliers lie outside the disc, (rank,)."""
        return np.abs(self.outliers) > self.bulk_radius

    @property
    def timescales(self) -> Array:
        """Time constants `1 / (1 - Re λ)` of the outliers around `x = 0` for unit gain, (rank,)."""
        return timescales(self.outliers)

    @property
    def measured(self) -> Complex:
        """The eigenvalue that is matched to each outlier, (rank,): NaN where none can be."""
        return self._match()[0]

    @property
    def measured_radius(self) -> float:
        """Largest modulus of the eigenvalues that match no visible outlier; 0 if there are none."""
        return float(np.abs(self._match()[1]).max(initial=0.0))

    def _match(self) -> tuple[Complex, Complex]:
        """Eigenvalues assigned to the visible outliers at least total distance, and the rest."""
        measured = np.full(len(self.outliers), np.nan + 0j)
        if not len(self.eigenvalues):
            return measured, self.eigenvalues
        seen = np.flatnonzero(self.visible)
        distance = np.abs(self.outliers[seen, None] - self.eigenvalues)
        rows, columns = linear_sum_assignment(distance)
        measured[seen[rows]] = self.eigenvalues[columns]
        return measured, np.delete(self.eigenvalues, columns)


def spectrum(rnn: RNN) -> Spectrum:
    """The spectrum of a network's connectivity, beside what theory expects for its m, n and g.

    The random part moves an outlier λ of a network with given loadings by
    `std = (s_m s_n / √N) q / √(1 - q²)`, where `q = g/|λ|` and s are root mean squares of the
    loadings; for any rank, of their projections `m·r` and `n·l` on the right and left eigenvectors
    of the overlap, with `l·r = 1`.

    Parameters
    ----------
    rnn : RNN
        With low-rank or random-plus-low-rank connectivity. A random part costs O(N³).

    Raises
    ------
    InputError
        If the connectivity has no loadings.
    """
    connectivity = rnn.connectivity
    if not isinstance(connectivity, LowRank | RandomPlusLowRank):
        raise InputError(
            f"connectivity is {connectivity.kind}: give one with loadings m and n, or take"
            " numpy.linalg.eigvals of its J"
        )
    m, n = connectivity.m.astype(np.float64), connectivity.n.astype(np.float64)
    neurons = len(m)
    g = connectivity.g if isinstance(connectivity, RandomPlusLowRank) else 0.0
    outliers, left, right = _eigenvectors(n.T @ m / neurons)
    variance = _random_variance(
        _squared(left, n.T @ n / neurons), _squared(right, m.T @ m / neurons), outliers, g
    )
    eigenvalues = outliers
    if g > 0:
        eigenvalues = np.linalg.eigvals(connectivity.dense().astype(np.float64)).astype(complex)
    deviation = _deviation(variance, neurons, outliers, left, right)
    return Spectrum(g, outliers, deviation, _by_modulus(eigenvalues))


def expected_spectrum(mixture: GaussianMixture, neurons: int, g: float = 0.0) -> Spectrum:
    """The spectrum to expect of `mixture.sample(neurons, seed, g=g)`.

    To what the random part does (see `spectrum`), sampling loadings adds the variance
    `var[(n·l)(m·r)] / N`, where l and r are the left and right eigenvectors of the overlap and the
    variance is that within populations, whose shares do not vary. For rank one and independent m
    and n it is `(M_m² Σ_n² + M_n² Σ_m² + Σ_m² Σ_n²) / N`, with means M and standard deviations Σ.
    With `exact=True` sampling only the random part remains.

    Parameters
    ----------
    mixture : GaussianMixture
        Statistics of the loadings.
    neurons : int
        Number of neurons.
    g : float
        Strength of the random part.

    Raises
    ------
    InputError
        If a number is out of range.
    """
    g = check_number("g", g, at_least=0)
    neurons = int(check_number("neurons", neurons, at_least=1))
    outliers, left, right = _eigenvectors(mixture.overlap)
    variance = np.zeros(len(outliers))
    second_n, second_m = np.zeros_like(variance), np.zeros_like(variance)
    blocks = (mixture.covariance("n", "n"), mixture.covariance("m", "m"))
    crossed = mixture.covariance("n", "m")
    for p, weight in enumerate(mixture.weights):
        mean_n, mean_m = mixture.mean("n")[p] @ left, mixture.mean("m")[p] @ right
        var_n, var_m = _squared(left, blocks[0][p]), _squared(right, blocks[1][p])
        joint = np.einsum("rk,rs,sk->k", left, crossed[p], right.conj())
        # Fourth moments of a Gaussian, for the product of n·l and m·r less its mean.
        variance += weight * (
            np.abs(mean_n) ** 2 * var_m
            + np.abs(mean_m) ** 2 * var_n
            + 2 * np.real(mean_n.conj() * mean_m * joint)
            + var_n * var_m
            + np.abs(joint) ** 2
        )
        second_n += weight * (np.abs(mean_n) ** 2 + var_n)
        second_m += weight * (np.abs(mean_m) ** 2 + var_m)
    variance += _random_variance(second_n, second_m, outliers, g)
    deviation = _deviation(variance, neurons, outliers, left, right)
    return Spectrum(g, outliers, deviation, np.zeros(0, complex))


def jacobian_eigenvalues(rnn: RNN, state: State, u: ArrayLike | None = None) -> Complex:
    """Eigenvalues of `J diag(phi')` in a network with the latents of a stationary state.

    The state holds what to expect of them: bulk radius and outliers. The latents are kept at its
    kappa while the rest of the network settles, so that unstable states are reached too.

    Parameters
    ----------
    rnn : RNN
        A network drawn from the mixture of the theory, with the same g.
    state : State
        A stationary state whose bulk radius is below 1, so that the network settles.
    u : array (input,), optional
        The constant input of that state.

    Returns
    -------
    complex array (eigenvalue,)
        From largest to smallest modulus: all N with a random part, the R that can differ from 0
        without.

    Raises
    ------
    InputError
        If the connectivity has no loadings or the network would not settle.
    """
    connectivity = rnn.connectivity
    if not isinstance(connectivity, LowRank | RandomPlusLowRank):
        raise InputError(f"connectivity is {connectivity.kind}: give one with loadings m and n")
    if state.bulk_radius >= 1:
        raise InputError(
            f"the bulk radius of the state is {state.bulk_radius:.4g}: give a state with one below"
            " 1, in which activity is constant"
        )
    m, n = connectivity.m.astype(np.float64), connectivity.n.astype(np.float64)
    constant = np.zeros(rnn.inputs.shape[1]) if u is None else np.atleast_1d(u)
    drive = m @ state.kappa + rnn.inputs @ constant
    if isinstance(connectivity, LowRank):
        slope = _slope(rnn, drive)
        return _by_modulus(np.linalg.eigvals((n * slope[:, None]).T @ m / len(m)))
    weights, x = connectivity.random.astype(np.float64), drive
    for _ in range(SETTLING):
        change = weights @ rnn.rates(x) + drive - x
        x = x + 0.5 * change
        if np.abs(change).max() < 1e-6:
            break
    slope = _slope(rnn, x)
    return _by_modulus(np.linalg.eigvals(weights * slope + m @ (n * slope[:, None]).T / len(m)))


def _slope(rnn: RNN, x: Array) -> Array:
    slope: Array = derivative(rnn.nonlinearity, torch.tensor(x + rnn.bias)).numpy()
    return slope


def _by_modulus(eigenvalues: Any) -> Complex:
    """From largest to smallest."""
    found: Complex = np.asarray(eigenvalues, complex)
    return found[np.argsort(-np.abs(found), kind="stable")]


def _eigenvectors(overlap: Array) -> tuple[Complex, Complex, Complex]:
    """Eigenvalues by falling modulus, and left and right eigenvectors with products 1."""
    # Any, for the type stubs of scipy have the arrays of this call wrong.
    solution: Any = scipy.linalg.eig(overlap, left=True, right=True)
    order = np.argsort(-np.abs(solution[0]), kind="stable")
    values, left, right = (part[..., order] for part in solution)
    left = left.conj()
    product = (left * right).sum(axis=0)
    # A defective eigenvalue has product 0: the bound keeps numbers finite for the test to come.
    return values, left / np.where(np.abs(product) < 1e-12, 1e-12, product), right


def _squared(vectors: Complex, moments: Array) -> Array:
    """Mean square modulus of the projections of loadings with these second moments."""
    squared: Array = np.einsum("rk,rs,sk->k", vectors, moments, vectors.conj()).real
    return squared


def _random_variance(second_n: Array, second_m: Array, outliers: Complex, g: float) -> Array:
    """N times the variance that the random part gives an outlier; NaN inside the disc."""
    if g == 0:
        return np.zeros(len(outliers))
    excess = np.abs(outliers) ** 2 - g**2
    return second_n * second_m * g**2 / np.where(excess > 0, excess, np.nan)


def _deviation(
    variance: Array, neurons: int, outliers: Complex, left: Complex, right: Complex
) -> Array:
    """Standard deviation from N times a variance, infinite where first order does not apply."""
    condition = np.linalg.norm(left, axis=0) * np.linalg.norm(right, axis=0)
    deviation = np.sqrt(variance / neurons)
    deviation[(condition > DEFECTIVE) & (variance > 0)] = np.inf
    return deviation
