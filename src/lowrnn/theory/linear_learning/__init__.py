"""What gradient descent does to the recurrent weights of a linear network.

The fixed-point task of Schuessler et al. 2020 (`exact_solution` from no weights, `gradient_flow`
from any, `perturbation` and `scaling_laws` from random ones, `backpropagation` in a simulated
network), and two others with an exact loss: `noisy_readout` and `integration_loss`.
"""

from lowrnn.theory.linear_learning.descent import Descent, gradient_descent
from lowrnn.theory.linear_learning.exact import (
    THETA_MAX,
    ExactSolution,
    exact_solution,
    learning_time,
)
from lowrnn.theory.linear_learning.fixed_point import (
    backpropagation,
    fixed_point_trials,
    initial_weights,
)
from lowrnn.theory.linear_learning.gradient_flow import GradientFlow, gradient_flow
from lowrnn.theory.linear_learning.integration import integration_loss
from lowrnn.theory.linear_learning.noisy_readout import (
    NoisyReadout,
    learned_mean,
    noisy_readout,
    suppressed_noise,
)
from lowrnn.theory.linear_learning.outliers import change_outliers
from lowrnn.theory.linear_learning.perturbation import (
    Perturbation,
    ScalingLaws,
    perturbation,
    resolvent_moments,
    scaling_laws,
)

__all__ = [
    "THETA_MAX",
    "Descent",
    "ExactSolution",
    "GradientFlow",
    "NoisyReadout",
    "Perturbation",
    "ScalingLaws",
    "backpropagation",
    "change_outliers",
    "exact_solution",
    "fixed_point_trials",
    "gradient_descent",
    "gradient_flow",
    "initial_weights",
    "integration_loss",
    "learned_mean",
    "learning_time",
    "noisy_readout",
    "perturbation",
    "resolvent_moments",
    "scaling_laws",
    "suppressed_noise",
]
