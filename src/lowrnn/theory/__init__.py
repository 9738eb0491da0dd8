"""Mean-field theory: what a connectivity will do, and which connectivity does what is wanted."""

from lowrnn.theory.compare import compare
from lowrnn.theory.dimensionality import (
    RandomActivity,
    combined_participation_ratio,
    participation_ratio,
    random_activity,
)
from lowrnn.theory.equations import Equations
from lowrnn.theory.finite_size import finite_size_covariance
from lowrnn.theory.linear import (
    LinearCovariance,
    frequency_response,
    linear_covariance,
    long_window_outliers,
    rank_one_eigenvalues,
    timescales,
)
from lowrnn.theory.mean_field import MeanField
from lowrnn.theory.outliers import Spectrum, expected_spectrum, jacobian_eigenvalues, spectrum
from lowrnn.theory.spec import TheorySpec, read_theory
from lowrnn.theory.state import State

__all__ = [
    "Equations",
    "LinearCovariance",
    "MeanField",
    "RandomActivity",
    "Spectrum",
    "State",
    "TheorySpec",
    "combined_participation_ratio",
    "compare",
    "expected_spectrum",
    "finite_size_covariance",
    "frequency_response",
    "jacobian_eigenvalues",
    "linear_covariance",
    "long_window_outliers",
    "participation_ratio",
    "random_activity",
    "rank_one_eigenvalues",
    "read_theory",
    "spectrum",
    "timescales",
]
