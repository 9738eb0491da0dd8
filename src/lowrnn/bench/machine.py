"""What a time was measured on."""

import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

import numba
import torch

from lowrnn import __version__

_PACKAGES = ("jax", "llvmlite", "numba", "numpy", "torch")


def machine() -> dict[str, Any]:
    """Processor, cores, threads, load and versions.

    `load` is the average number of processes that waited for a core in the last minute: a number
    well above 0 at the start means that others were using the machine.
    """
    versions = {"lowrnn": __version__, "python": platform.python_version()}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "cpu": _processor(),
        "cores": os.cpu_count(),
        "numba_threads": numba.get_num_threads(),
        "torch_threads": torch.get_num_threads(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "platform": f"{platform.system()} {platform.machine()}",
        "versions": versions,
    }


def _processor() -> str:
    """The model of the processor, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor()
