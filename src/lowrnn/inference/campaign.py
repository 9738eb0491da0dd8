"""Many students simulated in chunks, stored as they end, none run twice and none lost."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.compute import Job, JobResult, run_jobs
from lowrnn.errors import InputError, check_array
from lowrnn.inference.simulations import Simulations

Progress = Callable[[int, int, int], None]


def run_campaign(
    simulator: Job,
    theta: ArrayLike,
    *,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    stream: int = 0,
    chunk: int = 64,
    version: str = "",
    store: str | Path | None = None,
    workers: int | None = None,
    cluster: str | None = None,
    progress: Progress | None = None,
) -> Simulations:
    """Simulate a student for each row of `theta`.

    A student depends on its parameters, its seed and the settings alone, so that results are the
    same for any number of workers, and an interrupted campaign goes on with the same command. A
    chunk whose job fails is run again student by student: only those at fault are lost, and they
    are recorded, as "diverged" or "failed".

    Parameters
    ----------
    simulator : callable
        A job of `lowrnn.compute.run_jobs`, by name at the top level of a module. It takes a dict
        with `theta` (list of lists of numbers), `seeds` (list of int) and the settings, and returns
        `x`, array (student, feature), and `status`, the statuses in one text separated by commas:
        "ok" or what went wrong. Rows of `x` that are not "ok" are ignored.
    theta : array (student, parameter)
        Parameters.
    settings : mapping, optional
        What else the simulator takes, of what JSON can hold.
    seed, stream : int
        Student `i` has a seed of its own that follows from `seed`, `stream` and `i`. Give each
        round, and each set of predictive simulations, another stream.
    chunk : int
        Students in a job.
    version : str
        Belongs to the identity of stored results: change it when the simulator changes.
    store, workers, cluster, progress
        As for `run_jobs`; progress counts chunks.

    Raises
    ------
    InputError
        If an argument cannot be used, no job ends, or the simulator returns something else than it
        should.
    """
    values = check_array("theta", theta, ("student", "parameter"), dtype=np.float64)
    if not isinstance(chunk, int) or isinstance(chunk, bool) or chunk < 1:
        raise InputError(f"chunk is {chunk!r}: give the number of students in a job, at least 1")
    seeds = student_seeds(seed, stream, len(values))
    fixed = dict(settings or {})
    if taken := sorted({"theta", "seeds"} & fixed.keys()):
        raise InputError(f"settings has {taken[0]!r}, which is the campaign's: rename it")

    def jobs(parts: list[NDArray[np.intp]]) -> list[JobResult]:
        return run_jobs(
            simulator,
            [
                {**fixed, "theta": values[part].tolist(), "seeds": seeds[part].tolist()}
                for part in parts
            ],
            version=version, store=store, workers=workers, cluster=cluster, progress=progress,
        )  # fmt: skip

    parts = [np.arange(i, min(i + chunk, len(values))) for i in range(0, len(values), chunk)]
    found = list(zip(parts, jobs(parts), strict=True))
    again = [
        np.array([student])
        for part, result in found
        if result.state != "finished" and len(part) > 1
        for student in part
    ]
    if again:
        found += zip(again, jobs(again), strict=True)
    return _collected(values, found)


def student_seeds(seed: int, stream: int, count: int) -> NDArray[np.int64]:
    """The seed of each student, (count,); student `i` has the same whatever the count."""
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise InputError(f"seed is {seed!r}: give an integer of at least 0")
    return np.random.default_rng([seed, stream]).integers(2**63, size=count)


def _collected(theta: NDArray[np.float64], found: list[Any]) -> Simulations:
    """The results of all jobs in the order of the students; later jobs replace earlier ones."""
    status = np.full(len(theta), "failed", dtype="<U32")
    x: NDArray[np.float64] | None = None
    reasons: dict[str, None] = {}
    for part, result in found:
        if result.state != "finished":
            status[part] = result.state
            if len(part) == 1:
                reasons[result.reason] = None
            continue
        rows, states = _checked(result.values, len(part))
        if x is None:
            x = np.full((len(theta), rows.shape[1]), np.nan)
        if rows.shape[1] != x.shape[1]:
            raise InputError(
                f"simulator gave {rows.shape[1]} features and before {x.shape[1]}: summaries must"
                " have a fixed length"
            )
        x[part], status[part] = rows, states
    if x is None:
        raise InputError(
            f"simulator failed for every student ({'; '.join(reasons)}): mend it, or its settings"
        )
    return Simulations(theta, x, status, tuple(reasons))


def _checked(values: Mapping[str, Any], count: int) -> tuple[NDArray[np.float64], list[str]]:
    """Summaries and statuses that a job returned."""
    try:
        x, states = np.asarray(values["x"], float), str(values["status"]).split(",")
    except (KeyError, TypeError, ValueError):
        raise InputError(
            f"simulator returned {', '.join(values)}: return x (student, feature) and status, a"
            " text of statuses separated by commas"
        ) from None
    if x.ndim != 2 or len(x) != count or len(states) != count:
        raise InputError(
            f"simulator returned x of shape {x.shape} and {len(states)} statuses for {count}"
            " students: return one row and one status for each"
        )
    return x, states
