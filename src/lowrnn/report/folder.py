"""Run folders, written."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr
import yaml

from lowrnn.files import write_dataset, write_json, write_text
from lowrnn.learning import History, evaluate
from lowrnn.networks import RNN, GaussianMixture
from lowrnn.report.write import write_report
from lowrnn.tasks import Task


def write_run(
    folder: Path,
    *,
    config: Mapping[str, Any],
    rnn: RNN,
    results: xr.Dataset,
    metrics: Mapping[str, Any],
    task: Task | None = None,
) -> Path:
    """Write a finished run, then its report; returns the path of the report.

    `metrics.json` is removed first and written last: a folder that has it is whole.
    """
    (folder / "metrics.json").unlink(missing_ok=True)
    write_text(folder / "config.yaml", yaml.safe_dump(dict(config), sort_keys=False))
    rnn.save(folder / "network.safetensors")
    write_dataset(folder / "results.nc", results)
    write_json(folder / "metrics.json", dict(metrics))
    return write_report(folder, task)


def write_training(
    folder: str | Path,
    rnn: RNN,
    task: Task,
    history: History,
    *,
    seed: int = 0,
    mixture: GaussianMixture | None = None,
    config: Mapping[str, Any] | None = None,
    metrics: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write the run folder of a trained network, with its report: what `lowrnn train` leaves.

    `report.html` shows the answers of the network, its latents, flow, populations and learning
    curve; `results.nc` has the answers and latents on every condition, without noise.

    Parameters
    ----------
    folder : path
        Made if it does not exist. A run that it holds is replaced.
    rnn : RNN
        The trained network.
    task : Task
        What it was trained on: any task, also `multitask` or one of your own.
    history : History
        The course of its training.
    seed : int
        Determines the 1000 new trials on which the network is scored.
    mixture : GaussianMixture, optional
        The trained mixture that the network was drawn from, for `mixture.safetensors`.
    config : mapping, optional
        How it was trained, plain data for `config.yaml`.
    metrics : mapping, optional
        What `metrics.json` shall hold besides the metrics that are measured here.

    Returns
    -------
    dict
        `metrics.json`: `accuracy`, `loss`, and what else was measured.

    Raises
    ------
    InputError
        If the network does not fit the task.

    Examples
    --------
    >>> trained = train_recipe(both, 512, 2)  # doctest: +SKIP
    >>> write_training("runs/both", trained.rnn, both, trained.history)  # doctest: +SKIP
    """
    folder = Path(folder)
    score = evaluate(rnn, task, seed=seed)
    populations = {} if mixture is None else {"populations": mixture.populations}
    found: dict[str, Any] = {
        "kind": "train",
        "task": task.name,
        "rank": rnn.rank or "full",
        "neurons": rnn.neurons,
        **populations,
        "accuracy": score.accuracy,
        "loss": score.loss,
        "steps": len(history.loss),
        **(metrics or {}),
        "out": str(folder),
    }
    resolved = {
        "command": "train",
        "task": task.to_dict(),
        "rank": found["rank"],
        "neurons": rnn.neurons,
        "seed": seed,
        **(config or {}),
    }
    (folder / "metrics.json").unlink(missing_ok=True)
    if mixture is None:
        (folder / "mixture.safetensors").unlink(missing_ok=True)
    else:
        mixture.save(folder / "mixture.safetensors")
    results = _results(rnn, task, history)
    write_run(folder, config=resolved, rnn=rnn, results=results, metrics=found, task=task)
    return found


def _results(rnn: RNN, task: Task, history: History) -> xr.Dataset:
    """Answers and latents on every condition, without noise, and the course of the training."""
    trials = task.conditions()
    trajectory = rnn.replace(noise_std=0.0).simulate(trials.inputs)
    axes = ("trial", "time")
    coords: dict[str, Any] = {
        str(name): ("trial", column.to_numpy()) for name, column in trials.conditions.items()
    }
    coords |= {
        "time": ("time", trajectory.time, {"units": "s"}),
        "input": list(task.input_names),
        "output": list(task.output_names),
    }
    return (
        history.to_xarray()
        .assign(
            z=((*axes, "output"), trajectory.z),
            target=((*axes, "output"), trials.targets),
            mask=(axes, trials.mask),
            kappa=((*axes, "latent"), trajectory.kappa),
            inputs=((*axes, "input"), trials.inputs),
        )
        .assign_coords(coords)
    )
