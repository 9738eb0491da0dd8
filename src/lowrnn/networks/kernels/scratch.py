"""Memory for the fused kernels, used again and again."""

import math
import threading

import torch
from torch import Tensor

_kept = threading.local()


def scratch(name: str, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """Memory that this thread used before, if it fits: new pages cost as much as the arithmetic."""
    size = math.prod(shape)
    buffer: Tensor | None = getattr(_kept, name, None)
    fits = buffer is not None and size <= buffer.numel() <= 4 * size + (1 << 20)
    if buffer is None or buffer.dtype != dtype or not fits:
        buffer = torch.empty(size, dtype=dtype)
        setattr(_kept, name, buffer)
    return buffer[:size].view(shape)
