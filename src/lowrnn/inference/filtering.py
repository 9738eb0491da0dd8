"""Filter rounds: rules that meet a list of requirements, where no network was observed."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lowrnn.compute import Job
from lowrnn.errors import InputError, check_number
from lowrnn.inference.campaign import run_campaign
from lowrnn.inference.flows import FlowSettings, fit_flows
from lowrnn.inference.prior import BoxPrior
from lowrnn.inference.simulations import Simulations, joined

Array = NDArray[np.float64]
Progress = Callable[[int, int, int], None]

#: A metric alone needs no large flows.
_SMALL = FlowSettings(members=2, transforms=2, hidden=20, bins=6, embedding=4, patience=8)
_FEWEST = 50


@dataclass(frozen=True)
class Requirement:
    """An interval in which a metric must lie.

    Parameters
    ----------
    name : str
        The metric.
    low, high : float
        Ends of the interval, both in it.
    leeway : float
        Simulations so far outside still help to learn where the interval is met.

    Raises
    ------
    InputError
        If a number is not finite, or the ends are not in order.
    """

    name: str
    low: float
    high: float
    leeway: float = 0.0

    def __post_init__(self) -> None:
        for field in ("low", "high"):
            check_number(f"{field} of {self.name}", getattr(self, field))
        check_number(f"leeway of {self.name}", self.leeway, at_least=0)
        if not self.low < self.high:
            raise InputError(
                f"requirement {self.name} is {self.low:g} to {self.high:g}: give the lower end"
                " first"
            )

    def met(self, values: Array, leeway: float = 0.0) -> NDArray[np.bool_]:
        """Whether each of these values lies in the interval; no NaN does."""
        return (values >= self.low - leeway) & (values <= self.high + leeway)


@dataclass(frozen=True, eq=False)
class FilteredRules:
    """Rules that meet all requirements: a set, not draws from a distribution.

    Attributes
    ----------
    prior : BoxPrior
        The box.
    requirements : tuple of Requirement
        In the order in which they were used.
    metrics : tuple of str
        Names of the columns of `x`.
    rounds : tuple of Simulations
        Those from the prior, and those of each round.
    plausible : Simulations
        All among them that meet every requirement: `theta` are the rules, `x` their metrics.
    accepted : array (round,)
        The share of each round that meets every requirement; first that of the prior.
    shares : array (round, requirement)
        The share of each round that meets each requirement.
    """

    prior: BoxPrior
    requirements: tuple[Requirement, ...]
    metrics: tuple[str, ...]
    rounds: tuple[Simulations, ...]
    plausible: Simulations
    accepted: Array
    shares: Array

    @property
    def gain(self) -> float:
        """Accepted share of the last round over that of the prior."""
        return float(self.accepted[-1] / self.accepted[0]) if self.accepted[0] else math.inf


def filter_rounds(
    simulator: Job,
    prior: BoxPrior,
    requirements: Sequence[Requirement],
    metrics: Sequence[str],
    *,
    simulations: int = 1000,
    flows: FlowSettings | None = None,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    chunk: int = 64,
    version: str = "",
    store: str | Path | None = None,
    workers: int | None = None,
    cluster: str | None = None,
    progress: Progress | None = None,
) -> FilteredRules:
    """Find rules that meet requirements, where no network was observed.

    After simulations from the prior there is a round for each requirement. It learns the posterior
    of the parameters given its metric alone, from all simulations so far that meet the requirements
    before it; draws values of the metric evenly from its interval, as far as simulations reach, and
    parameters for each; and simulates these. Many metrics at once would make a worse posterior.

    Parameters
    ----------
    simulator : callable
        As for `run_campaign`, such as `measure_students`; the columns of its `x` are metrics.
    prior : BoxPrior
        The box of parameters, which no draw leaves.
    requirements : sequence of Requirement
        In the order in which to use them: best the one first that most simulations meet. That a
        student ends well is always required.
    metrics : sequence of str
        Names of the columns of `x`.
    simulations : int
        From the prior, and as many in each round.
    flows : FlowSettings, optional
        By default two small flows.
    settings, chunk, version, store, workers, cluster, progress
        As for `run_campaign`; progress counts the chunks of one round at a time.
    seed : int
        Determines everything.

    Raises
    ------
    InputError
        If a metric is not known, fewer than 50 simulations are left to learn from, or as
        `run_campaign`.

    References
    ----------
    Confavreux, Ramesh, Goncalves, Macke & Vogels 2023.
    """
    columns = _columns(requirements, metrics)
    check_number("simulations", simulations, at_least=_FEWEST)

    def simulate(theta: Array, stream: int) -> Simulations:
        found = run_campaign(
            simulator, theta, settings=settings, seed=seed, stream=stream, chunk=chunk,
            version=version, store=store, workers=workers, cluster=cluster, progress=progress,
        )  # fmt: skip
        if found.x.shape[1] != len(metrics):
            raise InputError(
                f"metrics are {len(metrics)} and x has {found.x.shape[1]} columns: name each"
            )
        return found

    rng = np.random.default_rng([seed, 11])
    parts = [simulate(prior.sample(simulations, rng), 0)]
    for index, (requirement, column) in enumerate(zip(requirements, columns, strict=True)):
        known = joined(parts)
        values = known.x[:, column]
        kept = requirement.met(values, requirement.leeway)
        for earlier, other in zip(requirements[:index], columns, strict=False):
            kept &= earlier.met(known.x[:, other])
        if kept.sum() < _FEWEST:
            raise InputError(
                f"requirement {requirement.name} leaves {int(kept.sum())} of {len(known)}"
                f" simulations to learn from, and {_FEWEST} must be: give more simulations, a"
                " leeway, or another order"
            )
        training = Simulations(known.theta[kept], values[kept, None], known.status[kept])
        posterior = fit_flows(training, prior, flows or _SMALL, seed=seed + index)
        reach = training.x.min(), training.x.max()
        low, high = np.clip([requirement.low, requirement.high], *reach)
        wanted = rng.uniform(low, high, simulations)
        theta = posterior.sample(wanted[:, None], 1, seed + index)[:, 0]
        parts.append(simulate(theta, index + 1))

    meet = [
        np.stack([r.met(part.x[:, c]) for r, c in zip(requirements, columns, strict=True)], axis=1)
        for part in parts
    ]
    plausible = np.asarray(np.concatenate(meet).all(axis=1))
    return FilteredRules(
        prior, tuple(requirements), tuple(metrics), tuple(parts),
        joined(parts)[plausible],
        np.array([each.all(axis=1).mean() for each in meet]),
        np.array([each.mean(axis=0) for each in meet]),
    )  # fmt: skip


def _columns(requirements: Sequence[Requirement], metrics: Sequence[str]) -> list[int]:
    """The column of each requirement."""
    if not requirements:
        raise InputError("requirements are empty: give at least one")
    for requirement in requirements:
        if requirement.name not in metrics:
            raise InputError(
                f"requirement {requirement.name} is no metric: choose among {', '.join(metrics)}"
            )
    return [list(metrics).index(requirement.name) for requirement in requirements]
