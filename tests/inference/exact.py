"""Independent parameters in a box, each observed with Gaussian noise: posteriors are known."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import truncnorm

from lowrnn.inference import BoxPrior, Simulations

PRIOR = BoxPrior.of({"a": (-1, 1), "b": (0, 4)})
SD = np.array([0.3, 0.5])


def simulations(count: int, seed: int = 0) -> Simulations:
    """Draws of the prior, observed."""
    rng = np.random.default_rng(seed)
    theta = PRIOR.sample(count, rng)
    return Simulations(theta, theta + SD * rng.standard_normal(theta.shape), np.full(count, "ok"))


@dataclass(frozen=True)
class Exact:
    """The posterior; or one that is `width` times as wide and displaced by `shift` (in SD)."""

    width: float = 1.0
    shift: float = 0.0
    prior = PRIOR

    def normal(self, x: np.ndarray) -> object:
        loc, scale = x + self.shift * SD, self.width * SD
        return truncnorm((PRIOR.low - loc) / scale, (PRIOR.high - loc) / scale, loc, scale)

    def sample(self, x: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
        x = np.asarray(x, float)[:, None]
        rng = np.random.default_rng([seed, 99])
        return self.normal(x).rvs((len(x), count, 2), random_state=rng)

    def log_prob(self, theta: np.ndarray, x: np.ndarray) -> np.ndarray:
        return self.normal(x).logpdf(theta).sum(axis=1)
