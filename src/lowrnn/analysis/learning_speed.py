"""How long a network took to learn."""

import numpy as np
from numpy.typing import ArrayLike

from lowrnn.errors import InputError, check_array, check_number


def convergence_time(loss: ArrayLike, threshold: float = 0.05, window: int = 1) -> int | None:
    """The first update at which the loss is below a share of that of update 0.

    Schuessler et al. 2020 take the loss of the single batch of an update (`window` 1), which can
    fall below by chance and rise again; a trailing window shows whether it did.

    Parameters
    ----------
    loss : array (update,)
        Loss of each update, such as `History.loss`.
    threshold : float
        The share of `loss[0]`.
    window : int
        Updates to average over: the present one and those before it, as far as there are any.

    Returns
    -------
    int or None
        None if it never is.

    Raises
    ------
    InputError
        If the loss is not finite or a number is out of range.
    """
    values = check_array("loss", loss, ("update",), dtype=np.float64)
    check_number("threshold", threshold, above=0)
    if check_number("window", window, at_least=1) != int(window):
        raise InputError(f"window is {window}: give a whole number of updates")
    before = int(window) - 1
    smoothed = np.array([values[max(0, i - before) : i + 1].mean() for i in range(len(values))])
    below = np.flatnonzero(smoothed < threshold * values[0])
    return int(below[0]) if below.size else None
