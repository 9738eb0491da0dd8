"""The tanh floor: what the transfer function alone costs, if nothing else cost anything."""

import time
from typing import Any

import numba
import numpy as np
from numba import njit

from lowrnn.networks.kernels.compile import OUTER, share
from lowrnn.networks.kernels.elementwise import TANH, phi

#: Numbers in the buffer of a thread, 8 kB: they stay in the first level of cache.
_SIZE = 2048
_REPEATS = 2000


@njit(**OUTER)
def _tanh_again(x: Any, repeats: int) -> None:
    for _ in range(repeats):
        for i in range(x.shape[0]):
            x[i] = phi(TANH, x[i])


def seconds_per_tanh(runs: int = 5) -> float:
    """Seconds that one single-precision tanh takes, with all threads at work.

    Each thread applies the vectorised tanh of the kernels to a small buffer, over and over. The
    fastest of several runs counts: what disturbs a run only makes it slower.

    Parameters
    ----------
    runs : int
        How many runs, of about a millisecond each.
    """
    threads = numba.get_num_threads()
    buffers = np.linspace(-3, 3, threads * _SIZE, dtype=np.float32).reshape(threads, _SIZE)

    def work(thread: int, first: int, last: int) -> None:
        for buffer in buffers[first:last]:
            _tanh_again(buffer, _REPEATS)

    fastest = np.inf
    _tanh_again(buffers[0], 1)  # compiles
    for _ in range(runs):
        start = time.perf_counter()
        share(work, threads, threads * _SIZE * _REPEATS)
        fastest = min(fastest, time.perf_counter() - start)
    return float(fastest / (threads * _SIZE * _REPEATS))
