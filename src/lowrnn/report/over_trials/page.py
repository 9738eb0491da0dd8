"""The page of a fit over trials, from its run folder."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from lowrnn.analysis.over_trials import eigenvalues_over_trials, overlaps_over_trials
from lowrnn.networks import RNN
from lowrnn.recordings.schema import Strict
from lowrnn.report.kind import Kind, Page, results_of
from lowrnn.report.metrics import Count, Number, RankMetrics, RunMetrics
from lowrnn.report.over_trials.courses import BAND, eigenvalues_figure, factors_figure
from lowrnn.report.over_trials.dynamics import MOST_COMPONENTS, flow_figure, latents_figure
from lowrnn.report.over_trials.found import MOST_CONDITIONS, Found
from lowrnn.report.over_trials.neurons import explained_figure, loadings_figure, loss_figure
from lowrnn.report.over_trials.scores import models_figure, ranks_figure
from lowrnn.report.over_trials.verdict import verdict
from lowrnn.report.page import Figure, Section
from lowrnn.report.style import counted, number

#: Similarity of components from other starts above which they can be read one by one.
_TRUSTED = 0.9

#: Components on fewer neurons than this, or than this share of all, are pointed out.
_FEW, _FEW_SHARE = 5.0, 0.1


class Order(Strict):
    """Likeness of successive trials, one number a component."""

    ratio: list[Number]
    p: list[Number]


class OverTrialsMetrics(RunMetrics):
    """Of `lowrnn fit --over-trials`."""

    tensor_rank_selected: Count
    ranks: Annotated[list[RankMetrics], Field(min_length=1)]
    static_r2_heldout: Number | None = None
    shuffle_r2_heldout: Number | None = None
    r2: Number | None = None
    learning_r2: Number | None = None
    similarity: list[Number | None] = Field(default_factory=list)
    order: dict[str, Order] = Field(default_factory=dict)
    trials: Count
    neurons: Count


def _page(folder: Path, metrics: dict[str, Any], checked: OverTrialsMetrics) -> Page:
    found = Found(results_of(folder), RNN.load(folder / "network.safetensors"), metrics)
    sections = [
        _summary(found),
        _scores(found),
        _factors(found),
        _latents(found),
        _eigenvalues(found),
        *_flow(found),
        _neurons(found),
        _identifiable(found),
    ]
    provenance = metrics.get("provenance") or {}
    name = Path(str(provenance.get("data_file", "a recording"))).name
    about = [f"{checked.neurons} neurons", counted(checked.trials, "trial")]
    return Page(f"Connectivity over the trials of {name}", about, sections, found.conditions)


#: A folder of `lowrnn fit --over-trials`.
OVER_TRIALS = Kind("fit-over-trials", "lowrnn fit --over-trials", OverTrialsMetrics, _page)


def _summary(found: Found) -> Section:
    metrics = found.metrics
    rank = metrics["tensor_rank_selected"]
    chosen = next(row for row in metrics["ranks"] if row["rank"] == rank)
    tiles = [
        (str(rank), "components selected"),
        (number(chosen["r2_heldout"], 3), "held-out R², changing"),
        (number(metrics["static_r2_heldout"], 3), "static"),
        (number(metrics["shuffle_r2_heldout"], 3), "trials shuffled"),
    ]
    model = (
        "In trial k the network has the connectivity J = (1/N) Σ c a bᵀ over its components: the"
        " patterns a and b are the same in all trials, and only their strengths c, the trial"
        " factors, change (Pellegrino, Cayco-Gajic & Chadwick 2023)."
    )
    return Section(
        "Summary", [*verdict(found.results, rank, metrics.get("order")), model], tiles=tiles
    )


def _scores(found: Found) -> Section:
    rank = found.metrics["tensor_rank_selected"]
    ranks = np.asarray(found.results["rank"])
    splits = found.results.sizes["split"]
    why = (
        f"Rank {rank} was selected: the smallest whose held-out R² falls short of the best by no"
        " more than one standard error of the difference, or 0.01."
        if len(ranks) > 1
        else f"Rank {rank} was fitted alone, so nothing was selected."
    )
    text = [
        "Blocks of entries (trials × bins × neurons) took no part in a fit, with a margin around"
        " them, and all models predict the same blocks. R² counts all variance of single trials,"
        " noise included, so its highest possible value is unknown and far below 1 for spikes.",
        why,
    ]
    return Section(
        "Does connectivity change over trials?",
        text,
        figures=[
            Figure(
                ranks_figure(found),
                "Held-out R² against rank, mean and standard error over"
                f" {counted(splits, 'split')}. Dotted: the rank selected.",
                narrow=True,
            ),
            Figure(
                models_figure(found),
                "A dot is a split, a bar their mean; static and CP at the rank at which they do"
                " best, the others at the selected one. Shuffled: the trials of each condition in"
                " random order. By itself: factors without smoothness. Blocks: an independent"
                " static network for each epoch, or each quarter of the trials.",
                narrow=True,
            ),
        ],
    )


def _factors(found: Found) -> Section:
    text = [
        "How strong each component is in each trial. Their scale is that of the shortest b, so"
        " courses can be compared, and sizes of different components only loosely.",
    ]
    text += _few_neurons(found)
    labels = np.unique(np.asarray(found.results["condition_label"]).astype(str))
    if len(labels) > MOST_CONDITIONS:
        text.append(
            f"Of {len(labels)} conditions the {MOST_CONDITIONS} most frequent are in colour, here"
            " and below; the others are grey, or left out of averages."
        )
    return Section(
        "Trial factors",
        text,
        figures=[
            Figure(
                factors_figure(found),
                "Dots: single trials. Line: their smooth part; band: its standard deviation times"
                f" {BAND:g}, with the patterns a and b and all else held, so too narrow where those"
                " are uncertain. Shading tells epochs apart.",
            )
        ],
    )


def _few_neurons(found: Found) -> list[str]:
    """Components that are the doing of a few neurons."""
    a = found.connectivity.a.astype(np.float64)
    sizes = (a**2).sum(axis=0) ** 2 / (a**4).sum(axis=0)
    few = [f"component {r + 1} on {number(size, 1)}" for r, size in enumerate(sizes) if size < _FEW]
    if not few:
        return []
    return [
        f"Some components rest on few neurons (participation ratio of a): {', '.join(few)}. A unit"
        " that is lost or gained during the session makes such a component."
    ]


def _latents(found: Found) -> Section:
    rank = found.connectivity.rank
    more = "" if rank <= MOST_COMPONENTS else f" The first {MOST_COMPONENTS} of {rank} are shown."
    return Section(
        "Latents early and late",
        [],
        figures=[
            Figure(
                latents_figure(found),
                "Coordinates κ of the network's states along a, averaged over the trials of a"
                f" condition.{more} Differences between columns are what changing connectivity does"
                " to the dynamics.",
            )
        ],
    )


def _eigenvalues(found: Found) -> Section:
    values = eigenvalues_over_trials(overlaps_over_trials(found.rnn))
    return Section(
        "Eigenvalues by trial",
        [
            "Eigenvalues of each trial's connectivity, all neurons at gain 1: above a real part of"
            " 1 (dashed) a pattern would sustain itself, below it activity decays, and a pair of"
            " imaginary parts is a rotation. Saturation lowers them."
        ],
        figures=[
            Figure(
                eigenvalues_figure(found, values),
                "Dots: trials. Blue: the eigenvalue with the largest real part in the first trial,"
                " followed from there; dark: the others.",
            )
        ],
    )


def _flow(found: Found) -> list[Section]:
    if found.connectivity.rank != 2:
        return []
    return [
        Section(
            "Flow of the latents",
            [
                "At the mean trial factors of these trials and the mean input of the last bin."
                " Where no trial went, flow is the model's extrapolation."
            ],
            figures=[
                Figure(
                    flow_figure(found),
                    "Grey: direction of the flow. Lines: mean latents of a condition, with a dot at"
                    " the end of the trial.",
                )
            ],
        )
    ]


def _neurons(found: Found) -> Section:
    rank = found.connectivity.rank
    more = "" if rank <= MOST_COMPONENTS else f" The first {MOST_COMPONENTS} of {rank} are shown."
    return Section(
        "Neurons",
        [],
        figures=[
            Figure(
                loadings_figure(found),
                "One dot a neuron. a: how much a component drives it; b: how much the component"
                f" reads from it. r is their correlation.{more}",
            ),
            Figure(explained_figure(found), "R² of each neuron on fitted data.", narrow=True),
            Figure(
                loss_figure(found),
                "Loss of the updates: first of a static network, then of the changing one.",
                narrow=True,
            ),
        ],
    )


def _identifiable(found: Found) -> Section:
    values = [v for v in found.metrics.get("similarity") or [] if v is not None]
    if not values:
        stable = "Whether another start finds the same components was not measured."
    else:
        told = ", ".join(number(v) for v in values)
        reads = (
            "so components can be read one by one"
            if min(values) > _TRUSTED
            else "so components mix from start to start: read them together, not one by one"
        )
        stable = (
            f"Components of other random starts have a similarity of {told} to these (1 is the"
            f" same, by the product of cosines of a, b and c), {reads}."
        )
    return Section(
        "What is identifiable, and what is not",
        points=[
            stable,
            "Known: the span of a, the latents, the recurrent drive in visited states, and the"
            " course of each trial factor up to its scale.",
            "Known only in part: b, in the directions that activity visited. What it reads from"
            " others cannot be seen, and was left out.",
            "Not known: the weights between pairs of neurons. Components whose trial factors are"
            " proportional, as two that hardly change, can be mixed without a trace.",
            "Changed inputs and changed connectivity are told apart only by the dynamics that they"
            " imply: compare a model with inputs that change before you speak of plasticity.",
        ],
    )
