"""Run folders like those of `lowrnn fit` and `lowrnn train`, made of known networks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
import yaml

from lowrnn import RNN, LowRank
from lowrnn.files import atomic, write_json, write_text
from lowrnn.tasks import ContextDecision

AREAS = ("MOs", "PL", "ILA")
WriteRun = Callable[..., Path]


def context_network(rank: int, neurons: int = 90) -> RNN:
    """A network that leans towards its inputs, bistable in every latent."""
    rng = np.random.default_rng(3)
    m = rng.standard_normal((neurons, rank))
    B = rng.standard_normal((neurons, 4))
    n = 1.4 * m + 0.4 * rng.standard_normal((neurons, rank))
    n[:, 0] += 1.2 * B[:, 0] + 0.8 * B[:, 1]
    if rank > 1:
        n[:, 1] += B[:, 2] - B[:, 3]
    return RNN(LowRank(m, n), B, rng.standard_normal((neurons, 1)), dt=0.02, tau=0.1)


def write_run(
    folder: Path,
    *,
    kind: str = "fit",
    rank: int = 1,
    ceiling: bool = True,
    area: tuple[str, ...] = AREAS,
    task: str = "context_decision",
    noise: float = 0.25,
) -> Path:
    """Write a run folder and return its path."""
    rng = np.random.default_rng(0)
    rnn = context_network(rank)
    asked = ContextDecision(dt=rnn.dt, context_amplitude=0.5, coherences=(-4, -1, 1, 4))
    trials = asked.conditions()
    trajectory = rnn.simulate(trials.inputs)
    coords: dict[str, Any] = {
        "time": ("time", trajectory.time, {"units": "s"}),
        "input": ["stimulus_a", "stimulus_b", "context_1", "context_2"],
        "update": np.arange(400),
    }
    coords |= {str(c): ("trial", trials.conditions[c].to_numpy()) for c in trials.conditions}
    loss = 0.9 * np.exp(-np.arange(400) / 60) + 0.02 + 0.01 * rng.random(400)
    variables: dict[str, Any] = {
        "kappa": (("trial", "time", "latent"), trajectory.kappa),
        "inputs": (("trial", "time", "input"), trials.inputs),
        "loss": ("update", loss),
    }
    provenance = {
        "version": "0.1.0",
        "versions": {"numpy": "2.4.6", "torch": "2.13.0"},
        "seeds": [0, 1, 2],
        "data_file": "recordings/session.npz",
        "data_checksum": "ab" * 32,
        "command": "lowrnn fit session.yaml --rank 1:4",
        "date": "2026-01-05 10:00",
    }
    metrics: dict[str, Any] = {"kind": kind, "seconds": 71.2, "provenance": provenance}
    if kind == "fit":
        extra, more = _fitted(trajectory.rates, rank, ceiling, noise, rng)
        variables |= extra
        metrics |= more | {"conditions": len(trials), "out": str(folder)}
        coords |= {"rank": [1, 2, 3, 4]}
        if area:
            coords["area"] = ("neuron", np.resize(area, rnn.neurons))
    else:
        variables |= {
            "z": (("trial", "time", "output"), trajectory.z),
            "target": (("trial", "time", "output"), trials.targets),
        }
        metrics |= {"task": task, "rank": rank, "accuracy": 0.97, "loss": 0.021, "steps": 400}
    dataset = xr.Dataset(variables, coords, attrs={"unit": "a.u."})
    folder.mkdir(parents=True, exist_ok=True)
    with atomic(folder / "results.nc") as path:
        dataset.to_netcdf(path, engine="h5netcdf")
    write_json(folder / "metrics.json", metrics)
    config = "rank: 1:4\nseed: 0\n"
    if kind == "train":
        config = yaml.safe_dump({"command": "train", "task": asked.to_dict(), "seed": 0})
    write_text(folder / "config.yaml", config)
    rnn.save(folder / "network.safetensors")
    return folder


def _fitted(
    rates: np.ndarray, rank: int, ceiling: bool, noise: float, rng: np.random.Generator
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The variables and metrics of a run of kind "fit"."""
    size = noise * rng.gamma(2, 0.5, rates.shape[2])
    data = rates + size * rng.standard_normal(rates.shape)
    data[3, 10:20, 5] = np.nan
    residual = np.nansum((data - rates) ** 2, axis=(0, 1))
    total = np.nansum((data - np.nanmean(data, axis=(0, 1))) ** 2, axis=(0, 1))
    r2 = 1 - residual / total
    train = 0.75 + 0.02 * np.arange(4) - 0.3 * (np.arange(4) < rank - 1)
    splits = {
        "r2_train": train[:, None] + 0.01 * rng.standard_normal((4, 5)),
        "r2_heldout_conditions": train[:, None]
        - 0.08
        - 0.02 * np.arange(4)[:, None]
        + 0.02 * rng.standard_normal((4, 5)),
        "r2_heldout_neurons": train[:, None] - 0.12 + 0.02 * rng.standard_normal((4, 5)),
    }
    variables: dict[str, Any] = {
        "data": (("trial", "time", "neuron"), data),
        "model": (("trial", "time", "neuron"), rates),
        "r2_neuron": ("neuron", r2),
    } | {name: (("rank", "split"), values) for name, values in splits.items()}
    if ceiling:
        variables["ceiling_neuron"] = ("neuron", np.clip(r2 + 0.05 * rng.random(len(r2)), 0, 1))
    rows = [
        {"rank": i + 1, "seconds": 3.0}
        | {name: float(values[i].mean()) for name, values in splits.items()}
        for i in range(4)
    ]
    metrics = {
        "rank_selected": rank,
        "ranks": rows,
        "noise_ceiling": 0.86 if ceiling else None,
        "baselines": {"condition_mean": 0.42, "linear": {str(i + 1): 0.5 for i in range(4)}},
        "neurons": rates.shape[2],
    }
    return variables, metrics


@pytest.fixture
def run_folder(tmp_path: Path) -> WriteRun:
    """Writes run folders below the test's own directory."""

    def write(name: str = "run", **settings: Any) -> Path:
        return write_run(tmp_path / name, **settings)

    return write
