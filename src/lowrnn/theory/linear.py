"""Linear low-rank networks driven by noise: covariances, timescales, filtering.

For `x' = -x + (1/N) m nᵀ x + noise`, all that the connectivity adds lives in the span of m, n and
the directions of shared noise, and is found from equations of the size of the rank. Solving these
instead of diagonalising the overlap `(1/N) nᵀm` keeps defective overlaps (feedforward chains)
exact. Mastrogiuseppe, Carmona & Machens 2025 give the solution in eigenvectors.
"""

from dataclasses import dataclass

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array, check_number
from lowrnn.networks import RNN, RandomPlusLowRank, structured_part

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LinearCovariance:
    """Stationary covariance `C = diag(private) + factors core factorsᵀ` of a linear network.

    Attributes
    ----------
    private : array (neuron,)
        Variance that private noise gives each neuron without coupling.
    factors : array (neuron, 2 rank + source)
        The columns of m, those of n times `private`, and the directions of shared noise.
    core : array (2 rank + source, 2 rank + source)
        Symmetric.
    rank : int
        Number of columns of m.
    n : array (neuron, rank)
        Those that select what each latent hears.
    """

    private: Array
    factors: Array
    core: Array
    rank: int
    n: Array

    @property
    def latent(self) -> Array:
        """Covariance of the latents `kappa' = -kappa + (1/N) nᵀx`, (rank, rank)."""
        return self.core[: self.rank, : self.rank]

    @property
    def variances(self) -> Array:
        """Variance of each neuron, (neuron,)."""
        added: Array = ((self.factors @ self.core) * self.factors).sum(axis=1)
        return self.private + added

    @property
    def eigenvalues(self) -> Array:
        """The N eigenvalues, from largest to smallest.

        Where all neurons have the same private noise, all but 2 rank + source equal its variance,
        and cost O(N (rank + source)²); otherwise O(N³).
        """
        if np.ptp(self.private) > 0:
            return np.asarray(np.linalg.eigvalsh(self.dense())[::-1])
        triangle: Array = np.linalg.qr(self.factors).R
        values = self.private.copy()
        values[: len(triangle)] += np.linalg.eigvalsh(triangle @ self.core @ triangle.T)
        return np.sort(values)[::-1]

    @property
    def participation_ratio(self) -> float:
        """`(tr C)² / tr C²`, from 1 to N, in O(N (rank + source)²)."""
        spread = self.core @ (self.factors.T @ self.factors)
        mixed = (self.factors * self.private[:, None]).T @ self.factors
        squares = (
            (self.private**2).sum() + 2 * np.vdot(self.core, mixed) + np.vdot(spread, spread.T)
        )
        return float(self.variances.sum() ** 2 / squares)

    def lagged(self, lag: float) -> tuple[Array, Array]:
        """`private` and `core` of `⟨x(t + lag) x(t)ᵀ⟩`, with the same factors.

        The core of a lag above 0 is not symmetric.

        Parameters
        ----------
        lag : float
            In units of tau, at least 0: a negative lag transposes the covariance.
        """
        lag = check_number("lag", lag, at_least=0)
        R = self.rank
        seen = self.n.T @ self.factors / len(self.n)
        # exp(lag m nᵀ/N) = 1 + m grown nᵀ/N, where grown is the integral of exp(s overlap) over
        # 0 < s < lag; a block exponential gives it for singular overlaps too.
        generator = np.block([[seen[:, :R], np.eye(R)], [np.zeros((R, 2 * R))]])
        grown = scipy.linalg.expm(lag * generator)[:R, R:]
        response = seen @ self.core
        response[:, R : 2 * R] += np.eye(R) / len(self.n)
        core = self.core.copy()
        core[:R] += grown @ response
        decay = np.exp(-lag)
        return decay * self.private, decay * core

    def dense(self, lag: float = 0.0) -> Array:
        """`⟨x(t + lag) x(t)ᵀ⟩` in full, (neuron, neuron)."""
        private, core = self.lagged(lag)
        full: Array = self.factors @ core @ self.factors.T
        full[np.diag_indices_from(full)] += private
        return full


