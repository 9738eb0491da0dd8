"""Jobs on a Dask cluster: of this machine, of SLURM, or one that runs already."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from itertools import islice
from typing import Any

from lowrnn.compute.jobs import Job, execute, record
from lowrnn.errors import InputError

#: So many jobs are with the scheduler at a time; each costs it some milliseconds.
_AT_ONCE = 1000

#: A job has two attempts, and none waits at a worker that another job may end.
_ATTRIBUTION = {
    "distributed.scheduler.allowed-failures": 1,
    "distributed.scheduler.worker-saturation": 1.0,
}

#: Dask itself holds the workers' other libraries to one thread.
_NUMBA = "NUMBA_NUM_THREADS"


def on_cluster(
    function: Job, todo: Mapping[str, str], cluster: str, workers: int | None
) -> Iterator[tuple[str, str]]:
    """Run the jobs `todo` (key: parameters); give key and record of each as it ends.

    Raises
    ------
    InputError
        If there is no such cluster, its packages are missing, or its workers cannot import the
        function.
    """
    try:
        from distributed import CancelledError, as_completed
        from distributed.scheduler import KilledWorker
    except ImportError:
        raise InputError(_missing(cluster, "distributed")) from None

    with ExitStack() as stack:
        client = _connect(cluster, workers, stack)
        waiting = iter(todo)
        running = as_completed()
        names: dict[str, str] = {}

        def submit(count: int) -> None:
            for key in islice(waiting, count):
                # A name of its own: a scheduler that outlives this run keeps results by name.
                future = client.submit(execute, function, todo[key], pure=False)
                names[future.key] = key
                running.add(future)

        submit(_AT_ONCE)
        for future in running:
            key = names.pop(future.key)
            try:
                error = future.exception()
            except CancelledError:
                raise InputError(
                    f"cluster {cluster} ended before its jobs: start it and run the same again,"
                    " finished jobs are kept"
                ) from None
            if error is None:
                yield key, future.result()
            elif isinstance(error, KilledWorker):
                yield key, record(todo[key], "failed", "its process ended several times")
            else:
                raise InputError(
                    f"cluster {cluster} cannot run {function.__module__}.{function.__qualname__}"
                    f" ({error}): install the same packages there"
                ) from error
            submit(1)


def _connect(cluster: str, workers: int | None, stack: ExitStack) -> Any:
    """A client of the cluster, which ends with the stack."""
    from distributed import Client

    if cluster == "local":
        address = stack.enter_context(_local(workers))
    elif cluster == "slurm":
        address = stack.enter_context(_slurm(workers))
    elif ":" in cluster:
        address = cluster
    else:
        raise InputError(
            f"cluster is {cluster!r}: give local, slurm, or the address of a scheduler such as"
            " tcp://host:8786"
        )
    try:
        return stack.enter_context(Client(address))
    except (OSError, ValueError) as error:
        raise InputError(
            f"cluster is {cluster!r}, where no scheduler answers ({error}): start one with"
            " `dask scheduler` and give its address"
        ) from None


def _local(workers: int | None) -> Any:
    """A cluster of processes on this machine, without a dashboard."""
    import dask
    from distributed import LocalCluster

    with dask.config.set(_ATTRIBUTION):
        return LocalCluster(
            n_workers=workers, threads_per_worker=1, dashboard_address=None, env={_NUMBA: "1"}
        )


def _slurm(workers: int | None) -> Any:
    """A cluster of SLURM jobs, as the user's configuration of dask-jobqueue describes them."""
    try:
        import dask
        from dask_jobqueue import SLURMCluster
    except ImportError:
        raise InputError(_missing("slurm", "dask-jobqueue")) from None
    if workers is None:
        raise InputError("workers is None: give the number of processes to ask SLURM for")
    try:
        with dask.config.set(_ATTRIBUTION):
            cluster = SLURMCluster(job_script_prologue=[f"export {_NUMBA}=1"])
    except ValueError as error:
        raise InputError(
            "cluster is 'slurm', of which dask-jobqueue knows too little: set cores, processes,"
            " memory and walltime under jobqueue.slurm in ~/.config/dask/jobqueue.yaml"
        ) from error
    cluster.scale(workers)
    return cluster


def _missing(cluster: str, package: str) -> str:
    """The sentence about a package that is not there."""
    return f"cluster is {cluster!r}, which needs {package}: `pip install 'lowrnn[cluster]'`"
