"""How many threads torch and BLAS use while a search runs."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from threadpoolctl import threadpool_limits


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Let torch compute in one thread within the block, then restore its setting.

    The tensors of one update are small: handing them to several threads costs more than it saves,
    and sums would depend on how they are split. The fused kernels have threads of their own.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def one_thread() -> Iterator[None]:
    """The same for BLAS as well, for searches with arrays so small that threads only wait."""
    with one_torch_thread(), threadpool_limits(1, user_api="blas"):
        yield
