"""Fixed points along learning, followed from trial to trial, and where they change in kind."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from lowrnn.analysis.fixed_points import FixedPoints, flow_fixed_points
from lowrnn.analysis.flow import LatentFlow
from lowrnn.analysis.over_trials import components_of, trial_flow
from lowrnn.errors import InputError
from lowrnn.networks import RNN

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Bifurcation:
    """A change of the fixed points from one trial to the next.

    Attributes
    ----------
    trial : int
        The first trial after it.
    kind : str
        "appear" or "vanish": other fixed points exist than before (a fold or a pitchfork). "hopf":
        a pair of complex eigenvalues crosses the imaginary axis at a fixed point. "crossing": a
        real one does, with as many points as before.
    branches : tuple of int
        The fixed points concerned.
    """

    trial: int
    kind: str
    branches: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class FixedPointsOverTrials:
    """Branches of fixed points over trials.

    Attributes
    ----------
    trials : integer array (trial,)
        The trials that were looked at.
    kappa : array (trial, branch, rank)
        Where each fixed point is, along `a` of the connectivity; NaN in trials without it.
    eigenvalues : array (trial, branch, rank)
        Of the Jacobian of `tau dkappa/dt`, rightmost first.
    kind : array of str (trial, branch)
        As in `FixedPoints`; empty in trials without it.
    complete : tuple of (bool or None)
        Of each trial: whether these are all its fixed points, as in `FixedPoints`.
    bifurcations : tuple of Bifurcation
        In the order of trials.
    """

    trials: NDArray[np.intp]
    kappa: Array
    eigenvalues: NDArray[np.complex128]
    kind: NDArray[np.str_]
    complete: tuple[bool | None, ...]
    bifurcations: tuple[Bifurcation, ...]

    @property
    def count(self) -> NDArray[np.intp]:
        """Number of fixed points, (trial,)."""
        return np.asarray((self.kind != "").sum(axis=1))


def fixed_points_over_trials(
    rnn: RNN,
    u: ArrayLike | None = None,
    *,
    trials: ArrayLike | None = None,
    search_every: int = 25,
) -> FixedPointsOverTrials:
    """Fixed points of the latents in each trial under a constant input, as branches.

    All are searched for in the first and last trial, in every 25th, and wherever an index test says
    that some are missing. In between they are followed by Newton's method from those of
    the trials before and after. Factors that jump from trial to trial make points come and go: give
    their smooth part, `rnn.replace(connectivity=LowTensorRank(a, b, model.smooth_factors_))`.

    Parameters
    ----------
    rnn : RNN
        A network with `LowTensorRank` connectivity.
    u : array (input,), optional
        The constant input; none by default.
    trials : integer array, optional
        Which trials, in their order; all by default.
    search_every : int
        Distance of the trials where all fixed points are searched for.

    Raises
    ------
    InputError
        If the connectivity is of another kind, there is no such trial, or as for `fixed_points`.
    """
    number = components_of(rnn).trials
    chosen = np.arange(number) if trials is None else np.asarray(trials)
    if chosen.ndim != 1 or not len(chosen) or not np.issubdtype(chosen.dtype, np.integer):
        raise InputError(f"trials has shape {chosen.shape}: give a list of numbers of trials")
    if search_every < 1:
        raise InputError(f"search_every is {search_every}: give at least 1")
    flows = [trial_flow(rnn, int(trial), u) for trial in chosen]
    points = _followed(flows, search_every)
    branch = _branches([each.kappa for each in points])
    width = 1 + max((int(each.max()) for each in branch if each.size), default=-1)
    rank = flows[0].rank
    kappa = np.full((len(flows), width, rank), np.nan)
    eigenvalues = np.full((len(flows), width, rank), np.nan, np.complex128)
    kind = np.full((len(flows), width), "", "<U8")
    for k, (found, at) in enumerate(zip(points, branch, strict=True)):
        kappa[k, at], eigenvalues[k, at] = found.kappa, found.eigenvalues
        kind[k, at] = found.kind
    bifurcations = _bifurcations(chosen, kind, eigenvalues)
    complete = tuple(each.complete for each in points)
    return FixedPointsOverTrials(chosen, kappa, eigenvalues, kind, complete, bifurcations)


def _followed(flows: list[LatentFlow], search_every: int) -> list[FixedPoints]:
    """The fixed points of each flow, from a search in some and continuation in both directions."""
    last = len(flows) - 1
    found: list[FixedPoints] = []
    for k, flow in enumerate(flows):
        near = found[-1].kappa if found else np.empty((0, flow.rank))
        if k % search_every and k != last and len(near):
            points = flow_fixed_points(flow, near)
            if points.complete is not False:
                found.append(points)
                continue
        points = flow_fixed_points(flow)
        found.append(_joined(flow, points, near))
    for k in range(last - 1, -1, -1):
        found[k] = _joined(flows[k], found[k], found[k + 1].kappa)
    return found


def _joined(flow: LatentFlow, points: FixedPoints, near: Array) -> FixedPoints:
    """What is known, and what Newton's method reaches from `near`, if that is more."""
    if not len(near):
        return points
    more = flow_fixed_points(flow, np.concatenate([points.kappa, near]))
    return more if len(more) > len(points) else points


def _branches(kappa: list[Array]) -> list[NDArray[np.intp]]:
    """The branch of each fixed point of each trial; a new one for a point without predecessor."""
    branch = [np.arange(len(kappa[0]))]
    used = len(kappa[0])
    for before, now in pairwise(kappa):
        own = np.full(len(now), -1)
        distance = np.linalg.norm(before[:, None] - now, axis=2)
        rows, columns = linear_sum_assignment(distance)
        own[columns] = branch[-1][rows]
        new = np.flatnonzero(own < 0)
        own[new] = used + np.arange(len(new))
        used += len(new)
        branch.append(own)
    return branch


def _bifurcations(
    trials: NDArray[np.intp], kind: NDArray[np.str_], eigenvalues: NDArray[np.complex128]
) -> tuple[Bifurcation, ...]:
    found = []
    exists = kind != ""
    unstable = (eigenvalues.real > 0).sum(axis=2)
    for k in range(1, len(trials)):
        trial, both = int(trials[k]), exists[k - 1] & exists[k]
        for name, of in (
            ("appear", exists[k] & ~exists[k - 1]),
            ("vanish", exists[k - 1] & ~exists[k]),
        ):
            if of.any():
                found.append(Bifurcation(trial, name, _numbers(of)))
        change = np.where(both, unstable[k] - unstable[k - 1], 0)
        hopf = (np.abs(change) == 2) & _oscillates(eigenvalues[k])
        if hopf.any():
            found.append(Bifurcation(trial, "hopf", _numbers(hopf)))
        # Where points appear or vanish, those that stay change with them.
        other = (change != 0) & ~hopf
        if other.any() and exists[k].sum() == exists[k - 1].sum():
            found.append(Bifurcation(trial, "crossing", _numbers(other)))
    return tuple(found)


def _oscillates(eigenvalues: NDArray[np.complex128]) -> NDArray[np.bool_]:
    """Whether of each point the eigenvalue nearest to the imaginary axis is complex."""
    nearest = np.abs(np.nan_to_num(eigenvalues.real, nan=np.inf)).argmin(axis=1)
    return np.asarray(np.abs(eigenvalues[np.arange(len(nearest)), nearest].imag) > 1e-9)


def _numbers(which: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(int(each) for each in np.flatnonzero(which))
