"""What activity can tell about connectivity over trials, and how near a fit comes to the truth.

Activity constrains `b_r` only through what it reads of the visited rates; the rest changes its
length, for which `c_r` makes up. So weights as such, and the norms of factors, are never compared.
"""

from dataclasses import dataclass

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from lowrnn.analysis.over_trials import components_of, eigenvalues_over_trials, overlaps_over_trials
from lowrnn.errors import InputError, check_array
from lowrnn.fitting.components import match_components
from lowrnn.networks import RNN, LowTensorRank

Array = NDArray[np.float64]

#: Directions of the rates with less than this share of their largest variance are not visited.
_SHARE = 1e-6

#: A factor that moves by less than this share of its size is constant.
_CONSTANT = 1e-6


@dataclass(frozen=True, eq=False)
class IdentifiableParts:
    """What data determine of a network over trials.

    Attributes
    ----------
    connectivity : LowTensorRank
        With `b` reduced to what it reads of the visited rates, then canonical. Its `c` counts up to
        a factor for each component, and single components only where their `c` are not
        proportional.
    span : array (neuron, rank)
        Orthonormal basis of the span of `a`.
    read : array (trial, time, rank)
        `(1/N) b_rᵀ phi(x)` at each step: what a component reads, in units of its `c`.
    drive : array (trial, time, neuron)
        Recurrent drive `J_k phi(x)`, on visited states.
    eigenvalues : array (trial, rank)
        Of `diag(c) (1/N) bᵀ a`, followed over trials.
    """

    connectivity: LowTensorRank
    span: Array
    read: Array
    drive: Array
    eigenvalues: NDArray[np.complex128]


@dataclass(frozen=True, eq=False)
class DriveSplit:
    """Shares of the recurrent drive on visited states, of its sum of squares.

    Attributes
    ----------
    fixed : float
        Of the drive with each component at its mean over trials.
    changing : float
        Of what trial factors add to it.
    shared : float
        Twice their product: the three sum to 1.
    components : array (rank,)
        What the changes of each component alone come to. They overlap, and need not sum to
        `changing`.
    """

    fixed: float
    changing: float
    shared: float
    components: Array


@dataclass(frozen=True, eq=False)
class Recovery:
    """A fit against the truth, in what activity determines.

    Attributes
    ----------
    span_cosines : array (rank,)
        Of the principal angles between the spans of `a`, falling.
    matched : array (rank,)
        The component of the fit that goes with each of the truth; -1 for none.
    factor_correlations : array (rank,)
        Of trial factors, over trials; NaN where one is constant or has no partner.
    read_correlations : array (rank,)
        Of what components read, over trials and time.
    drive_r2 : float
        `1 - Σ (J_fit r - J_true r)² / Σ (J_true r)²` for the rates r that the truth visits.
    eigenvalue_error : float
        Median over trials of the largest distance of paired eigenvalues, over the modulus of the
        largest true one.
    """

    span_cosines: Array
    matched: NDArray[np.intp]
    factor_correlations: Array
    read_correlations: Array
    drive_r2: float
    eigenvalue_error: float


def visited_connectivity(connectivity: LowTensorRank, rates: ArrayLike) -> LowTensorRank:
    """The connectivity with `b` projected on the span of visited rates, in the canonical gauge.

    It does the same to these rates. A fit by `LTRNN` is of this form.

    Parameters
    ----------
    connectivity : LowTensorRank
    rates : array (..., neuron)
        `phi(x + bias)` before each step.
    """
    flat = np.asarray(rates, np.float64)
    flat = flat.reshape(-1, flat.shape[-1]) if flat.ndim else flat
    flat = check_array("rates", flat, ("sample", connectivity.neurons))
    values, vectors = np.linalg.eigh(flat.T @ flat)
    kept = vectors[:, values > _SHARE * values[-1]]
    a, b, c = (each.astype(np.float64) for each in (connectivity.a, connectivity.b, connectivity.c))
    return LowTensorRank(a, kept @ (kept.T @ b), c).canonical()


def identifiable_parts(rnn: RNN, rates: ArrayLike) -> IdentifiableParts:
    """What can be compared of a network, on given rates.

    Parameters
    ----------
    rnn : RNN
        With `LowTensorRank` connectivity.
    rates : array (trial, time, neuron)
        That the network visits: see `visited_rates_over_trials`.

    Raises
    ------
    InputError
        If the connectivity is of another kind or shapes disagree.
    """
    parts = components_of(rnn)
    visited = check_array("rates", rates, (parts.trials, "time", parts.neurons), dtype=np.float64)
    known = visited_connectivity(parts, visited)
    read, drive = _read_and_drive(known, visited)
    overlaps = overlaps_over_trials(RNN(known, dt=rnn.dt, tau=rnn.tau))
    return IdentifiableParts(
        connectivity=known,
        span=scipy.linalg.orth(known.a),
        read=read,
        drive=drive,
        eigenvalues=eigenvalues_over_trials(overlaps),
    )


