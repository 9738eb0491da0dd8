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
    statistics : array (simulation, statistic)
        Their summaries in the coordinates in which distance is measured.
    projection : array (feature, statistic)
        What gives these coordinates from summaries.
    quantile : float
        Share of the simulations that is accepted.
    adjust : bool
        Whether accepted parameters are moved to the observation by a linear regression.
    """

    prior: BoxPrior
    theta: Array
    statistics: Array
    projection: Array
    quantile: float
    adjust: bool

    def sample(self, x: ArrayLike, count: int, seed: int = 0) -> Array:
        """As `Posterior.sample`; draws repeat where more are wanted than are accepted."""
        given = check_array("x", x, ("observation", len(self.projection)), dtype=np.float64)
        rng = np.random.default_rng([seed, 5])
        draws = np.empty((len(given), count, len(self.prior)))
        for row, observed in enumerate(given @ self.projection):
            theta, weights = self._accepted(observed)
            draws[row] = theta[rng.choice(len(theta), count, p=weights)]
        return draws

    def _accepted(self, observed: Array) -> tuple[Array, Array]:
        """Accepted parameters, and their weights."""
        distance = np.linalg.norm(self.statistics - observed, axis=1)
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
        offset = self.statistics[nearest] - observed
        design = np.hstack([np.ones((kept, 1)), offset])
        # A little ridge, for statistics that do not vary among those accepted.
        penalty = 1e-6 * np.trace(design.T @ design) * np.eye(design.shape[1])
        weighted = design * weights[:, None]
        slope = np.linalg.solve(design.T @ weighted + penalty, weighted.T @ logit)[1:]
        adjusted = 1 / (1 + np.exp(-(logit - offset @ slope)))
        return self.prior.from_unit(adjusted), weights / weights.sum()


def fit_rejection(
    simulations: Simulations,
    prior: BoxPrior,
    *,
    quantile: float = 0.01,
    adjust: bool = True,
    compress: bool = True,
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
        Whether to adjust accepted parameters by local linear regression, which needs several times
        as many of them as there are statistics.
    compress : bool
        Whether distance is measured between the parameters that a ridge regression predicts from
        summaries, one statistic for each parameter, rather than between standardised summaries.

    Raises
    ------
    InputError
        If the quantile is out of range, or fewer than 20 simulations ended well.

    References
    ----------
    Adjustment: Beaumont, Zhang & Balding 2002, with an Epanechnikov kernel and parameters on the
    logit scale. Compression: Fearnhead & Prangle 2012.
    """
    if not 0 < quantile <= 1:
        raise InputError(f"quantile is {quantile}: give a share above 0 and at most 1")
    theta, x = simulations.theta[simulations.ok], simulations.x[simulations.ok]
    if len(theta) < 20:
        raise InputError(f"simulations has {len(theta)} that are ok: give at least 20")
    prior.check("theta", theta)
    sd = x.std(axis=0)
    projection = np.diag(1 / np.where(sd > 0, sd, 1.0))
    if compress:
        projection = projection @ _ridge(x @ projection, prior.to_unit(theta))
    return RejectionPosterior(prior, theta, x @ projection, projection, float(quantile), adjust)


def _ridge(x: Array, target: Array) -> Array:
    """Slopes of a ridge regression, (feature, target), whose penalty minimises the error on others.

    Generalised cross-validation (Golub, Heath & Wahba 1979).
    """
    X, Y = x - x.mean(axis=0), target - target.mean(axis=0)
    u, s, vt = np.linalg.svd(X, full_matrices=False)
    along = u.T @ Y
    best, slopes = np.inf, np.zeros((x.shape[1], target.shape[1]))
    for penalty in np.geomspace(1e-6, 1e2, 17) * len(x):
        shrunk = s**2 / (s**2 + penalty)
        residual = np.sum(Y**2) - np.sum((2 * shrunk - shrunk**2)[:, None] * along**2)
        error = residual / (len(x) - 1 - shrunk.sum()) ** 2
        if error < best:
            best = error
            slopes = vt.T @ ((s / (s**2 + penalty))[:, None] * along)
    return np.asarray(slopes)
