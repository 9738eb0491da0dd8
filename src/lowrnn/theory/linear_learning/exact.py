"""Learning a fixed point from no recurrent weights at all: the exact solution, of rank two."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import quad, solve_ivp
from scipy.optimize import brentq

from lowrnn.errors import InputError, check_array, check_number

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ExactSolution:
    """Course of learning from `W0 = 0`, for unit vectors `a` and `b` at right angles.

    What is learned is `W = [a b] block [a b]ᵀ` with `block = [[alpha, epsilon], [gamma, alpha]]`;
    one angle `theta` sets all of it, and grows from 0 to at most `THETA_MAX`.

    Attributes
    ----------
    zhat : float
        Target of the output.
    tau : array (time,)
        Learning time: learning rate times steps; may hold infinity.
    theta : array (time,)
        In radians; negative for a negative target.
    """

    zhat: float
    tau: Array
    theta: Array

    @property
    def alpha(self) -> Array:
        """Coefficient of `a aᵀ` and of `b bᵀ`: `1 - cos theta`, (time,)."""
        return np.asarray(1 - np.cos(self.theta))

    @property
    def epsilon(self) -> Array:
        """Coefficient of `a bᵀ`: `ln((1 + sin theta) / cos theta) - sin theta`, (time,)."""
        return _epsilon(self.theta)

    @property
    def gamma(self) -> Array:
        """Coefficient of `b aᵀ`, from input to output: `sin theta`, (time,)."""
        return np.asarray(np.sin(self.theta))

    @property
    def block(self) -> Array:
        """What is learned, in the frame of `a` and `b`, (time, 2, 2)."""
        alpha, epsilon, gamma = self.alpha, self.epsilon, self.gamma
        return np.stack([alpha, epsilon, gamma, alpha], axis=-1).reshape(-1, 2, 2)

    @property
    def z(self) -> Array:
        """Output of the settled network, (time,)."""
        return self.gamma / _determinant(self.theta)

    @property
    def loss(self) -> Array:
        """`(z - zhat)² / 2`, (time,)."""
        return np.asarray((self.z - self.zhat) ** 2 / 2)

    @property
    def singular_values(self) -> Array:
        """The two that are not 0, the larger first, (time, 2)."""
        return np.asarray(np.linalg.svd(self.block, compute_uv=False))

    @property
    def norm(self) -> Array:
        """Frobenius norm of what is learned, (time,)."""
        return np.asarray(np.sqrt((self.block**2).sum(axis=(1, 2))))

    @property
    def eigenvalues(self) -> Array:
        """The two that are not 0, `alpha ± √(epsilon gamma)`, the larger first, (time, 2)."""
        root = np.sqrt(self.epsilon * self.gamma)
        return np.stack([self.alpha + root, self.alpha - root], axis=1)

    def weights(self, a: ArrayLike, b: ArrayLike) -> Array:
        """The recurrent matrix of a network, (time, neuron, neuron).

        Parameters
        ----------
        a, b : array (neuron,)
            Directions of the input weights and of the readout, of any length.

        Raises
        ------
        InputError
            If the directions are not at right angles.
        """
        a = check_array("a", a, ("neuron",), dtype=np.float64)
        b = check_array("b", b, (len(a),), dtype=np.float64)
        frame = np.stack([a / np.linalg.norm(a), b / np.linalg.norm(b)], axis=1)
        cosine = float(frame[:, 0] @ frame[:, 1])
        if not abs(cosine) < 1e-9:
            raise InputError(
                f"a and b have the cosine {cosine:.3g}: give directions at right angles, or see"
                " gradient_flow for others"
            )
        return np.asarray(frame @ self.block @ frame.T)


def exact_solution(zhat: float, tau: ArrayLike) -> ExactSolution:
    """Gradient flow of the fixed-point task from `W0 = 0`, in closed form but for one angle.

    The network `x' = -x + W x + u` settles, its output is `z = vᵀ(1 - W)⁻¹ u`, and W follows the
    gradient of `(z - zhat)² / 2` (see `gradient_flow`), with `|u| |v| = 1` and `u` at right angles
    to `v`. Then `d theta / d tau = (zhat - z) cos theta / D²` with
    `D = det(1 - W) = cos² theta - epsilon sin theta`. Derived by this project for the task of
    Schuessler et al. 2020, who treat small targets.

    Parameters
    ----------
    zhat : float
        Target of the output.
    tau : float or array (time,)
        Learning times, at least 0 and not falling: learning rate times steps. Infinity asks for the
        final state, the root of `sin theta = zhat D`.

    Returns
    -------
    ExactSolution

    Raises
    ------
    InputError
        If `zhat` is not finite, or `tau` is negative or falls.
    """
    zhat = check_number("zhat", zhat)
    tau = np.atleast_1d(np.asarray(tau, np.float64))
    if tau.ndim != 1 or not (tau >= 0).all() or not (np.diff(tau[np.isfinite(tau)]) >= 0).all():
        raise InputError(f"tau is {tau}: give times of at least 0 that do not fall")
    theta = np.full(len(tau), _angle(zhat, 1.0))
    asked = np.isfinite(tau)
    if asked.any() and zhat:
        theta[asked] = _angles(zhat, tau[asked])
    return ExactSolution(zhat, tau, theta)


def learning_time(zhat: float, fraction: float = 0.05) -> float:
    """Learning time at which the loss has fallen to a fraction of its start, from `W0 = 0`.

    Parameters
    ----------
    zhat : float
        Target of the output, not 0.
    fraction : float
        Between 0 and 1.

    Raises
    ------
    InputError
        If `zhat` is 0 or `fraction` out of range.
    """
    size = abs(check_number("zhat", zhat))
    fraction = check_number("fraction", fraction, above=0)
    if size == 0 or fraction > 1:
        raise InputError(
            f"zhat is {zhat} and fraction {fraction}: give a target other than 0, and at most 1"
        )

    def slowness(theta: float) -> float:
        return 1 / float(_speed(size, np.asarray(theta)))

    return float(quad(slowness, 0, _angle(size, 1 - np.sqrt(fraction)), epsabs=1e-13)[0])


def _epsilon(theta: Array) -> Array:
    # arctanh(sin theta) is the logarithm, without loss of digits near 0.
    return np.asarray(np.arctanh(np.sin(theta)) - np.sin(theta))


def _determinant(theta: Array) -> Array:
    """`det(1 - W)`: the network diverges where it is 0."""
    return np.asarray(np.cos(theta) ** 2 - _epsilon(theta) * np.sin(theta))


#: Angle at which an eigenvalue of W reaches 1 and the output diverges.
THETA_MAX: float = brentq(lambda theta: float(_determinant(theta)), 0.5, 1.2, xtol=1e-15)


def _angle(zhat: float, share: float) -> float:
    """The angle at which the output is this share of its target."""
    wanted = abs(share * zhat)
    root = brentq(
        lambda theta: float(np.sin(theta) - wanted * _determinant(theta)), 0, THETA_MAX, xtol=1e-15
    )
    return float(np.copysign(root, share * zhat))


def _speed(zhat: float, theta: Array) -> Array:
    D = _determinant(theta)
    return np.asarray((zhat * D - np.sin(theta)) * np.cos(theta) / D**3)


def _angles(zhat: float, tau: Array) -> Array:
    """The angle at these times."""
    solution = solve_ivp(
        lambda _, theta: _speed(abs(zhat), theta),
        (0, max(tau[-1], 1e-300)),
        [0.0],
        method="LSODA",
        t_eval=np.unique(tau),
        rtol=1e-11,
        atol=1e-13,
    )
    # A last step of the solver may end beyond the end of learning, by rounding.
    theta = np.minimum(solution.y[0], _angle(abs(zhat), 1.0))
    return np.asarray(np.copysign(theta[np.searchsorted(np.unique(tau), tau)], zhat))
