"""Jobs on processes of this machine; one that kills its process costs no other job."""

import multiprocessing
import os
import signal
import sys
import threading
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from lowrnn.compute.jobs import Job, execute, record
from lowrnn.compute.threads import one_thread
from lowrnn.errors import InputError

#: A crash may be the neighbour's doing (memory was short), a second one is not.
_ATTEMPTS = 2

# Fork would copy the threads' locks of torch and numba without their threads.
_START = multiprocessing.get_context("spawn")


@dataclass
class _Worker:
    """A process, the pipe to it, and the job that it works on."""

    process: BaseProcess
    pipe: Connection
    job: str | None = None
    ready: bool = False


def on_processes(function: Job, todo: Mapping[str, str], workers: int) -> Iterator[tuple[str, str]]:
    """Run the jobs `todo` (key: parameters); give key and record of each as it ends.

    Raises
    ------
    InputError
        If the processes cannot import the function.
    """
    waiting = deque(todo)
    crashes: Counter[str] = Counter()
    team: list[_Worker] = []
    try:
        while waiting or any(worker.job for worker in team):
            while len(team) < min(workers, len(waiting) + sum(w.job is not None for w in team)):
                team.append(_start(function))
            for worker in team:
                if worker.ready and worker.job is None and waiting:
                    worker.job = waiting.popleft()
                    # Where it has died meanwhile, the end of its pipe is read below.
                    with suppress(BrokenPipeError):
                        worker.pipe.send(todo[worker.job])
            spoke = wait([worker.pipe for worker in team])
            for worker in [worker for worker in team if worker.pipe in spoke]:
                key, worker.job = worker.job, None
                try:
                    answer = worker.pipe.recv()
                    worker.ready = True
                except (EOFError, ConnectionResetError):
                    team.remove(worker)
                    end = _end_of(worker)
                    if not worker.ready:
                        raise InputError(_cannot_start(function, end)) from None
                    if key is None:
                        continue
                    crashes[key] += 1
                    if crashes[key] < _ATTEMPTS:
                        waiting.append(key)
                        continue
                    answer = record(todo[key], "failed", f"its process {end} {_ATTEMPTS} times")
                if key is not None:
                    yield key, answer
    finally:
        for worker in team:
            worker.pipe.close()
            if worker.job is not None or not worker.ready:
                worker.process.kill()
        for worker in team:
            worker.process.join()


def _start(function: Job) -> _Worker:
    """A new worker; it says so when it is ready."""
    here, there = _START.Pipe()
    process = _START.Process(target=_serve, args=(function, there), daemon=True)
    process.start()
    there.close()
    return _Worker(process, here)


def _serve(function: Job, pipe: Connection) -> None:
    """What a worker does: jobs, until the pipe is closed."""
    # An interrupt from the keyboard reaches all processes; the parent decides what follows.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if "numba" not in sys.modules:
        os.environ["NUMBA_NUM_THREADS"] = "1"
    pipe.send(None)
    with one_thread(), suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            pipe.send(execute(function, pipe.recv()))


def _end_with_parent() -> None:
    """End this process at once if its parent was killed: nobody waits for the job any more."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _end_of(worker: _Worker) -> str:
    """How a worker ended, in words."""
    worker.pipe.close()
    worker.process.join()
    code = worker.process.exitcode
    if code is None or code >= 0:
        return f"ended with exit code {code}"
    name = signal.Signals(-code).name
    return f"was ended by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")


def _cannot_start(function: Job, end: str) -> str:
    """The likely reason why a worker ended before its first job."""
    return (
        f"function {function.__module__}.{function.__qualname__} does not start in a process of"
        f" its own (which {end}): put it into a module, guard a script with"
        ' `if __name__ == "__main__":`, or give workers=1'
    )
