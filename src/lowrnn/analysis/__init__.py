"""What a finished network is: its flow, its fixed points, and what activity can tell about it."""

from lowrnn.analysis.alignment import alignment, propagated_inputs, propagated_readout
from lowrnn.analysis.census import Census, fixed_point_census, soft_eigenvalue_count
from lowrnn.analysis.change_subspaces import ChangeSubspaces, change_subspaces
from lowrnn.analysis.clustering import Clusters, cluster, loadings, stability
from lowrnn.analysis.counterfactuals import (
    Counterfactuals,
    counterfactuals,
    fit_prediction,
    network_prediction,
)
from lowrnn.analysis.eigenvalue_outliers import eigenvalue_outliers, outlier_determinant
from lowrnn.analysis.epairs import EPairs, epairs
from lowrnn.analysis.equivalent import (
    LowRankEquivalent,
    low_rank_equivalent,
    silencing_predictions,
    strongest,
    subsampling,
)
from lowrnn.analysis.factor_courses import Exponential, FactorCourses, exponential, factor_courses
from lowrnn.analysis.fixed_points import FixedPoints, fixed_points
from lowrnn.analysis.fixed_points_over_trials import (
    Bifurcation,
    FixedPointsOverTrials,
    fixed_points_over_trials,
)
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
from lowrnn.analysis.identifiable_parts import (
    DriveSplit,
    IdentifiableParts,
    Recovery,
    drive_split,
    identifiable_parts,
    recovery,
    visited_connectivity,
    visited_rates_over_trials,
)
from lowrnn.analysis.inactivation import inactivation, silence, silence_directions
from lowrnn.analysis.learning_speed import convergence_time
from lowrnn.analysis.learning_statistics import (
    Null,
    curve_correlation,
    epoch_separation,
    factor_smoothness,
    trial_shuffle,
)
from lowrnn.analysis.learning_sweep import Learned, learning_sweep
from lowrnn.analysis.lyapunov_spectrum import flossing_loss, lyapunov_spectrum
from lowrnn.analysis.operative_dimensions import (
    OperativeDimensions,
    column_dimensions,
    operative_dimensions,
    operative_dimensions_by,
    reduced_network,
    row_dimensions,
)
from lowrnn.analysis.other_starts import StartLoss, redrawn_start_loss, shuffled_start_loss
from lowrnn.analysis.over_trials import (
    MeanLatents,
    eigenvalues_over_trials,
    flow_over_trials,
    mean_latents,
    overlaps_over_trials,
    trial_flow,
)
from lowrnn.analysis.populations import PopulationSelection, resample, select_populations
from lowrnn.analysis.readout_alignment import (
    AlongReadout,
    ReadoutDimensions,
    procrustes_angle,
    readout_correlation,
    readout_dimensions,
    readout_noise,
    readout_susceptibility,
)
from lowrnn.analysis.representational_drift import active_fraction, tuning_similarity
from lowrnn.analysis.rich_lazy import (
    RichLazy,
    kernel_alignment,
    rank_r_start,
    rich_lazy,
    tangent_kernel,
)
from lowrnn.analysis.rival_inputs import HeldOut, RivalInputs, rival_inputs
from lowrnn.analysis.selectivity import selectivity
from lowrnn.analysis.slow_points import SlowPoints, slow_points
from lowrnn.analysis.state_dicts import weight_changes
from lowrnn.analysis.targeted import TargetedAxes, targeted_axes
from lowrnn.analysis.tensor_rank import LearningComponents, TensorRank, tensor_rank
from lowrnn.analysis.timing import TimingCurve, speed, timing_curve
from lowrnn.analysis.truncation import TruncationCurve, functional_rank, truncation_curve
from lowrnn.analysis.weight_change import WeightChange, weight_change
from lowrnn.analysis.weights import from_torch, from_weights

__all__ = [
    "AlongReadout",
    "Bifurcation",
    "Census",
    "ChangeSubspaces",
    "Clusters",
    "Counterfactuals",
    "DriveSplit",
    "EPairs",
    "Exponential",
    "FactorCourses",
    "FixedPoints",
    "FixedPointsOverTrials",
    "HeldOut",
    "IdentifiableParts",
    "LatentFlow",
    "Learned",
    "LearningComponents",
    "LowRankEquivalent",
    "MeanLatents",
    "Null",
    "OperativeDimensions",
    "PopulationSelection",
    "ReadoutDimensions",
    "Recovery",
    "RichLazy",
    "RivalInputs",
    "SlowPoints",
    "StartLoss",
    "TargetedAxes",
    "TensorRank",
    "TimingCurve",
    "TruncationCurve",
    "WeightChange",
    "active_fraction",
    "alignment",
    "change_subspaces",
    "cluster",
    "column_dimensions",
    "connectivity_correlation",
    "convergence_time",
    "counterfactuals",
    "current_correlation",
    "curve_correlation",
    "drive_split",
    "effective_connectivity_correlation",
    "effective_coupling",
    "eigenvalue_outliers",
    "eigenvalues_over_trials",
    "epairs",
    "epoch_separation",
    "exponential",
    "factor_courses",
    "factor_smoothness",
    "filtered_inputs",
    "fit_prediction",
    "fixed_point_census",
    "fixed_points",
    "fixed_points_over_trials",
    "flossing_loss",
    "flow_field",
    "flow_over_trials",
    "from_torch",
    "from_weights",
    "functional_rank",
    "gains",
    "identifiable_parts",
    "inactivation",
    "kernel_alignment",
    "learning_sweep",
    "loadings",
    "low_rank_equivalent",
    "lyapunov_spectrum",
    "mean_field_gains",
    "mean_latents",
    "network_prediction",
    "operative_dimensions",
    "operative_dimensions_by",
    "outlier_determinant",
    "overlaps_over_trials",
    "procrustes_angle",
    "propagated_inputs",
    "propagated_readout",
    "rank_r_start",
    "readout_correlation",
    "readout_dimensions",
    "readout_noise",
    "readout_susceptibility",
    "recovery",
    "redrawn_start_loss",
    "reduced_network",
    "resample",
    "rich_lazy",
    "rival_inputs",
    "row_dimensions",
    "select_populations",
    "selectivity",
    "shuffled_start_loss",
    "silence",
    "silence_directions",
    "silencing_predictions",
    "slow_points",
    "soft_eigenvalue_count",
    "speed",
    "stability",
    "state_latents",
    "strongest",
    "subsampling",
    "tangent_kernel",
    "targeted_axes",
    "tensor_rank",
    "timing_curve",
    "trial_flow",
    "trial_shuffle",
    "truncation_curve",
    "tuning_similarity",
    "visited_connectivity",
    "visited_rates_over_trials",
    "weight_change",
    "weight_changes",
]
