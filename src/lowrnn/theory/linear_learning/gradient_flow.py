"""Gradient flow of a linear network that learns a fixed point, from any initial weights."""

from dataclasses import dataclass

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp

from lowrnn.errors import InputError, check_array, check_number

Array = NDArray[np.float64]

#: Real part of an eigenvalue from which on a network counts as about to become unstable.
UNSTABLE = 0.98


@dataclass(frozen=True, eq=False)
class GradientFlow:
    """Course of learning under gradient flow, at chosen times.

    Attributes
    ----------
    zhat : float
        Target of the output.
    tau : array (time,)
        Learning times that were reached.
    z : array (time,)
        Output of the settled network.
    delta : array (time, neuron, neuron)
        What was learned: `W - W0`.
    largest_real : array (time,)
        Largest real part of the eigenvalues of W.
    converged_at : float
        Learning time at which the loss first is 5 % of its start; NaN if it never is.
    """

    zhat: float
    tau: Array
    z: Array
    delta: Array
    largest_real: Array
    converged_at: float

    @property
    def loss(self) -> Array:
        """`(z - zhat)² / 2`, (time,)."""
        return np.asarray((self.z - self.zhat) ** 2 / 2)

    @property
    def singular_values(self) -> Array:
        """Of what was learned, from largest to smallest, (time, neuron)."""
        return np.linalg.svd(self.delta, compute_uv=False)

    @property
    def stable(self) -> bool:
        """Whether all eigenvalues of W kept their real parts below 0.98."""
        return bool(self.largest_real[-1] <= UNSTABLE)


def gradient_flow(
    W0: ArrayLike, u: ArrayLike, v: ArrayLike, zhat: float, tau: ArrayLike, *,
    tolerance: float = 1e-9,
) -> GradientFlow:  # fmt: skip
    """Learn a fixed point of a linear network by gradient flow.

    The network `x' = -x + W x + u` settles and its output is `z = vᵀ(1 - W)⁻¹ u`. The gradient of
    the loss `(z - zhat)² / 2` has rank one: `dW/dtau = (zhat - z) p qᵀ`, where
    `p = (1 - W)⁻ᵀ v` is the readout carried back through the network and `q = (1 - W)⁻¹ u` the
    input carried forward (Schuessler et al. 2020). Learning ends early once an eigenvalue of W has
    a real part above 0.98. Each step costs O(N³).

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
        At the times that were reached; its `delta` holds a matrix for each.

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
    zhat = check_number("zhat", zhat)
    tau = check_array("tau", tau, ("time",), dtype=np.float64)
    tolerance = check_number("tolerance", tolerance, above=0)
    if tau[0] < 0 or (np.diff(tau) <= 0).any():
        raise InputError(f"tau is {tau}: give learning times of at least 0 that rise")
    reached, largest = _largest_real(W0), np.zeros(0)
    if reached > UNSTABLE:
        raise InputError(
            f"W0 has an eigenvalue with real part {reached:.4g}: give initial weights with all"
            f" below {UNSTABLE}"
        )
    identity = np.eye(neurons)

    def respond(delta: Array) -> tuple[Array, Array]:
        factors = scipy.linalg.lu_factor(identity - W0 - delta.reshape(W0.shape))
        return (
            np.asarray(scipy.linalg.lu_solve(factors, v, trans=1)),
            np.asarray(scipy.linalg.lu_solve(factors, u)),
        )

    def velocity(_: float, delta: Array) -> Array:
        p, q = respond(delta)
        return np.outer((zhat - v @ q) * p, q).ravel()

    first = abs(zhat - v @ respond(np.zeros(neurons**2))[1])

    def converged(_: float, delta: Array) -> float:
        return float(abs(zhat - v @ respond(delta)[1]) - np.sqrt(0.05) * first)

    now, delta, converged_at = 0.0, np.zeros(neurons**2), np.nan
    deltas, outputs = [], []
    for until in tau:
        if until > now:
            watched = [converged] if np.isnan(converged_at) and first else None
            solution = solve_ivp(
                velocity, (now, until), delta, method="DOP853", t_eval=[until], events=watched,
                rtol=tolerance, atol=tolerance / 1000,
            )  # fmt: skip
            now, delta = float(until), solution.y[:, -1]
            if watched and solution.t_events[0].size:
                converged_at = float(solution.t_events[0][0])
        deltas.append(delta.reshape(W0.shape))
        outputs.append(v @ respond(delta)[1])
        largest = np.append(largest, _largest_real(W0 + deltas[-1]))
        if largest[-1] > UNSTABLE:
            break
    return GradientFlow(
        zhat, tau[: len(deltas)], np.array(outputs), np.array(deltas), largest, converged_at
    )


def _largest_real(W: Array) -> float:
    return float(np.linalg.eigvals(W).real.max())
