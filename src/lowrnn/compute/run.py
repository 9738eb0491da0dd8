"""Running a campaign of jobs: what is stored already, what is left, and where it runs."""

import os
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from lowrnn.compute.cluster import on_cluster
from lowrnn.compute.jobs import (
    Job,
    JobResult,
    canonical,
    check_function,
    execute,
    key_of,
    read_record,
)
from lowrnn.compute.processes import on_processes
from lowrnn.compute.store import Store
from lowrnn.compute.threads import one_thread
from lowrnn.errors import InputError

Progress = Callable[[int, int, int], None]


def run_jobs(
    function: Job,
    jobs: Iterable[Mapping[str, Any]],
    *,
    version: str = "",
    store: str | Path | None = None,
    workers: int | None = None,
    cluster: str | None = None,
    retry_failed: bool = False,
    progress: Progress | None = None,
) -> list[JobResult]:
    """Call `function` on every job, in parallel, and keep what has ended.

    The same command after an interrupt, a kill or a crash takes up where it stopped: nothing that
    ended runs again. Results do not depend on the number of workers, nor on which of them were
    stored: each worker computes in one thread, and a job sees nothing but its parameters, to which
    its seed belongs. Equal jobs run once.

    Parameters
    ----------
    function : callable
        Takes the parameters of a job, a dict as JSON has it (tuples have become lists), and
        returns a mapping of arrays of numbers, numbers, texts or None. Defined by name at the top
        level of a module. It raises `DivergedError` where its numbers grew without bound; any other
        exception is a failure. Both are results, with their reason.
    jobs : iterable of mappings
        The parameters of each job, of what JSON can hold.
    version : str
        Belongs to the identity of each job, as do the name of the function and the parameters:
        change it when the function computes something else than before.
    store : path, optional
        Folder that keeps the results; it may serve several campaigns one after another. By default
        they are only returned.
    workers : int, optional
        The number of processes, by default one for each core that this process may use. One means
        this process itself, which a job can then crash. On SLURM it must be given.
    cluster : str, optional
        Run on Dask instead: "local" (processes of this machine), "slurm" (settings of
        dask-jobqueue) or the address of a scheduler, whose workers should have one thread each.
    retry_failed : bool
        Whether stored jobs that failed run again; those that diverged do not.
    progress : callable, optional
        Called with the number of different jobs that ended, of all, and of those that failed or
        diverged: at the start and after each job.

    Returns
    -------
    list of JobResult
        In the order of the jobs.

    Raises
    ------
    InputError
        If the function, a job, the store, the workers or the cluster cannot be used.
    """
    check_function(function)
    _check_workers(workers)
    keys: list[str] = []
    parameters: dict[str, str] = {}
    for job in jobs:
        text = canonical(job)
        keys.append(key_of(function, version, text))
        parameters[keys[-1]] = text

    with ExitStack() as stack:
        opened = None if store is None else stack.enter_context(Store(store))
        stored = {} if opened is None else opened.read(parameters.keys())
        results = {key: read_record(line) for key, line in stored.items()}
        if retry_failed:
            results = {k: result for k, result in results.items() if result.state != "failed"}
        failed = sum(result.state != "finished" for result in results.values())
        todo = {key: text for key, text in parameters.items() if key not in results}
        if progress is not None:
            progress(len(results), len(parameters), failed)
        stack.enter_context(one_thread())
        ended = stack.enter_context(closing(_ended(function, todo, workers, cluster)))
        for key, line in ended:
            if opened is not None:
                opened.append(key, line)
            results[key] = read_record(line)
            failed += results[key].state != "finished"
            if progress is not None:
                progress(len(results), len(parameters), failed)
    return [results[key] for key in keys]


def _ended(
    function: Job, todo: Mapping[str, str], workers: int | None, cluster: str | None
) -> Generator[tuple[str, str], None, None]:
    """Key and record of each job as it ends, wherever it runs."""
    if not todo:
        return
    if cluster is not None:
        yield from on_cluster(function, todo, cluster, workers)
        return
    count = workers or _cores()
    if count == 1:
        for key, text in todo.items():
            yield key, execute(function, text)
    else:
        yield from on_processes(function, todo, count)


def _cores() -> int:
    """The number of cores that this process may use, which SLURM and containers limit."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _check_workers(workers: int | None) -> None:
    """Refuse a number of workers that is none."""
    if workers is not None and (
        not isinstance(workers, int) or isinstance(workers, bool) or workers < 1
    ):
        raise InputError(f"workers is {workers!r}: give an integer of at least 1, or None")