def linear_covariance(
    rnn: RNN, shared_noise: ArrayLike | None = None, *, private_std: ArrayLike | None = None
) -> LinearCovariance:
    """Covariance of the stationary activity of a linear low-rank network.

    With uncoupled covariance `S = diag(private_std²) + U Uᵀ` and overlap `Ω = (1/N) nᵀm`,
    `C = S + m Y + Yᵀmᵀ + m Z mᵀ`, where `(2 - Ω) Y = (1/N) nᵀS` and Z solves the Lyapunov equation
    `(1 - Ω) Z + Z (1 - Ω)ᵀ = (1/N) (Y n + nᵀYᵀ)`: O(N (R + source)²). Noise of any covariance D per
    unit of time, as the paper has it, is `U Uᵀ = D/2` without private noise. To linearise about a
    fixed point, give a network whose n is multiplied by the gains of the neurons there.

    Parameters
    ----------
    rnn : RNN
        With nonlinearity "identity" and low-rank connectivity; its `noise_std` is the private
        noise.
    shared_noise : array (neuron, source), optional
        Directions U of independent white noises that neurons share, scaled as `noise_std` is:
        entry (i, s) is the standard deviation that source s gives neuron i without coupling, the
        equation of motion having `√2 U ξ`. None by default.
    private_std : array (neuron,), optional
        Private noise that differs between neurons, in place of `rnn.noise_std`.

    Raises
    ------
    InputError
        If the network is not linear, not low-rank, or unstable, or a shape does not fit.

    References
    ----------
    Mastrogiuseppe, Carmona & Machens 2025; here for any rank and any noise.
    """
    if isinstance(rnn.connectivity, RandomPlusLowRank):
        raise InputError(
            f"connectivity is {rnn.connectivity.kind}: give a LowRank network, or see"
            " random_activity for what the random part does on average"
        )
    m, n = _linear_part(rnn)
    neurons, rank = m.shape
    U = np.zeros((neurons, 0))
    if shared_noise is not None:
        U = check_array("shared_noise", shared_noise, (neurons, "source"), dtype=np.float64)
    std = np.full(neurons, rnn.noise_std)
    if private_std is not None:
        std = check_array("private_std", private_std, (neurons,), dtype=np.float64)
    private = std**2
    identity = np.eye(rank)
    overlap = n.T @ m / neurons
    filtered = np.linalg.inv(2 * identity - overlap)
    heard = n.T @ U / neurons
    half = filtered @ ((n.T * private) @ n / neurons**2 + heard @ heard.T)
    latent = scipy.linalg.solve_continuous_lyapunov(identity - overlap, half + half.T)
    core = np.zeros((2 * rank + U.shape[1],) * 2)
    core[:rank, :rank] = (latent + latent.T) / 2
    core[:rank, rank:] = np.concatenate([filtered / neurons, filtered @ heard], axis=1)
    core[rank:, :rank] = core[:rank, rank:].T
    core[2 * rank :, 2 * rank :] = np.eye(U.shape[1])
    factors = np.concatenate([m, n * private[:, None], U], axis=1)
    return LinearCovariance(private, factors, core, rank, n)


def long_window_outliers(rnn: RNN) -> Array:
    """Isolated eigenvalues of the long-window covariance of a random-plus-low-rank linear network.

    That covariance is `2 noise_std² (1 - J)⁻¹ (1 - J)⁻ᵀ`. Without the random part it has at most
    2R eigenvalues `2 noise_std² / θ` that differ from `2 noise_std²`; the random part moves them to
    `2 noise_std² (1 - θ)² / (θ (1 - θ - g²)²)`, and those with `θ` between the roots of
    `θ² - (2 + g²) θ + 1 - g²` disappear in the bulk. Exact as N → ∞: `1 - J` is a matrix of
    information plus noise (Dozier & Silverstein 2007).

    Parameters
    ----------
    rnn : RNN
        With nonlinearity "identity" and random-plus-low-rank or low-rank connectivity.

    Returns
    -------
    array (outlier,)
        From largest to smallest; those below the bulk are included.

    Raises
    ------
    InputError
        If the network is not linear, has another connectivity, or is unstable.
    """
    m, n = _linear_part(rnn)
    g = rnn.connectivity.g if isinstance(rnn.connectivity, RandomPlusLowRank) else 0.0
    neurons, rank = m.shape
    # (1 - mnᵀ/N)(1 - nmᵀ/N) = 1 + F core Fᵀ with F = (m, n).
    core = np.block(
        [
            [n.T @ n / neurons**2, -np.eye(rank) / neurons],
            [-np.eye(rank) / neurons, np.zeros((rank, rank))],
        ]
    )
    triangle: Array = np.linalg.qr(np.concatenate([m, n], axis=1)).R
    theta = 1 + np.linalg.eigvalsh(triangle @ core @ triangle.T)
    middle, width = (2 + g**2) / 2, g * np.sqrt(8 + g**2) / 2
    theta = np.sort(theta[np.abs(theta - middle) > width + 1e-9])
    moved: Array = (1 - theta) ** 2 / (theta * (1 - theta - g**2) ** 2)
    return np.sort(2 * rnn.noise_std**2 * moved)[::-1]


