"""The equations of many networks at once, and their solution by Newton's method."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lowrnn.errors import InputError
from lowrnn.theory.equations import Equations
from lowrnn.theory.fluctuating import Fluctuations

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

#: What differs from member to member.
COEFFICIENTS = ("mean_m", "mean_n", "mm", "nm", "mean_u", "mu_cov", "nu_cov", "uu")
#: Solutions violate their equations by less, relative to their size.
ACCURACY = 1e-9
SHARES = (1.0, 0.4, 0.1, 0.02)


class Stack(Equations):
    """Equations whose coefficients have a leading axis: one member for each row of (kappa, psi).

    The members share their nonlinearity, rank, and shares of populations.
    """

    def __init__(self, members: Sequence[Equations]) -> None:
        first = members[0]
        self.nonlinearity, self.rank, self.alpha = first.nonlinearity, first.rank, first.alpha
        for other in members:
            if other.nonlinearity != self.nonlinearity or other.rank != self.rank:
                raise InputError("the family changes nonlinearity or rank: keep both fixed")
            if other.alpha.shape != self.alpha.shape or (other.alpha != self.alpha).any():
                raise InputError("the family changes the weights of populations: keep them fixed")
        for name in COEFFICIENTS:
            setattr(self, name, np.stack([getattr(member, name) for member in members]))
        # With an axis for populations, over which it broadcasts.
        self.g: Any = np.array([[member.g] for member in members])
        self._largest = np.stack([member.largest_kappa for member in members])

    def take(self, rows: Indices) -> "Stack":
        """Some members, in the order of `rows`, which may repeat."""
        result: Stack = object.__new__(Stack)
        result.nonlinearity, result.rank, result.alpha = self.nonlinearity, self.rank, self.alpha
        for name in (*COEFFICIENTS, "g", "_largest"):
            setattr(result, name, getattr(self, name)[rows])
        return result

    @property
    def gains(self) -> Array:
        """g of each member, (member,)."""
        gains: Array = self.g[:, 0]
        return gains

    @property
    def odd(self) -> bool:
        """Whether the mirror image `-kappa` of every solution is one too."""
        driven = bool(self.mean_u.any() or self.mu_cov.any() or self.nu_cov.any())
        return self.nonlinearity in ("tanh", "erf", "identity") and not driven

    @property
    def largest_kappa(self) -> Array:
        largest: Array = self._largest
        return largest

    def stationary(self, y: Array) -> tuple[Array, Array]:
        """Conditions on stationary states `(kappa, psi)`, and their derivatives."""
        return self.map(y) - y, self.jacobian(y) - np.eye(y.shape[1])

    def chaotic(self, y: Array) -> tuple[Array, Array]:
        """Conditions on chaotic states `(kappa, psi0, psi_inf)`, and their derivatives."""
        return Fluctuations(self, 0.0).conditions(y)

    def stationary_outliers(self, y: Array) -> NDArray[np.complex128]:
        """Outliers of stationary states by falling real part, (member, rank + 1)."""
        matrix = self.jacobian(y)
        # Nothing varies from neuron to neuron: no first-order change of psi exists.
        matrix[~y.any(axis=1), -1] = 0.0
        return _sorted(np.linalg.eigvals(matrix))

    def chaotic_outliers(self, y: Array) -> tuple[NDArray[np.complex128], Array]:
        """Outliers of chaotic states, psi0 and psi_inf following kappa, (member, rank).

        And by how much their conditions are violated, (member, rank + 2).
        """
        residual, matrix = self.chaotic(y)
        follow = np.linalg.solve(matrix[:, -2:, -2:], -matrix[:, -2:, :-2])
        total = matrix[:, :-2, :-2] + matrix[:, :-2, -2:] @ follow + np.eye(self.rank)
        return _sorted(np.linalg.eigvals(total)), residual


def _sorted(values: NDArray[Any]) -> NDArray[np.complex128]:
    order = np.lexsort((values.imag, -values.real), axis=-1)
    return np.take_along_axis(values.astype(complex), order, axis=-1)


Conditions = Callable[[Stack, Array], tuple[Array, Array]]


def newton(
    stack: Stack, starts: Array, *, chaotic: bool = False, steps: int = 25
) -> tuple[Array, Array]:
    """Solutions near starts, one for each member, and the residual of each relative to its size.

    Where there is none the residual says so; it is NaN where activity grows without bound.
    """
    conditions: Conditions = Stack.chaotic if chaotic else Stack.stationary
    limit = _chaotic_limit if chaotic else _stationary_limit
    y = np.array(starts, np.float64)
    with np.errstate(all="ignore"):
        residual, matrix = conditions(stack, y)
        size = np.abs(residual).max(axis=1)
        resting = np.zeros(len(y), bool)
        for _ in range(steps):
            scale = 1 + np.abs(y).max(axis=1)
            active = np.flatnonzero((size > 1e-13 * scale) & np.isfinite(size) & ~resting)
            active = active[np.isfinite(matrix[active]).all(axis=(1, 2))]
            if not len(active):
                break
            inverse = np.linalg.pinv(matrix[active], rcond=1e-11)
            step = -np.einsum("iab,ib->ia", inverse, residual[active])
            excess = np.abs(step[:, : stack.rank]) / (1 + stack.largest_kappa[active])
            step /= np.maximum(1, excess.max(axis=1, keepdims=True))
            todo = np.arange(len(active))
            for share in SHARES:
                rows = active[todo]
                trial = limit(y[rows], y[rows] + share * step[todo])
                change, slope = conditions(stack.take(rows), trial)
                magnitude = np.abs(change).max(axis=1)
                better = magnitude < size[rows]
                # What is solved but for rounding rests; what is far off may at last go uphill.
                done = size[rows] < 0.1 * ACCURACY * scale[rows]
                better |= (share == SHARES[-1]) & ~done
                chosen = rows[better]
                y[chosen], residual[chosen] = trial[better], change[better]
                matrix[chosen], size[chosen] = slope[better], magnitude[better]
                resting[rows[done & ~better]] = True
                todo = todo[~better & ~done]
                if not len(todo):
                    break
    return y, size / (1 + np.abs(y).max(axis=1))


def _stationary_limit(before: Array, after: Array) -> Array:
    after[:, -1] = np.maximum(after[:, -1], 0)
    return after


def _chaotic_limit(before: Array, after: Array) -> Array:
    """Steps cut short where a variance would leave its range."""
    gap = after[:, -2] - after[:, -1]
    old = before[:, -2] - before[:, -1]
    after[:, -1] = np.maximum(after[:, -1], 0)
    after[:, -2] = after[:, -1] + np.clip(gap, 0.1 * old, 10 * old)
    return after
