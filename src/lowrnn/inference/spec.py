"""An inference written in YAML: the prior, the simulations, and how the posterior is learned."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from lowrnn.inference.flows import FlowSettings
from lowrnn.inference.prior import BoxPrior
from lowrnn.recordings.schema import Strict, load_yaml, validate

Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]


class Flows(Strict):
    """Keys of `flows`: the fields of `FlowSettings`."""

    members: Count = 4
    transforms: Count = 3
    hidden: Count = 40
    bins: Annotated[int, Field(ge=2)] = 8
    embedding: Count = 16
    course: tuple[Count, Count] | None = None
    batch: Count = 100
    patience: Count = 12
    epochs: Count = 500
    learning_rate: Positive = 1e-3

    def build(self) -> FlowSettings:
        """The settings."""
        return FlowSettings(**self.model_dump())


class InferenceSpec(Strict):
    """What to infer, and how.

    Attributes
    ----------
    parameters : mapping from str to (low, high)
        The box of the prior.
    simulations : int
        Students to simulate in all rounds together, beside those of the predictive check.
    rounds : int
        1 learns the posterior of every observation; more are drawn where that of the one
        observation is, each a like share of the simulations.
    held_out : int
        Simulations of the last round that only judge the posterior.
    method : "npe" or "abc"
        An ensemble of normalising flows, or rejection with regression adjustment.
    failures : "evidence" or "selection"
        Whether it counts as evidence that the observed network did not fail, or only networks that
        do not fail could have been observed: see `SelectedPosterior`.
    noise : float
        Standard deviation of noise that is added to all summaries, in units of their standard
        deviation over the prior: it keeps posteriors of nearly deterministic summaries learnable.
    quantile : float
        Share of simulations that "abc" accepts.
    flows : Flows
        How "npe" learns.
    draws : int
        Posterior draws for the observation.
    predictive : int
        Students simulated with parameters from the posterior.
    chunk : int
        Students in one job.
    seed : int
        Determines everything.
    settings : mapping
        What else the simulator takes.
    """

    parameters: dict[str, tuple[Finite, Finite]] = Field(min_length=1)
    simulations: Annotated[int, Field(ge=100)] = 4000
    rounds: Annotated[int, Field(ge=1, le=10)] = 1
    held_out: Annotated[int, Field(ge=20)] = 200
    method: Literal["npe", "abc"] = "npe"
    failures: Literal["evidence", "selection"] = "evidence"
    noise: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.05
    quantile: Annotated[float, Field(gt=0, le=1)] = 0.05
    flows: Flows = Flows()
    draws: Annotated[int, Field(ge=100)] = 1000
    predictive: Annotated[int, Field(ge=10)] = 100
    chunk: Count = 64
    seed: Annotated[int, Field(ge=0)] = 0
    settings: dict[str, Any] = Field(default_factory=dict)

    @field_validator("parameters")
    @classmethod
    def _forward(cls, parameters: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
        for name, (low, high) in parameters.items():
            if not low < high:
                raise ValueError(f"give the lower end of {name} first")
        return parameters

    @model_validator(mode="after")
    def _enough(self) -> "InferenceSpec":
        if self.held_out > self.simulations // self.rounds // 2:
            raise ValueError(
                f"held_out is {self.held_out}, more than half of the"
                f" {self.simulations // self.rounds} simulations of a round: give fewer"
            )
        if self.method == "abc" and self.rounds > 1:
            raise ValueError("rounds needs the density of method npe: give rounds: 1 for abc")
        return self

    @property
    def prior(self) -> BoxPrior:
        """The prior."""
        return BoxPrior.of(self.parameters)


def read_inference(path: str | Path) -> InferenceSpec:
    """Read an inference from a YAML file.

    Raises
    ------
    InputError
        Naming the field that is wrong, and the nearest valid key for an unknown one.
    """
    return validate(InferenceSpec, load_yaml(Path(path)), str(path))