def rank_one_eigenvalues(
    strength: float, mn: float, source: tuple[float, float] | None = None
) -> Array:
    """The two eigenvalues that one rank adds to the covariance, in closed form.

    Parameters
    ----------
    strength : float
        `k = |m| |n| / N`, the singular value of J.
    mn : float
        Cosine of the angle between m and n; the eigenvalue of J is `k mn < 1`.
    source : (float, float), optional
        Cosines of m and of n with the direction of a single shared noise, which then is the only
        noise. Private noise by default.

    Returns
    -------
    array (2,)
        From largest to smallest, in units of the variance that the noise gives without coupling.
        With private noise the other N - 2 eigenvalues are 1 and these are `1 + e±`, one on each
        side; with one source the others are 0.

    Raises
    ------
    InputError
        If the eigenvalue of J is at least 1, or no three directions have these cosines.

    References
    ----------
    Mastrogiuseppe, Carmona & Machens 2025.
    """
    k = check_number("strength", strength, at_least=0)
    rho = check_number("mn", mn)
    mu, nu = (0.0, 0.0) if source is None else (check_number("source", s) for s in source)
    gram = np.array([[1, rho, mu], [rho, 1, nu], [mu, nu, 1]])
    if np.linalg.eigvalsh(gram)[0] < -1e-12:
        raise InputError(
            f"mn is {mn} and source {source}: no directions have these cosines, give smaller ones"
        )
    growth = k * rho
    _check_stable(np.array([growth]))
    if source is None:
        alpha = k / (1 - growth)
        half = rho + alpha / 2
        root = np.sqrt(half**2 + 1 - rho**2)
        return 1 + k / (2 - growth) * np.array([half + root, half - root])
    alpha = k * nu / (2 - growth)
    beta = (k * nu) ** 2 / ((1 - growth) * (2 - growth))
    trace = 1 + 2 * alpha * mu + beta
    determinant = (1 - mu**2) * (beta - alpha**2)
    larger = (trace + np.sqrt(max(trace**2 - 4 * determinant, 0.0))) / 2
    # The quotient keeps the digits that the difference of trace and root would lose.
    return np.array([larger, determinant / larger])


def frequency_response(rnn: RNN, omega: ArrayLike) -> NDArray[np.complex128]:
    """How a linear low-rank network filters its inputs: from `u` to the latents kappa.

    `(1 + iω - Ω)⁻¹ (1/N) nᵀB / (1 + iω)` with `Ω = (1/N) nᵀm`. A random part leaves it unchanged as
    N → ∞, if it is independent of m, n and B.

    Parameters
    ----------
    rnn : RNN
        With nonlinearity "identity", low-rank or random-plus-low-rank connectivity, and inputs.
    omega : array (frequency,)
        Angular frequencies, in radians per tau.

    Returns
    -------
    complex array (frequency, rank, input)
        Response of the coordinates of `x` along the given m to `exp(iωt)` in each input.

    Raises
    ------
    InputError
        If the network is not linear, unstable, or has no inputs.
    """
    m, n = _linear_part(rnn)
    if rnn.inputs.shape[1] == 0:
        raise InputError("rnn has no inputs: give a network with input weights")
    s = 1 + 1j * check_array("omega", omega, ("frequency",), dtype=np.float64)[:, None, None]
    heard = n.T @ rnn.inputs.astype(np.float64) / len(n)
    overlap = n.T @ m / len(n)
    return np.asarray(np.linalg.solve(s * np.eye(len(overlap)) - overlap, heard / s))


def timescales(eigenvalues: ArrayLike) -> Array:
    """Effective time constants `1 / (1 - Re λ)`, in units of tau, of modes with eigenvalues λ.

    `λ` are eigenvalues of J, or of `J phi'` at a fixed point: `Spectrum.outliers`, for example.
    A mode with `Im λ` different from 0 turns at that angular frequency. The time constant is
    infinite for a line attractor and negative for a mode that grows.
    """
    remaining = 1 - np.real(np.asarray(eigenvalues, np.complex128))
    with np.errstate(divide="ignore"):
        return np.asarray(1 / np.abs(remaining) * np.where(remaining < 0, -1, 1))


def _linear_part(rnn: RNN) -> tuple[Array, Array]:
    """m and n of a stable linear network, or what is wrong with it."""
    if rnn.nonlinearity != "identity":
        raise InputError(
            f"nonlinearity is {rnn.nonlinearity!r}: give a linear network, for example"
            ' rnn.replace(nonlinearity="identity")'
        )
    low_rank = structured_part(rnn.connectivity)
    if low_rank is None:
        raise InputError(f"connectivity is {rnn.connectivity.kind}: give one with loadings m and n")
    if isinstance(rnn.connectivity, RandomPlusLowRank) and rnn.connectivity.g >= 1:
        raise InputError(
            f"g is {rnn.connectivity.g}: give less than 1, where the linear network becomes"
            " unstable"
        )
    m, n = low_rank.m.astype(np.float64), low_rank.n.astype(np.float64)
    _check_stable(np.linalg.eigvals(n.T @ m / len(m)))
    return m, n


def _check_stable(eigenvalues: NDArray[np.number]) -> None:
    largest = eigenvalues.real.max()
    if largest >= 1:
        raise InputError(
            f"the connectivity has an eigenvalue with real part {largest:.6g}, so activity grows"
            " without bound: give loadings for which it is below 1"
        )
