"""The run folder of an inference, written."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import yaml
from numpy.typing import NDArray

from lowrnn.files import write_dataset, write_json, write_text
from lowrnn.inference import (
    Inference,
    InferenceSpec,
    Simulations,
    Summary,
    save_posterior,
)
from lowrnn.report.write import write_report

_DRAWS_PER_TEST = 200


def write_inference(
    folder: str | Path,
    found: Inference,
    *,
    spec: InferenceSpec,
    summary: Summary,
    predicted: Simulations,
    config: Mapping[str, Any],
    metrics: Mapping[str, Any],
) -> dict[str, Any]:
    """Write the posterior, the simulations, what was measured, and the report.

    Parameters
    ----------
    folder : path
        Made if it does not exist. An inference that it holds is replaced.
    found : Inference
        From `infer`.
    spec : InferenceSpec
        As `infer` was given it.
    summary : Summary
        Its labels are those of the features.
    predicted : Simulations
        Students with parameters from the posterior.
    config : mapping
        How it was made, plain data for `config.yaml`.
    metrics : mapping
        What `metrics.json` shall hold besides `Inference.to_dict`.

    Returns
    -------
    dict
        `metrics.json`.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metrics.json").unlink(missing_ok=True)
    write_text(folder / "config.yaml", yaml.safe_dump(dict(config), sort_keys=False))
    save_posterior(found.posterior, folder / "posterior.safetensors", summary=summary.identity)
    write_dataset(folder / "results.nc", inference_results(found, spec, summary.labels, predicted))
    written = {"kind": "infer", **found.to_dict(), **metrics}
    write_json(folder / "metrics.json", written)
    write_report(folder)
    return written


def inference_results(
    found: Inference, spec: InferenceSpec, labels: tuple[str, ...], predicted: Simulations
) -> xr.Dataset:
    """All arrays of an inference with named axes; `x` is NaN where a student failed."""
    tests, draws = _held_out(found, spec)
    prior, simulated = found.prior, found.simulations
    variables = {
        "theta": (("simulation", "parameter"), simulated.theta),
        "x": (("simulation", "feature"), simulated.x.astype(np.float32)),
        "status": ("simulation", simulated.status.astype(str)),
        "draws": (("draw", "parameter"), found.draws),
        "observed": ("feature", found.observed),
        "predicted": (("student", "feature"), predicted.x.astype(np.float32)),
        "low": ("parameter", prior.low),
        "high": ("parameter", prior.high),
        "held_out_truth": (("test", "parameter"), tests.theta),
        "held_out_mean": (("test", "parameter"), draws.mean(axis=1)),
        "held_out_sd": (("test", "parameter"), draws.std(axis=1)),
        "ranks": (("test", "parameter"), found.calibration.ranks),
        "tarp": ("test", found.calibration.tarp),
    }
    if found.truth is not None:
        variables["truth"] = ("parameter", found.truth)
    coordinates = {"parameter": list(prior.names), "feature": list(labels)}
    return xr.Dataset(variables, coordinates)


def _held_out(found: Inference, spec: InferenceSpec) -> tuple[Simulations, NDArray[np.float64]]:
    """The simulations that judged the posterior, and draws for each, (test, draw, parameter)."""
    tests = found.simulations[-spec.held_out :]
    tests = tests[tests.ok]
    # The number and the seed of `infer`, so that R² is what the metrics say.
    return tests, found.learned.sample(tests.x, _DRAWS_PER_TEST, spec.seed + 1)
