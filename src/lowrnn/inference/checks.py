"""Whether a posterior can be believed at the observation itself."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import check_array
from lowrnn.inference.prior import BoxPrior
from lowrnn.inference.simulations import Simulations

Array = NDArray[np.float64]

#: A face of the prior holds 2 % of a flat posterior within its nearest 2 %.
NEAR = 0.02
#: From this share on, the prior cuts the posterior off.
PILED = 0.1


@dataclass(frozen=True)
class Predictive:
    """How near students with parameters from the posterior come to the observation.

    Attributes
    ----------
    posterior, prior : float
        Median distance to the observation of students from either, as the root mean square over
        summaries, each in units of its standard deviation over the prior.
    best : float
        Smallest distance of students from the posterior.
    failed : float
        Share of students from the posterior that failed.
    """

    posterior: float
    prior: float
    best: float
    failed: float

    @property
    def ratio(self) -> float:
        """Posterior over prior distance."""
        return self.posterior / self.prior


def predictive(observed: ArrayLike, simulated: Simulations, prior: Simulations) -> Predictive:
    """Compare the observation with students from the posterior and from the prior.

    Parameters
    ----------
    observed : array (feature,)
        Summaries of the observation.
    simulated : Simulations
        With parameters drawn from the posterior.
    prior : Simulations
        With parameters drawn from the prior, at least two of them ok.
    """
    x = check_array("observed", observed, (prior.x.shape[1],), dtype=np.float64)
    reference = prior.x[prior.ok]
    sd = reference.std(axis=0)
    scale = np.where(sd > 0, sd, 1.0)

    def distances(rows: Array) -> Array:
        return np.asarray(np.sqrt((((rows - x) / scale) ** 2).mean(axis=1)))

    near, failed = distances(simulated.x[simulated.ok]), simulated.failed / len(simulated)
    if not len(near):
        return Predictive(np.inf, float(np.median(distances(reference))), np.inf, failed)
    return Predictive(
        float(np.median(near)), float(np.median(distances(reference))), float(near.min()), failed
    )


def misspecification(observed: ArrayLike, x: ArrayLike, *, most: int = 1000) -> float:
    """The probability that a simulated student lies so far from the others as the observation.

    Distance is the maximum mean discrepancy between one point and the simulations, with a Gaussian
    kernel of the median distance on standardised summaries: a kernel density, and the probability
    its rank among those of the simulations.

    Parameters
    ----------
    observed : array (feature,)
        Summaries of the observation.
    x : array (simulation, feature)
        Summaries of students from the prior.
    most : int
        Simulations that are used, the first ones.

    Returns
    -------
    float
        Above 0 and at most 1. If it is small, no rule in the prior makes such a network, and the
        posterior answers a question that was not asked.

    References
    ----------
    Schmitt, Bürkner, Köthe & Radev 2023.
    """
    given = check_array("x", x, ("simulation", "feature"), dtype=np.float64)[:most]
    point = check_array("observed", observed, (given.shape[1],), dtype=np.float64)
    mean, sd = given.mean(axis=0), given.std(axis=0)
    kept = sd > 0
    rows = (np.vstack([given, point])[:, kept] - mean[kept]) / sd[kept]
    power = (rows**2).sum(axis=1)
    squares = np.maximum(power[:, None] + power - 2 * rows @ rows.T, 0)
    others = squares[:-1, :-1]
    width = np.median(others[np.triu_indices(len(others), 1)])
    kernel = np.exp(-squares / max(width, 1e-300))
    # Each against all other simulations, without itself.
    own = (kernel[:-1, :-1].sum(axis=1) - 1) / (len(given) - 1)
    observation = kernel[-1, :-1].mean()
    return float((1 + (own <= observation).sum()) / (1 + len(given)))


def edge_mass(draws: ArrayLike, prior: BoxPrior) -> Array:
    """The share of a posterior in the 2 % of the prior next to its faces, (parameter, 2).

    Parameters
    ----------
    draws : array (draw, parameter)
        Of the posterior.
    prior : BoxPrior
        Lower and upper faces of each parameter are reported, in this order.

    Returns
    -------
    array (parameter, 2)
        0.02 for a flat posterior. Much more than that means that the data want to leave the box;
        the small standard deviation of such a parameter is that of the box, not of the data.
    """
    unit = prior.to_unit(check_array("draws", draws, ("draw", len(prior)), dtype=np.float64))
    return np.stack([(unit < NEAR).mean(axis=0), (unit > 1 - NEAR).mean(axis=0)], axis=1)
