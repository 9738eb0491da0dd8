"""Components of a three-way array: one order, scale and sign for them, and their matching."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from lowrnn.errors import InputError, check_array

Array = NDArray[np.float64]
Factors = tuple[Array, Array, Array]

#: Cosine of two components below which, if both are larger than the array, they cancel.
_CANCELLING = -0.9


@dataclass(frozen=True, eq=False)
class Match:
    """Pairs of components, one of each decomposition; those left over are in no pair.

    Attributes
    ----------
    first, second : integer array (pair,)
        Indices of the paired components, by falling similarity.
    similarity : array (pair,)
        From 0 to 1.
    """

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    similarity: Array


def match_components(
    first: Sequence[ArrayLike],
    second: Sequence[ArrayLike],
    combine: Literal["product", "mean"] = "product",
) -> Match:
    """Pair the components of two decompositions so that their similarity sums to the most.

    Scales and signs do not count. Of decompositions of different rank the richer one keeps
    components without a partner.

    Parameters
    ----------
    first, second : sequence of array (entry, component)
        One factor an axis, with the same axes in both, such as `CP.factors`.
    combine : {"product", "mean"}
        The similarity of two components is the product of |cos| over the axes (Tucker's
        congruence; strict) or their mean (lenient).

    Raises
    ------
    InputError
        If the axes differ or `combine` is something else.
    """
    if combine not in ("product", "mean"):
        raise InputError(f"combine is {combine!r}: give 'product' or 'mean'")
    one, two = _checked("first", first), _checked("second", second)
    if [len(factor) for factor in one] != [len(factor) for factor in two]:
        raise InputError(
            f"first has axes of {[len(f) for f in one]} entries and second of"
            f" {[len(f) for f in two]}: give two decompositions of arrays of one shape"
        )
    cosines = np.abs([_unit(a).T @ _unit(b) for a, b in zip(one, two, strict=True)])
    similarity = cosines.prod(axis=0) if combine == "product" else cosines.mean(axis=0)
    rows, columns = linear_sum_assignment(similarity, maximize=True)
    found = similarity[rows, columns]
    order = np.argsort(-found, kind="stable")
    return Match(rows[order], columns[order], found[order])


def canonical(factors: Sequence[Array]) -> Factors:
    """The same components by falling norm, of fixed scale and sign.

    All scale is in the first factor, whose columns have a mean of at least 0; in the others they
    have unit length, and in the second one their largest entry is positive.
    """
    first, second, third = (np.asarray(factor, np.float64) for factor in factors)
    lengths = [np.linalg.norm(factor, axis=0) for factor in (second, third)]
    second, third = _unit(second), _unit(third)
    first = first * lengths[0] * lengths[1]
    mean_sign = np.where(first.mean(axis=0) < 0, -1.0, 1.0)
    peaks = second[np.abs(second).argmax(axis=0), np.arange(second.shape[1])]
    peak_sign = np.where(peaks < 0, -1.0, 1.0)
    order = np.argsort(-np.linalg.norm(first, axis=0), kind="stable")
    signed = (first * mean_sign, second * peak_sign, third * mean_sign * peak_sign)
    return tuple(factor[:, order] for factor in signed)  # type: ignore[return-value]


def cancelling(factors: Factors, norm: float) -> bool:
    """Whether two components larger than the array, of this norm, nearly cancel each other."""
    cosines = np.prod([_unit(factor).T @ _unit(factor) for factor in factors], axis=0)
    sizes = np.prod([np.linalg.norm(factor, axis=0) for factor in factors], axis=0)
    large = sizes > norm
    return bool((cosines[np.ix_(large, large)] < _CANCELLING).any())


def _unit(factor: Array) -> Array:
    """Columns of unit length; those that are 0 stay so."""
    length = np.linalg.norm(factor, axis=0)
    unit: Array = factor / np.where(length > 0, length, 1.0)
    return unit


def _checked(field: str, factors: Sequence[Any]) -> list[Array]:
    if not len(factors):
        raise InputError(f"{field} is empty: give one factor an axis")
    components = np.shape(factors[0])[-1]
    return [
        check_array(f"{field}[{axis}]", factor, ("entry", components), dtype=np.float64)
        for axis, factor in enumerate(factors)
    ]
