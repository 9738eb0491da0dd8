"""One thread for each worker: results that do not depend on how sums are split among threads."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from threadpoolctl import threadpool_limits

#: What libraries read when they are loaded, here or in processes that start meanwhile.
_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@contextmanager
def one_thread() -> Iterator[None]:
    """Let everything compute in one thread within the block, then restore the settings."""
    with ExitStack() as restore:
        for name in _VARIABLES:
            restore.callback(_set, name, os.environ.get(name))
            os.environ[name] = "1"
        restore.enter_context(threadpool_limits(1))
        # Only what is loaded already: a job that needs neither shall not wait for them.
        if (torch := sys.modules.get("torch")) is not None:
            restore.callback(torch.set_num_threads, torch.get_num_threads())
            torch.set_num_threads(1)
        # Numba's variable must not change once its threads run: it refuses to compile then.
        if (numba := sys.modules.get("numba")) is not None:
            restore.callback(numba.set_num_threads, numba.get_num_threads())
            numba.set_num_threads(1)
        yield


def _set(name: str, value: str | None) -> None:
    """Set or remove an environment variable."""
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
