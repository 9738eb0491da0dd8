"""Where the states of a branch are born, die, or lose their stability."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from lowrnn.theory.continuation import Branch
from lowrnn.theory.curve import Curve
from lowrnn.theory.state import State

Array = NDArray[np.float64]

#: A test that stays below this means nothing: the branch is neutral throughout.
SILENT = 1e-7
#: Two points of one kind are the same if their parameters and latents differ by less.
SAME_VALUE, SAME_LATENT = 1e-5, 1e-2
#: Kinds where an outlier is 1.
STEADY = ("fold", "pitchfork", "transcritical")


@dataclass(frozen=True, eq=False)
class Bifurcation:
    """A point where states change in kind.

    Attributes
    ----------
    kind : {"fold", "pitchfork", "transcritical", "hopf", "chaos-onset"}
        At a fold two states meet and vanish. At a pitchfork a pair of states leaves a symmetric
        one, at a transcritical point two branches cross: in all three an outlier is 1. At a Hopf
        point a pair of complex outliers has real part 1. At the onset of chaos the bulk radius of a
        stationary state is 1.
    name : str
        The parameter.
    value : float
        Its critical value.
    state : State
        The state there. The branch of structured chaos ends where `state.chaotic`: at a pitchfork
        without input, at a fold otherwise.
    residual : float
        By how much the test of the bifurcation misses 0; `state.residual` says the same of the
        equations.
    """

    kind: str
    name: str
    value: float
    state: State
    residual: float

    def __repr__(self) -> str:
        return f"Bifurcation({self.kind} at {self.name} = {self.value:.8g}, {self.state.kind})"

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for JSON."""
        return {
            "kind": self.kind,
            "name": self.name,
            "value": self.value,
            "residual": self.residual,
            "state": self.state.to_dict(),
        }


def bifurcations(branches: Branch | Iterable[Branch]) -> list[Bifurcation]:
    """All bifurcations of some branches, by value of the parameter.

    Each is bracketed between two points of a branch and then solved along its arclength, to better
    than 1e-8 in the parameter. At a pitchfork this takes the branch that goes straight through.
    """
    candidates: list[tuple[float, Bifurcation]] = []
    for branch in [branches] if isinstance(branches, Branch) else branches:
        candidates += _of_branch(branch)
    found: list[Bifurcation] = []
    for _, each in sorted(candidates, key=lambda candidate: -candidate[0]):
        if not any(_same(each, other) for other in found):
            found.append(each)
    return sorted(found, key=lambda each: (each.value, tuple(-each.state.kappa)))


def _of_branch(branch: Branch) -> Iterable[tuple[float, Bifurcation]]:
    """The bifurcations of one branch, each with how straight the branch goes through."""
    curve, points = branch.curve, branch.points
    chords = np.diff(points, axis=0)
    along = np.concatenate([chords, chords[-1:]])
    tests = [_tests(curve, Y, d) for Y, d in zip(points, along, strict=True)]
    for i, chord in enumerate(chords):
        before, after = tests[i], tests[i + 1]
        # A zero counts as positive, so that one which falls on a point is found once.
        changed = [kind for kind in before if (before[kind] < 0) != (after[kind] < 0)]
        if "fold" in changed and "crossing" in changed:
            # The branch that turns around at a pitchfork: its turning locates it best.
            changed.remove("crossing")
        for kind in changed:
            if max(abs(before[kind]), abs(after[kind])) < SILENT:
                continue
            solved = _solve(curve, points[i], chord, kind)
            if solved is None:
                continue
            Y, residual = solved
            state = curve.state(Y)
            straight = abs(float(curve.tangent(Y, chord)[-1]))
            name: str | None = kind
            if kind == "fold" and (before["crossing"] < 0) != (after["crossing"] < 0):
                name = "pitchfork"
            elif kind == "crossing":
                name = _name_crossing(curve, Y, state)
            elif kind == "hopf" and not _rotates(state):
                name = None
            if name is not None:
                value = curve.value(Y)
                yield straight, Bifurcation(name, curve.name, value, state, abs(residual))


def _tests(curve: Curve, Y: Array, along: Array) -> dict[str, float]:
    """What changes sign at each kind of bifurcation."""
    jacobian = curve.jacobian(Y)
    tangent = curve.tangent(Y, along, jacobian)
    matrix = np.vstack([jacobian, tangent])
    tests = {
        # The parameter turns around.
        "fold": float(tangent[-1]),
        # Another branch crosses: the determinant changes sign, which it keeps at folds. It may be
        # tiny throughout, as near the onset of chaos, where the smallest singular value is not.
        "crossing": float(
            np.sign(np.linalg.det(matrix)) * np.linalg.svd(matrix, compute_uv=False)[-1]
        ),
    }
    if not curve.chaotic:
        state = curve.state(Y)
        means = [0.5 * (a + b) for a, b in combinations(state.outliers, 2)]
        tests["hopf"] = float(np.real(np.prod(np.subtract(means, 1))))
        tests["chaos-onset"] = state.bulk_radius - 1
    return tests


def _solve(curve: Curve, origin: Array, chord: Array, kind: str) -> tuple[Array, float] | None:
    """The zero of a test between two points of a curve, if it can be reached."""
    along = chord / np.linalg.norm(chord)
    reached = origin

    def at(share: float) -> float:
        nonlocal reached
        Y = curve.correct(origin + share * chord, along)
        if Y is None:
            raise ArithmeticError
        reached = Y
        return _tests(curve, Y, along)[kind]

    try:
        residual = at(float(brentq(at, 0.0, 1.0, xtol=1e-14, rtol=1e-14)))
    except (ArithmeticError, ValueError):
        return None
    return reached, residual


def _rotates(state: State) -> bool:
    """Whether a pair of outliers is complex with real part 1, not two real ones around it."""
    rotating = state.outliers[np.abs(state.outliers.imag) > 1e-6]
    return bool(len(rotating) and np.abs(rotating.real - 1).min() < 1e-6)


def _name_crossing(curve: Curve, Y: Array, state: State) -> str | None:
    """Pitchfork or transcritical, from the curvature along the crossing branch.

    None if what crosses is a variance leaving 0: that is the onset of chaos, reported as such.
    """
    left, _, right = np.linalg.svd(curve.jacobian(Y)[:, :-1])
    across, test = np.append(right[-1], 0.0), left[:, -1]
    if state.psi0 < 1e-6 and np.abs(across[: len(state.kappa)]).max() < 1e-3:
        return None
    step = 1e-3
    both = curve.residual(Y + step * across) + curve.residual(Y - step * across)
    curvature = (both - 2 * curve.residual(Y)) @ test / step**2
    return "pitchfork" if abs(curvature) < 1e-3 else "transcritical"


def _same(one: Bifurcation, other: Bifurcation) -> bool:
    """Whether two are one; several kinds with an outlier of 1 cannot be at one point."""
    kinds = one.kind == other.kind or {one.kind, other.kind} <= set(STEADY)
    near = abs(one.value - other.value) < SAME_VALUE * (1 + abs(one.value))
    latents = np.abs(one.state.kappa - other.state.kappa).max() < SAME_LATENT
    return kinds and near and bool(latents) and one.state.chaotic == other.state.chaotic
