"""The page of an inference, from its run folder."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import xarray as xr
from pydantic import Field

from lowrnn.inference.simulations import OK
from lowrnn.report.inference.courses import courses_figure
from lowrnn.report.inference.figures import (
    coverage_figure,
    failures_figure,
    posterior_figure,
    ranks_figure,
    recovery_figure,
)
from lowrnn.report.kind import Kind, Page, results_of
from lowrnn.report.metrics import Count, Number, RunMetrics
from lowrnn.report.page import Figure, Section, Table
from lowrnn.report.style import number


class Parameter(RunMetrics):
    """The posterior of one parameter."""

    name: str
    truth: Number | None
    mean: Number
    sd: Number
    q05: Number
    q95: Number
    r2: Number
    shrinkage: Number


class RoundMetrics(RunMetrics):
    """Where the last of several rounds was drawn."""

    prior_share: Number
    outside: Number


class InferenceMetrics(RunMetrics):
    """Of `lowrnn infer`."""

    parameters: Annotated[list[Parameter], Field(min_length=1)]
    simulations: Count
    failed: Annotated[int, Field(strict=True, ge=0)]
    status: dict[str, int]
    coverage_error: Number
    calibrated: bool
    local_pvalues: list[Number]
    rounds: RoundMetrics | None
    sbc_pvalues: list[Number]
    tarp_pvalue: Number
    predictive_ratio: Number | None
    misspecification_pvalue: Number
    remarks: Annotated[list[str], Field(min_length=1)]


def _page(folder: Path, metrics: dict[str, Any], checked: InferenceMetrics) -> Page:
    results = results_of(folder)
    sections = [
        _summary(checked),
        _posterior(checked, results),
        _calibration(checked, results),
        _recovery(checked, results),
        _predictive(checked, results),
        _failures(checked, results),
    ]
    about = [f"{len(checked.parameters)} parameters", f"{checked.simulations} students"]
    return Page("Which rule did this network learn by?", about, sections)


#: A folder of `lowrnn infer`.
INFERENCE = Kind("infer", "lowrnn infer", InferenceMetrics, _page)


def _summary(metrics: InferenceMetrics) -> Section:
    inside = [p for p in metrics.parameters if p.truth is not None and p.q05 <= p.truth <= p.q95]
    known = [p for p in metrics.parameters if p.truth is not None]
    tiles = [("yes" if metrics.calibrated else "NO", "calibrated")]
    if known:
        tiles.append((f"{len(inside)} of {len(known)}", "true values within 90 % intervals"))
    tiles.append((number(metrics.coverage_error), "largest error of coverage"))
    if metrics.predictive_ratio is not None:
        tiles.append(
            (number(metrics.predictive_ratio), "distance to the observation, posterior / prior")
        )
    header = ["parameter", "truth", "mean", "sd", "5 %", "95 %", "R² held out", "sd / prior sd"]
    rows = [
        [
            p.name,
            "–" if p.truth is None else number(p.truth),
            *(number(v) for v in (p.mean, p.sd, p.q05, p.q95, p.r2, p.shrinkage)),
        ]
        for p in metrics.parameters
    ]
    return Section(
        "Verdict", list(metrics.remarks[:1]), tiles=tiles, table=Table(header, rows),
        points=list(metrics.remarks[1:]),
    )  # fmt: skip


def _posterior(metrics: InferenceMetrics, results: xr.Dataset) -> Section:
    truth = " Vermillion is the true rule." if "truth" in results else ""
    return Section(
        "Posterior",
        [
            "What the observed network says about the coefficients of its rule. Axes span the"
            " prior, outside of which nothing was looked for."
        ],
        figures=[
            Figure(
                posterior_figure(results),
                "Diagonal: posterior of each parameter (bars) and its prior (dotted). Below: draws"
                f" from the posterior of each pair.{truth}",
            )
        ],
    )


def _calibration(metrics: InferenceMetrics, results: xr.Dataset) -> Section:
    names = [p.name for p in metrics.parameters]

    def told(pvalues: list[float]) -> str:
        return ", ".join(f"{name} {p:.2g}" for name, p in zip(names, pvalues, strict=True))

    kind = "simulations" if metrics.rounds is None else "simulations of the last round"
    return Section(
        "Can the posterior be believed?",
        [
            f"{results.sizes['test']} {kind} took no part in learning. If posteriors are"
            " right, the share of draws below the true value is uniform, and an interval of any"
            " probability holds the truth as often as it says.",
            f"Probabilities of ranks so uneven: {told(metrics.sbc_pvalues)}; of all parameters"
            f" together (TARP): {metrics.tarp_pvalue:.2g}; among simulations that are most like the"
            f" observation: {told(metrics.local_pvalues)}.",
        ],
        figures=[
            Figure(
                ranks_figure(results),
                "Ranks of true values among posterior draws. A hump says that posteriors are too"
                " wide, a bowl that they are too narrow, a slope that they are displaced. Grey"
                " holds 99 % of the bars of a calibrated posterior.",
            ),
            Figure(
                coverage_figure(results),
                "Coverage of central intervals: below the grey band intervals are too narrow, above"
                " it too wide. Black: all parameters together, by distance to random points.",
                narrow=True,
            ),
        ],
    )


def _recovery(metrics: InferenceMetrics, results: xr.Dataset) -> Section:
    said = []
    if metrics.rounds is not None:
        said = [
            "Known rules are those of the last round, from"
            f" {100 * metrics.rounds.prior_share:.2g} % of the prior: among them R² is smaller than"
            " it would be over the whole prior."
        ]
    return Section(
        "Are known rules recovered?",
        said,
        figures=[
            Figure(
                recovery_figure(results),
                "Posterior means of the held-out simulations against the rules that made them; bars"
                " are posterior standard deviations. R² is 0 for a guess of the mean of all.",
            )
        ],
    )


def _predictive(metrics: InferenceMetrics, results: xr.Dataset) -> Section:
    text = (
        f"A simulated student is as unusual as the observation with probability"
        f" {number(metrics.misspecification_pvalue, 3)}."
    )
    if metrics.misspecification_pvalue < 0.05:
        text += " No rule within the prior makes such a network: read what follows with care."
    return Section(
        "Do such rules make such networks?",
        [text],
        figures=[
            Figure(
                courses_figure(results),
                "Activity x after learning, projected on orthonormal directions that were fixed"
                " before it (no unit, divided by √N): the observed network (black), new students"
                " with rules from the posterior (blue) and those from the prior (grey). Lines are"
                " medians, bands hold 90 %. Of many conditions and directions the first four are"
                " shown.",
            )
        ],
    )


def _failures(metrics: InferenceMetrics, results: xr.Dataset) -> Section:
    if not metrics.failed:
        return Section("Failures", ["All simulations ended well."])
    kinds = ", ".join(
        f"{count} {name}" for name, count in sorted(metrics.status.items()) if name != OK
    )
    where = np.asarray(results["parameter"]).size > 1
    return Section(
        "Failures",
        [
            f"{metrics.failed} of {metrics.simulations} simulations failed: {kinds}. Students that"
            " fail are data: summaries are those of networks that did not, and the posterior says"
            " for which rules that is likely."
        ],
        figures=[
            Figure(
                failures_figure(results),
                f"Share of failed students along {'each' if where else 'the'} parameter, whatever"
                " the others. Blue: 90 % of the posterior.",
            )
        ],
    )
