"""The run folder of a comparison of rules, written."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import yaml

from lowrnn.files import write_dataset, write_json, write_text
from lowrnn.inference import RulePosterior
from lowrnn.report.write import write_report


def write_comparison(
    folder: str | Path,
    found: RulePosterior,
    *,
    labels: tuple[str, ...],
    config: Mapping[str, Any],
    metrics: Mapping[str, Any],
) -> dict[str, Any]:
    """Write the simulations, what was measured, and the report.

    Parameters
    ----------
    folder : path
        Made if it does not exist. A comparison that it holds is replaced.
    found : RulePosterior
        From `run_comparison`.
    labels : tuple of str
        Of the features.
    config : mapping
        How it was made, plain data for `config.yaml`.
    metrics : mapping
        What `metrics.json` shall hold besides `RulePosterior.to_dict`.

    Returns
    -------
    dict
        `metrics.json`.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metrics.json").unlink(missing_ok=True)
    write_text(folder / "config.yaml", yaml.safe_dump(dict(config), sort_keys=False))
    write_dataset(folder / "results.nc", comparison_results(found, labels))
    written = {"kind": "rules", **found.to_dict(), **metrics}
    write_json(folder / "metrics.json", written)
    write_report(folder)
    return written


def comparison_results(found: RulePosterior, labels: tuple[str, ...]) -> xr.Dataset:
    """All arrays of a comparison with named axes.

    `theta` has as many columns as the rule with most parameters, NaN where a rule has fewer; `x` is
    NaN where a student failed.
    """
    parts = list(found.simulations.values())
    theta = np.full((len(parts), len(parts[0]), max(p.theta.shape[1] for p in parts)), np.nan)
    for index, part in enumerate(parts):
        theta[index, :, : part.theta.shape[1]] = part.theta
    compared = found.comparison
    variables = {
        "theta": (("rule", "simulation", "parameter"), theta),
        "x": (("rule", "simulation", "feature"), np.stack([p.x for p in parts]).astype(np.float32)),
        "status": (("rule", "simulation"), np.stack([p.status.astype("<U32") for p in parts])),
        "observed": ("feature", found.observed),
        "probability": ("rule", found.probabilities),
        "success": ("rule", compared.success),
        "misspecification_pvalue": ("rule", found.misspecification),
        "confusion": (("rule", "chosen"), compared.confusion),
        "pairwise": (("rule", "chosen"), compared.pairwise),
    }
    names = list(compared.rules)
    return xr.Dataset(variables, {"rule": names, "chosen": names, "feature": list(labels)})
