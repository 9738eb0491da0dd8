"""Fits: from recorded activity to the network that explains it."""

from lowrnn.fitting.lint import LINT
from lowrnn.fitting.scores import neuron_r2, r2

__all__ = ["LINT", "neuron_r2", "r2"]
