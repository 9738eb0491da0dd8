"""Whether posteriors are as certain as they may be: ranks, coverage, recovery.

All of it follows from draws for simulations whose parameters are known and which took no part in
the fit.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binom, kstest

from lowrnn.errors import InputError, check_array
from lowrnn.inference.prior import BoxPrior

Array = NDArray[np.float64]

#: Nominal probabilities of the central intervals whose coverage is reported.
LEVELS = (0.5, 0.8, 0.9)
#: A test fails below this probability, divided by the number of tests of its kind.
SIGNIFICANT = 0.01


@dataclass(frozen=True, eq=False)
class Calibration:
    """How posteriors of simulations with known parameters compare with these.

    Attributes
    ----------
    ranks : array (test, parameter)
        Share of draws below the truth, from 0 to 1; uniform if posteriors are right.
    sbc_pvalues : array (parameter,)
        Of the Kolmogorov-Smirnov test of that.
    coverage : array (level, parameter)
        Share of truths within the central interval of each of `LEVELS`.
    tarp : array (test,)
        Share of draws that are nearer to a random point than the truth is; uniform if the posterior
        of all parameters together is right.
    tarp_pvalue : float
        Of the Kolmogorov-Smirnov test of that.
    area_to_curve : float
        Between the coverage of central intervals of `tarp` and its nominal value: negative if
        posteriors are too narrow, positive if they are too wide.
    r2 : array (parameter,)
        Of posterior means as predictions of the truth.
    shrinkage : array (parameter,)
        Mean posterior standard deviation over that of the prior; near 1, data say nothing.
    """

    ranks: Array
    sbc_pvalues: Array
    coverage: Array
    tarp: Array
    tarp_pvalue: float
    area_to_curve: float
    r2: Array
    shrinkage: Array

    @property
    def coverage_error(self) -> float:
        """The largest gap between coverage and its nominal value, of all levels and parameters."""
        return float(np.abs(self.coverage - np.array(LEVELS)[:, None]).max())

    @property
    def parameter_pvalues(self) -> Array:
        """Of the worst of each parameter's ranks and coverages, all of them allowed for.

        Ranks alone do not notice posteriors that are somewhat too wide or too narrow: coverage of
        each level is held against a binomial number of truths.
        """
        tests = len(self.ranks)
        covered = np.round(self.coverage * tests)
        nominal = np.array(LEVELS)[:, None]
        least = np.minimum(
            binom.cdf(covered, tests, nominal),
            binom.sf(covered - 1, tests, nominal),
        )
        worst = np.minimum(self.sbc_pvalues, 2 * least.min(axis=0))
        found: Array = np.minimum(1.0, (1 + len(LEVELS)) * worst)
        return found

    @property
    def calibrated(self) -> bool:
        """Whether ranks, coverages and joint coverage do not differ from what is right."""
        worst = float(self.parameter_pvalues.min()) * len(self.sbc_pvalues)
        return worst >= SIGNIFICANT and self.tarp_pvalue >= SIGNIFICANT


def calibrate(theta: ArrayLike, draws: ArrayLike, prior: BoxPrior, *, seed: int = 0) -> Calibration:
    """Compare posterior draws with the parameters that the data came from.

    Parameters
    ----------
    theta : array (test, parameter)
        True parameters, drawn from the prior.
    draws : array (test, draw, parameter)
        Posterior draws for each.
    prior : BoxPrior
        Sets the scale of parameters.
    seed : int
        Determines random points and how ties of ranks are broken.

    Raises
    ------
    InputError
        If shapes disagree, or there are fewer than 20 tests.

    References
    ----------
    Ranks: Talts, Betancourt, Simpson, Vehtari & Gelman 2018. Joint coverage (TARP): Lemos, Coogan,
    Hezaveh & Perreault-Levasseur 2023; its values are tested for uniformity one by one, and not the
    points of the curve, which are few and correlated.
    """
    truth = check_array("theta", theta, ("test", len(prior)), dtype=np.float64)
    given = check_array("draws", draws, (len(truth), "draw", len(prior)), dtype=np.float64)
    if len(truth) < 20:
        raise InputError(f"theta has {len(truth)} tests: give at least 20")
    rng = np.random.default_rng([seed, 7])
    below = (given < truth[:, None]).sum(axis=1)
    # A random place between neighbouring draws makes exact ranks exactly uniform.
    ranks = (below + rng.random(below.shape)) / (given.shape[1] + 1)
    coverage = np.array([(np.abs(ranks - 0.5) <= level / 2).mean(axis=0) for level in LEVELS])

    points = rng.random(truth.shape)
    to_truth = np.linalg.norm(prior.to_unit(truth) - points, axis=1)
    to_draws = np.linalg.norm(prior.to_unit(given) - points[:, None], axis=2)
    nearer = (to_draws < to_truth[:, None]).sum(axis=1)
    tarp = (nearer + rng.random(len(truth))) / (given.shape[1] + 1)
    # Posteriors that are too narrow have their values at both ends; folded, the sign is one.
    folded = 2 * np.abs(tarp - 0.5)

    means = given.mean(axis=1)
    residual = ((means - truth) ** 2).sum(axis=0)
    return Calibration(
        ranks=ranks,
        sbc_pvalues=np.array([kstest(column, "uniform").pvalue for column in ranks.T]),
        coverage=coverage,
        tarp=tarp,
        tarp_pvalue=float(kstest(tarp, "uniform").pvalue),
        area_to_curve=float(0.5 - folded.mean()),
        r2=1 - residual / ((truth - truth.mean(axis=0)) ** 2).sum(axis=0),
        shrinkage=given.std(axis=1).mean(axis=0) / prior.sd,
    )
