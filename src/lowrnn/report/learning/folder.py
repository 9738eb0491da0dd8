"""The run folder of a sweep, written."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import yaml

from lowrnn.analysis import Learned
from lowrnn.files import write_dataset, write_json, write_text
from lowrnn.report.write import write_report


def write_sweep(
    folder: str | Path,
    sweep: Sequence[Learned],
    *,
    config: Mapping[str, Any],
    metrics: Mapping[str, Any],
) -> dict[str, Any]:
    """Write the networks of a sweep, what was measured, and the report.

    `networks/g-G-seed-S.safetensors` are the trained networks with their matrices before learning.

    Parameters
    ----------
    folder : path
        Made if it does not exist. A sweep that it holds is replaced.
    sweep : sequence of Learned
        From `learning_sweep`.
    config : mapping
        How they were trained, plain data for `config.yaml`.
    metrics : mapping
        What `metrics.json` shall hold besides the rows: at least `task` and `neurons`.

    Returns
    -------
    dict
        `metrics.json`.
    """
    folder = Path(folder)
    networks = folder / "networks"
    networks.mkdir(parents=True, exist_ok=True)
    (folder / "metrics.json").unlink(missing_ok=True)
    write_text(folder / "config.yaml", yaml.safe_dump(dict(config), sort_keys=False))
    for learned in sweep:
        learned.rnn.save(networks / f"g-{learned.g:g}-seed-{learned.seed}.safetensors")
    write_dataset(folder / "results.nc", sweep_results(sweep))
    found = {"kind": "learn", **metrics, "rows": [learned.row() for learned in sweep]}
    write_json(folder / "metrics.json", found)
    write_report(folder)
    return found


def sweep_results(sweep: Sequence[Learned]) -> xr.Dataset:
    """What the figures show, with named axes; shorter courses of the loss end in NaN."""
    updates = max(len(learned.loss) for learned in sweep)
    loss = np.full((len(sweep), updates), np.nan, np.float32)
    for row, learned in zip(loss, sweep, strict=True):
        row[: len(learned.loss)] = learned.loss

    def eigenvalues(matrices: Sequence[np.ndarray]) -> np.ndarray:
        found = np.stack([np.linalg.eigvals(matrix) for matrix in matrices]).astype(np.complex64)
        return np.stack([found.real, found.imag], axis=-1)

    def spectrum(matrices: Sequence[np.ndarray]) -> np.ndarray:
        return np.linalg.svd(np.stack(matrices), compute_uv=False).astype(np.float32)

    after = [learned.rnn.connectivity.dense() for learned in sweep]
    before = [learned.before for learned in sweep]
    changes = [late - early for late, early in zip(after, before, strict=True)]
    part = ("network", "eigenvalue", "part")
    dataset = xr.Dataset(
        {
            "loss": (("network", "update"), loss),
            "singular_values": (("network", "component"), spectrum(changes)),
            "singular_values_after": (("network", "component"), spectrum(after)),
            "eigenvalues": (part, eigenvalues(after)),
            "eigenvalues_of_change": (part, eigenvalues(changes)),
            "start_loss": ("network", [learned.start_loss for learned in sweep]),
            "truncated_loss": (
                ("network", "rank"),
                np.stack([learned.truncated.loss for learned in sweep]),
            ),
        },
        {
            "g": ("network", [learned.g for learned in sweep]),
            "seed": ("network", [learned.seed for learned in sweep]),
            "rank": sweep[0].truncated.ranks,
            "update": np.arange(updates),
            "part": ["real", "imaginary"],
        },
    )
    if not len(sweep[0].steps):
        return dataset
    # Networks that met a target early have fewer evaluations.
    longest = max(sweep, key=lambda learned: len(learned.updates))
    steps = np.full((len(sweep), *longest.steps.shape), np.nan)
    for values, learned in zip(steps, sweep, strict=True):
        values[: len(learned.steps)] = learned.steps
    return dataset.assign(
        steps=(("network", "evaluation", "cp"), steps),
        tensor_variance=(
            ("network", "cp"),
            np.stack([learned.tensor_variance for learned in sweep]),
        ),
    ).assign_coords(evaluation=longest.updates)
