"""Figures of mean-field theory, for papers and for the report."""

from lowrnn.report.theory.comparison import comparison_figure
from lowrnn.report.theory.designs import design_figure, flow_design_figure
from lowrnn.report.theory.phases import phase_diagram_figure
from lowrnn.report.theory.spectra import spectrum_figure
from lowrnn.report.theory.states import states_figure

__all__ = [
    "comparison_figure",
    "design_figure",
    "flow_design_figure",
    "phase_diagram_figure",
    "spectrum_figure",
    "states_figure",
]
