"""Learning with noise and a large linear readout: noise is what turns activity away from it."""

from dataclasses import dataclass

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp

from lowrnn.errors import InputError, check_array, check_number

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class NoisyReadout:
    """Course of learning of the two-dimensional part of the weights that learning changes.

    Attributes
    ----------
    time : array (time,)
        Steps of gradient descent.
    M : array (time, 2, 2)
        Recurrent weights in the frame of the readout and of the part of the input weights at right
        angles to it; all others stay 0.
    bias : array (time,)
        Mean output less the target.
    variance : array (time,)
        Variance of the output.
    """

    time: Array
    M: Array
    bias: Array
    variance: Array

    @property
    def loss(self) -> Array:
        """`bias² + variance`, (time,)."""
        return np.asarray(self.bias**2 + self.variance)


def noisy_readout(
    time: ArrayLike, *, lr: float, neurons: int, overlap: float = 0.0, zhat: float = 1.0,
    noise_std: float = 1.0, start: ArrayLike | None = None,
) -> NoisyReadout:  # fmt: skip
    """Gradient flow of a noisy linear network with a linear readout, without random weights.

    `x' = -x + W x + w_in + √2 noise_std ξ` with readout `z = w·x`, `|w| = 1` and `|w_in| = √N`
    learns `⟨z⟩ = zhat`; the loss is `bias² + variance` of the stationary output, without a factor
    1/2 (Schuessler et al. 2024). From `W = 0` only a 2 x 2 block M of W ever changes, for
    `dL/dM = 2 bias p qᵀ + 2 P C`, where p and q are readout and input carried through the network
    and `(M - 1) C + C (M - 1)ᵀ = -2 noise_std²`, `(M - 1)ᵀ P + P (M - 1) = -w wᵀ`.

    Parameters
    ----------
    time : array (time,)
        Steps of gradient descent at which to look, at least 0 and rising.
    lr : float
        Learning rate. Rates of order 1/N learn the mean, and those of order 1 then reduce the
        noise; for the second phase, start from the first.
    neurons : int
        N.
    overlap : float
        `w·w_in` at most √N in size: of order 1 for directions that are unrelated.
    zhat : float
        Target of the output.
    noise_std : float
        Standard deviation that an uncoupled neuron settles to.
    start : array (2, 2), optional
        M at time 0; zero by default. Its eigenvalues have real parts below 1.

    Raises
    ------
    InputError
        If a number is out of range or the start unstable.
    """
    time = check_array("time", time, ("time",), dtype=np.float64)
    if time[0] < 0 or (np.diff(time) <= 0).any():
        raise InputError(f"time is {time}: give steps of at least 0 that rise")
    lr = check_number("lr", lr, above=0)
    neurons = int(check_number("neurons", neurons, at_least=2))
    overlap = check_number("overlap", overlap)
    if overlap**2 > neurons:
        raise InputError(f"overlap is {overlap}: give at most the root of {neurons} neurons")
    zhat = check_number("zhat", zhat)
    variance = check_number("noise_std", noise_std, at_least=0) ** 2
    first = np.zeros((2, 2)) if start is None else check_array("start", start, (2, 2))
    if np.linalg.eigvals(first).real.max() >= 1:
        raise InputError("start has an eigenvalue of real part 1 or more: give a stable M")
    w_in = np.array([overlap, np.sqrt(neurons - overlap**2)])

    def velocity(_: float, M: Array) -> Array:
        return -lr * _loss(M.reshape(2, 2), w_in, zhat, variance)[2].ravel()

    # Implicit, for the mean is learned some N times faster than the noise is reduced.
    solution = solve_ivp(
        velocity, (0, max(time[-1], 1e-300)), first.ravel(), method="LSODA", t_eval=time,
        rtol=1e-9, atol=1e-12,
    )  # fmt: skip
    M = solution.y.T.reshape(-1, 2, 2)
    course = [_loss(block, w_in, zhat, variance)[:2] for block in M]
    return NoisyReadout(time, M, *np.array(course).T)


def learned_mean(time: ArrayLike, lr: float, overlap: float, zhat: float) -> Array:
    """Leading order of the first phase: `√N M12 = (1 - exp(-2 lr t)) (zhat - overlap)`, (time,).

    Parameters
    ----------
    time : array (time,)
        Steps of gradient descent.
    lr : float
        N times the learning rate.
    overlap, zhat : float
        As for `noisy_readout`.
    """
    return np.asarray(-np.expm1(-2 * lr * np.asarray(time, np.float64)) * (zhat - overlap))


def suppressed_noise(time: ArrayLike, lr: float, noise_std: float) -> tuple[Array, Array]:
    """Leading order of the second phase: feedback along the readout, and variance of the output.

    `M11 = 1 - (1 + 3 noise_std² lr t)^(1/3)` and `noise_std² / (1 - M11)`; meanwhile
    `√N M12 = zhat (1 - M11) - overlap` keeps the mean.

    Parameters
    ----------
    time : array (time,)
        Steps of gradient descent.
    lr : float
        Learning rate.
    noise_std : float
        As for `noisy_readout`.

    Returns
    -------
    M11, variance : array (time,)
    """
    root = np.cbrt(1 + 3 * noise_std**2 * lr * np.asarray(time, np.float64))
    return np.asarray(1 - root), np.asarray(noise_std**2 / root)


def _loss(M: Array, w_in: Array, zhat: float, variance: float) -> tuple[float, float, Array]:
    """Bias and variance of the output, and the gradient of their loss."""
    A = M - np.eye(2)
    w = np.array([1.0, 0.0])
    q, p = -np.linalg.solve(A, w_in), -np.linalg.solve(A.T, w)
    C = scipy.linalg.solve_continuous_lyapunov(A, -2 * variance * np.eye(2))
    P = scipy.linalg.solve_continuous_lyapunov(A.T, -np.outer(w, w))
    bias = float(w @ q - zhat)
    return bias, float(w @ C @ w), 2 * bias * np.outer(p, q) + 2 * P @ C
