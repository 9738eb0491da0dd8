"""The errors that the library raises by itself, and the checks of what a user gives."""

import math
from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


class InputError(ValueError):
    """What was given cannot be used. One sentence names the field, the value found and the mend."""


class ConvergenceError(ArithmeticError):
    """Equations were not solved. One sentence gives the best residual and what to try."""


def check_array(
    field: str,
    value: ArrayLike,
    shape: Sequence[int | str],
    *,
    finite: bool = True,
    dtype: Any = None,
) -> NDArray[Any]:
    """Turn `value` into a floating-point array of the wanted shape, or say what is wrong.

    Parameters
    ----------
    field : str
        The name under which the user knows the array.
    value : array-like
        What was given; integers and booleans are converted to floats.
    shape : sequence of int or str
        One entry an axis: an exact length, or the name of an axis of any non-zero length.
    finite : bool
        Whether NaN and infinity are refused. If False, NaN is allowed and infinity still refused.
    dtype : numpy dtype, optional
        Floating-point type of the result; the default keeps float32 and turns the rest to float64.

    Raises
    ------
    InputError
        If the array has another shape, is not numeric, or holds values that are not allowed.
    """
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise InputError(
            f"{field} is not a rectangular array ({error}): pad it or split it"
        ) from None
    if array.dtype == object or not np.can_cast(array.dtype, np.float64, "same_kind"):
        raise InputError(f"{field} has dtype {array.dtype}: give real numbers")
    wanted = "(" + ", ".join(str(s) for s in shape) + ")"
    if array.ndim != len(shape):
        raise InputError(f"{field} has shape {array.shape}: give an array of shape {wanted}")
    for axis, (found, want) in enumerate(zip(array.shape, shape, strict=True)):
        if isinstance(want, int) and found != want:
            raise InputError(
                f"{field} has {found} entries along axis {axis}: give {want}, for shape {wanted}"
            )
        if isinstance(want, str) and found == 0:
            raise InputError(f"{field} has no {want} (shape {array.shape}): give at least one")
    if dtype is None:
        dtype = array.dtype if array.dtype in (np.float32, np.float64) else np.float64
    array = array.astype(dtype, copy=False)
    bad = ~np.isfinite(array) if finite else np.isinf(array)
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        mend = "replace or leave out such entries" if finite else "mark missing values with NaN"
        raise InputError(
            f"{field} holds {int(bad.sum())} values that are not finite"
            f" (the first is {array[where]} at {where}): {mend}"
        )
    return array


def check_number(
    field: str, value: Any, *, at_least: float | None = None, above: float | None = None
) -> float:
    """Turn `value` into a float within the wanted bound, or say what is wrong.

    Parameters
    ----------
    field : str
        The name under which the user knows the number.
    value : real number
        What was given; booleans, NaN and infinity are refused.
    at_least, above : float, optional
        The smallest value that is allowed, or the largest that is not.

    Raises
    ------
    InputError
        If the value is not a finite number or out of bounds.
    """
    bound = ""
    if at_least is not None:
        bound = f" of at least {at_least:g}"
    elif above is not None:
        bound = f" above {above:g}"
    if (
        not isinstance(value, Real)
        or isinstance(value, bool)
        or not math.isfinite(value)
        or (at_least is not None and value < at_least)
        or (above is not None and value <= above)
    ):
        raise InputError(f"{field} is {value!r}: give a number{bound}")
    return float(value)
