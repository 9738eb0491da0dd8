"""The run folder of a fit over trials, written."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
import yaml
from numpy.typing import ArrayLike, NDArray

from lowrnn.analysis.learning_statistics import factor_smoothness
from lowrnn.files import write_dataset, write_json, write_text
from lowrnn.fitting import LTRNN, TensorRankSelection, neuron_r2
from lowrnn.recordings import Recording
from lowrnn.report.labels import label_coordinates
from lowrnn.report.write import write_report

_SCORES = ("r2_train", "r2_heldout", "learning_r2_heldout")


def write_over_trials(
    folder: str | Path,
    recording: Recording,
    fit: LTRNN,
    selection: TensorRankSelection,
    *,
    steady: TensorRankSelection | None = None,
    alone: Mapping[str, ArrayLike] | None = None,
    numbers: ArrayLike | None = None,
    conditions: ArrayLike | None = None,
    epochs: ArrayLike | None = None,
    config: Mapping[str, Any] | None = None,
    metrics: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write the network of a fit over trials, what was measured, and the report.

    `trial_factors.csv` has a row for each trial: its number, condition and epoch, and for each
    component the factor, its smooth part and that part's standard deviation.

    Parameters
    ----------
    folder : path
        Made if it does not exist. A run that it holds is replaced.
    recording : Recording
        Single trials in their order.
    fit : LTRNN
        The fit to all of them.
    selection : TensorRankSelection
        From `select_tensor_rank`.
    steady : TensorRankSelection, optional
        The same for the selected rank, on rates `without_drift`.
    alone : mapping, optional
        Trial factors of fits without smoothness, to the "rates" and to the "steady" ones: whether
        successive trials are alike in them (`factor_smoothness`) goes to `order` in the metrics.
    numbers : array (trial,), optional
        Numbers of the trials in the session; 0, 1, ... by default.
    conditions, epochs : array (trial,), optional
        Labels of the trials.
    config : mapping, optional
        How it was fitted, plain data for `config.yaml`.
    metrics : mapping, optional
        What `metrics.json` shall hold besides.

    Returns
    -------
    dict
        `metrics.json`: the fields of `lowrnn fit`, `tensor_rank_selected`, `static_r2_heldout`,
        `shuffle_r2_heldout`, `without_drift`, and `trial_factors`, the path of the table.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metrics.json").unlink(missing_ok=True)
    count = len(recording.rates)
    table = pd.DataFrame({"trial": np.arange(count) if numbers is None else np.asarray(numbers)})
    table["condition"] = "" if conditions is None else np.asarray(conditions).astype(str)
    table["epoch"] = "" if epochs is None else np.asarray(epochs).astype(str)
    write_text(folder / "config.yaml", yaml.safe_dump(dict(config or {}), sort_keys=False))
    fit.rnn_.save(folder / "network.safetensors")
    write_dataset(folder / "results.nc", _results(recording, fit, selection, steady, table))
    factors = folder / "trial_factors.csv"
    write_text(factors, _factors(fit, table).to_csv(index=False))
    found = _metrics(recording, fit, selection, table) | {"trial_factors": str(factors)}
    if steady is not None:
        found["without_drift"] = {
            "r2_heldout": _number(steady.rows[0]["r2_heldout"]),
            "static_r2_heldout": _number(steady.static_r2_heldout),
            "shuffle_r2_heldout": _number(steady.shuffle_r2_heldout),
        }
    found["order"] = {name: _order(factors) for name, factors in (alone or {}).items()}
    found |= dict(metrics or {})
    write_json(folder / "metrics.json", found)
    write_report(folder)
    return found


def _factors(fit: LTRNN, table: pd.DataFrame) -> pd.DataFrame:
    """Trial factors as a table, one row a trial."""
    columns = {}
    for r in range(fit.rank):
        columns[f"component_{r + 1}"] = fit.trial_factors_[:, r]
        columns[f"component_{r + 1}_smooth"] = fit.smooth_factors_[:, r]
        columns[f"component_{r + 1}_sd"] = fit.smooth_factors_sd_[:, r]
    return table.assign(**columns)


def _metrics(
    recording: Recording, fit: LTRNN, selection: TensorRankSelection, table: pd.DataFrame
) -> dict[str, Any]:
    means = selection.means()
    at = {
        model: _number(scores.max())
        for model, scores in means.groupby("model", sort=False)["r2_heldout"]
    }
    varying = means[means["model"] == "varying"]
    columns = ["rank", "r2_train", "r2_heldout", "learning_r2_heldout", "seconds"]
    rows = [
        {name: int(value) if name == "rank" else _number(value) for name, value in row.items()}
        for row in varying[columns].to_dict("records")
    ]
    names = {"static": "static", "free": "free", "blocks": "blocks", "cp": "cp"}
    trials, _, neurons = recording.rates.shape
    given = table["condition"].nunique()
    return {
        "kind": "fit-over-trials",
        "rank_selected": selection.selected,
        "tensor_rank_selected": selection.selected,
        "ranks": rows,
        "static_r2_heldout": _number(selection.static_r2_heldout),
        "shuffle_r2_heldout": _number(selection.shuffle_r2_heldout),
        "r2": _number(fit.r2_),
        "learning_r2": _number(fit.learning_r2_),
        "similarity": [_number(value) for value in fit.similarity_],
        "noise_ceiling": None,
        "baselines": {name: at.get(model) for name, model in names.items()},
        "neurons": neurons,
        "trials": trials,
        "conditions": given,
    }


def _order(factors: ArrayLike) -> dict[str, list[float]]:
    """Von Neumann's ratio of each component, and its probability in a random order."""
    found = factor_smoothness(factors)
    return {"ratio": found.observed.tolist(), "p": found.p.tolist()}


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _results(
    recording: Recording,
    fit: LTRNN,
    selection: TensorRankSelection,
    steady: TensorRankSelection | None,
    table: pd.DataFrame,
) -> xr.Dataset:
    """Data and model side by side, what changed over trials, and the scores of all models."""
    axes = ("trial", "time")
    model = fit.predict()
    per_component = ("trial", "component")
    variables: dict[str, Any] = {
        "data": ((*axes, "neuron"), recording.rates.astype(np.float32)),
        "model": ((*axes, "neuron"), model.astype(np.float32)),
        "kappa": ((*axes, "component"), fit.kappa_),
        "inputs": ((*axes, "input"), fit.inputs_),
        "initial_state": (("trial", "neuron"), fit.initial_states_),
        "trial_factors": (per_component, fit.trial_factors_),
        "smooth_factors": (per_component, fit.smooth_factors_),
        "smooth_factors_sd": (per_component, fit.smooth_factors_sd_),
        "scale": ("neuron", fit.scale_),
        "offset": ("neuron", fit.offset_),
        "r2_neuron": ("neuron", neuron_r2(recording.rates, model)),
        "loss": ("update", fit.history_.loss),
    }
    splits = selection.splits
    models = list(dict.fromkeys(splits["model"]))
    ranks = sorted(set(splits["rank"]))
    for score in _SCORES:
        variables[score] = (("model", "rank", "split"), _cube(splits, score, models, ranks))
    if steady is not None:
        cube = _cube(steady.splits, "r2_heldout", models, ranks)
        variables["r2_heldout_steady"] = (("model", "rank", "split"), cube)
    learned = fit.inputs_.shape[2] - len(recording.input_names)
    names = [*recording.input_names, *(f"learned {i + 1}" for i in range(learned))]
    coords: dict[str, Any] = {
        "time": ("time", recording.time, {"units": "s"}),
        "rank": ranks,
        "model_name": ("model", models),
        "number": ("trial", table["trial"].to_numpy()),
        "condition_label": ("trial", table["condition"].to_numpy(np.str_)),
        "epoch_label": ("trial", table["epoch"].to_numpy(np.str_)),
        "input": names,
    }
    dimensions = {"trial", "time", "neuron", "component", "input", "split", "update", "model"}
    coords |= label_coordinates(recording, dimensions | coords.keys() | variables.keys())
    return xr.Dataset(variables, coords, {"unit": recording.unit})


def _cube(
    splits: pd.DataFrame, score: str, models: list[str], ranks: list[int]
) -> NDArray[np.float64]:
    """A score by model, rank and split; NaN where a model was not fitted."""
    cube = np.full((len(models), len(ranks), int(splits["split"].max()) + 1), np.nan)
    for row in splits.to_dict("records"):
        cube[models.index(row["model"]), ranks.index(row["rank"]), row["split"]] = row[score]
    return cube
