"""Jobs for the tests, in a module that worker processes can import; and a campaign to kill."""

import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from lowrnn.compute import DivergedError, run_jobs


def walk(job: dict[str, Any]) -> dict[str, Any]:
    """A random walk, its end and a few odds and ends."""
    rng = np.random.default_rng(job["seed"])
    path = np.cumsum(rng.standard_normal((job.get("steps", 50), 2)), axis=0)
    matrix = rng.standard_normal((60, 60))
    return {
        "path": path,
        "end": path[-1, 0],
        "eigenvalues": np.linalg.eigvals(matrix + 0j),
        "product": (matrix @ matrix).astype(np.float32),
        "crossed": bool(path.min() < 0),
        "count": np.int64(3),
        "missing": float("nan"),
        "nothing": None,
        "text": "Größe\n",
    }


def noted(job: dict[str, Any]) -> dict[str, Any]:
    """Note each execution in a file before and after the work."""
    with Path(job["notes"]).open("a", encoding="utf-8") as notes:
        notes.write(f"{job['seed']}\n")
    time.sleep(job.get("seconds", 0))
    return {"value": np.random.default_rng(job["seed"]).standard_normal(3)}


def small(job: dict[str, Any]) -> dict[str, Any]:
    return {"loss": job["seed"] / 7, "weights": np.full(4, job["seed"], dtype=np.float32)}


def moody(job: dict[str, Any]) -> dict[str, Any]:
    """End as the job says."""
    match job["mood"]:
        case "diverge":
            raise DivergedError("activity exceeded 1e6")
        case "overflow":
            with np.errstate(over="raise"):
                np.exp(np.array([1e4]))
        case "fail":
            raise ValueError("no such rule")
        case "exit":
            sys.exit(3)
        case "crash":
            os._exit(7)
        case "kill":
            os.kill(os.getpid(), 9)
        case "list":
            return {"value": [1, 2]}
    return {"value": 1.0}


def mending(job: dict[str, Any]) -> dict[str, Any]:
    """Crash or fail until a file exists, which the first attempt makes."""
    flag = Path(job["flag"])
    if not flag.exists():
        flag.touch()
        if job["crash"]:
            os._exit(1)
        raise OSError("no room")
    return {"value": 2.0}


def threads(job: dict[str, Any]) -> dict[str, Any]:
    import numba
    import torch
    from threadpoolctl import threadpool_info

    return {
        "torch": torch.get_num_threads(),
        "numba": numba.get_num_threads(),
        "pools": max(pool["num_threads"] for pool in threadpool_info()),
        "process": os.getpid(),
    }


def main() -> None:
    """A campaign of noted jobs, for a process that gets killed."""
    store, notes, count, workers = sys.argv[1:]
    jobs = [{"seed": seed, "notes": notes, "seconds": 0.01} for seed in range(int(count))]
    run_jobs(noted, jobs, store=store, workers=int(workers))


if __name__ == "__main__":
    main()
