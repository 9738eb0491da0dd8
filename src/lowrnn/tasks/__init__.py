"""What a network is asked to do: one file a task, one registry."""

from lowrnn.tasks.base import Task
from lowrnn.tasks.context_decision import ContextDecision
from lowrnn.tasks.decisions import DecisionTask, choices, correct_choices, psychometric
from lowrnn.tasks.perceptual_decision import PerceptualDecision
from lowrnn.tasks.registry import TASKS, task
from lowrnn.tasks.trials import Trials

__all__ = [
    "TASKS",
    "ContextDecision",
    "DecisionTask",
    "PerceptualDecision",
    "Task",
    "Trials",
    "choices",
    "correct_choices",
    "psychometric",
    "task",
]
