"""Low-rank recurrent neural networks: fit them to recordings, train them, take them apart."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # `X as X` marks a name as public for type checkers.
    from lowrnn.errors import InputError as InputError
    from lowrnn.fitting import LINT as LINT
    from lowrnn.fitting import LTRNN as LTRNN
    from lowrnn.networks import RNN as RNN
    from lowrnn.networks import FullRank as FullRank
    from lowrnn.networks import GaussianMixture as GaussianMixture
    from lowrnn.networks import LowRank as LowRank
    from lowrnn.networks import LowTensorRank as LowTensorRank
    from lowrnn.networks import RandomPlusLowRank as RandomPlusLowRank
    from lowrnn.networks import Trajectory as Trajectory
    from lowrnn.recordings import Recording as Recording
    from lowrnn.tasks import Trials as Trials
    from lowrnn.theory import MeanField as MeanField

__version__ = "0.1.0.dev0"

# Loaded on first use: `import lowrnn` and `lowrnn --help` do not wait for torch and numba.
_HOME = {
    "FullRank": "networks",
    "GaussianMixture": "networks",
    "InputError": "errors",
    "LINT": "fitting",
    "LTRNN": "fitting",
    "LowRank": "networks",
    "LowTensorRank": "networks",
    "MeanField": "theory",
    "RNN": "networks",
    "RandomPlusLowRank": "networks",
    "Recording": "recordings",
    "Trajectory": "networks",
    "Trials": "tasks",
}

__all__ = [*_HOME, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'lowrnn' has no attribute {name!r}")
    return getattr(importlib.import_module(f"lowrnn.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
