"""The page of a sweep, from its run folder."""

from pathlib import Path
from typing import Annotated, Any

import xarray as xr
from pydantic import Field

from lowrnn.report.kind import Kind, Page, results_of
from lowrnn.report.learning.figures import (
    components_figure,
    courses_figure,
    eigenvalues_figure,
    starts_figure,
    steps_figure,
    truncation_figure,
    variance_figure,
)
from lowrnn.report.metrics import Count, Number, RunMetrics
from lowrnn.report.page import Figure, Section, Table
from lowrnn.report.style import number, short


class Row(RunMetrics):
    """One network of a sweep."""

    g: Number
    seed: Annotated[int, Field(strict=True, ge=0)]
    converged_at: Annotated[int, Field(strict=True, ge=0)] | None = None
    norm_dw: Number
    participation_ratio: Number | None = None
    functional_rank: Annotated[int, Field(strict=True, ge=0)] | None = None
    shuffle_loss_ratio: Number | None = None


class SweepMetrics(RunMetrics):
    """Of `lowrnn learn`."""

    task: str
    neurons: Count
    rows: Annotated[list[Row], Field(min_length=1)]


def _page(folder: Path, metrics: dict[str, Any], checked: SweepMetrics) -> Page:
    rows = [row.model_dump() for row in checked.rows]
    results = results_of(folder)
    sections = [
        _summary(metrics, rows),
        _change(results),
        _start(rows),
        _spectra(results),
        *_over_time(results),
        _courses(results),
        _networks(rows),
    ]
    title = f"What changes in networks that learn {checked.task}"
    return Page(title, [f"{len(rows)} networks of {checked.neurons} neurons"], sections)


#: A folder of `lowrnn learn` over strengths.
SWEEP = Kind("learn", "lowrnn learn", SweepMetrics, _page)


def _summary(metrics: dict[str, Any], rows: list[dict[str, Any]]) -> Section:
    learned = [row for row in rows if row["converged_at"] is not None]
    ranks = sorted({row["functional_rank"] for row in learned} - {None})
    tiles = [(f"{len(learned)} of {len(rows)}", "networks learned the task")]
    if ranks:
        span = str(ranks[0]) if len(ranks) == 1 else f"{ranks[0]} to {ranks[-1]}"
        tiles.append((span, "components of the change do the task"))
    if learned:
        ratios = [row["participation_ratio"] for row in learned]
        tiles.append((number(max(ratios), 1), "largest participation ratio of a change"))
    text = [
        "Networks start from random matrices W₀ whose entries have variance g²/N, and end at"
        " W₀ + ΔW. A network has learned once the loss of an update is below 5 % of that of the"
        " first. The functional rank is the fewest components of ΔW with which the loss is below"
        " 5 % of that with none, input and readout weights as trained (Schuessler et al. 2020)."
    ]
    if len(learned) < len(rows):
        text.append(
            f"{len(rows) - len(learned)} networks did not learn in the updates that they were"
            " given: what depends on learning is left empty for them."
        )
    return Section("Summary", text, tiles=tiles)


def _change(results: xr.Dataset) -> Section:
    return Section(
        "The change is of low rank",
        [],
        figures=[
            Figure(
                components_figure(results),
                "Singular values of the change ΔW (solid) and of the matrix after learning"
                " (dotted), one network of each strength. The matrix hides the low rank of what"
                " was learned unless it started from 0.",
                narrow=True,
            ),
            Figure(
                truncation_figure(results),
                "Loss with the first components of ΔW alone, relative to that with none; below the"
                " grey line the network does the task. One line a network.",
                narrow=True,
            ),
        ],
    )


def _start(rows: list[dict[str, Any]]) -> Section:
    return Section(
        "What the initial connectivity contributes",
        [
            "Published networks learn faster and change less from a random matrix, until it is too"
            " strong. A change that works only with the matrix it was learned on leaves a loss near"
            " that before learning once the matrix is shuffled."
        ],
        figures=[
            Figure(
                starts_figure(rows),
                "Dots are networks, lines go through means; strengths at which a network did not"
                " learn have no mean. The shuffled loss is that after all entries of W₀ were"
                " permuted, over the loss before learning.",
            )
        ],
    )


def _spectra(results: xr.Dataset) -> Section:
    return Section(
        "Eigenvalues",
        [
            "A network at rest becomes unstable where an eigenvalue of its matrix passes a real"
            " part of 1 (dashed). Outliers of W₀ + ΔW need not be eigenvalues of ΔW: they come from"
            " how the change meets the matrix that was there."
        ],
        figures=[
            Figure(
                eigenvalues_figure(results),
                "Eigenvalues after learning (filled) and of the change alone (open), the first"
                " network of each strength. The circle has radius g.",
            )
        ],
    )


def _over_time(results: xr.Dataset) -> list[Section]:
    """Tensor rank of the changes, where it was asked for."""
    if "steps" not in results:
        return []
    return [
        Section(
            "Connectivity over the course of learning",
            [
                "The changes at all evaluations, stacked, as a sum of fixed patterns"
                " post × pre that learning scales (Pellegrino et al. 2023). Adam, which divides"
                " every weight's gradient by its own size, raises this rank; plain gradient descent"
                " does not."
            ],
            figures=[
                Figure(
                    variance_figure(results),
                    "Share of the changes that so many patterns explain. One line a network.",
                    narrow=True,
                ),
                Figure(
                    steps_figure(results),
                    "How far learning went along the three largest of six patterns (solid, dashed,"
                    " dotted), the first network of each strength.",
                    narrow=True,
                ),
            ],
        )
    ]


def _courses(results: xr.Dataset) -> Section:
    return Section(
        "Courses of learning",
        [],
        figures=[
            Figure(
                courses_figure(results),
                "Loss of each update relative to the first. Circles mark where networks count as"
                " having learned.",
            )
        ],
    )


def _networks(rows: list[dict[str, Any]]) -> Section:
    header = [
        "g", "seed", "learned at update", "‖ΔW‖", "participation ratio", "functional rank",
        "shuffled loss / loss before", "right answers",
    ]  # fmt: skip
    table = [
        [
            short(row["g"]),
            str(row["seed"]),
            *("–" if value is None else short(value) for value in (
                row["converged_at"], row["norm_dw"], row["participation_ratio"],
                row["functional_rank"], row["shuffle_loss_ratio"],
            )),
            "–" if row["accuracy"] is None else f"{100 * row['accuracy']:.1f} %",
        ]
        for row in rows
    ]  # fmt: skip
    return Section("Networks", table=Table(header, table))
