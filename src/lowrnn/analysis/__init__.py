"""What a finished network is: its flow, its fixed points, and what activity can tell about it."""

from lowrnn.analysis.fixed_points import FixedPoints, fixed_points
from lowrnn.analysis.flow import LatentFlow, flow_field
from lowrnn.analysis.identifiability import (
    connectivity_correlation,
    current_correlation,
    effective_connectivity_correlation,
)

__all__ = [
    "FixedPoints",
    "LatentFlow",
    "connectivity_correlation",
    "current_correlation",
    "effective_connectivity_correlation",
    "fixed_points",
    "flow_field",
]
