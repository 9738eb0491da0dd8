"""How alike two networks are, in what activity can tell about them.

Activity constrains a connectivity matrix only through what it does to that activity. `n` enters the
dynamics as `nᵀ phi(x)` alone, so a part of `n` that is orthogonal to every visited rate vector can
be anything; and `(m A, n A⁻ᵀ)` is the same network for every invertible `A`. Two networks that
produce the same activity can therefore have connectivities that hardly correlate: 0.4 to 0.6 at R²
above 0.92 (Valente, Pillow & Ostojic 2022, Table 1). The three scores here go from what a fit
cannot recover to what it can.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import orth

from lowrnn.errors import InputError, check_array
from lowrnn.networks import RNN, Connectivity, LowRank

Array = NDArray[np.floating]


def connectivity_correlation(fit: RNN, truth: RNN) -> float:
    """Cosine between the entries of two connectivity matrices, without centring (CC).

    Not identifiable from activity: a perfect fit can score far below 1, because the part of `n`
    that no activity reaches keeps its initial value. It does not depend on the gauge of `m` and
    `n`. Use it to show that point, not to judge a fit.

    Parameters
    ----------
    fit, truth : RNN
        Two networks of the same neurons in the same order, of any connectivity. Between low-rank
        networks no (neuron, neuron) matrix is formed.

    Returns
    -------
    float
        From -1 to 1; NaN if either matrix is zero.

    Raises
    ------
    InputError
        If the numbers of neurons differ.

    References
    ----------
    Valente, Pillow & Ostojic, NeurIPS 2022.
    """
    _check_same_neurons(fit, truth)
    return _matrix_cosine(fit.connectivity, truth.connectivity)


def effective_connectivity_correlation(fit: RNN, truth: RNN) -> float:
    """`connectivity_correlation` after dropping what small activity cannot reach (ECC).

    Each column of `n` is first replaced by its orthogonal projection on the span of `m` and of the
    input weights *of its own network*: where a state that starts at 0 lives, and to first order its
    rates. Identifiable for moderate activity. Strongly saturated rates leave that span, and `n` is
    then constrained beyond it: the score says nothing about this. It needs inputs that explore the
    span: an input that was never on leaves its direction free.

    Parameters
    ----------
    fit, truth : RNN
        Two networks of the same neurons in the same order, both with `LowRank` connectivity.

    Returns
    -------
    float
        From -1 to 1; NaN if either matrix is zero after the projection.

    Raises
    ------
    InputError
        If the numbers of neurons differ, or either connectivity is not `LowRank`.

    References
    ----------
    Valente, Pillow & Ostojic, NeurIPS 2022.
    """
    _check_same_neurons(fit, truth)
    return _matrix_cosine(_effective("fit", fit), _effective("truth", truth))


def current_correlation(fit: RNN, truth: RNN, rates: ArrayLike) -> float:
    """Cosine between the recurrent currents of two networks along given activity.

    The currents are `J_fit r` and `J_truth r` for the rate vectors `r` that the true network
    visits, over all neurons and samples, without centring. Identifiable: it asks only what the
    connectivity does to activity that was observed, whatever the rank and the nonlinearity. It
    promises nothing about activity that was not, such as the response to a stimulation.

    Parameters
    ----------
    fit, truth : RNN
        Two networks of the same neurons in the same order, of any connectivity.
    rates : array (..., neuron)
        `phi(x)` along trajectories of the true network, such as `truth.simulate(u).rates`.

    Returns
    -------
    float
        From -1 to 1; NaN if either current is zero throughout.

    Raises
    ------
    InputError
        If the numbers of neurons differ or rates are not finite.
    """
    _check_same_neurons(fit, truth)
    flat = np.asarray(rates)
    flat = flat.reshape(-1, flat.shape[-1]) if flat.ndim else flat
    flat = check_array("rates", flat, ("sample", fit.neurons), dtype=np.float64)
    a, b = (_current(rnn.connectivity, flat) for rnn in (fit, truth))
    return _ratio(float(np.vdot(a, b)), float(np.vdot(a, a)), float(np.vdot(b, b)))


def _check_same_neurons(fit: RNN, truth: RNN) -> None:
    if fit.neurons != truth.neurons:
        raise InputError(
            f"fit has {fit.neurons} neurons and truth {truth.neurons}: give two networks of the"
            " same neurons"
        )


def _effective(field: str, rnn: RNN) -> LowRank:
    """The connectivity with `n` projected on the span of `m` and the input weights."""
    if not isinstance(rnn.connectivity, LowRank):
        raise InputError(
            f"{field} has {rnn.connectivity.kind} connectivity: give a LowRank network, or use"
            " current_correlation"
        )
    m, n = (a.astype(np.float64) for a in (rnn.connectivity.m, rnn.connectivity.n))
    basis = orth(np.concatenate([m, rnn.inputs], axis=1))
    return LowRank(m, basis @ (basis.T @ n))


def _current(connectivity: Connectivity, rates: Array) -> Array:
    """`J r` for each rate vector, (sample, neuron)."""
    if isinstance(connectivity, LowRank):
        return rates @ connectivity.n @ connectivity.m.T / connectivity.neurons
    return rates @ connectivity.dense().T


def _matrix_cosine(a: Connectivity, b: Connectivity) -> float:
    return _ratio(_inner(a, b), _inner(a, a), _inner(b, b))


def _inner(a: Connectivity, b: Connectivity) -> float:
    """`Σ_ij A_ij B_ij`, in double precision; between low-rank matrices through their factors."""
    if isinstance(b, LowRank) and not isinstance(a, LowRank):
        a, b = b, a
    if not isinstance(a, LowRank):
        return float(np.vdot(a.dense().astype(np.float64), b.dense()))
    m, n = (factor.astype(np.float64) for factor in (a.m, a.n))
    if isinstance(b, LowRank):
        return float(np.sum((m.T @ b.m) * (n.T @ b.n))) / (a.neurons * b.neurons)
    return float(np.sum(m * (b.dense() @ n))) / a.neurons


def _ratio(inner: float, aa: float, bb: float) -> float:
    return inner / float(np.sqrt(aa * bb)) if aa > 0 and bb > 0 else float("nan")
