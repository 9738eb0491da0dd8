from dataclasses import dataclass
from typing import cast

import numpy as np
import pytest

from lowrnn.inference import BoxPrior, Classifier, SelectedPosterior, Simulations, fit_success
from lowrnn.inference.selection import FLOOR

PRIOR = BoxPrior.of({"a": (-1, 1)})
GRID = np.linspace(-1, 1, 2001)
SD = 0.5


def success(theta: np.ndarray) -> np.ndarray:
    """The larger the parameter, the more students fail."""
    return 1 / (1 + np.exp(4 * theta))


def density(x: float, *, failures_count: bool) -> np.ndarray:
    """The two posteriors of an observed student that is ok, on the grid."""
    p = np.exp(-((x - GRID) ** 2) / 2 / SD**2)
    if failures_count:
        p *= success(GRID)
    return p / p.sum()


@dataclass(frozen=True)
class Learned:
    """What is learned, without error, from simulations that are ok: `p(theta | x, ok)`."""

    prior = PRIOR

    def sample(self, x: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
        rng = np.random.default_rng([seed, 1])
        return np.stack(
            [rng.choice(GRID, (count, 1), p=density(r[0], failures_count=True)) for r in x]
        )

    def log_prob(self, theta: np.ndarray, x: np.ndarray) -> np.ndarray:
        known = np.log(density(x[0], failures_count=True) / (GRID[1] - GRID[0]))
        return np.interp(theta[:, 0], GRID, known)


@pytest.fixture(scope="module")
def simulations() -> Simulations:
    rng = np.random.default_rng(0)
    theta = PRIOR.sample(4000, rng)
    status = np.where(rng.random(4000) < success(theta[:, 0]), "ok", "blow-up")
    return Simulations(theta, theta + SD * rng.standard_normal(theta.shape), status)


def test_simulations_that_are_ok_follow_the_joint_posterior(simulations: Simulations) -> None:
    """Rejection by distance on the ok ones gives p(theta) p(ok | theta) p(x | theta, ok)."""
    near = simulations.theta[simulations.ok & (np.abs(simulations.x[:, 0] - 0.2) < 0.1), 0]
    error = near.std() / np.sqrt(len(near))
    both = [density(0.2, failures_count=count) @ GRID for count in (True, False)]
    assert abs(near.mean() - both[0]) < 4 * error
    assert abs(near.mean() - both[1]) > 6 * error


def test_success_is_learned_from_all_simulations(simulations: Simulations) -> None:
    found = fit_success(simulations, PRIOR)
    assert found is not None
    theta = np.linspace(-0.95, 0.95, 50)
    p = found.probabilities(PRIOR.to_unit(theta[:, None]))[:, 1]
    np.testing.assert_allclose(p, success(theta), atol=0.1)
    fine = simulations[simulations.ok]
    assert fit_success(fine, PRIOR) is None


def test_selection_takes_the_evidence_of_success_back(simulations: Simulations) -> None:
    found = fit_success(simulations, PRIOR)
    assert found is not None
    x = np.array([[-0.5], [0.2], [0.8]])
    draws = SelectedPosterior(Learned(), found).sample(x, 2000)
    assert draws.shape == (3, 2000, 1)
    for row, (observed,) in zip(draws, x, strict=True):
        wanted = density(observed, failures_count=False)
        evidence = density(observed, failures_count=True)
        assert row.mean() == pytest.approx(wanted @ GRID, abs=0.05)
        assert row.std() == pytest.approx(np.sqrt(wanted @ GRID**2 - (wanted @ GRID) ** 2), rel=0.1)
        assert row.mean() - evidence @ GRID > 0.1


class Known:
    """`p(ok | theta)` without error."""

    def probabilities(self, unit: np.ndarray) -> np.ndarray:
        ok = success(PRIOR.from_unit(unit[:, 0]))
        return np.stack([1 - ok, ok], axis=1)


def test_density_under_selection() -> None:
    found = SelectedPosterior(Learned(), cast(Classifier, Known()))
    given = np.exp(found.log_prob(GRID[:, None], np.array([0.2])))
    wanted = density(0.2, failures_count=False) / (GRID[1] - GRID[0])
    # Beyond this, success is less probable than draws are weighted for.
    usual = success(GRID) > FLOOR
    np.testing.assert_allclose(given[usual], wanted[usual], rtol=0.04)
