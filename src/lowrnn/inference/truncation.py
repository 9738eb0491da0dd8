"""Rounds for one observation: later simulations are drawn where its posterior is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array, check_number
from lowrnn.inference.posterior import Density, Posterior, sample_accepted, with_density
from lowrnn.inference.prior import BoxPrior

Array = NDArray[np.float64]

_ATTEMPTS = 200
#: Draws that find the edge of a region, its size, and the mass of a posterior within it.
_DRAWS = 10_000


@dataclass(frozen=True, eq=False)
class Region:
    """The part of a prior that holds nearly all of a posterior.

    Attributes
    ----------
    box : BoxPrior
        The smallest box around draws of the posterior, a little widened, within the prior.
    posterior : posterior with log_prob
        The one that is truncated.
    x : array (feature,)
        Its observation.
    threshold : float
        Its log density at the edge.
    within : Region, optional
        The region of the round before, which this one never leaves: the simulations of all rounds
        together are then spread evenly over it.
    """

    box: BoxPrior
    posterior: Density
    x: Array
    threshold: float
    within: "Region | None" = None

    def contains(self, theta: Array) -> NDArray[np.bool_]:
        """Whether each `theta` (sample, parameter) lies within."""
        inside = self.box.contains(theta)
        if self.within is not None and inside.any():
            inside[inside] = self.within.contains(theta[inside])
        if inside.any():
            inside[inside] = self.posterior.log_prob(theta[inside], self.x) >= self.threshold
        return inside

    def sample(self, count: int, seed: int = 0) -> Array:
        """Draws of the prior within the region, (count, parameter).

        Raises
        ------
        InputError
            If the region fills too little of its box.
        """
        rng = np.random.default_rng([seed, 4])
        kept: list[Array] = []
        for _ in range(_ATTEMPTS):
            drawn = self.box.sample(max(2000, 2 * count), rng)
            kept.append(drawn[self.contains(drawn)])
            if sum(map(len, kept)) >= count:
                return np.concatenate(kept)[:count]
        raise InputError(
            f"rounds: the posterior fills too little of its box to draw from"
            f" ({sum(map(len, kept))} of {count} draws found): use fewer rounds"
        )

    def share(self, seed: int = 0) -> float:
        """The part of the prior that lies within, from 10 000 draws."""
        prior = self.posterior.prior
        box = float(np.prod((self.box.high - self.box.low) / (prior.high - prior.low)))
        drawn = self.box.sample(_DRAWS, np.random.default_rng([seed, 8]))
        return box * float(self.contains(drawn).mean())


def highest_density_region(
    posterior: Density,
    x: ArrayLike,
    *,
    outside: float = 1e-4,
    within: Region | None = None,
    seed: int = 0,
) -> Region:
    """The region of highest density that leaves out a small part of the posterior.

    Parameters
    ----------
    posterior : posterior with log_prob
        As learned so far.
    x : array (feature,)
        The observation.
    outside : float
        Part of the posterior left out.
    within : Region, optional
        That of the round before: what the posterior has outside it is left out before.
    seed : int
        Determines the 10 000 draws that find its edge.

    References
    ----------
    Deistler, Goncalves & Macke 2022: training on draws of the truncated prior needs no correction
    of the loss, as they differ from those of the prior by a constant only.
    """
    check_number("outside", outside, above=0)
    given, prior = np.asarray(x, float), posterior.prior
    kept = posterior if within is None else TruncatedPosterior(posterior, within)
    draws = kept.sample(given[None], _DRAWS, seed)[0]
    edge = float(np.quantile(posterior.log_prob(draws, given), outside))
    low, high = draws.min(axis=0), draws.max(axis=0)
    margin = 0.05 * (high - low)
    box = BoxPrior(
        prior.names, np.maximum(low - margin, prior.low), np.minimum(high + margin, prior.high)
    )
    return Region(box, posterior, given, edge, within)


@dataclass(frozen=True, eq=False)
class TruncatedPosterior:
    """A posterior within the region from which the simulations of its last round were drawn."""

    posterior: Posterior
    region: Region

    @property
    def prior(self) -> BoxPrior:
        return self.posterior.prior

    def sample(self, x: ArrayLike, count: int, seed: int = 0) -> Array:
        """As `Posterior.sample`; draws outside the region are replaced."""

        def accept(rows: NDArray[np.intp], theta: Array) -> NDArray[np.bool_]:
            flat = theta.reshape(-1, theta.shape[-1])
            return self.region.contains(flat).reshape(theta.shape[:-1])

        return sample_accepted(self.posterior, x, count, seed, accept)

    def log_prob(self, theta: Array, x: Array) -> Array:
        """As `FlowPosterior.log_prob`; the mass within the region comes from 10 000 draws.

        Raises
        ------
        InputError
            If no draw lies in the region.
        """
        given = check_array("theta", theta, ("sample", len(self.prior)), dtype=np.float64)
        found = np.full(len(given), -np.inf)
        if (mass := self.inside(x)) == 0:
            raise InputError(
                "x has next to none of its posterior in the region of the last round: give the"
                " observation of the rounds, or one like it"
            )
        if (inside := self.region.contains(given)).any():
            found[inside] = with_density(self.posterior).log_prob(given[inside], x) - np.log(mass)
        return found

    def inside(self, x: ArrayLike, seed: int = 0) -> float:
        """The part of the untruncated posterior of `x` (feature,) that lies in the region."""
        draws = self.posterior.sample(np.asarray(x, float)[None], _DRAWS, seed)[0]
        return float(self.region.contains(draws).mean())
