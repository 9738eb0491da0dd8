"""What every posterior can do, and how draws are replaced that a narrower one refuses."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError
from lowrnn.inference.prior import BoxPrior

Array = NDArray[np.float64]

_ATTEMPTS = 200


class Posterior(Protocol):
    """A distribution of parameters for each observation."""

    @property
    def prior(self) -> BoxPrior:
        """The prior that it belongs to."""
        ...

    def sample(self, x: ArrayLike, count: int, seed: int = 0) -> Array:
        """Draws (observation, draw, parameter) for each row of `x` (observation, feature)."""
        ...


@runtime_checkable
class Density(Posterior, Protocol):
    """A posterior with a density."""

    def log_prob(self, theta: Array, x: Array) -> Array:
        """Log density of `theta` (sample, parameter) for one observation `x` (feature,)."""
        ...


def with_density(posterior: Posterior) -> Density:
    """The posterior itself.

    Raises
    ------
    InputError
        If it has no density.
    """
    if not isinstance(posterior, Density):
        raise InputError(
            f"posterior is a {type(posterior).__name__}, which has no density: draw from it, or fit"
            " flows"
        )
    return posterior


def sample_accepted(
    posterior: Posterior,
    x: ArrayLike,
    count: int,
    seed: int,
    accept: Callable[[NDArray[np.intp], Array], NDArray[np.bool_]],
) -> Array:
    """Draws that are accepted, (observation, count, parameter).

    Parameters
    ----------
    accept : callable
        Takes the rows of `x` that are short of draws, and draws for them (row, draw, parameter).

    Raises
    ------
    InputError
        If next to nothing is accepted for some observation.
    """
    given = np.atleast_2d(np.asarray(x, float))
    full = np.full((len(given), count, len(posterior.prior)), np.nan)
    have = np.zeros(len(given), int)
    for attempt in range(_ATTEMPTS):
        short = np.flatnonzero(have < count)
        if not len(short):
            return full
        theta = posterior.sample(given[short], count, seed + 7919 * attempt)
        for row, draws, kept in zip(short, theta, accept(short, theta), strict=True):
            new = draws[kept][: count - have[row]]
            full[row, have[row] : have[row] + len(new)] = new
            have[row] += len(new)
    raise InputError(
        f"x in row {int(np.argmin(have))} has next to none of its posterior where it could be"
        " drawn: it lies outside what was simulated"
    )
