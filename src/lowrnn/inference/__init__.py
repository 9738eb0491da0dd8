"""Inference: which parameters of a simulated rule made a network, and how far to believe it."""

from lowrnn.inference.activity_summaries import (
    fixed_frame,
    latent_course,
    learning_curve,
    marginal_variances,
    state_course,
    variance_shares,
)
from lowrnn.inference.calibration import Calibration, calibrate
from lowrnn.inference.campaign import run_campaign
from lowrnn.inference.checks import Predictive, edge_mass, misspecification, predictive
from lowrnn.inference.classifier import Classifier, calibration_error, fit_classifier
from lowrnn.inference.comparison import (
    RuleExperiment,
    RulePosterior,
    read_rules,
    run_comparison,
)
from lowrnn.inference.distances import dsa, linear_cka, rsa
from lowrnn.inference.filtering import FilteredRules, Requirement, filter_rounds
from lowrnn.inference.flows import FlowPosterior, FlowSettings, fit_flows
from lowrnn.inference.infer import Inference, infer
from lowrnn.inference.local_calibration import local_calibration
from lowrnn.inference.network_summaries import (
    change_directions,
    change_spectrum,
    flow_on_grid,
    overlaps,
    principal_angles,
    resting_points,
)
from lowrnn.inference.posterior import Posterior
from lowrnn.inference.prior import BoxPrior
from lowrnn.inference.rejection import RejectionPosterior, fit_rejection
from lowrnn.inference.rules import RuleComparison, compare_rules, flow_change_correlation
from lowrnn.inference.selection import SelectedPosterior, fit_success
from lowrnn.inference.simulations import Simulations
from lowrnn.inference.spec import InferenceSpec, read_inference
from lowrnn.inference.storage import load_posterior, save_posterior
from lowrnn.inference.student_metrics import (
    STUDENT_METRICS,
    measure_students,
    student_metrics,
)
from lowrnn.inference.summary import Summary, join
from lowrnn.inference.truncation import Region, TruncatedPosterior, highest_density_region
from lowrnn.inference.verdict import verdict

__all__ = [
    "STUDENT_METRICS",
    "BoxPrior",
    "Calibration",
    "Classifier",
    "FilteredRules",
    "FlowPosterior",
    "FlowSettings",
    "Inference",
    "InferenceSpec",
    "Posterior",
    "Predictive",
    "Region",
    "RejectionPosterior",
    "Requirement",
    "RuleComparison",
    "RuleExperiment",
    "RulePosterior",
    "SelectedPosterior",
    "Simulations",
    "Summary",
    "TruncatedPosterior",
    "calibrate",
    "calibration_error",
    "change_directions",
    "change_spectrum",
    "compare_rules",
    "dsa",
    "edge_mass",
    "filter_rounds",
    "fit_classifier",
    "fit_flows",
    "fit_rejection",
    "fit_success",
    "fixed_frame",
    "flow_change_correlation",
    "flow_on_grid",
    "highest_density_region",
    "infer",
    "join",
    "latent_course",
    "learning_curve",
    "linear_cka",
    "load_posterior",
    "local_calibration",
    "marginal_variances",
    "measure_students",
    "misspecification",
    "overlaps",
    "predictive",
    "principal_angles",
    "read_inference",
    "read_rules",
    "resting_points",
    "rsa",
    "run_campaign",
    "run_comparison",
    "save_posterior",
    "state_course",
    "student_metrics",
    "variance_shares",
    "verdict",
]
