"""Gradient flow of a linear network that learns a fixed point, from any initial weights.

All that is ever learned lies in two small Krylov spaces: learning is solved there, at a cost that
does not grow with the network.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from lowrnn.errors import InputError, check_array, check_number

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

#: Real part of an eigenvalue from which on a network counts as about to become unstable.
UNSTABLE = 0.98
#: Dimension of the spaces of what is learned. Dimension k is first used at order k in time.
DEPTH = 16


@dataclass(frozen=True, eq=False)
class GradientFlow:
    """Course of learning under gradient flow: `W = W0 + left core rightᵀ`.

    Attributes
    ----------
    zhat : float
        Target of the output.
    tau : array (time,)
        Learning times that were reached.
    z : array (time,)
        Output of the settled network.
    W0 : array (neuron, neuron)
        Recurrent weights at time 0.
    left, right : array (neuron, rank)
        With orthonormal columns.
    core : array (time, rank, rank)
        What was learned, in terms of these.
    converged_at : float
        Learning time at which the loss first is 5 % of that at time 0; NaN if it never is.
    finished : bool
        Whether all times were reached: learning ends where a real eigenvalue of W reaches 0.98.
    """

    zhat: float
    tau: Array
    z: Array
    W0: Array
    left: Array
    right: Array
    core: Array
    converged_at: float
    finished: bool

    @property
    def loss(self) -> Array:
        """`(z - zhat)² / 2`, (time,)."""
        return np.asarray((self.z - self.zhat) ** 2 / 2)

    @property
    def delta(self) -> Array:
        """What was learned, `W - W0`, (time, neuron, neuron)."""
        return np.asarray(self.left @ self.core @ self.right.T)

    @property
    def singular_values(self) -> Array:
        """Of what was learned, from largest to smallest, (time, rank)."""
        return np.asarray(np.linalg.svd(self.core, compute_uv=False))

    @property
    def norm(self) -> Array:
        """Frobenius norm of what was learned, (time,)."""
        return np.asarray(np.sqrt((self.core**2).sum(axis=(1, 2))))

    def eigenvalues(self) -> Complex:
        """Of W, by falling real part, (time, neuron). Costs O(N³) for each time."""
        found = [np.linalg.eigvals(self.W0 + self.left @ core @ self.right.T) for core in self.core]
        return np.array([values[np.argsort(-values.real)] for values in found], complex)


def gradient_flow(
    W0: ArrayLike, u: ArrayLike, v: ArrayLike, zhat: float, tau: ArrayLike, *,
    tolerance: float = 1e-10,
) -> GradientFlow:  # fmt: skip
    """Learn a fixed point of a linear network by gradient flow.

    The network `x' = -x + W x + u` settles and its output is `z = vᵀ(1 - W)⁻¹ u`. The gradient of
    the loss `(z - zhat)² / 2` has rank one: `dW/dtau = (zhat - z) p qᵀ`, where
    `p = (1 - W)⁻ᵀ v` is the readout carried back through the network and `q = (1 - W)⁻¹ u` the
    input carried forward (Schuessler et al. 2020). With `B = (1 - W0)⁻¹`, p stays in the span of
    `Bᵀv, BᵀBu, BᵀBBᵀv, ...` and q in that of `Bu, BBᵀv, BBᵀBu, ...`; the first 16 of each are kept,
    which is exact to the tolerance. The path of W is the same for all targets on one side of the
    first output: the target sets how fast it is run through, and where it ends.

    Parameters
    ----------
    W0 : array (neuron, neuron)
        Initial recurrent weights, with all real parts of eigenvalues below 0.98.
    u : array (neuron,)
        Input weights: in an `RNN`, its column of `inputs`.
    v : array (neuron,)
        Readout of the state: in an `RNN`, its column of `readout` divided by N.
    zhat : float
        Target of the output.
    tau : array (time,)
        Learning times at which to look, at least 0 and rising: learning rate times steps.
    tolerance : float
        Relative tolerance of the solver; the absolute one is a thousandth of it.

    Returns
    -------
    GradientFlow

    Raises
    ------
    InputError
        If shapes disagree, a number is out of range, or W0 is unstable.
    """
    W0 = check_array("W0", W0, ("neuron", "neuron"), dtype=np.float64)
    neurons = len(W0)
    if W0.shape[1] != neurons:
        raise InputError(f"W0 has shape {W0.shape}: give a square matrix")
    u = check_array("u", u, (neurons,), dtype=np.float64)
    v = check_array("v", v, (neurons,), dtype=np.float64)
    if not (u.any() and v.any()):
        raise InputError("u or v is 0 in all neurons: give an input and a readout")
    zhat = check_number("zhat", zhat)
    tau = check_array("tau", tau, ("time",), dtype=np.float64)
    tolerance = check_number("tolerance", tolerance, above=0)
    if tau[0] < 0 or (np.diff(tau) <= 0).any():
        raise InputError(f"tau is {tau}: give learning times of at least 0 that rise")
    largest = np.linalg.eigvals(W0).real.max()
    if largest >= UNSTABLE:
        raise InputError(
            f"W0 has an eigenvalue with real part {largest:.4g}: give initial weights with all"
            f" below {UNSTABLE}"
        )
    factors = scipy.linalg.lu_factor(np.eye(neurons) - W0)
    left, right = _spaces(factors, u, v)
    forward = scipy.linalg.lu_solve(factors, np.column_stack([u, left]))
    heard, through = right.T @ forward[:, 0], right.T @ forward[:, 1:]
    first, read = v @ forward[:, 0], v @ forward[:, 1:]
    near = right.T @ np.linalg.solve(UNSTABLE * np.eye(neurons) - W0, left)
    shape = (left.shape[1], right.shape[1])

    def carried(core: Array) -> tuple[Array, Array]:
        """p and q in terms of the two bases."""
        p = np.linalg.solve(np.eye(shape[0]) - (core @ through).T, read)
        q = np.linalg.solve(np.eye(shape[1]) - through @ core, heard)
        return np.asarray(p), np.asarray(q)

    # The error `zhat - z` is exp(-y) times that at time 0. Against y nothing is stiff, although the
    # output approaches its target fast and the time at which it does so is unknown.
    def velocity(y: float, state: Array) -> Array:
        p, q = carried(state[:-1].reshape(shape))
        gain = (p @ p) * (q @ q)
        return np.append(((zhat - first) * np.exp(-y) / gain) * np.outer(p, q), 1 / gain)

    def over(y: float, state: Array) -> float:
        return float(state[-1] - tau[-1])

    def unstable(y: float, state: Array) -> float:
        # The determinant of 0.98 - W, relative to that for W0.
        return float(np.linalg.det(np.eye(shape[1]) - near @ state[:-1].reshape(shape)))

    over.terminal = unstable.terminal = True  # type: ignore[attr-defined]
    # Any, for the type stubs of scipy do not know what was asked of it.
    course: Any = solve_ivp(
        velocity, (0, np.inf), np.zeros(shape[0] * shape[1] + 1), method="DOP853",
        events=[over, unstable], dense_output=True, rtol=tolerance, atol=tolerance / 1000,
    )  # fmt: skip
    end, finished = float(course.t[-1]), course.t_events[1].size == 0
    reached = tau if finished else tau[tau <= course.y[-1, -1]]
    states = [course.sol(_when(course.sol, time, end)) for time in reached]
    core = np.array([state[:-1].reshape(shape) for state in states]).reshape(-1, *shape)
    converged = np.log(20) / 2 if zhat != first else np.inf
    return GradientFlow(
        zhat=zhat,
        tau=reached,
        z=np.array([first + read @ learned @ carried(learned)[1] for learned in core]),
        W0=W0,
        left=left,
        right=right,
        core=core,
        converged_at=float(course.sol(converged)[-1]) if converged <= end else np.nan,
        finished=finished,
    )


def _when(solution: Callable[[float], Array], time: float, end: float) -> float:
    """The y of a learning time, between 0 and the end, which rounding may put before that time."""
    if time == 0:
        return 0.0
    if solution(end)[-1] <= time:
        return end
    return float(brentq(lambda y: solution(y)[-1] - time, 0, end, xtol=1e-13))


def _spaces(factors: tuple[Array, NDArray[np.int32]], u: Array, v: Array) -> tuple[Array, Array]:
    """Orthonormal bases of the readout carried back, and of the input carried forward."""
    left, right = np.zeros((len(u), 0)), np.zeros((len(u), 0))
    back, ahead = v, u
    for _ in range(min(DEPTH, len(u))):
        new_left = _remainder(left, scipy.linalg.lu_solve(factors, back, trans=1))
        new_right = _remainder(right, scipy.linalg.lu_solve(factors, ahead))
        if not (new_left.any() or new_right.any()):
            break
        left = np.column_stack([left, new_left]) if new_left.any() else left
        right = np.column_stack([right, new_right]) if new_right.any() else right
        back, ahead = new_right, new_left
    return left, right


def _remainder(basis: Array, vector: Array) -> Array:
    """The direction that a vector adds to an orthonormal basis; 0 if it adds none."""
    size = np.linalg.norm(vector)
    # Twice is enough for orthogonality to rounding.
    for _ in range(2):
        vector = vector - basis @ (basis.T @ vector)
    rest = np.linalg.norm(vector)
    return vector / rest if rest > 1e-10 * size else np.zeros_like(vector)
