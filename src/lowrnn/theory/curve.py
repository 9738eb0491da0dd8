"""A curve of states along a parameter: predictor, corrector, and the curve itself step by step."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lowrnn.theory.equations import Equations
from lowrnn.theory.fluctuating import Fluctuations, start_of
from lowrnn.theory.state import State
from lowrnn.theory.stationary import describe

Array = NDArray[np.float64]
Family = Callable[..., Equations]

#: A point on the curve violates its equations by less, where rounding allows, and always by less.
ACCURACY, ENOUGH = 1e-14, 1e-10
CORRECTIONS = 10
#: Step of the derivative by the parameter, in shares of its range.
DIFFERENCE = 1e-5
#: A direction in which the equations change less, relative to others, is left alone: only rounding
#: would move the point along it.
NEUTRAL = 1e-8
#: A branch ends where even a step of this length fails.
SHORTEST = 1e-5
#: Cosine of the largest angle between neighbouring tangents: no step shall jump to another curve.
BENDING = 0.93


@dataclass(frozen=True)
class System:
    """What the unknowns y of a kind of state are, and which equations they obey."""

    residual: Callable[[Equations, Array], Array]
    jacobian: Callable[[Equations, Array], Array]
    describe: Callable[[Equations, Array], State]
    unknowns: Callable[[State], Array]
    #: Whether its variances make sense.
    allowed: Callable[[Array], bool]


def _stationary_jacobian(equations: Equations, y: Array) -> Array:
    return equations.jacobian(y) - np.eye(len(y))


#: Stationary states, y = (kappa, psi).
STATIONARY = System(
    residual=lambda equations, y: equations.map(y) - y,
    jacobian=_stationary_jacobian,
    describe=describe,
    unknowns=lambda state: np.append(state.kappa, state.psi0),
    allowed=lambda y: bool(y[-1] >= -1e-9),
)


def _rows(equations: Equations, y: Array) -> tuple[Array, Array]:
    return Fluctuations(equations, 0.0).conditions(y)


#: Chaotic states, y = (kappa, psi0, psi_inf). Their branches end at the onset of chaos.
CHAOTIC = System(
    residual=lambda equations, y: _rows(equations, y)[0],
    jacobian=lambda equations, y: _rows(equations, y)[1],
    describe=lambda equations, y: Fluctuations(equations, 0.0).describe(y),
    unknowns=start_of,
    allowed=lambda y: bool(y[-2] - y[-1] > 1e-9 and y[-1] > -1e-9),
)


class Curve:
    """The states of a family in coordinates of order 1: `Y = (y / size, t)`.

    t runs from 0 to 1 while the parameter runs from `start` to `stop`.
    """

    def __init__(
        self, family: Family, name: str, start: float, stop: float, system: System, size: float
    ) -> None:
        self.family, self.name, self.start, self.stop = family, name, start, stop
        self.system, self.size = system, size

    @property
    def chaotic(self) -> bool:
        """Whether its states are chaotic."""
        return self.system is CHAOTIC

    def value(self, Y: Array) -> float:
        """The parameter at a point."""
        return float(self.start + Y[-1] * (self.stop - self.start))

    def equations(self, value: float) -> Equations:
        """The equations at a value of the parameter."""
        return self.family(**{self.name: value})

    def point(self, state: State, value: float) -> Array:
        """The point of a state."""
        t = (value - self.start) / (self.stop - self.start)
        return np.append(self.system.unknowns(state) / self.size, t)

    def state(self, Y: Array) -> State:
        """The state at a point."""
        return self.system.describe(self.equations(self.value(Y)), Y[:-1] * self.size)

    def residual(self, Y: Array) -> Array:
        """By how much the equations are violated, (unknown,)."""
        return self.system.residual(self.equations(self.value(Y)), Y[:-1] * self.size)

    def jacobian(self, Y: Array) -> Array:
        """Derivatives of `residual`, (unknown, unknown + 1)."""
        by_y = self.system.jacobian(self.equations(self.value(Y)), Y[:-1] * self.size) * self.size
        # One-sided at the ends of the range, beyond which the family may not exist.
        ends = np.clip([Y[-1] - DIFFERENCE, Y[-1] + DIFFERENCE], 0, 1)
        low, high = (self.residual(np.append(Y[:-1], t)) for t in ends)
        return np.column_stack([by_y, (high - low) / (ends[1] - ends[0])])

    def tangent(self, Y: Array, along: Array, jacobian: Array | None = None) -> Array:
        """The unit tangent at a point that has a positive component along a direction."""
        bordered = np.vstack([self.jacobian(Y) if jacobian is None else jacobian, along])
        right = np.append(np.zeros(len(Y) - 1), 1.0)
        found = np.linalg.lstsq(bordered, right, rcond=NEUTRAL)[0]
        # Where all directions are neutral, straight on.
        unit: Array = (
            found / np.linalg.norm(found) if found.any() else along / np.linalg.norm(along)
        )
        return unit

    def correct(self, guess: Array, along: Array) -> Array | None:
        """The point of the curve in the plane through a guess, across a direction, if there is one.

        Newton's method; along the parameter's own axis it solves at a fixed parameter.
        """
        Y, before = guess.copy(), np.inf
        for _ in range(CORRECTIONS):
            if not 0 <= Y[-1] <= 1 or not np.isfinite(Y).all():
                return None
            residual = self.residual(Y)
            left = np.abs(residual).max() / (1 + np.abs(Y[:-1]).max() * self.size)
            if left < ACCURACY or (left < ENOUGH and left > 0.3 * before):
                return Y if self.system.allowed(Y[:-1] * self.size) else None
            bordered = np.vstack([self.jacobian(Y), along])
            # At a branch point, and on a continuous attractor, it is singular: the shortest step.
            error = np.append(residual, along @ (Y - guess))
            step = np.linalg.lstsq(bordered, error, rcond=NEUTRAL)[0]
            if np.linalg.norm(step) > 1:
                return None
            Y, before = Y - step, left
            if not along[:-1].any():
                # Rounding must not push a fixed parameter over the end of its range.
                Y[-1] = guess[-1]
        return None

    def follow(self, Y: Array, direction: Array, longest: float, most: int) -> list[Array]:
        """Points from Y on, in a direction, until the range ends or the curve does.

        Steps are at most `longest` in the coordinates of Y. The first point is not repeated.
        """
        points: list[Array] = []
        tangent = self.tangent(Y, direction)
        length = longest
        while len(points) < most:
            guess = Y + length * tangent
            last = not 0 <= guess[-1] <= 1
            if last:
                # To the end of the range exactly.
                end = float(guess[-1] > 1)
                share = (end - Y[-1]) / (guess[-1] - Y[-1])
                guess = np.append(Y[:-1] + share * length * tangent[:-1], end)
                if share <= 0:
                    break
            axis = np.append(np.zeros(len(Y) - 1), 1.0) if last else tangent
            found = self.correct(guess, axis)
            if found is not None and np.linalg.norm(found - Y) <= 2 * length:
                turned = self.tangent(found, tangent)
                if turned @ tangent > BENDING or length < 100 * SHORTEST:
                    points.append(found)
                    if last:
                        break
                    Y, tangent = found, turned
                    length = min(1.5 * length, longest)
                    if self._closed(points):
                        break
                    continue
            length /= 2
            if length < SHORTEST:
                break
        return points

    @staticmethod
    def _closed(points: list[Array]) -> bool:
        """Whether the curve has come back to its first point."""
        if len(points) < 4:
            return False
        step = float(np.linalg.norm(points[1] - points[0]))
        return bool(np.linalg.norm(points[-1] - points[0]) < 0.5 * step)
