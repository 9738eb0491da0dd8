"""Fits: from recorded activity to the network that explains it."""

from lowrnn.fitting.lint import LINT
from lowrnn.fitting.loadings import Loadings
from lowrnn.fitting.ranks import RankSelection, select_rank, sufficient_rank
from lowrnn.fitting.scores import neuron_r2, r2

__all__ = [
    "LINT",
    "Loadings",
    "RankSelection",
    "neuron_r2",
    "r2",
    "select_rank",
    "sufficient_rank",
]
