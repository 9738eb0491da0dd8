"""Mean-field theory: what a connectivity will do, and which connectivity does what is wanted.

`MeanField` is the theory of networks that `GaussianMixture` describes; `lowrnn.theory.design` is
its inverse, and `lowrnn.theory.linear_learning` what learning does to linear networks. Time is in
units of the time constant throughout.
"""

from lowrnn.theory import design, linear_learning
from lowrnn.theory.autocorrelation import Autocorrelation, autocorrelation
from lowrnn.theory.bifurcations import Bifurcation, bifurcations
from lowrnn.theory.compare import compare
from lowrnn.theory.continuation import Branch, branches
from lowrnn.theory.dimensionality import (
    RandomActivity,
    combined_participation_ratio,
    participation_ratio,
    random_activity,
)
from lowrnn.theory.equations import Equations
from lowrnn.theory.families import rank_one, rank_one_family
from lowrnn.theory.finite_size import finite_size_covariance
from lowrnn.theory.hebbian import (
    HebbianTrajectory,
    hebbian_dynamics,
    hebbian_threshold,
    homogeneous_states,
)
from lowrnn.theory.latent import LatentTrajectory, latent_dynamics
from lowrnn.theory.limit_cycle import LimitCycle
from lowrnn.theory.linear import (
    LinearCovariance,
    frequency_response,
    linear_covariance,
    long_window_outliers,
    rank_one_eigenvalues,
    timescales,
)
from lowrnn.theory.lyapunov import lyapunov_exponent
from lowrnn.theory.mean_field import MeanField
from lowrnn.theory.modes import bulk_radius, effective_rank, modulated, random_modes
from lowrnn.theory.outliers import Spectrum, expected_spectrum, jacobian_eigenvalues, spectrum
from lowrnn.theory.phase_diagram import KINDS, phase_diagram
from lowrnn.theory.spec import TheorySpec, read_theory
from lowrnn.theory.state import State
from lowrnn.theory.two_time import TwoTimeTrajectory

__all__ = [
    "KINDS",
    "Autocorrelation",
    "Bifurcation",
    "Branch",
    "Equations",
    "HebbianTrajectory",
    "LatentTrajectory",
    "LimitCycle",
    "LinearCovariance",
    "MeanField",
    "RandomActivity",
    "Spectrum",
    "State",
    "TheorySpec",
    "TwoTimeTrajectory",
    "autocorrelation",
    "bifurcations",
    "branches",
    "bulk_radius",
    "combined_participation_ratio",
    "compare",
    "design",
    "effective_rank",
    "expected_spectrum",
    "finite_size_covariance",
    "frequency_response",
    "hebbian_dynamics",
    "hebbian_threshold",
    "homogeneous_states",
    "jacobian_eigenvalues",
    "latent_dynamics",
    "linear_covariance",
    "linear_learning",
    "long_window_outliers",
    "lyapunov_exponent",
    "modulated",
    "participation_ratio",
    "phase_diagram",
    "random_activity",
    "random_modes",
    "rank_one",
    "rank_one_eigenvalues",
    "rank_one_family",
    "read_theory",
    "spectrum",
    "timescales",
]
