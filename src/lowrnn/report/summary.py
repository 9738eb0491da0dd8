"""The first thing on the page: what was found, and how far to believe it."""

from typing import Any

import numpy as np

from lowrnn.report.page import Section
from lowrnn.report.ranks import baseline_at, baselines, reason
from lowrnn.report.run import Run
from lowrnn.report.style import number

FEW_CONDITIONS = 8
_GAUGE = (
    "Latents are shown in the canonical gauge, with arbitrary signs. The gauge depends on all of n:"
    " between fits, compare the space that the latents span rather than single latents."
)


def fit_summary(run: Run) -> Section:
    """The selected rank, its scores beside ceiling and baselines, and caveats."""
    metrics = run.metrics
    rank = int(metrics["rank_selected"])
    row: dict[str, Any] = next((r for r in metrics["ranks"] if r["rank"] == rank), {})
    train, held = row.get("r2_train"), row.get("r2_heldout_conditions")
    neurons, ceiling = row.get("r2_heldout_neurons"), metrics.get("noise_ceiling")
    tiles = [(str(rank), "latent dimension" if rank == 1 else "latent dimensions")]
    if held is not None:
        tiles.append((number(held, 3), "R² on held-out conditions"))
    else:
        tiles.append((number(train, 3), "R² on the fitted data"))
    if neurons is not None:
        tiles.append((number(neurons, 3), "R² on held-out neurons"))
    if ceiling is not None:
        tiles.append((number(ceiling, 3), "noise ceiling"))
    simpler = _simpler(run, rank, train if held is None else held)
    text = [said for said in (_explained(rank, train, held, ceiling), simpler) if said]
    text.append(reason(run))
    if metrics.get("accuracy") is not None:
        text.append(
            "Read out as the recorded neurons were, the network decides"
            f" {number(100 * metrics['accuracy'], 1)} % of conditions correctly."
        )
    return Section("Summary", text, tiles=tiles, points=_caveats(run, rank, train, held))


def train_summary(run: Run) -> Section:
    """The task, the accuracy and the size of the network."""
    metrics = run.metrics
    tiles = [(str(run.rnn.rank or "full"), "rank"), (str(run.rnn.neurons), "neurons")]
    if metrics.get("accuracy") is not None:
        tiles.append((f"{number(100 * metrics['accuracy'], 1)} %", "right answers"))
    if metrics.get("loss") is not None:
        tiles.append((f"{metrics['loss']:.3g}", "loss"))
    if metrics.get("steps") is not None:
        tiles.append((str(metrics["steps"]), "updates"))
    text = []
    if metrics.get("populations") is not None:
        text.append(
            f"The network was drawn from a trained mixture of {metrics['populations']} populations,"
            " in mixture.safetensors: GaussianMixture.load reads it and samples networks of any"
            " size. Its course of training is that of the distribution."
        )
    points = [
        "One trained network shows that a mechanism suffices, not that it is the only one: other"
        " seeds may find another."
    ]
    if run.rnn.rank:
        points.append("Loadings are shown in the canonical gauge; signs of latents are arbitrary.")
    return Section("Summary", text, tiles=tiles, points=points)


def _explained(rank: int, train: float | None, held: float | None, ceiling: float | None) -> str:
    """Scores in words."""
    score, where = held, "held-out conditions"
    if score is None:
        score, where = train, "the data it was fitted to"
    if score is None:
        return ""
    dimensions = "one latent dimension" if rank == 1 else f"{rank} latent dimensions"
    said = f"With {dimensions} the network explains {_percent(score)} of the variance of {where}"
    if held is not None and ceiling is not None and ceiling > 0:
        said += (
            f", which is {_percent(score / ceiling)} of what repeats from trial to trial and so"
            f" could be explained ({_percent(ceiling)})"
        )
    if held is not None and train is not None:
        said += (
            f". It explains {_percent(train)} of the data it was fitted to, which includes noise"
            " that it learned"
        )
    return said + "."


def _percent(share: float) -> str:
    return f"{number(100 * share, 1)} %"


def _simpler(run: Run, rank: int, score: float | None) -> str:
    """The network beside simpler models."""
    parts, beaten = [], []
    for name, scores in baselines(run).items():
        value = baseline_at(scores, rank)
        if value is not None:
            parts.append(f"the {name} baseline reaches {number(value, 3)}")
            if score is not None and value >= score - 0.01:
                beaten.append(name)
    if not parts:
        return ""
    said = "For comparison, " + " and ".join(parts) + "."
    if beaten:
        said += (
            f" The network does not beat {' and '.join(beaten)}: these data do not need what it"
            " adds."
        )
    return said


def _caveats(run: Run, rank: int, train: float | None, held: float | None) -> list[str]:
    """What a careful reader would hold against the headline."""
    metrics = run.metrics
    points = []
    tried = [row["rank"] for row in metrics["ranks"]]
    if len(tried) > 1 and rank == max(tried):
        points.append(f"Rank {rank} is the largest that was tried: a larger one may do better.")
    if held is None:
        points.append("No conditions were held out, so nothing here speaks against overfitting.")
    elif train is not None and train - held > 0.15:
        points.append(
            f"R² falls by {number(train - held)} on held-out conditions: part of the fit does not"
            " generalise."
        )
    if metrics.get("noise_ceiling") is None:
        points.append(
            "No noise ceiling is known, so a low R² may be noise in the data or a fault of the"
            " model."
        )
    conditions = int(metrics.get("conditions") or run.results.sizes["trial"])
    if conditions < FEW_CONDITIONS:
        points.append(
            f"{conditions} conditions constrain the dynamics little: more latents could hide in"
            " conditions that were not tested."
        )
    score = run.array("r2_neuron", "neuron")
    if score is not None:
        bad = float(np.mean(score[np.isfinite(score)] < 0))
        if bad > 0.05:
            points.append(f"{100 * bad:.0f} % of the neurons are not captured at all (R² below 0).")
    points += [
        "Activity constrains n only through what n reads of it: entries of n, and of the"
        " connectivity J, are not unique, however good the fit. m, B, the latents and the currents"
        " along the recorded activity are much better determined.",
        "The sign of the latent is arbitrary." if rank == 1 else _GAUGE,
        "A fit is a sufficient mechanism. Whether the circuit works like this takes a perturbation"
        " that the network predicts.",
    ]
    return points
