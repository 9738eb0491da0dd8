"""The page of a comparison of rules, from its run folder."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import xarray as xr
from pydantic import Field

from lowrnn.inference.simulations import OK
from lowrnn.report.inference.courses import courses_figure
from lowrnn.report.kind import Kind, Page, results_of
from lowrnn.report.metrics import Count, Number, RunMetrics
from lowrnn.report.page import Figure, Section, Table
from lowrnn.report.style import BLUE, GREY, INK, label, number, panels

#: From white to the dark end of one hue; numbers stand in the cells.
_SCALE = ((0.0, "#ffffff"), (1.0, BLUE))


class Rule(RunMetrics):
    """One rule."""

    name: str
    probability: Number
    success: Number
    misspecification_pvalue: Number


class ComparisonMetrics(RunMetrics):
    """Of `lowrnn infer` with `rules`."""

    rules: Annotated[list[Rule], Field(min_length=2)]
    truth: str | None
    simulations: Count
    failed: Annotated[int, Field(strict=True, ge=0)]
    calibration_error: Number
    equivalence_classes: list[list[str]]
    misspecification_pvalue: Number
    remarks: Annotated[list[str], Field(min_length=1)]


def _page(folder: Path, metrics: dict[str, Any], checked: ComparisonMetrics) -> Page:
    results = results_of(folder)
    sections = [
        _summary(checked),
        _posterior(checked, results),
        _confusion(checked, results),
        _courses(checked, results),
    ]
    about = [f"{len(checked.rules)} rules", f"{checked.simulations} students"]
    return Page("Which rule made this network", about, sections)


#: A folder of `lowrnn infer` that compared rules.
COMPARISON = Kind("rules", "lowrnn infer", ComparisonMetrics, _page)


def posterior_bars(results: xr.Dataset, truth: str | None) -> Any:
    """The probability of each rule, with its number."""
    names = _names(results)
    p = np.asarray(results["probability"])[::-1]
    shown = [f"{label(name)} (true)" if name == truth else label(name) for name in names][::-1]
    figure = panels(height=46 * len(names) + 110)
    figure.add_bar(
        x=p, y=shown, orientation="h", width=0.6, marker={"color": BLUE},
        text=[f"  {_share(value)}" for value in p], textposition="outside", cliponaxis=False,
        textfont={"color": INK}, hovertemplate="%{y}: %{x:.3g}<extra></extra>",
    )  # fmt: skip
    figure.add_vline(x=1 / len(names), line={"color": GREY, "dash": "dot"}, layer="below")
    figure.update_xaxes(title_text="probability", range=[0, 1.08], tickvals=np.linspace(0, 1, 6))
    figure.update_yaxes(ticks="", showline=False, ticksuffix="  ")
    return figure


def confusion_figure(results: xr.Dataset) -> Any:
    """Share of the held-out students of each rule that are assigned to each."""
    names = [label(name) for name in _names(results)]
    shares = np.asarray(results["confusion"])
    figure = panels(height=max(320, 54 * len(names) + 130))
    figure.add_heatmap(
        z=shares, x=names, y=names, zmin=0, zmax=1, colorscale=_SCALE, xgap=2, ygap=2,
        showscale=False, hovertemplate="%{y} taken for %{x}: %{z:.2f}<extra></extra>",
    )  # fmt: skip
    for row, name in enumerate(names):
        for column, other in enumerate(names):
            figure.add_annotation(
                x=other, y=name, text=number(shares[row, column]), showarrow=False,
                font={"size": 13, "color": "white" if shares[row, column] > 0.7 else INK},
            )  # fmt: skip
    figure.update_xaxes(title_text="assigned to", showline=False, ticks="", type="category")
    figure.update_yaxes(
        title_text="made by", showline=False, ticks="", ticksuffix=" ", type="category",
        autorange="reversed",
    )  # fmt: skip
    return figure


def _summary(metrics: ComparisonMetrics) -> Section:
    best = max(metrics.rules, key=lambda rule: rule.probability)
    group = {name: i for i, names in enumerate(metrics.equivalence_classes) for name in names}
    rows = [
        [
            f"{rule.name} (true)" if rule.name == metrics.truth else rule.name,
            _share(rule.probability),
            _others(metrics.equivalence_classes, group, rule.name),
            number(rule.success),
            number(rule.misspecification_pvalue, 3),
        ]
        for rule in metrics.rules
    ]
    header = ["rule", "probability", "not told apart from", "end well", "p of the observation"]
    return Section(
        "Verdict",
        list(metrics.remarks[:1]),
        tiles=[
            (_share(best.probability), f"probability of {best.name}"),
            (number(metrics.accuracy), "students assigned to their own rule"),
            (number(metrics.calibration_error), "mean error of probabilities"),
            (number(metrics.misspecification_pvalue, 3), "p of the observation, best rule"),
        ],
        table=Table(header, rows),
        points=list(metrics.remarks[1:]),
    )


def _others(classes: list[list[str]], group: dict[str, int], name: str) -> str:
    """The rules that belong together with one."""
    same = classes[group[name]] if name in group else []
    return ", ".join(other for other in same if other != name) or "–"


def _posterior(metrics: ComparisonMetrics, results: xr.Dataset) -> Section:
    said = [
        "How probable each rule is for the observed network, if all are equally probable before."
        " Probabilities add up to 1, whatever was observed: whether any of the rules makes such a"
        " network is another question, which the last figure is about."
    ]
    if metrics.misspecification_pvalue < 0.05:
        said.append("Here none of them does: the probabilities only say which comes nearest.")
    return Section(
        "Posterior over rules",
        said,
        figures=[
            Figure(
                posterior_bars(results, metrics.truth),
                "Probability of each rule. Dotted: before the observation.",
            )
        ],
    )


def _confusion(metrics: ComparisonMetrics, results: xr.Dataset) -> Section:
    classes = [names for names in metrics.equivalence_classes if len(names) > 1]
    told = "; ".join(", ".join(names) for names in classes)
    return Section(
        "Which rules can be told apart?",
        [
            "A quarter of the students took no part in learning. What is off the diagonal is what"
            " these summaries cannot tell.",
            f"Not told apart: {told}." if told else "All rules are told apart.",
        ],
        figures=[
            Figure(
                confusion_figure(results),
                "Share of the held-out students of each rule (row) for which each rule (column) is"
                " the most probable.",
                narrow=True,
            )
        ],
    )


def _courses(metrics: ComparisonMetrics, results: xr.Dataset) -> Section:
    best = max(metrics.rules, key=lambda rule: rule.probability)
    place = _names(results).index(best.name)
    features = results.sizes["feature"]
    flat = xr.Dataset(
        {
            "x": (("simulation", "feature"), np.asarray(results["x"]).reshape(-1, features)),
            "status": ("simulation", np.asarray(results["status"]).astype(str).ravel()),
            "observed": ("feature", np.asarray(results["observed"])),
            "predicted": (("student", "feature"), np.asarray(results["x"])[place]),
        },
        {"feature": results["feature"].values},
    )
    failed = int((flat["status"] != OK).sum())
    left_out = f" {failed} students that failed are left out." if failed else ""
    text = (
        f"A student of {best.name} is as unusual as the observation with probability"
        f" {number(best.misspecification_pvalue, 3)}"
    )
    nearest = max(metrics.rules, key=lambda rule: rule.misspecification_pvalue)
    if nearest is not best:
        text += f", one of {nearest.name} with {number(nearest.misspecification_pvalue, 3)}"
    return Section(
        "Do such rules make such networks?",
        [text + "."],
        figures=[
            Figure(
                courses_figure(flat, ("all rules", label(best.name))),
                "Activity after learning, projected on a frame that was fixed before: the observed"
                f" network (black), students of {best.name} (blue) and of all rules (grey). Lines"
                f" are medians, bands hold 90 %.{left_out} Of many conditions and directions the"
                " first four are shown.",
            )
        ],
    )


def _share(probability: float) -> str:
    """Two digits, and neither 0 nor 1 for what is not."""
    if 0 < probability < 0.005:
        return "< 0.01"
    return "> 0.99" if 0.995 <= probability < 1 else number(probability)


def _names(results: xr.Dataset) -> list[str]:
    return [str(name) for name in results["rule"].values]
