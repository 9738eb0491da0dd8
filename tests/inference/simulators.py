"""Simulators for the tests, in a module that worker processes can import."""

import os
from pathlib import Path
from typing import Any

import numpy as np


def gaussian(job: dict[str, Any]) -> dict[str, Any]:
    """`x = theta + sd noise`, twice; the larger `theta_0`, the more students fail if wanted."""
    theta = np.array(job["theta"])
    if "notes" in job:
        with Path(job["notes"]).open("a", encoding="utf-8") as notes:
            notes.writelines(f"{seed}\n" for seed in job["seeds"])
    if "deadly" in job and (theta[:, 0] > job["deadly"]).any():
        os._exit(1)
    if "wrong" in job and (theta[:, 0] > job["wrong"]).any():
        raise ValueError("no such rule")
    x, status = [], []
    for row, seed in zip(theta, job["seeds"], strict=True):
        rng = np.random.default_rng(seed)
        fails = rng.random() < job.get("failing", 0) * (1 + row[0]) / 2
        noise = rng.standard_normal((2, len(row)))
        x.append((row + job.get("sd", 0.2) * noise).ravel() * (np.nan if fails else 1))
        status.append("blow-up" if fails else "ok")
    return {"x": np.array(x), "status": ",".join(status)}


def short(job: dict[str, Any]) -> dict[str, Any]:
    return {"x": np.zeros((1, 2)), "status": "ok"}


def other(job: dict[str, Any]) -> dict[str, Any]:
    return {"summaries": 1.0}
