"""How well the model follows single neurons: all of them, and the best, median and worst."""

from typing import Any

import numpy as np

from lowrnn.report.conditions import Conditions
from lowrnn.report.data import add_lines
from lowrnn.report.page import Figure, Section
from lowrnn.report.run import Array, Run
from lowrnn.report.style import BLUE, GREY, INK, category_colours, label, number, panels, rgba

#: Neurons below this are gathered in the leftmost bar.
FLOOR = -0.5


def neurons_section(run: Run, groups: Conditions) -> Section:
    """The distribution of R² over neurons, and examples of data against model."""
    score = run.array("r2_neuron", "neuron")
    if score is None:
        return Section("Fit of single neurons", ["This run holds no R² of single neurons."])
    known = np.isfinite(score)
    ceiling = run.array("ceiling_neuron", "neuron")
    bad = int((score[known] < 0).sum())
    text = [
        "Scores here are on the data that the network was fitted to."
        f" The median neuron has R² {number(np.median(score[known]))}; half of the neurons lie"
        f" between {number(np.quantile(score[known], 0.25))} and"
        f" {number(np.quantile(score[known], 0.75))}."
        + (f" {bad} of {known.sum()} are fitted worse than by their own mean." if bad else "")
    ]
    if not known.all():
        text.append(f"Neurons without R², never observed or never changing: {(~known).sum()}.")
    figures = [_histogram(run, score)]
    if ceiling is not None:
        figures.append(_against_ceiling(run, score, ceiling))
    figures.append(_examples(run, groups, score))
    return Section("Fit of single neurons", text, figures=figures)


def areas(run: Run, neurons: int) -> list[tuple[str, str, Any]]:
    """Name, colour and mask of each group of neurons, largest first; small ones come together."""
    area = run.area()
    if area is None:
        return [("all neurons", BLUE, np.ones(neurons, bool))]
    values = area[1]
    names, counts = np.unique(values, return_counts=True)
    names = names[np.argsort(-counts)]
    shown = names if len(names) <= 7 else names[:6]
    found = [
        (str(name), colour, values == name)
        for name, colour in zip(shown, category_colours(len(shown)), strict=True)
    ]
    if len(shown) < len(names):
        found.append(("others", GREY, ~np.isin(values, shown)))
    return found


def _histogram(run: Run, score: Array) -> Figure:
    figure = panels(height=300)
    clipped = np.clip(score, FLOOR, 1)
    for name, colour, mask in areas(run, len(score)):
        figure.add_histogram(
            x=clipped[mask & np.isfinite(score)],
            name=f"{label(name, 20)} ({mask.sum()})",
            xbins={"start": FLOOR, "end": 1.0001, "size": 0.05},
            marker={"color": colour, "line": {"color": "white", "width": 0.5}},
        )
    median = float(np.nanmedian(score))
    figure.add_vline(max(median, FLOOR), line={"color": INK, "width": 1.5, "dash": "dash"})
    figure.update_layout(barmode="stack", showlegend=run.area() is not None)
    low = FLOOR if (score < 0).any() else 0
    figure.update_xaxes(title_text="R² of a neuron", range=[low - 0.02, 1.02])
    figure.update_yaxes(title_text="neurons")
    floor = f" The leftmost bar holds all under {number(FLOOR + 0.05)}." if low else ""
    return Figure(figure, f"Dashed: median {number(median)}.{floor}", narrow=True)


def _against_ceiling(run: Run, score: Array, ceiling: Array) -> Figure:
    figure = panels(height=300)
    for name, colour, mask in areas(run, len(score)):
        figure.add_scatter(
            x=np.clip(ceiling[mask], FLOOR, None),
            y=np.clip(score[mask], FLOOR, None),
            mode="markers",
            marker={"size": 5, "color": rgba(colour, 0.6)},
            name=label(name, 20),
            text=[f"neuron {i}" for i in np.flatnonzero(mask)],
            hovertemplate="%{text}: ceiling %{x:.2f}, R² %{y:.2f}",
        )
    low = FLOOR if (score < 0).any() or (ceiling < 0).any() else 0
    figure.add_scatter(
        x=[low, 1], y=[low, 1], mode="lines", line={"color": GREY, "dash": "dash", "width": 1}
    )
    figure.update_xaxes(title_text="noise ceiling of a neuron", range=[low - 0.03, 1.03])
    figure.update_yaxes(title_text="R² of the model, fitted data", range=[low - 0.03, 1.03])
    known = np.isfinite(score) & np.isfinite(ceiling) & (ceiling > 0.1)
    share = np.median(score[known] / ceiling[known]) if known.any() else np.nan
    caption = (
        "On the dashed line the model explains as much as repeats; since it was fitted to these"
        " data, it can pass the line by learning their noise. Median share, over neurons with a"
        f" ceiling above 0.1: {number(share)}. Colours as beside."
    )
    return Figure(figure, caption, narrow=True)


def _examples(run: Run, groups: Conditions, score: Array) -> Figure:
    data = run.need("data", "trial", "time", "neuron")
    model = run.need("model", "trial", "time", "neuron")
    order = np.argsort(np.where(np.isfinite(score), -score, np.inf), kind="stable")
    order = order[: int(np.isfinite(score).sum())]
    middle = max(len(order) // 2 - 1, 0)
    picks = {"best": order[:3], "median": order[middle : middle + 3], "worst": order[-3:]}
    area = run.area()
    titles = []
    for which, chosen in picks.items():
        for i in np.resize(chosen, 3):
            where = f" ({label(area[1][i], 12)})" if area else ""
            titles.append(f"{which}: neuron {i}{where}, R² {number(score[i])}")
    figure = panels(
        3,
        3,
        height=620,
        titles=titles,
        shared_xaxes=True,
        vertical_spacing=0.075,
        horizontal_spacing=0.07,
    )
    figure.update_annotations(font_size=12)
    for row, chosen in enumerate(picks.values(), start=1):
        for column, i in enumerate(np.resize(chosen, 3), start=1):
            place = {"row": row, "col": column}
            _add_noisy(figure, run, groups, data[..., i], **place)
            seen = np.where(np.isfinite(data[..., i]), model[..., i], np.nan)
            add_lines(figure, run.time, groups, seen, 2.2, **place)
    figure.update_xaxes(title_text="time (s)", row=3)
    figure.update_yaxes(title_text=f"activity ({label(run.unit, 12)})", col=1)
    return Figure(figure, "Dots: data; lines: model; averaged over the trials of each condition.")


def _add_noisy(figure: Any, run: Run, groups: Conditions, values: Array, **place: int) -> None:
    for i, group in enumerate(groups.groups):
        figure.add_scatter(
            x=run.time,
            y=group.mean(values).astype(np.float32),
            mode="markers",
            marker={"size": 3, "color": rgba(group.colour, 0.45)},
            legendgroup=f"group{i}",
            hoverinfo="skip",
            **place,
        )
