"""How well each rank explains the recording, and why one of them was chosen."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from lowrnn.fitting.ranks import TOLERANCE, shortfall, sufficient_rank
from lowrnn.report.page import Figure, Section, Table
from lowrnn.report.run import Array, Run
from lowrnn.report.style import BLUE, GREEN, GREY, INK, VERMILLION, label, number, panels, rgba

#: Variable of results.nc and column of metrics.json, with its name and colour.
CURVES = {
    "r2_heldout_conditions": ("held-out conditions", BLUE),
    "r2_heldout_neurons": ("held-out neurons", VERMILLION),
    "r2_train": ("fitted data", GREY),
}
#: Scores below this are cut off in the figures: they say "worse than the mean" and no more.
FLOOR = -0.25


@dataclass(frozen=True, eq=False)
class Curve:
    """R² against rank: mean, standard error and number of splits; width of the line."""

    name: str
    colour: str
    rank: Array
    mean: Array
    sem: Array
    splits: int
    width: float


def curves(run: Run) -> dict[str, Curve]:
    """The curves of a run of kind "fit", by variable, from the splits or else the metrics."""
    found = {}
    for variable, (name, colour) in CURVES.items():
        split = run.array(variable, "rank", "split")
        if split is not None:
            rank = np.asarray(run.results["rank"], np.float64)
        else:
            rows = run.metrics["ranks"]
            rank = np.array([row["rank"] for row in rows], np.float64)
            values = [row.get(variable) for row in rows]
            split = np.array([np.nan if v is None else v for v in values], np.float64)[:, None]
        count = np.isfinite(split).sum(axis=1)
        if count.any():
            mean, sem = _mean_and_error(split)
            # The fit to the data includes their noise, so it stands back.
            width = 1.0 if variable == "r2_train" else 2.5
            found[variable] = Curve(name, colour, rank, mean, sem, int(count.max()), width)
    return found


def baselines(run: Run) -> dict[str, dict[int | None, float]]:
    """The scores of simpler models, by name and rank; rank None holds at every rank."""
    answer = {}
    for name, value in (run.metrics.get("baselines") or {}).items():
        by_rank = value if isinstance(value, Mapping) else {None: value}
        scores = {
            None if rank is None else int(rank): float(score)
            for rank, score in by_rank.items()
            if score is not None and np.isfinite(score)
        }
        if scores:
            answer[name.replace("_", " ")] = scores
    return answer


def baseline_at(scores: Mapping[int | None, float], rank: int) -> float | None:
    """What a baseline reaches at a rank."""
    return scores.get(rank, scores.get(None))


def reason(run: Run) -> str:
    """Why this rank, as far as the scores show it."""
    chosen = int(run.metrics["rank_selected"])
    curve = curves(run).get("r2_heldout_conditions")
    if len(run.metrics["ranks"]) == 1:
        return f"Rank {chosen} was fitted alone, so nothing was selected."
    split = run.array("r2_heldout_conditions", "rank", "split")
    if curve is None or split is None or curve.splits < 2:
        return f"The run selected rank {chosen}."
    smallest = sufficient_rank(curve.rank.astype(int).tolist(), split)
    if smallest != chosen:
        return f"The run selected rank {chosen}; held-out conditions alone would give {smallest}."
    best = int(curve.rank[np.nanargmax(curve.mean)])
    bound = f"one standard error of the difference, or {number(TOLERANCE)}"
    if chosen == curve.rank.min():
        smaller = "no smaller rank was tried"
    else:
        smaller = f"every smaller rank falls short of it by more than {bound}"
    if chosen == best:
        return f"Rank {chosen} was selected: it predicts held-out conditions best, and {smaller}."
    mean, error = (each[curve.rank == chosen][0] for each in shortfall(split))
    return (
        f"Rank {chosen} was selected: the smallest whose R² on held-out conditions falls short of"
        f" the best, that of rank {best}, by no more than {bound}. Compared split by split, it is"
        f" {number(mean, 4)} ± {number(error, 4)} worse (mean ± standard error)."
    )


def ranks_section(run: Run) -> Section:
    """R² against rank, with the noise ceiling and simpler models."""
    found = curves(run)
    ceiling = run.metrics.get("noise_ceiling")
    chosen = int(run.metrics["rank_selected"])
    text = [reason(run)]
    missing = [name for key, (name, _) in CURVES.items() if key not in found]
    if missing:
        text.append(f"Not measured in this run: {' and '.join(missing)}.")
    if ceiling is None:
        text.append(
            "No noise ceiling is known, so the share of explainable variance is not, either."
        )
    others = {
        name: score
        for name, scores in baselines(run).items()
        if (score := baseline_at(scores, chosen)) is not None
    }
    if others:
        listed = ", ".join(f"{name} {number(score, 3)}" for name, score in others.items())
        text.append(f"Simpler models, at rank {chosen} where they have one: {listed}.")
    splits = max((curve.splits for curve in found.values()), default=1)
    errors = ""
    if splits > 1:
        errors = (
            f"Bars: standard error over {splits} splits; dots: splits. Ranks are compared split by"
            " split, so they can differ though their bars overlap. "
        )
    caption = errors + "R² is 1 minus residual over total variance; 0 is as good as a constant."
    lowest = min((float(np.nanmin(c.mean)) for c in found.values()), default=0.0)
    if lowest < FLOOR:
        caption += f" Scores under {number(FLOOR)} are cut off; the lowest is {number(lowest, 3)}."
    several = len(run.metrics["ranks"]) > 1
    figures = [Figure(_plot(run, found), caption)] if several else []
    return Section("R² against rank", text, figures=figures, table=_table(run))


def _table(run: Run) -> Table:
    header = ["rank", *(name for name, _ in CURVES.values()), "seconds"]
    rows = [
        [
            str(row["rank"]),
            *(number(row.get(key), 3) for key in CURVES),
            number(row.get("seconds"), 1),
        ]
        for row in run.metrics["ranks"]
    ]
    return Table(header, rows)


def _plot(run: Run, found: Mapping[str, Curve]) -> Any:
    figure = panels(height=400)
    ranks = np.array([row["rank"] for row in run.metrics["ranks"]], np.float64)
    heights, ends = [0.0, 0.1], []
    for shift, (variable, curve) in zip((-0.05, 0.0, 0.05), found.items(), strict=False):
        split = run.array(variable, "rank", "split")
        if split is not None and curve.splits > 1:
            _add_splits(figure, curve, shift, split)
        _add_curve(figure, curve, shift)
        heights += [np.nanmin(curve.mean), np.nanmax(curve.mean + np.nan_to_num(curve.sem))]
        ends.append((curve.mean[np.isfinite(curve.mean)][-1], curve.name, curve.colour))
    for name, scores in baselines(run).items():
        rank = ranks if None in scores else np.array(sorted(r for r in scores if r is not None))
        value = np.array([baseline_at(scores, int(r)) for r in rank], np.float64)
        _add_baseline(figure, rank, value)
        heights += [value.min(), value.max()]
        ends.append((value[-1], label(name), GREEN))
    ceiling = run.metrics.get("noise_ceiling")
    if ceiling is not None:
        figure.add_hline(ceiling, line={"color": INK, "dash": "dash", "width": 1.5})
        heights.append(ceiling)
        ends.append((ceiling, "noise ceiling", INK))
    chosen = int(run.metrics["rank_selected"])
    figure.add_vrect(chosen - 0.2, chosen + 0.2, fillcolor="#eef3f8", line_width=0, layer="below")
    low, high = max(min(heights), FLOOR) - 0.03, max(heights) + 0.06
    places = _spread(np.array([value for value, *_ in ends], np.float64), low, high)
    for y, (value, name, colour) in zip(places, ends, strict=True):
        figure.add_annotation(
            x=1.01,
            xref="paper",
            y=y,
            text=f"{name} {number(value, 3)}",
            showarrow=False,
            xanchor="left",
            font={"color": colour, "size": 12},
        )
    figure.update_yaxes(title_text="R²", range=[low, high])
    figure.update_xaxes(
        title_text="rank", tickvals=ranks, range=[ranks.min() - 0.4, ranks.max() + 0.4]
    )
    figure.update_layout(margin={"r": 210})
    return figure


def _add_curve(figure: Any, curve: Curve, shift: float) -> None:
    figure.add_scatter(
        x=curve.rank + shift,
        y=np.clip(curve.mean, FLOOR, None),
        error_y={"array": np.nan_to_num(curve.sem), "thickness": 1.5, "width": 4},
        mode="lines+markers",
        line={"color": curve.colour, "width": curve.width},
        marker={"size": 3 + 2 * curve.width},
        hovertemplate=f"{curve.name}, rank %{{x:.0f}}: R² %{{y:.3f}}<extra></extra>",
    )


def _add_splits(figure: Any, curve: Curve, shift: float, split: Array) -> None:
    figure.add_scatter(
        x=np.repeat(curve.rank + shift, split.shape[1]),
        y=np.clip(split.ravel(), FLOOR, None),
        mode="markers",
        marker={"size": 4, "color": rgba(curve.colour, 0.35)},
        hoverinfo="skip",
    )


def _add_baseline(figure: Any, rank: Array, value: Array) -> None:
    figure.add_scatter(
        x=rank,
        y=np.clip(value, FLOOR, None),
        mode="lines+markers",
        marker={"size": 5, "symbol": "square"},
        line={"color": GREEN, "width": 1.5, "dash": "dot"},
        hovertemplate="rank %{x:.0f}: R² %{y:.3f}<extra></extra>",
    )


def _spread(wanted: Array, low: float, high: float) -> Array:
    """Heights for the names beside the curves: near the wanted ones, never on top of each other."""
    gap = 0.06 * (high - low)
    order = np.argsort(wanted)
    height = np.clip(wanted, low, high)
    for before, after in pairwise(order):
        height[after] = max(height[after], height[before] + gap)
    # What was pushed out of the top comes back down.
    for i in order[::-1]:
        height[i] = min(height[i], high)
        high = height[i] - gap
    return height


def _mean_and_error(split: Array) -> tuple[Array, Array]:
    """Mean and standard error over the second axis, ignoring NaN."""
    count = np.isfinite(split).sum(axis=1)
    filled = np.where(np.isfinite(split), split, 0.0)
    mean = np.where(count > 0, filled.sum(axis=1) / np.maximum(count, 1), np.nan)
    squares = np.where(np.isfinite(split), (split - mean[:, None]) ** 2, 0.0).sum(axis=1)
    sem = np.sqrt(squares / np.maximum(count - 1, 1) / np.maximum(count, 1))
    return mean, np.where(count > 1, sem, np.nan)
