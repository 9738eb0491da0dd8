"""Low-rank recurrent neural networks: fit them to recordings, train them, take them apart."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lowrnn.errors import InputError
    from lowrnn.networks import RNN, FullRank, LowRank, RandomPlusLowRank, Trajectory
    from lowrnn.recordings import Recording
    from lowrnn.tasks import Trials

__version__ = "0.1.0.dev0"

# Loaded on first use: `import lowrnn` and `lowrnn --help` do not wait for torch and numba.
_HOME = {
    "FullRank": "networks",
    "InputError": "errors",
    "LowRank": "networks",
    "RNN": "networks",
    "RandomPlusLowRank": "networks",
    "Recording": "recordings",
    "Trajectory": "networks",
    "Trials": "tasks",
}

__all__ = [*_HOME, "__version__"]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'lowrnn' has no attribute {name!r}")
    return getattr(importlib.import_module(f"lowrnn.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
