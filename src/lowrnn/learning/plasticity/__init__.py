"""Plasticity: local learning rules, and networks that learn by them."""

from lowrnn.learning.plasticity.factors import FactoredChange
from lowrnn.learning.plasticity.family import RuleFamily
from lowrnn.learning.plasticity.force import Force
from lowrnn.learning.plasticity.latent_gradient import latent_gradient
from lowrnn.learning.plasticity.learn import RuleOutcome, learn_by_rule, simulate_learning
from lowrnn.learning.plasticity.named import RULES
from lowrnn.learning.plasticity.rule import PlasticityRule
from lowrnn.learning.plasticity.students import STATUS, Students, students
from lowrnn.learning.plasticity.terms import Term, format_terms, parse_terms

__all__ = [
    "RULES",
    "STATUS",
    "FactoredChange",
    "Force",
    "PlasticityRule",
    "RuleFamily",
    "RuleOutcome",
    "Students",
    "Term",
    "format_terms",
    "latent_gradient",
    "learn_by_rule",
    "parse_terms",
    "simulate_learning",
    "students",
]
