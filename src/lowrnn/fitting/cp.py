"""CP (PARAFAC) decomposition of a three-way array that may have missing entries."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array, check_number
from lowrnn.fitting.components import Factors, cancelling, canonical, match_components
from lowrnn.fitting.masked_als import masked_als
from lowrnn.fitting.scores import r2

Array = NDArray[np.float64]

#: Against singular equations, of an array of unit norm.
_RIDGE = 1e-12


@dataclass(frozen=True, eq=False)
class CP:
    """`x_ijk = Σ_r a_ir b_jr c_kr`, the best of several starts.

    Components come by falling norm. All scale is in the first factor, whose columns have a mean of
    at least 0; columns of the others have unit length, and those of the second a positive largest
    entry.

    Attributes
    ----------
    factors : tuple of array (entry, component)
        One an axis; of activity (trial, time, neuron): how strong a component is in each trial, its
        time course, and its neurons.
    errors : array (start,)
        `‖x - x̂‖ / ‖x‖` of each start over the entries that were fitted, from best to worst.
    similarity : array (start,)
        Mean similarity of each start's components to the best start's (`match_components`), in
        the same order; components mean something where it is near 1, above 0.9 as a rule.
    norm : float
        `‖x‖` over the entries that were fitted.
    """

    factors: Factors
    errors: Array
    similarity: Array
    norm: float

    @property
    def variance_explained(self) -> float:
        """`1 - ‖x - x̂‖² / ‖x‖²` over the entries that were fitted; no mean is taken out."""
        return float(1 - self.errors[0] ** 2)

    @property
    def degenerate(self) -> bool:
        """Whether two components larger than the array nearly cancel each other.

        Then there is no best fit of this rank, and its components mean nothing: take a lower rank,
        or a Tucker decomposition.
        """
        return cancelling(self.factors, self.norm)

    def predict(self) -> Array:
        """The whole array, entries that were left out included."""
        first, second, third = self.factors
        flat = (first[:, None] * second).reshape(-1, first.shape[1]) @ third.T
        return np.asarray(flat.reshape(len(first), len(second), len(third)))

    def score(self, array: ArrayLike, mask: ArrayLike | None = None) -> float:
        """R² of the prediction over the entries in `mask` that are there.

        Parameters
        ----------
        array : array, of the shape that was fitted
            NaN entries are left out.
        mask : boolean array, optional
            The entries to score, such as those held out; all by default.
        """
        target, scored = _target(array, mask)
        return r2(np.where(scored, target, np.nan), self.predict())


def cp(
    array: ArrayLike,
    rank: int,
    mask: ArrayLike | None = None,
    *,
    starts: int = 4,
    iterations: int = 500,
    tolerance: float = 1e-8,
    seed: int = 0,
) -> CP:
    """The best sum of `rank` outer products of three vectors, by alternating least squares.

    Complete arrays go to TensorLy. It fills missing entries with the current model, which takes
    many iterations; here they are left out of the least squares, exactly.

    Parameters
    ----------
    array : array (trial, time, neuron), or any with three axes
        NaN where nothing was observed. Take out means first if they are not to be explained.
    rank : int
        Number of components.
    mask : boolean array of the same shape, optional
        True for the entries to fit, such as `BlockedMask.train`; all by default.
    starts : int
        The first is from the singular vectors of the unfoldings, the others are random.
    iterations : int
        At most, of each start.
    tolerance : float
        A start ends when its relative error changes by less in an iteration.
    seed : int
        Of the random starts.

    Returns
    -------
    CP

    Raises
    ------
    InputError
        If the array has not three axes, is 0, or has a row (such as a trial) without any entry to
        fit, shapes differ, or a number is out of range.
    """
    target, used = _target(array, mask)
    rank = _count("rank", rank)
    starts, iterations = _count("starts", starts), _count("iterations", iterations)
    tolerance = check_number("tolerance", tolerance, above=0)
    for axis in range(3):
        empty = ~used.any(axis=tuple(other for other in range(3) if other != axis))
        if empty.any():
            raise InputError(
                f"array has no entry to fit at {int(empty.argmax())} along axis {axis}: leave that"
                " out, or mask less"
            )
    scaled = np.where(used, target, 0.0)
    norm = float(np.linalg.norm(scaled))
    if norm == 0:
        raise InputError("array is 0 in every entry to fit: give one that varies")
    scaled /= norm
    rng = np.random.default_rng(seed)
    found = []
    for start in range(starts):
        begin = _spectral(scaled, rank, rng) if start == 0 else _random(scaled.shape, rank, rng)
        if used.all():
            found.append(_complete(scaled, begin, iterations, tolerance))
        else:
            found.append(masked_als(scaled, used, begin, iterations, tolerance))
    found.sort(key=lambda each: each[1])
    best = found[0][0]
    factors = canonical((best[0] * norm, best[1], best[2]))
    similarity = [match_components(best, other).similarity.mean() for other, _ in found]
    return CP(factors, np.array([error for _, error in found]), np.array(similarity), norm)


def _complete(
    scaled: Array, begin: Sequence[Array], iterations: int, tolerance: float
) -> tuple[list[Array], float]:
    """Alternating least squares from a start, and the relative error, of an array of unit norm."""
    from tensorly.decomposition import parafac

    weights, factors = parafac(
        scaled, begin[0].shape[1], n_iter_max=iterations, init=(None, list(begin)),
        tol=tolerance, l2_reg=_RIDGE, linesearch=True,
    )  # fmt: skip
    factors = [np.asarray(factors[0] * weights), *factors[1:]]
    first, second, third = factors
    flat = (first[:, None] * second).reshape(-1, first.shape[1]) @ third.T
    return factors, float(np.linalg.norm(scaled.reshape(flat.shape) - flat))


def _spectral(scaled: Array, rank: int, rng: np.random.Generator) -> list[Array]:
    """Leading singular vectors of the unfoldings, and random columns where there are too few."""
    factors = []
    for axis, length in enumerate(scaled.shape):
        flat = np.moveaxis(scaled, axis, 0).reshape(length, -1)
        _, vectors = np.linalg.eigh(flat @ flat.T)
        leading = vectors[:, ::-1][:, :rank]
        more = rng.standard_normal((length, rank - leading.shape[1])) / np.sqrt(length)
        factors.append(np.concatenate([leading, more], axis=1))
    return factors


def _random(shape: Sequence[int], rank: int, rng: np.random.Generator) -> list[Array]:
    return [rng.standard_normal((length, rank)) / np.sqrt(length) for length in shape]


def _target(array: ArrayLike, mask: ArrayLike | None) -> tuple[Array, NDArray[np.bool_]]:
    """The array in double precision, and where it is to be used."""
    axes = ("trial", "time", "neuron")
    target = check_array("array", array, axes, finite=False, dtype=np.float64)
    used = ~np.isnan(target)
    if mask is not None:
        chosen = np.asarray(mask)
        if chosen.dtype != np.bool_ or chosen.shape != target.shape:
            raise InputError(
                f"mask has shape {chosen.shape} and dtype {chosen.dtype}: give booleans of shape"
                f" {target.shape}"
            )
        used &= chosen
    return target, used


def _count(field: str, value: int) -> int:
    number = check_number(field, value, at_least=1)
    if number != int(number):
        raise InputError(f"{field} is {value}: give a whole number")
    return int(number)
