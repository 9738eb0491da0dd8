"""Networks fitted to a recording over learning, kept so that they are fitted once."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from lowrnn.errors import InputError
from lowrnn.files import write_dataset, write_json
from lowrnn.fitting import LTRNN
from lowrnn.recordings import Recording, read
from lowrnn.recordings.arrays import known

#: Called now and then with updates done, updates in all, and the last loss.
FitProgress = Callable[[int, int, float], None]

#: What is given by other keys than `ltrnn`, or makes no difference.
_OWN = ("rank", "dt", "checkpoint", "progress")


def fit_recording(
    path: str | Path,
    rank: int,
    store: str | Path,
    *,
    condition: Sequence[str] = (),
    trial: str | None = None,
    epochs: str | None = None,
    settings: Mapping[str, Any] | None = None,
    progress: FitProgress | None = None,
) -> Path:
    """Fit an `LTRNN` to a recording, unless the store has this fit already.

    Parameters
    ----------
    path : path
        Of the recording, or of the YAML file that describes it: single trials.
    rank : int
        Number of components.
    store : path
        Where to keep it, in a folder that is named after recording and settings. A fit that was
        interrupted goes on.
    condition : sequence of str
        Columns whose values make a condition; by default trials of the same inputs.
    trial : str, optional
        Column with the numbers of the trials; by default `trial`, or their order.
    epochs : str, optional
        Column of labels between which trial factors may jump.
    settings : mapping, optional
        Arguments of `LTRNN`. Those not given are as in `lowrnn fit --over-trials`.
    progress : callable, optional
        As of `LTRNN`.

    Returns
    -------
    Path
        The folder: `network.safetensors`, `results.nc` and `metrics.json` with what `read_course`
        takes from a run folder of `lowrnn fit --over-trials`.

    Raises
    ------
    InputError
        If the recording holds averages, a column or a setting is unknown, or as `LTRNN.fit`.
    """
    recording = read(path)
    if recording.sem is not None or "n_trials" in recording.conditions:
        raise InputError(
            f"recording {path} holds averages: give single trials in their order, without"
            " preprocess.average"
        )
    recording, numbers = _ordered(recording, trial)
    labels = _labels(recording, condition)
    network = _network(recording, rank, dict(settings or {}))
    skipped = ("checkpoint", "progress")
    own = {name: value for name, value in network.get_params().items() if name not in skipped}
    of = [own, recording.checksum(), list(condition), trial, epochs]
    digest = hashlib.sha256(json.dumps(of, sort_keys=True).encode()).hexdigest()[:16]
    folder = Path(store) / f"fit-{digest}"
    if (folder / "network.safetensors").is_file():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / "unfinished.safetensors"
    network.set_params(checkpoint=unfinished, progress=progress)
    network.fit(
        recording, conditions=labels if condition else None, trial_ids=numbers, epochs=epochs
    )
    results = xr.Dataset(
        {
            "inputs": (("trial", "time", "input"), network.inputs_),
            "initial_state": (("trial", "neuron"), network.initial_states_),
        },
        {"condition_label": ("trial", labels), "number": ("trial", numbers)},
    )
    write_dataset(folder / "results.nc", results)
    write_json(
        folder / "metrics.json",
        {"r2": float(network.r2_), "learning_r2": float(network.learning_r2_)},
    )
    # Last: a folder that has it is whole.
    network.rnn_.save(folder / "network.safetensors")
    unfinished.unlink(missing_ok=True)
    return folder


def _ordered(recording: Recording, trial: str | None) -> tuple[Recording, np.ndarray]:
    """Trials in the order of their numbers, and these."""
    table = recording.conditions
    column = trial or ("trial" if "trial" in table else None)
    if column is None:
        return recording, np.arange(len(recording.rates), dtype=np.float64)
    known("teacher.trial", column, table.columns)
    numbers = pd.to_numeric(table[column], errors="coerce").to_numpy(np.float64)
    if not np.isfinite(numbers).all() or len(np.unique(numbers)) < len(numbers):
        raise InputError(
            f"teacher.trial is {column!r}, whose values are no numbers or come twice: give each"
            " trial a number of its own"
        )
    order = np.argsort(numbers, kind="stable")
    return recording.select(order), numbers[order]


def _labels(recording: Recording, condition: Sequence[str]) -> np.ndarray:
    """The condition of each trial as text, empty where none was named."""
    for column in condition:
        known("teacher.condition", column, recording.conditions.columns)
    if not condition:
        return np.full(len(recording.rates), "")
    rows = recording.conditions[list(condition)].itertuples(index=False, name=None)
    return np.array([", ".join(str(value) for value in row) for row in rows])


def _network(recording: Recording, rank: int, settings: dict[str, Any]) -> LTRNN:
    """The estimator, with what suits noisy single trials where nothing else was said."""
    allowed = [name for name in LTRNN().get_params() if name not in _OWN]
    for name in settings:
        known("teacher.ltrnn", name, allowed)
    usual: dict[str, Any] = {
        "prior": 1.0,
        "initial_state": "shared",
        "inputs": "none" if recording.inputs is not None else "conditions",
    }
    return LTRNN(rank, **(usual | settings))
