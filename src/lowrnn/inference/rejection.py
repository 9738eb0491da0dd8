"""Rejection sampling with regression adjustment: the baseline, which needs no training."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array
from lowrnn.inference.prior import BoxPrior
from lowrnn.inference.simulations import Simulations

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RejectionPosterior:
    """The parameters of the simulations nearest to an observation.

    Attributes
    ----------
    prior : BoxPrior
        From which the simulations were drawn.
    theta : array (simulation, parameter)
        Parameters of those that ended well.
    x : array (simulation, feature)
        Their summaries, divided by `scale`.
    scale : array (feature,)
        Standard deviation over simulations, 1 where it is 0.
    quantile : float
        Share of the simulations that is accepted.
    adjust : bool
        Whether accepted parameters are moved to the observation by a linear regression.
    """

    prior: BoxPrior
    theta: Array
    x: Array
    scale: Array
    quantile: float
    adjust: bool

    def sample(self, x: ArrayLike, count: int, seed: int = 0) -> Array:
        """As `Posterior.sample`; draws repeat where more are wanted than are accepted."""
        given = check_array("x", x, ("observation", len(self.scale)), dtype=np.float64) / self.scale
        rng = np.random.default_rng([seed, 5])
        draws = np.empty((len(given), count, len(self.prior)))
        for row, observed in enumerate(given):
            theta, weights = self._accepted(observed)
            draws[row] = theta[rng.choice(len(theta), count, p=weights)]
        return draws

    def _accepted(self, observed: Array) -> tuple[Array, Array]:
        """Accepted parameters, and their weights."""
        distance = np.linalg.norm(self.x - observed, axis=1)
        kept = max(2, round(self.quantile * len(distance)))
        nearest = np.argpartition(distance, kept - 1)[:kept]
        theta = self.theta[nearest]
        if not self.adjust:
            return theta, np.full(kept, 1 / kept)
        width = distance[nearest].max()
        weights = np.maximum(1 - (distance[nearest] / max(width, 1e-300)) ** 2, 1e-6)
        # On the logit scale, so that no adjusted parameter leaves the box.
        unit = np.clip(self.prior.to_unit(theta), 1e-6, 1 - 1e-6)
        logit = np.log(unit / (1 - unit))
        offset = self.x[nearest] - observed
        design = np.hstack([np.ones((kept, 1)), offset])
        # A little ridge decides where there are more features than accepted simulations.
        penalty = np.diag([0.0, *np.full(offset.shape[1], 1e-3 * weights.sum())])
        weighted = design * weights[:, None]
        slope = np.linalg.solve(design.T @ weighted + penalty, weighted.T @ logit)[1:]
        adjusted = 1 / (1 + np.exp(-(logit - offset @ slope)))
        return self.prior.from_unit(adjusted), weights / weights.sum()


def fit_rejection(
    simulations: Simulations, prior: BoxPrior, *, quantile: float = 0.01, adjust: bool = True
) -> RejectionPosterior:
    """Approximate Bayesian computation by rejection.

    Parameters
    ----------
    simulations : Simulations
        With parameters drawn from `prior`. Failed ones are never accepted: see `SelectedPosterior`
        for what this says about the parameters.
    prior : BoxPrior
        The prior.
    quantile : float
        Share of the simulations to accept, above 0 and at most 1.
    adjust : bool
        Whether to adjust accepted parameters by local linear regression.

    Raises
    ------
    InputError
        If there is no quantile such as this, or fewer than 2 simulations ended well.

    References
    ----------
    Beaumont, Zhang & Balding 2002, with an Epanechnikov kernel and parameters on the logit scale.
    """
    if not 0 < quantile <= 1:
        raise InputError(f"quantile is {quantile}: give a share above 0 and at most 1")
    theta, x = simulations.theta[simulations.ok], simulations.x[simulations.ok]
    if len(theta) < 2:
        raise InputError(f"simulations has {len(theta)} that are ok: give at least 2")
    prior.check("theta", theta)
    sd = x.std(axis=0)
    scale = np.where(sd > 0, sd, 1.0)
    return RejectionPosterior(prior, theta, x / scale, scale, float(quantile), adjust)
