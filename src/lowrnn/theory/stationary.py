"""All stationary states: Newton's method from many starts at once."""

import itertools

import numpy as np
from numpy.typing import NDArray

from lowrnn.errors import ConvergenceError
from lowrnn.theory.equations import Equations
from lowrnn.theory.state import NEUTRAL, State

Array = NDArray[np.float64]

#: A solution violates its equations by less.
ACCURACY = 1e-10
#: Two solutions are the same if they differ by less, as far as rounding allows near a fold.
SAME = 1e-6
#: What is smaller is what rounding leaves of 0.
ROUNDING = 1e-12
NEWTON_STEPS = 60
#: A start need not have more variance: quadrature would take longer for no more states.
LARGEST_START = 1e3


def stationary_states(equations: Equations, starts: Array | None = None) -> list[State]:
    """Every stationary state that Newton's method finds, by falling kappa.

    Parameters
    ----------
    equations : Equations
        What has to hold.
    starts : array (start, rank + 1), optional
        Where to begin, `(kappa, psi)`; by default a grid that covers all possible latents for
        rank 1 and 2, and random directions beyond. Of a continuous attractor one state stands for
        all.

    Raises
    ------
    ConvergenceError
        If no start leads to a solution; the sentence gives the best residual.
    """
    found = newton(equations, default_starts(equations) if starts is None else starts)
    residuals = np.abs(equations.map(found) - found).max(axis=-1)
    scale = 1 + np.abs(found).max(axis=-1)
    with np.errstate(invalid="ignore"):
        good = (residuals < ACCURACY * scale) & (found[:, -1] >= 0)
    if not good.any():
        best = np.nanmin(residuals, initial=np.inf)
        raise ConvergenceError(
            f"no stationary state was found (the best residual is {best:.2g}): activity may grow"
            " without bound, so lower the gain or use a nonlinearity that saturates"
        )
    states: list[State] = []
    for y in found[good]:
        state = describe(equations, y)
        if not any(same(state, other) for other in states):
            states.append(state)
    return sorted(states, key=lambda state: tuple(-np.round(state.kappa, 9)))


def newton(equations: Equations, starts: Array) -> Array:
    """Solutions near the starts, one for each; where there is none, whatever was reached.

    Steps are shortened where they would not bring the residual down, and never exceed the size
    that the latents can have.
    """
    y = np.array(starts, np.float64)
    largest = 1 + np.append(equations.largest_kappa, equations.g**2)
    residual = equations.map(y) - y
    size = np.abs(residual).max(axis=-1)
    identity = np.eye(y.shape[-1])
    for _ in range(NEWTON_STEPS):
        active = np.flatnonzero((size > 1e-14 * (1 + np.abs(y).max(axis=-1))) & np.isfinite(size))
        if not len(active):
            break
        matrix = identity - equations.jacobian(y[active])
        # Near a fold or a continuous attractor the matrix is singular: the shortest step then.
        step = np.einsum("...ij,...j->...i", np.linalg.pinv(matrix, rcond=1e-11), residual[active])
        step *= np.minimum(1, largest / np.maximum(np.abs(step), 1e-300)).min(-1, keepdims=True)
        improved = np.zeros(len(active), bool)
        for shorter in (1.0, 0.5, 0.2, 0.05, 0.01):
            todo = np.flatnonzero(~improved)
            if not len(todo):
                break
            trial = y[active[todo]] + shorter * step[todo]
            trial[:, -1] = np.maximum(trial[:, -1], 0)
            change = equations.map(trial) - trial
            magnitude = np.abs(change).max(axis=-1)
            # The last resort may go uphill: it leaves regions from which no short step helps.
            better = (magnitude < size[active[todo]]) | (shorter == 0.01)
            chosen = active[todo[better]]
            y[chosen], residual[chosen], size[chosen] = (
                trial[better],
                change[better],
                magnitude[better],
            )
            improved[todo[better]] = True
    return y


def default_starts(equations: Equations) -> Array:
    """Latents all over where they can be, each with little and with much random variance."""
    rank = equations.rank
    saturates = equations.nonlinearity in ("tanh", "erf")
    reach = np.maximum(equations.largest_kappa, 1e-3) * (1.05 if saturates else 8.0)
    if rank <= 2:
        ticks = np.linspace(-1, 1, 33 if rank == 1 else 9)
        # Finer towards zero, where branches bifurcate.
        ticks = np.sign(ticks) * np.abs(ticks) ** 1.5
        kappa = np.array(list(itertools.product(ticks, repeat=rank)))
    else:
        rng = np.random.default_rng(0)
        direction = rng.standard_normal((48 * rank, rank))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        kappa = np.concatenate([np.zeros((1, rank)), direction * rng.random((len(direction), 1))])
    kappa = kappa * reach
    if equations.g == 0:
        return np.column_stack([kappa, np.zeros(len(kappa))])
    # For relu and its like, psi has no bound: g² is only its order of magnitude.
    high = np.full(len(kappa), equations.g**2)
    for _ in range(10):
        high = np.minimum(equations.variance(kappa, high), LARGEST_START)
    both = [np.column_stack([kappa, psi]) for psi in (high, np.zeros(len(kappa)))]
    return np.concatenate(both)


def describe(equations: Equations, y: Array) -> State:
    """The state at a solution `y = (kappa, psi)`."""
    y = np.where(np.abs(y) < ROUNDING, 0.0, y)
    kappa, psi = y[:-1], float(y[-1])
    jacobian = equations.jacobian(y)
    if not y.any():
        # Nothing varies from neuron to neuron, so no first-order change of psi exists.
        jacobian = jacobian[:-1, :-1]
    outliers = np.linalg.eigvals(jacobian).astype(complex)
    delta = equations.structured_variance(kappa) + psi
    return State(
        kappa=kappa,
        mu=equations.mean(kappa),
        psi0=psi,
        psi_inf=psi,
        delta0=delta,
        delta_inf=delta,
        bulk_radius=float(equations.bulk_radius(kappa, psi)),
        outliers=outliers[np.lexsort((outliers.imag, -outliers.real))],
        z=equations.readout(kappa, psi),
        residual=float(np.abs(equations.map(y) - y).max()),
    )


def same(one: State, other: State) -> bool:
    """Whether two solutions are one, or belong to one continuous attractor."""
    near = max(1.0, float(np.abs(one.kappa).max()))
    close = NEUTRAL**0.5 if one.neutral and other.neutral else SAME
    if np.abs(np.append(one.kappa - other.kappa, one.psi0 - other.psi0)).max() < close * near:
        return True
    if not (one.neutral and other.neutral):
        return False
    along = np.concatenate([one.mu - other.mu, one.delta0 - other.delta0])
    return bool(np.abs(along).max() < close * near)
