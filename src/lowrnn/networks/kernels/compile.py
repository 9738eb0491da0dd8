"""How the fused kernels are compiled, and how their work is shared among threads."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import llvmlite.binding
import numba
import numpy as np
import torch
from numba import types
from numba.core import cgutils
from numba.core.cpu import CPUTargetOptions
from numba.core.options import TargetOptions
from numba.extending import intrinsic
from numpy.typing import NDArray

# Asked for its number of threads, numba starts them, the first time, and OpenMP then gives torch as
# many: better now than within `one_torch_thread`.
_torch_threads = torch.get_num_threads()
numba.get_num_threads()
torch.set_num_threads(_torch_threads)

# LLVM gives up vectorising a loop over many rows, since any two might overlap. Numba's CPU target
# has a flag that rules this out, but names it only to its other targets.
if not hasattr(CPUTargetOptions, "noalias"):
    CPUTargetOptions.noalias = TargetOptions.Mapping("noalias")

# LLVM prefers half-width vectors, for the sake of the first processors with AVX-512, which lowered
# their clock for wide ones. Later ones (they have VBMI2) do not.
if not numba.config.CPU_FEATURES and not numba.config.CPU_NAME:
    _features = llvmlite.binding.get_host_cpu_features()
    if _features.get("avx512vbmi2"):
        _features["prefer-256-bit"] = False
        numba.config.CPU_FEATURES = _features.flatten()
        numba.config.CPU_NAME = llvmlite.binding.get_host_cpu_name()

#: NaN and infinity keep their meaning; sums may be reordered, so that they vectorise.
INNER = {"fastmath": {"reassoc", "contract", "arcp", "nsz"}, "error_model": "numpy"}

#: For loops whose array arguments never overlap where one of them is written.
ROWS = INNER | {"noalias": True}

#: For what Python calls.
OUTER = INNER | {"cache": True, "nogil": True}

#: So many numbers are done by the time that another thread has woken.
FEW = 400_000


@cache
def _pool(process: int) -> ThreadPoolExecutor:
    """One pool a process: threads do not survive a fork."""
    return ThreadPoolExecutor(
        numba.config.NUMBA_NUM_THREADS, thread_name_prefix=f"lowrnn-{process}"
    )


def share(work: Callable[[int, int, int], None], pieces: int, numbers: int) -> None:
    """Call `work(thread, first, last)` on contiguous shares of `range(pieces)`, at the same time.

    `numba.set_num_threads` and the environment variable `NUMBA_NUM_THREADS` set the number of
    threads; fewer than `FEW` numbers are not worth a second one. `work` must release the global
    lock, and give the same result however it is shared.
    """
    threads = 1 if numbers < FEW else min(numba.get_num_threads(), pieces)
    bounds = [pieces * thread // threads for thread in range(threads + 1)]
    others = [
        _pool(os.getpid()).submit(work, thread, bounds[thread], bounds[thread + 1])
        for thread in range(1, threads)
    ]
    work(0, bounds[0], bounds[1])
    for other in others:
        other.result()


@intrinsic
def take(typing_context: Any, counter: Any) -> Any:
    """The number in `counter` (1,), which grows by 1 for whoever asks next: in compiled code."""
    signature = types.int64(counter)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = cgutils.create_struct_proxy(counter)(context, builder, value=arguments[0])
        one = context.get_constant(types.int64, 1)
        return builder.atomic_rmw("add", array.data, one, "monotonic")

    return signature, generate


def hand_out(work: Callable[[NDArray[np.int64]], None], pieces: int, numbers: int) -> None:
    """Call `work(counter)` on all threads at the same time; each does what `take(counter)` says.

    As `share`, for pieces that take long beside what it takes a thread to wake: whoever is awake
    does them.
    """
    threads = 1 if numbers < FEW else min(numba.get_num_threads(), pieces)
    counter = np.zeros(1, np.int64)
    others = [_pool(os.getpid()).submit(work, counter) for _ in range(1, threads)]
    work(counter)
    for other in others:
        other.result()
