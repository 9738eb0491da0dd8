"""Epochs: which steps of which trials an analysis averages over."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError

#: All steps (None), a slice of them, or True where they count: (time,) or (trial, time).
Window = slice | ArrayLike | None


def as_mask(window: Window, trials: int, time: int) -> NDArray[np.bool_]:
    """The window as an array (trial, time); every trial has a step in it."""
    mask: NDArray[np.bool_]
    if window is None or isinstance(window, slice):
        mask = np.zeros((trials, time), bool)
        mask[:, slice(None) if window is None else window] = True
    else:
        given = np.asarray(window)
        if given.shape not in ((time,), (trials, time)) or not np.isin(given, (0, 1)).all():
            raise InputError(
                f"window has shape {given.shape} and dtype {given.dtype}: give a slice of steps, or"
                f" True where they count, of shape ({time},) or ({trials}, {time})"
            )
        mask = np.broadcast_to(given.astype(bool), (trials, time))
    empty = np.flatnonzero(~mask.any(axis=1))
    if empty.size:
        raise InputError(f"window is empty in trial {empty[0]}: choose steps from 0 to {time - 1}")
    return mask


def mean_over(values: NDArray[np.floating], window: Window) -> NDArray[np.float64]:
    """Averages of `values` (trial, time, ...) over the window, (trial, ...)."""
    mask = as_mask(window, *values.shape[:2])
    weights = mask / mask.sum(axis=1, keepdims=True)
    averages: NDArray[np.float64] = np.einsum("bt,bt...->b...", weights, values)
    return averages
