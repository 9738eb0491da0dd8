"""Networks: connectivity, dynamics, simulation."""

from lowrnn.networks.connectivity import (
    Connectivity,
    FullRank,
    LowRank,
    LowTensorRank,
    RandomPlusLowRank,
    structured_part,
)
from lowrnn.networks.mixture import GaussianMixture
from lowrnn.networks.noise import Noise
from lowrnn.networks.nonlinearity import NONLINEARITIES
from lowrnn.networks.rnn import RNN
from lowrnn.networks.trajectory import Trajectory

__all__ = [
    "NONLINEARITIES",
    "RNN",
    "Connectivity",
    "FullRank",
    "GaussianMixture",
    "LowRank",
    "LowTensorRank",
    "Noise",
    "RandomPlusLowRank",
    "Trajectory",
    "structured_part",
]
