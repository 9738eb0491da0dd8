"""Figures of mean-field theory, for papers and for the report."""

from lowrnn.report.theory.comparison import comparison_figure
from lowrnn.report.theory.spectra import spectrum_figure

__all__ = ["comparison_figure", "spectrum_figure"]
