"""What `metrics.json` must hold for a report: it is read back, and may have been edited."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from lowrnn.recordings.schema import Strict, validate

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Count = Annotated[int, Field(strict=True, ge=1)]
Ordinal = Annotated[str, Field(pattern=r"^[0-9]+$")]


class _Metrics(Strict):
    """What the report does not read is left alone."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class RankMetrics(_Metrics):
    """One rank; scores are None where they were not measured."""

    rank: Count
    r2_train: Number | None = None
    r2_heldout_conditions: Number | None = None
    r2_heldout_neurons: Number | None = None
    seconds: Number | None = None


class RunMetrics(_Metrics):
    """What every kind of run may have."""

    accuracy: Number | None = None
    seconds: Number | None = None
    provenance: dict[str, Any] | None = None


class FitMetrics(RunMetrics):
    """Of `lowrnn fit`. A baseline has one score, or one for each rank."""

    rank_selected: Count
    ranks: Annotated[list[RankMetrics], Field(min_length=1)]
    noise_ceiling: Number | None = None
    baselines: dict[str, Number | dict[Ordinal, Number | None] | None] | None = None
    conditions: Count | None = None


class TrainMetrics(RunMetrics):
    """Of `lowrnn train`; `populations` are those of a trained mixture."""

    loss: Number | None = None
    populations: Count | None = None
    steps: Annotated[int, Field(strict=True, ge=0)] | None = None


KINDS: dict[str, type[RunMetrics]] = {"fit": FitMetrics, "train": TrainMetrics}


def check_metrics(metrics: dict[str, Any], path: Path) -> None:
    """Refuse metrics of which no report can be made.

    Raises
    ------
    InputError
        With the first field that is missing or wrong.
    """
    validate(KINDS[metrics["kind"]], metrics, str(path))
