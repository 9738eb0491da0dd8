"""One integrator, written several times: the reference that defines it, and fused ones."""

from lowrnn.networks.kernels.reference import Tensors, integrate

__all__ = ["Tensors", "integrate"]
