"""Figures and the HTML report of a run folder."""

from lowrnn.report.folder import write_training
from lowrnn.report.headline import headline_figure
from lowrnn.report.inference.folder import write_inference
from lowrnn.report.inference.rules_folder import write_comparison
from lowrnn.report.learning.folder import write_sweep
from lowrnn.report.over_trials.folder import write_over_trials
from lowrnn.report.write import write_report

__all__ = [
    "headline_figure",
    "write_comparison",
    "write_inference",
    "write_over_trials",
    "write_report",
    "write_sweep",
    "write_training",
]
