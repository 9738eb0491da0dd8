"""Fits: from recorded activity to the network that explains it."""

from lowrnn.fitting.blocked import BlockedMask, blocked_mask
from lowrnn.fitting.components import Match, match_components
from lowrnn.fitting.cp import CP, cp
from lowrnn.fitting.learning_r2 import learning_r2
from lowrnn.fitting.lint import LINT
from lowrnn.fitting.loadings import Loadings
from lowrnn.fitting.ltrnn import LTRNN
from lowrnn.fitting.ltrnn_ranks import TensorRankSelection, select_tensor_rank
from lowrnn.fitting.ranks import RankSelection, select_rank, sufficient_rank
from lowrnn.fitting.scores import neuron_r2, r2
from lowrnn.fitting.slices import SliceComponents, slice_components

__all__ = [
    "CP",
    "LINT",
    "LTRNN",
    "BlockedMask",
    "Loadings",
    "Match",
    "RankSelection",
    "SliceComponents",
    "TensorRankSelection",
    "blocked_mask",
    "cp",
    "learning_r2",
    "match_components",
    "neuron_r2",
    "r2",
    "select_rank",
    "select_tensor_rank",
    "slice_components",
    "sufficient_rank",
]
