"""Learning: gradient training on a task, and the history that it leaves."""

from lowrnn.learning.changes import WeightChanges
from lowrnn.learning.drift import Continued, continue_training
from lowrnn.learning.hessian import hessian_trace
from lowrnn.learning.history import History
from lowrnn.learning.initial import initial_network, low_rank_start
from lowrnn.learning.many import train_many
from lowrnn.learning.minimal import MinimalRank, fit_minimal_rank
from lowrnn.learning.mixture import TrainedMixture, train_mixture
from lowrnn.learning.mixture_minimal import MinimalPopulations, fit_minimal_populations
from lowrnn.learning.plasticity import (
    RULES,
    FactoredChange,
    Force,
    PlasticityRule,
    RuleFamily,
    RuleOutcome,
    Students,
    learn_by_rule,
    simulate_learning,
    students,
)
from lowrnn.learning.recipe import Recipe, Stage, train_recipe
from lowrnn.learning.recipes import recipe_for
from lowrnn.learning.recorder import WeightRecorder, history_of
from lowrnn.learning.score import Score, evaluate
from lowrnn.learning.train import Trained, train
from lowrnn.networks.threads import one_torch_thread

__all__ = [
    "RULES",
    "Continued",
    "FactoredChange",
    "Force",
    "History",
    "MinimalPopulations",
    "MinimalRank",
    "PlasticityRule",
    "Recipe",
    "RuleFamily",
    "RuleOutcome",
    "Score",
    "Stage",
    "Students",
    "Trained",
    "TrainedMixture",
    "WeightChanges",
    "WeightRecorder",
    "continue_training",
    "evaluate",
    "fit_minimal_populations",
    "fit_minimal_rank",
    "hessian_trace",
    "history_of",
    "initial_network",
    "learn_by_rule",
    "low_rank_start",
    "one_torch_thread",
    "recipe_for",
    "simulate_learning",
    "students",
    "train",
    "train_many",
    "train_mixture",
    "train_recipe",
]
