"""What a finished network is: its flow, its fixed points, and what activity can tell about it."""

from lowrnn.analysis.clustering import Clusters, cluster, loadings, stability
from lowrnn.analysis.epairs import EPairs, epairs
from lowrnn.analysis.equivalent import (
    LowRankEquivalent,
    low_rank_equivalent,
    silencing_predictions,
    strongest,
    subsampling,
)
from lowrnn.analysis.fixed_points import FixedPoints, fixed_points
from lowrnn.analysis.flow import LatentFlow, flow_field
from lowrnn.analysis.gains import (
    effective_coupling,
    filtered_inputs,
    gains,
    mean_field_gains,
    state_latents,
)
from lowrnn.analysis.identifiability import (
    connectivity_correlation,
    current_correlation,
    effective_connectivity_correlation,
)
from lowrnn.analysis.inactivation import inactivation, silence, silence_directions
from lowrnn.analysis.populations import PopulationSelection, resample, select_populations
from lowrnn.analysis.selectivity import selectivity
from lowrnn.analysis.slow_points import SlowPoints, slow_points
from lowrnn.analysis.targeted import TargetedAxes, targeted_axes
from lowrnn.analysis.weights import from_torch, from_weights

__all__ = [
    "Clusters",
    "EPairs",
    "FixedPoints",
    "LatentFlow",
    "LowRankEquivalent",
    "PopulationSelection",
    "SlowPoints",
    "TargetedAxes",
    "cluster",
    "connectivity_correlation",
    "current_correlation",
    "effective_connectivity_correlation",
    "effective_coupling",
    "epairs",
    "filtered_inputs",
    "fixed_points",
    "flow_field",
    "from_torch",
    "from_weights",
    "gains",
    "inactivation",
    "loadings",
    "low_rank_equivalent",
    "mean_field_gains",
    "resample",
    "select_populations",
    "selectivity",
    "silence",
    "silence_directions",
    "silencing_predictions",
    "slow_points",
    "stability",
    "state_latents",
    "strongest",
    "subsampling",
    "targeted_axes",
]