def visited_rates_over_trials(
    rnn: RNN, u: ArrayLike, initial_states: ArrayLike | None = None
) -> Array:
    """The rates that `b` reads: before each step, from the initial state on.

    Parameters
    ----------
    rnn : RNN
        With `LowTensorRank` connectivity. Its noise is left out.
    u : array (trial, time, input)
        Inputs, such as `LTRNN.inputs_`.
    initial_states : array (trial, neuron), optional
        Such as `LTRNN.initial_states_`; the network's own by default.

    Returns
    -------
    array (trial, time, neuron)
    """
    run = rnn.replace(noise_std=0.0).simulate(u, initial_state=initial_states)
    start = rnn.initial_state if initial_states is None else np.asarray(initial_states)
    first = np.broadcast_to(rnn.rates(start), (len(run.rates), rnn.neurons))
    return np.concatenate([first[:, None], run.rates[:, :-1]], axis=1).astype(np.float64)


def drive_split(rnn: RNN, rates: ArrayLike) -> DriveSplit:
    """How much of the recurrent drive is fixed over trials, and how much changes.

    Parameters
    ----------
    rnn, rates
        As for `identifiable_parts`.
    """
    parts = components_of(rnn)
    visited = check_array("rates", rates, (parts.trials, "time", parts.neurons), dtype=np.float64)
    a, b, c = (each.astype(np.float64) for each in (parts.a, parts.b, parts.c))
    read = visited @ b / parts.neurons
    mean = c.mean(axis=0)
    fixed = (read * mean).reshape(-1, parts.rank)
    change = (read * (c - mean)[:, None]).reshape(-1, parts.rank)
    lengths = a.T @ a
    square, added, twice = (
        float(np.sum((one.T @ other) * lengths))
        for one, other in ((fixed, fixed), (change, change), (fixed, change))
    )
    total = square + added + 2 * twice
    if total <= 0:
        raise InputError("rates drive no component: give those that the network visits")
    own = np.sum(change**2, axis=0) * np.diag(lengths)
    return DriveSplit(square / total, added / total, 2 * twice / total, own / total)


def recovery(fit: RNN, truth: RNN, rates: ArrayLike) -> Recovery:
    """Score a fitted network against the one that made the data, in what is identifiable.

    Parameters
    ----------
    fit, truth : RNN
        Networks of the same neurons and trials with `LowTensorRank` connectivity, of any ranks.
    rates : array (trial, time, neuron)
        That the truth visits: `visited_rates_over_trials(truth, ...)`.

    Raises
    ------
    InputError
        If neurons or trials differ.
    """
    one, other = components_of(fit), components_of(truth)
    if (one.neurons, one.trials) != (other.neurons, other.trials):
        raise InputError(
            f"fit has {one.neurons} neurons and {one.trials} trials, truth {other.neurons} and"
            f" {other.trials}: give networks of the same"
        )
    found, true = identifiable_parts(fit, rates), identifiable_parts(truth, rates)
    mine, theirs = found.connectivity, true.connectivity
    pairs = match_components((mine.c, mine.a, mine.b), (theirs.c, theirs.a, theirs.b))
    rank = theirs.rank
    matched = np.full(rank, -1)
    matched[pairs.second] = pairs.first
    factors, reads = np.full((2, rank), np.nan)
    for r in np.flatnonzero(matched >= 0):
        s = matched[r]
        factors[r] = _correlation(mine.c[:, s], theirs.c[:, r])
        reads[r] = abs(_correlation(found.read[..., s].ravel(), true.read[..., r].ravel()))
    largest = np.abs(true.eigenvalues).max(axis=1)
    errors = [
        _distance(a, b) for a, b in zip(found.eigenvalues, true.eigenvalues, strict=True)
    ]  # fmt: skip
    cosines = np.linalg.svd(found.span.T @ true.span, compute_uv=False)
    missed = float(np.sum((found.drive - true.drive) ** 2) / np.sum(true.drive**2))
    return Recovery(
        span_cosines=cosines.clip(max=1.0),
        matched=matched,
        factor_correlations=factors,
        read_correlations=reads,
        drive_r2=1 - missed,
        eigenvalue_error=float(np.median(np.array(errors) / largest)),
    )


def _read_and_drive(parts: LowTensorRank, rates: Array) -> tuple[Array, Array]:
    read = rates @ parts.b / parts.neurons
    return read, np.asarray((read * parts.c[:, None]) @ parts.a.T)


def _correlation(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    if any(np.ptp(each) <= _CONSTANT * np.abs(each).max() for each in (one, other)):
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])


def _distance(found: NDArray[np.complex128], true: NDArray[np.complex128]) -> float:
    """The largest distance of paired eigenvalues; the smaller set is filled up with zeros."""
    most = max(len(found), len(true))
    one, other = (np.pad(values, (0, most - len(values))) for values in (found, true))
    apart = np.abs(one[:, None] - other)
    return float(apart[linear_sum_assignment(apart)].max())
