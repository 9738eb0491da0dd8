"""Where the latents can come to rest, and what happens nearby."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from lowrnn.analysis.flow import Array, LatentFlow
from lowrnn.analysis.piecewise_linear import relu_fixed_points
from lowrnn.errors import InputError
from lowrnn.networks import RNN

#: Two solutions closer than this are one.
SAME = 1e-4
#: A real part of an eigenvalue smaller than this decides nothing about stability.
MARGINAL = 1e-6

# Far out every phi follows a straight line on either side: its slope on the left, on the right, and
# the largest distance of phi from the two lines through the origin. This bounds all fixed points.
_FAR = MappingProxyType(
    {
        "tanh": (0.0, 0.0, 1.0),
        "erf": (0.0, 0.0, 1.0),
        "relu": (0.0, 1.0, 0.0),
        "softplus": (0.0, 1.0, np.log(2.0)),
        "identity": (1.0, 1.0, 0.0),
    }
)


@dataclass(frozen=True, eq=False)
class FixedPoints:
    """The fixed points of the latents under a constant input.

    Attributes
    ----------
    kappa : array (point, rank)
        Where they are, in the canonical gauge (`LowRank.canonical`), in ascending order.
    eigenvalues : array (point, rank)
        Of the Jacobian of `tau dkappa/dt`, so in units of `1/tau`; rightmost first.
    kind : tuple of str
        "stable" (all real parts below 0), "unstable" (all above), "saddle" (both), "marginal"
        (some real part within 1e-6 of 0, or, for relu, a point on the kink of a neuron, where the
        flow has no Jacobian).
    complete : bool or None
        Whether these are all fixed points. Certain for relu at rank 1 and 2 and for identity.
        Otherwise whether the indices of the points found add up to that of the flow far out: False
        proves that points are missing; True makes it unlikely. None where the test does not apply:
        a marginal point, or a flow that does not point inwards at infinity.
    """

    kappa: Array
    eigenvalues: NDArray[np.complex128]
    kind: tuple[str, ...]
    complete: bool | None

    def __len__(self) -> int:
        return len(self.kind)


def fixed_points(rnn: RNN, u: ArrayLike | None = None) -> FixedPoints:
    """All fixed points of the latents under a constant input, and their stability.

    relu at rank 1 and 2: exactly all, from the zero of every piece in which the flow is linear.
    Otherwise at rank 1: every sign change of the flow on an interval that provably holds all fixed
    points. At rank 2 and more: Newton's method with the analytic Jacobian from many starts in such
    a box, with ever more starts while the index test says that a point is missing.

    Parameters
    ----------
    rnn : RNN
        A network with `LowRank` connectivity.
    u : array (input,), optional
        The constant input; none by default.

    Returns
    -------
    FixedPoints

    Raises
    ------
    InputError
        If the connectivity is not `LowRank`, or the network is exactly balanced between decay and
        growth, so that fixed points fill a line or lie at infinity.

    Notes
    -----
    The test of completeness is the Poincaré-Hopf theorem: where the flow points inwards at
    infinity, which it always does for bounded phi, the signs of `det(-Jacobian)` add up to 1. In a
    plane: stable points and sources minus saddles make 1.
    """
    return flow_fixed_points(LatentFlow.of(rnn, u))


def flow_fixed_points(flow: LatentFlow, near: Array | None = None) -> FixedPoints:
    """The fixed points of a flow, in its own gauge: all, or those near given latents.

    Parameters
    ----------
    flow : LatentFlow
    near : array (start, rank), optional
        Where Newton's method starts in place of a search, such as fixed points of a similar flow.
        `complete` still tells whether what it reached can be all.
    """
    box, inwards = _bounds(flow)
    if near is not None:
        return _classify(flow, _distinct(_newton(flow, near, box)), inwards)
    if flow.nonlinearity == "relu" and flow.rank <= 2:
        found, certain = relu_fixed_points(flow)
        return _classify(flow, _distinct(found), inwards, certain)
    if flow.nonlinearity == "identity":
        found = _newton(flow, np.zeros((1, flow.rank)), box)
        return _classify(flow, found, inwards, certain=True)
    if flow.rank == 1:
        found = _sign_changes(flow, box[0])
        return _classify(flow, found, inwards)
    found = np.empty((0, flow.rank))
    for starts in _starts(flow.rank):
        found = _distinct(np.concatenate([found, _newton(flow, starts * box, box)]))
        answer = _classify(flow, found, inwards)
        if answer.complete is not False:
            break
    return answer


def _bounds(flow: LatentFlow) -> tuple[Array, bool | None]:
    """Half-widths of a box that holds all fixed points, and whether the flow enters it.

    With `H` the part of `(1/N) nᵀ phi` that grows, a fixed point has `|kappa - H(kappa)| <= C`,
    where `C = (1/N) Σ_i |n_i| (slope |drive_i| + distance)`.
    """
    left, right, distance = _FAR[flow.nonlinearity]
    slope = max(left, right)
    offset = np.abs(flow.n).T @ (slope * np.abs(flow.drive) + distance) / len(flow.n)
    if slope == 0:
        return offset, True
    directions = _directions(flow.rank)
    along = directions @ flow.m.T
    growth = np.where(along > 0, right, left) * along @ flow.n / len(flow.n)
    gap = np.linalg.norm(directions - growth, axis=1).min()
    if gap < 1e-9:
        raise InputError(
            "connectivity has an eigenvalue that balances the decay exactly, so that fixed points"
            " are not isolated: change m or n a little"
        )
    inwards = bool(((directions * growth).sum(axis=1) < 1).all())
    radius = float(np.linalg.norm(offset)) / gap
    # Beyond a plane the directions are a sample, which proves nothing.
    return np.full(flow.rank, radius), inwards if inwards and flow.rank <= 2 else None


def _directions(rank: int) -> Array:
    """Unit vectors in all directions, (direction, rank)."""
    if rank == 1:
        return np.array([[1.0], [-1.0]])
    if rank == 2:
        angle = np.linspace(0, 2 * np.pi, 720, endpoint=False)
        return np.stack([np.cos(angle), np.sin(angle)], axis=1)
    drawn = np.random.default_rng(0).standard_normal((4000, rank))
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    return drawn


def _sign_changes(flow: LatentFlow, half_width: float, points: int = 2001) -> Array:
    """All zeros of a rank-1 flow in an interval, (point, 1).

    The extrema join the grid, so that two zeros within a cell are not missed.
    """

    def at(kappa: float) -> float:
        return float(flow(np.array([kappa]))[0])

    def slope(kappa: float) -> float:
        return float(flow.jacobian(np.array([kappa]))[0, 0])

    # Cubic, for the details are near the origin where phi does not bound the interval well.
    grid = 1.001 * half_width * np.linspace(-1, 1, points) ** 3
    sign = np.sign(flow.jacobian(grid[:, None])[:, 0, 0])
    turns = np.flatnonzero(sign[:-1] * sign[1:] < 0)
    grid = np.union1d(grid, [_root(slope, grid[i], grid[i + 1]) for i in turns])
    sign = np.sign(flow(grid[:, None])[:, 0])
    crossings = np.flatnonzero(sign[:-1] * sign[1:] < 0)
    zeros = [_root(at, grid[i], grid[i + 1]) for i in crossings]
    return _distinct(np.concatenate([grid[sign == 0], zeros])[:, None])


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """A zero between two points, of which one may be a zero up to rounding.

    Its sign then depends on how many points are evaluated at once.
    """
    ends = function(low), function(high)
    if ends[0] * ends[1] >= 0:
        return low if abs(ends[0]) < abs(ends[1]) else high
    return float(brentq(function, low, high, xtol=1e-13))


def _starts(rank: int) -> Iterator[Array]:
    """Ever denser sets of starts in the box from -1 to 1, (start, rank)."""
    for side in (13, 25, 49):
        if rank == 2:
            axis = np.linspace(-1, 1, side)
            yield np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
        else:
            drawn = np.random.default_rng(side).uniform(-1, 1, (side**2, rank))
            drawn[0] = 0
            yield drawn


def _newton(flow: LatentFlow, kappa: Array, box: Array, steps: int = 60) -> Array:
    """Zeros of the flow that Newton's method with backtracking reaches from given starts."""
    longest = float(np.linalg.norm(box))
    done = []
    for _ in range(steps):
        value = flow(kappa)
        error = np.abs(value).max(axis=1)
        solved = error < 1e-11 * max(1.0, longest)
        done.append(kappa[solved])
        kappa, value, error = kappa[~solved], value[~solved], error[~solved]
        if not len(kappa):
            break
        step = -np.einsum("sij,sj->si", np.linalg.pinv(flow.jacobian(kappa)), value)
        length = np.linalg.norm(step, axis=1, keepdims=True)
        step *= np.minimum(1, longest / np.maximum(length, 1e-300))
        for _ in range(6):
            worse = np.abs(flow(kappa + step)).max(axis=1) > error
            if not worse.any():
                break
            step[worse] /= 2
        kappa = kappa + step
    return np.concatenate(done)


