"""From a simulator and an observation to a posterior, with its diagnostics."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.compute import Job
from lowrnn.errors import InputError, check_array
from lowrnn.inference.calibration import Calibration, calibrate
from lowrnn.inference.campaign import run_campaign
from lowrnn.inference.checks import Predictive, edge_mass, misspecification, predictive
from lowrnn.inference.classifier import Classifier
from lowrnn.inference.flows import FlowPosterior, fit_flows
from lowrnn.inference.local_calibration import local_calibration
from lowrnn.inference.posterior import Posterior
from lowrnn.inference.prior import BoxPrior
from lowrnn.inference.rejection import RejectionPosterior, fit_rejection
from lowrnn.inference.selection import SelectedPosterior, fit_success
from lowrnn.inference.simulations import Simulations, joined
from lowrnn.inference.spec import InferenceSpec
from lowrnn.inference.truncation import Region, TruncatedPosterior, highest_density_region

Array = NDArray[np.float64]
Progress = Callable[[int, int, int], None]

_DRAWS_PER_TEST = 200
_PREDICTIVE = 1000


@dataclass(frozen=True)
class Rounds:
    """Where the last of several rounds was drawn.

    Attributes
    ----------
    prior_share : float
        Part of the prior that lies in its region.
    outside : float
        Part of the posterior of the observation that lies outside of it, and was left out. It was
        learned from few simulations; yet if it is large, the rounds before were too certain.
    """

    prior_share: float
    outside: float


@dataclass(frozen=True, eq=False)
class Inference:
    """A posterior, what it was learned from, and how far it can be believed.

    Attributes
    ----------
    posterior : Posterior
        For observations that are like the one given, noise included.
    learned : Posterior
        What was learned from students that ended well, within the region of the last round: the
        posterior itself, unless `failures` is "selection". Held-out simulations judge it.
    draws : array (draw, parameter)
        Of the posterior of the observation.
    truth : array (parameter,), optional
        The parameters behind the observation, where they are known.
    observed : array (feature,)
        The observation, with the noise that all summaries got.
    simulations : Simulations
        All students but those of the predictive check, failed ones included.
    success : Classifier, optional
        `p(ok | theta)`; None if no simulation failed.
    calibration : Calibration
        On held-out simulations: with parameters from the prior or, after more than one round, from
        the region of the last one, of whose outside they say nothing.
    local : array (parameter,)
        Probabilities of the ranks of those held-out simulations that are most like the observation,
        from `local_calibration`.
    rounds : Rounds, optional
        Where the last round was drawn; None if there was one only.
    predictive : Predictive
        Students from the posterior against the observation.
    misspecification : float
        Probability of a simulated student as unusual as the observation.
    edges : array (parameter, 2)
        Share of the posterior next to the faces of the prior.
    seconds : float
        Wall time.
    teacher : mapping
        What is known of the observed network, as plain data: see `run_experiment`.
    """

    posterior: Posterior
    learned: Posterior
    draws: Array
    truth: Array | None
    observed: Array
    simulations: Simulations
    success: Classifier | None
    calibration: Calibration
    local: Array
    rounds: Rounds | None
    predictive: Predictive
    misspecification: float
    edges: Array
    seconds: float
    teacher: Mapping[str, Any] = field(default_factory=dict)

    @property
    def prior(self) -> BoxPrior:
        """The prior."""
        return self.posterior.prior

    def to_dict(self) -> dict[str, Any]:
        """The results as plain data."""
        from lowrnn.inference.verdict import verdict

        low, high = np.quantile(self.draws, [0.05, 0.95], axis=0)
        parameters = [
            {
                "name": name,
                "truth": None if self.truth is None else float(self.truth[k]),
                "mean": float(self.draws[:, k].mean()),
                "sd": float(self.draws[:, k].std()),
                "q05": float(low[k]),
                "q95": float(high[k]),
                "edge_mass": [float(share) for share in self.edges[k]],
                "r2": float(self.calibration.r2[k]),
                "shrinkage": float(self.calibration.shrinkage[k]),
            }
            for k, name in enumerate(self.prior.names)
        ]
        return {
            "parameters": parameters,
            "simulations": len(self.simulations),
            "failed": self.simulations.failed,
            "status": self.simulations.counts(),
            "coverage_error": self.calibration.coverage_error,
            "sbc_pvalues": [float(p) for p in self.calibration.sbc_pvalues],
            "tarp_pvalue": self.calibration.tarp_pvalue,
            "calibrated": self.calibration.calibrated,
            "local_pvalues": [float(p) for p in self.local],
            "rounds": None if self.rounds is None else asdict(self.rounds),
            "predictive_ratio": self.predictive.ratio if self.predictive.failed < 1 else None,
            "predictive_failed": self.predictive.failed,
            "misspecification_pvalue": self.misspecification,
            "teacher": dict(self.teacher) or None,
            "remarks": list(verdict(self)),
            "seconds": self.seconds,
        }


def infer(
    simulator: Job,
    spec: InferenceSpec,
    observed: ArrayLike,
    *,
    truth: Mapping[str, float] | None = None,
    store: str | Path | None = None,
    version: str = "",
    workers: int | None = None,
    cluster: str | None = None,
    progress: Progress | None = None,
) -> Inference:
    """Infer the parameters of a simulator from an observation.

    Simulates students from the prior, learns a posterior, simulates where it is and learns again in
    as many rounds as are wanted, judges the posterior by simulations that were held out, and
    simulates students from it. With `store`, an interrupted inference goes on with the same call,
    and ends with the same posterior as one that was not.

    Parameters
    ----------
    simulator : callable
        As for `run_campaign`.
    spec : InferenceSpec
        What to infer, and how.
    observed : array (feature,)
        Summaries of the observed network, as the simulator makes them.
    truth : mapping from str to float, optional
        True parameters where they are known, for the report only.
    store, version, workers, cluster, progress
        As for `run_campaign`; progress counts the chunks of one round at a time.

    Raises
    ------
    InputError
        If an argument cannot be used, or too few simulations end well.
    """
    started = time.perf_counter()
    prior, seed = spec.prior, spec.seed
    known = None if truth is None else _truth(truth, prior)

    def simulate(theta: Array, stream: int) -> Simulations:
        return run_campaign(
            simulator, theta, settings=spec.settings, seed=seed, stream=stream, chunk=spec.chunk,
            version=version, store=store, workers=workers, cluster=cluster, progress=progress,
        )  # fmt: skip

    first = simulate(prior.sample(_share(spec, 0), np.random.default_rng([seed, 9])), 0)
    x = check_array("observed", observed, (first.x.shape[1],), dtype=np.float64)
    sd = first.x[first.ok].std(axis=0) if first.ok.any() else np.zeros_like(x)
    rng = np.random.default_rng([seed, 10])
    x = x + spec.noise * sd * rng.standard_normal(len(x))

    def noisy(found: Simulations) -> Simulations:
        added = spec.noise * sd * rng.standard_normal(found.x.shape)
        return Simulations(found.theta, found.x + added, found.status, found.reasons)

    parts = [noisy(first)]
    fitted: FlowPosterior | RejectionPosterior = _fit(parts, spec)
    region: Region | None = None
    for index in range(1, spec.rounds):
        assert isinstance(fitted, FlowPosterior)
        region = highest_density_region(fitted, x, within=region, seed=seed + index)
        parts.append(noisy(simulate(region.sample(_share(spec, index), seed + index), index)))
        fitted = _fit(parts, spec)

    everything = joined(parts)
    success = fit_success(everything, prior, seed)
    learned: Posterior = fitted
    rounds: Rounds | None = None
    if region is not None:
        learned = truncated = TruncatedPosterior(fitted, region)
        rounds = Rounds(region.share(seed), 1 - truncated.inside(x, seed))
    tests = parts[-1][-spec.held_out :]
    tests = tests[tests.ok]
    if len(tests) < 20:
        raise InputError(
            f"held_out is {spec.held_out}, of which {len(tests)} are ok: give more, 20 must be"
        )
    # Held-out simulations come from the prior or the region, failures left out: for these
    # parameters the learned posterior is the right one, whatever `failures` says.
    judged = learned.sample(tests.x, _DRAWS_PER_TEST, seed + 1)
    calibration = calibrate(tests.theta, judged, prior, seed=seed)
    posterior, draws = learned, learned.sample(x[None], spec.draws, seed)[0]
    local = local_calibration(calibration.ranks, judged.mean(axis=1), draws.mean(axis=0), seed=seed)
    if success is not None and spec.failures == "selection":
        posterior = SelectedPosterior(learned, success)
        draws = posterior.sample(x[None], spec.draws, seed)[0]
    repeated = noisy(simulate(draws[: spec.predictive], _PREDICTIVE))
    return Inference(
        posterior, learned, draws, known, x, everything, success, calibration, local, rounds,
        predictive(x, repeated, parts[0]),
        misspecification(x, parts[0].x[parts[0].ok]),
        edge_mass(draws, prior),
        time.perf_counter() - started,
    )  # fmt: skip


def _share(spec: InferenceSpec, index: int) -> int:
    """Simulations of a round; the last takes what does not divide."""
    each = spec.simulations // spec.rounds
    return each if index < spec.rounds - 1 else spec.simulations - each * (spec.rounds - 1)


def _fit(parts: list[Simulations], spec: InferenceSpec) -> FlowPosterior | RejectionPosterior:
    """A posterior from all simulations but the last ones of the last round."""
    training = joined([*parts[:-1], parts[-1][: -spec.held_out]])
    if spec.method == "abc":
        return fit_rejection(training, spec.prior, quantile=spec.quantile)
    return fit_flows(training, spec.prior, spec.flows.build(), seed=spec.seed)


def _truth(truth: Mapping[str, float], prior: BoxPrior) -> Array:
    """True parameters in the order of the prior."""
    if truth.keys() != set(prior.names):
        raise InputError(
            f"truth names {', '.join(truth)}: name the parameters {', '.join(prior.names)}"
        )
    return np.array([float(truth[name]) for name in prior.names])
