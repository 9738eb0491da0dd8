"""How differently two networks behave, whatever the rotation of their activity.

For `analysis.procrustes_angle`, the distance after the best rotation, see there. Distances serve
rejection sampling, model comparison and reports; a posterior needs the summaries themselves, as a
distance keeps no direction.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

from lowrnn.errors import InputError, check_array

Array = NDArray[np.float64]


def linear_cka(one: ArrayLike, other: ArrayLike) -> float:
    """Linear centred kernel alignment, `|Yᵀ X|² / (|Xᵀ X| |Yᵀ Y|)`; 1 up to rotation and scale.

    Parameters
    ----------
    one, other : array (..., neuron)
        Activity at the same samples; the numbers of neurons may differ.

    Raises
    ------
    InputError
        If samples differ in number, or activity does not vary.

    References
    ----------
    Kornblith, Norouzi, Lee & Hinton 2019.
    """
    X, Y = _centred(one, other)
    return float(np.linalg.norm(Y.T @ X) ** 2 / (np.linalg.norm(X.T @ X) * np.linalg.norm(Y.T @ Y)))


def rsa(one: ArrayLike, other: ArrayLike) -> float:
    """Spearman correlation of the distances between conditions, from -1 to 1.

    Parameters
    ----------
    one, other : array (condition, ...)
        Activity in the same conditions, at least 3.

    References
    ----------
    Kriegeskorte, Mur & Bandettini 2008.
    """
    arrays = [np.asarray(value, float) for value in (one, other)]
    flat = [array.reshape(len(array), -1) for array in arrays]
    if len(flat[0]) != len(flat[1]) or len(flat[0]) < 3:
        raise InputError(
            f"activity has {len(flat[0])} and {len(flat[1])} conditions: give the same, at least 3"
        )
    return float(spearmanr(pdist(flat[0]), pdist(flat[1])).statistic)


def dsa(
    one: ArrayLike, other: ArrayLike, *, delays: int = 5, rank: int = 6, starts: int = 8
) -> float:
    """Dynamical similarity: the angle between two linear models of how activity moves on.

    Each activity is delay-embedded and reduced to `rank` dimensions, in which a matrix `A` maps one
    step to the next. The angle has the cosine `max_C <A1, C A2 Cᵀ> / (|A1| |A2|)` over orthogonal
    `C`: 0 for the same dynamics in other coordinates, whatever their geometry.

    Parameters
    ----------
    one, other : array (condition, time, neuron)
        Activity; conditions, times and neurons may differ.
    delays : int
        Successive steps that make a point, at least 1.
    rank : int
        Dimensions kept, fewer where the activity has fewer.
    starts : int
        Initial rotations of the search, whose best result counts; the search is local.

    Returns
    -------
    float
        From 0 to π.

    References
    ----------
    Ostrow, Eisen, Kozachkov & Fiete 2023. They search `C` by gradient descent; here each step is
    the polar factor of the gradient plus a multiple of `C` that makes the objective convex, so that
    it never falls.
    """
    operators = [_operator(name, v, delays, rank) for name, v in (("one", one), ("other", other))]
    size = max(len(A) for A in operators)
    A, B = (np.pad(A, (0, size - len(A))) for A in operators)
    scale = np.linalg.norm(A) * np.linalg.norm(B)
    shift = 2 * np.linalg.norm(A, 2) * np.linalg.norm(B, 2)
    rng = np.random.default_rng(0)
    best = -1.0
    for start in range(starts):
        C = np.eye(size) if start == 0 else np.linalg.qr(rng.standard_normal((size, size)))[0]
        value = -np.inf
        for _ in range(2000):
            gradient = A @ C @ B.T + A.T @ C @ B
            new = float(np.sum(gradient * C)) / 2
            if new - value < 1e-10 * scale:
                break
            value = new
            u, _, vt = np.linalg.svd(gradient + shift * C)
            C = u @ vt
        best = max(best, float(value / scale))
    return float(np.arccos(min(best, 1.0)))


def _operator(field: str, value: ArrayLike, delays: int, rank: int) -> Array:
    """The matrix that takes the reduced delay embedding one step on."""
    x = check_array(field, value, ("condition", "time", "neuron"), dtype=np.float64)
    points = x.shape[1] - delays + 1
    if delays < 1 or points < 2:
        raise InputError(f"delays is {delays}: give 1 to {x.shape[1] - 1} for {x.shape[1]} steps")
    x = x - x.mean(axis=(0, 1))
    embedded = np.concatenate([x[:, d : d + points] for d in range(delays)], axis=2)
    u, s, _ = np.linalg.svd(embedded.reshape(-1, embedded.shape[2]), full_matrices=False)
    kept = min(rank, int((s > 1e-9 * s[0]).sum()))
    if s[0] == 0:
        raise InputError(f"{field} does not vary: give activity of a task")
    # Whitened, so that the scale of a dimension does not matter.
    z = u[:, :kept].reshape(x.shape[0], points, kept) * np.sqrt(len(u))
    before, after = z[:, :-1].reshape(-1, kept), z[:, 1:].reshape(-1, kept)
    return np.asarray(np.linalg.lstsq(before, after, rcond=None)[0].T)


def _centred(one: ArrayLike, other: ArrayLike) -> tuple[Array, Array]:
    """Both activities as (sample, neuron) without their means."""
    X, Y = (np.asarray(value, float) for value in (one, other))
    X, Y = X.reshape(-1, X.shape[-1]), Y.reshape(-1, Y.shape[-1])
    if len(X) != len(Y):
        raise InputError(f"other has {len(Y)} samples: give {len(X)}, as many as one has")
    X, Y = X - X.mean(axis=0), Y - Y.mean(axis=0)
    if not (np.any(X) and np.any(Y)):
        raise InputError("activity does not vary over samples: give samples of a task")
    return X, Y
