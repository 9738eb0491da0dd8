"""Failed simulations as data: which parameters fail, and what that says about an observation."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import check_array
from lowrnn.inference.classifier import Classifier, fit_classifier
from lowrnn.inference.posterior import Posterior, sample_accepted, with_density
from lowrnn.inference.prior import BoxPrior
from lowrnn.inference.simulations import Simulations

Array = NDArray[np.float64]

#: Success is taken to be at least so probable when draws are weighted by one over it.
FLOOR = 0.02


def fit_success(simulations: Simulations, prior: BoxPrior, seed: int = 0) -> Classifier | None:
    """`p(ok | theta)` from all simulations, failed ones included; None if none failed.

    Its features are parameters in the unit box, its classes "failed" and "ok".
    """
    if simulations.failed == 0:
        return None
    return fit_classifier(
        prior.to_unit(simulations.theta), simulations.ok.astype(int), ("failed", "ok"), seed=seed
    )


@dataclass(frozen=True, eq=False)
class SelectedPosterior:
    """A posterior under the assumption that failed networks could not have been observed.

    A posterior learned from the simulations that ended well is that of the joint event "ended well
    and gave x", `p(theta) p(ok | theta) p(x | theta, ok)`: that the observed network did not fail
    counts as evidence for parameters that seldom fail. If instead networks were made until one did
    not fail, only `p(theta) p(x | theta, ok)` counts: draws are accepted here in proportion to
    `1 / p(ok | theta)`.

    Parameters
    ----------
    posterior : Posterior
        Learned from simulations that ended well.
    success : Classifier
        From `fit_success`. Probabilities below 0.02 are taken as 0.02.
    """

    posterior: Posterior
    success: Classifier

    @property
    def prior(self) -> BoxPrior:
        return self.posterior.prior

    def sample(self, x: ArrayLike, count: int, seed: int = 0) -> Array:
        """As `Posterior.sample`."""
        given = np.atleast_2d(np.asarray(x, float))
        rng = np.random.default_rng([seed, 3])
        # The least probable success decides how many draws are lost, so it is taken where the
        # posterior is; what lies below, where there was no draw, is weighted a little too low.
        least = self._success(self.posterior.sample(given, 400, seed + 1)).min(axis=1)

        def accept(rows: NDArray[np.intp], theta: Array) -> NDArray[np.bool_]:
            ok = self._success(theta)
            return np.asarray(rng.random(ok.shape) * ok < least[rows, None])

        return sample_accepted(self.posterior, given, count, seed, accept)

    def log_prob(self, theta: Array, x: Array) -> Array:
        """As `FlowPosterior.log_prob`; the constant comes from 10 000 draws.

        Raises
        ------
        InputError
            If the posterior within has no density.
        """
        given = check_array("theta", theta, ("sample", len(self.prior)), dtype=np.float64)
        learned = with_density(self.posterior).log_prob(given, x)
        draws = self.posterior.sample(np.asarray(x, float)[None], 10_000)
        constant = np.log(np.mean(1 / self._success(draws)))
        return np.asarray(learned - np.log(self._success(given[None])[0]) - constant)

    def _success(self, theta: Array) -> Array:
        """Probability of success of each draw, (observation, draw)."""
        unit = self.prior.to_unit(theta).reshape(-1, len(self.prior))
        return np.maximum(self.success.probabilities(unit)[:, 1], FLOOR).reshape(theta.shape[:-1])
