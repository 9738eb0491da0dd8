"""Which of several rules made a network: an experiment in one YAML file, with `rules`."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from lowrnn.errors import InputError
from lowrnn.inference.campaign import run_campaign
from lowrnn.inference.checks import misspecification
from lowrnn.inference.experiment import (
    TEACHER_PATHS,
    Experiment,
    fitted,
    located,
    observation,
    summary_of,
    version_of,
)
from lowrnn.inference.prior import BoxPrior
from lowrnn.inference.recorded import FitProgress
from lowrnn.inference.rules import RuleComparison, compare_rules
from lowrnn.inference.simulations import Simulations
from lowrnn.inference.spec import Count, Finite
from lowrnn.inference.students import StudentSettings, simulate_students
from lowrnn.inference.teacher_spec import Teacher
from lowrnn.learning.plasticity.family import RuleFamily
from lowrnn.recordings.schema import Strict, load_yaml, validate

Array = NDArray[np.float64]
Progress = Callable[[int, int, int], None]

#: Of the students, these are set by each rule.
_OWN = ("terms", "pre", "post")


class Candidate(Strict):
    """A rule that may have made the network.

    Attributes
    ----------
    terms : tuple of str
        What each parameter multiplies: see `RuleFamily`.
    parameters : mapping from str to (low, high)
        The box of the prior, in the order of the terms.
    pre, post : "rate" or "centred"
        What X and Y are in the terms: see `RuleFamily`.
    """

    terms: tuple[str, ...]
    parameters: dict[str, tuple[Finite, Finite]] = Field(min_length=1)
    pre: Literal["rate", "centred"] = "rate"
    post: Literal["rate", "centred"] = "rate"

    @model_validator(mode="after")
    def _readable(self) -> "Candidate":
        RuleFamily(terms=self.terms)
        BoxPrior.of(self.parameters)
        if len(self.parameters) != len(self.terms):
            raise ValueError(
                f"parameters are {len(self.parameters)} and terms {len(self.terms)}: name one"
                " parameter for each term"
            )
        return self

    @property
    def prior(self) -> BoxPrior:
        """The prior."""
        return BoxPrior.of(self.parameters)


class RuleTeacher(Teacher):
    """The keys of `Teacher`, and of which rule `theta` is.

    Attributes
    ----------
    rule : str, optional
        The name of the rule, if `theta` is given.
    """

    rule: str | None = None

    @model_validator(mode="after")
    def _of_a_rule(self) -> "RuleTeacher":
        if (self.rule is None) != (self.theta is None):
            raise ValueError("give rule and theta together: a known rule and its coefficients")
        return self


class RuleExperiment(Strict):
    """Rules that are compared, the teacher that one of them may have made, and the students.

    Attributes
    ----------
    rules : mapping from str to Candidate
        At least two, of equal prior probability.
    teacher : RuleTeacher
        Where the observation comes from.
    student : StudentSettings
        Where students start and what they are shown; `terms`, `pre` and `post` are the rules'.
    simulations : int
        Students of all rules together, each a like share; what does not divide is left out. A
        quarter of them judges the comparison.
    noise : float
        Standard deviation of noise that is added to all summaries, in units of their standard
        deviation over students of all rules.
    chunk : int
        Students in one job.
    seed : int
        Determines everything.
    """

    rules: dict[str, Candidate] = Field(min_length=2)
    teacher: RuleTeacher
    student: StudentSettings = StudentSettings()
    simulations: Annotated[int, Field(ge=100)] = 3200
    noise: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.05
    chunk: Count = 64
    seed: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _consistent(self) -> "RuleExperiment":
        if given := [name for name in _OWN if name in self.student.model_fields_set]:
            raise ValueError(f"student.{given[0]} is for each rule: give it under rules")
        name, theta = self.teacher.rule, self.teacher.theta
        if name is not None and name not in self.rules:
            raise ValueError(f"teacher.rule is {name}: choose among {', '.join(self.rules)}")
        if name is not None and set(theta or ()) != set(wanted := self.rules[name].parameters):
            raise ValueError(
                f"teacher.theta names {', '.join(theta or ())}: name {', '.join(wanted)}"
            )
        return self

    def experiment(self, name: str) -> Experiment:
        """The experiment with one of the rules: with its students, and its name in errors.

        A teacher with a known rule makes no other rule's observation, for which all coefficients
        are 0 instead.
        """
        rule = self.rules[name]
        teacher = self.teacher.model_dump(exclude={"rule"})
        if self.teacher.theta is not None and name != self.teacher.rule:
            teacher["theta"] = dict.fromkeys(rule.parameters, 0.0)
        own = {field: getattr(rule, field) for field in _OWN}
        given = {
            "teacher": teacher, "student": {**self.student.model_dump(), **own},
            "parameters": rule.parameters, "chunk": self.chunk, "seed": self.seed,
        }  # fmt: skip
        return validate(Experiment, given, f"rules.{name}")

    @property
    def observed(self) -> Experiment:
        """The experiment that makes the observation."""
        return self.experiment(self.teacher.rule or next(iter(self.rules)))

    def to_dict(self) -> dict[str, Any]:
        """All keys as plain data, defaults among them, as `read_rules` takes them."""
        return self.model_dump(mode="json", exclude={"student": set(_OWN)})


@dataclass(frozen=True, eq=False)
class RulePosterior:
    """How probable each rule is for an observation, and how far that can be believed.

    Attributes
    ----------
    comparison : RuleComparison
        Learned from the students, and judged by a quarter of them.
    probabilities : array (rule,)
        `p(rule | observed)` under equal priors. They add up to 1, whatever was observed.
    misspecification : array (rule,)
        For each rule, the probability of a student as unusual as the observation.
    truth : str, optional
        The rule behind the observation, where it is known.
    observed : array (feature,)
        The observation, with the noise that all summaries got.
    simulations : mapping from str to Simulations
        The students of each rule, failed ones included.
    seconds : float
        Wall time.
    """

    comparison: RuleComparison
    probabilities: Array
    misspecification: Array
    truth: str | None
    observed: Array
    simulations: dict[str, Simulations]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """The results as plain data."""
        from lowrnn.inference.rule_verdict import rule_verdict

        found, parts = self.comparison, self.simulations.values()
        columns = (found.rules, self.probabilities, found.success, self.misspecification)
        return {
            "rules": [
                {
                    "name": name, "probability": float(p), "success": float(share),
                    "misspecification_pvalue": float(unusual),
                }
                for name, p, share, unusual in zip(*columns, strict=True)
            ],
            "truth": self.truth,
            "simulations": sum(len(part) for part in parts),
            "failed": sum(part.failed for part in parts),
            "accuracy": found.accuracy,
            "calibration_error": found.calibration_error,
            "confusion": found.confusion.tolist(),
            "equivalence_classes": [list(group) for group in found.equivalence_classes()],
            "misspecification_pvalue": float(self.misspecification.max()),
            "remarks": list(rule_verdict(self)),
            "seconds": self.seconds,
        }  # fmt: skip


def names_rules(path: str | Path) -> bool:
    """Whether a YAML file is for `read_rules`: it has the key `rules`."""
    given = load_yaml(Path(path))
    return isinstance(given, dict) and "rules" in given


def read_rules(path: str | Path, *, simulations: int | None = None) -> RuleExperiment:
    """Read a comparison of rules from a YAML file, to which all paths in it are relative.

    Parameters
    ----------
    path : path
        The file.
    simulations : int, optional
        Replaces that of the file.

    Raises
    ------
    InputError
        Naming the field that is wrong, and the nearest valid key for an unknown one.
    """
    path = Path(path)
    given = load_yaml(path)
    if simulations is not None and isinstance(given, dict):
        given = {**given, "simulations": simulations}
    spec, folder = validate(RuleExperiment, given, str(path)), path.parent.resolve()
    parts = {
        "student": located(spec.student, folder, "network"),
        "teacher": located(spec.teacher, folder, *TEACHER_PATHS),
    }
    found = spec.model_copy(update=parts)
    for name in found.rules:
        found.experiment(name)
    return found


def run_comparison(
    spec: RuleExperiment,
    *,
    store: str | Path | None = None,
    workers: int | None = None,
    cluster: str | None = None,
    progress: Progress | None = None,
) -> RulePosterior:
    """Make the teacher, simulate students of all rules, and say which rule made the teacher.

    With `store`, an interrupted comparison goes on with the same call, and ends with the same
    probabilities as one that was not. Students of a rule are its own: they are found again when
    others are added.

    Parameters
    ----------
    spec : RuleExperiment
        From `read_rules`.
    store, workers, cluster, progress
        As for `run_campaign`; progress counts the chunks of one rule at a time.

    Raises
    ------
    InputError
        If the teacher fails, too few students of some rule end well, or as `run_campaign`.
    """
    started = time.perf_counter()
    observed = observation(spec.observed)
    each = spec.simulations // len(spec.rules)
    simulations = {}
    for name, rule in spec.rules.items():
        experiment = spec.experiment(name)
        stream = crc32(name.encode())
        theta = rule.prior.sample(each, np.random.default_rng([spec.seed, stream, 9]))
        simulations[name] = run_campaign(
            simulate_students, theta, settings=experiment.spec.settings, seed=spec.seed,
            stream=stream, chunk=spec.chunk, version=version_of(experiment), store=store,
            workers=workers, cluster=cluster, progress=progress,
        )  # fmt: skip
    ended = np.concatenate([part.x[part.ok] for part in simulations.values()])
    if not len(ended):
        raise InputError("no student ended well: give smaller parameters, or a lower student.rate")
    size = spec.noise * ended.std(axis=0)
    rng = np.random.default_rng([spec.seed, 10])
    observed = observed + size * rng.standard_normal(len(observed))
    noisy = {
        name: Simulations(
            part.theta, part.x + size * rng.standard_normal(part.x.shape), part.status, part.reasons
        )
        for name, part in simulations.items()
    }
    comparison = compare_rules(noisy, seed=spec.seed)
    return RulePosterior(
        comparison,
        comparison.posterior(observed[None])[0],
        np.array([misspecification(observed, part.x[part.ok]) for part in noisy.values()]),
        spec.teacher.rule,
        observed,
        noisy,
        time.perf_counter() - started,
    )


def labels_of(spec: RuleExperiment) -> tuple[str, ...]:
    """The names of the features of an observation."""
    return summary_of(spec.observed).labels


def with_fit(
    spec: RuleExperiment, store: str | Path, *, progress: FitProgress | None = None
) -> RuleExperiment:
    """The comparison with a fit in place of a recording, as `fitted` does for an experiment."""
    if spec.teacher.recording is None:
        return spec
    teacher = fitted(spec.observed, store, progress=progress).teacher
    return spec.model_copy(update={"teacher": RuleTeacher(**teacher.model_dump())})
