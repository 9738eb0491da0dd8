"""Networks designed to compute: which connectivity does what is wanted."""

from lowrnn.theory.design.context_go_nogo import context_go_nogo
from lowrnn.theory.design.context_integration import context_integration
from lowrnn.theory.design.design import Design
from lowrnn.theory.design.detection import detection
from lowrnn.theory.design.flow import design_flow
from lowrnn.theory.design.flow_design import FlowDesign
from lowrnn.theory.design.go_nogo import go_nogo
from lowrnn.theory.design.psychometric import psychometric
from lowrnn.theory.design.reduced import ReducedModel
from lowrnn.theory.design.signature import (
    expected_pc1_correlation,
    pc1_correlation,
    pc1_correlation_bound,
    regression_axes,
)
from lowrnn.theory.design.threshold import threshold
from lowrnn.theory.design.vectors import from_vectors

__all__ = [
    "Design",
    "FlowDesign",
    "ReducedModel",
    "context_go_nogo",
    "context_integration",
    "design_flow",
    "detection",
    "expected_pc1_correlation",
    "from_vectors",
    "go_nogo",
    "pc1_correlation",
    "pc1_correlation_bound",
    "psychometric",
    "regression_axes",
    "threshold",
]