def _distinct(kappa: Array) -> Array:
    """One representative of each cluster of solutions, in lexical order."""
    kept: list[Array] = []
    for point in kappa:
        if all(np.abs(point - other).max() > SAME for other in kept):
            kept.append(point)
    kept.sort(key=lambda point: tuple(point.round(6)))
    return np.array(kept).reshape(-1, kappa.shape[1])


def _classify(
    flow: LatentFlow, kappa: Array, inwards: bool | None, certain: bool = False
) -> FixedPoints:
    """Eigenvalues, kinds and completeness of the fixed points at `kappa`.

    That they are all is either certain or, where it can be, a matter of the index test.
    """
    jacobian = flow.jacobian(kappa)
    eigenvalues = np.linalg.eigvals(jacobian).astype(np.complex128)
    order = np.argsort(-eigenvalues.real, axis=1, kind="stable")
    eigenvalues = np.take_along_axis(eigenvalues, order, axis=1)
    kind = tuple(
        "marginal" if kink else _kind(values.real)
        for values, kink in zip(eigenvalues, _on_a_kink(flow, kappa), strict=True)
    )
    complete = True if certain else None
    if inwards and not certain and "marginal" not in kind:
        complete = bool(np.sign(np.linalg.det(-jacobian)).sum().round() == 1)
    return FixedPoints(kappa, eigenvalues, kind, complete)


def _on_a_kink(flow: LatentFlow, kappa: Array) -> NDArray[np.bool_]:
    """Whether the gain of some neuron that takes part jumps at each point."""
    if flow.nonlinearity != "relu":
        return np.zeros(len(kappa), bool)
    takes_part = (flow.m != 0).any(axis=1) & (flow.n != 0).any(axis=1)
    parts = np.abs(kappa[:, None] * flow.m).sum(axis=2) + np.abs(flow.drive)
    near = np.abs(kappa @ flow.m.T + flow.drive) <= 1e-9 * parts
    on_a_kink: NDArray[np.bool_] = (near & takes_part).any(axis=1)
    return on_a_kink


def _kind(real: Array) -> str:
    if (np.abs(real) < MARGINAL).any():
        return "marginal"
    if (real < 0).all():
        return "stable"
    return "unstable" if (real > 0).all() else "saddle"
