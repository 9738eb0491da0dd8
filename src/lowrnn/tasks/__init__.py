"""What a network is asked to do: one file a task, one registry."""

from lowrnn.tasks.base import Task
from lowrnn.tasks.context_decision import ContextDecision
from lowrnn.tasks.cosine import Cosine
from lowrnn.tasks.cue_set_go import CueSetGo
from lowrnn.tasks.decisions import DecisionTask, choices, correct_choices, psychometric
from lowrnn.tasks.flip_flop import FlipFlop
from lowrnn.tasks.gymnasium import from_gymnasium
from lowrnn.tasks.match_to_sample import MatchToSample
from lowrnn.tasks.measure_wait_go import MeasureWaitGo
from lowrnn.tasks.multisensory_decision import MultisensoryDecision
from lowrnn.tasks.multitask import MultiTask, multitask
from lowrnn.tasks.perceptual_decision import PerceptualDecision
from lowrnn.tasks.registry import TASKS, task
from lowrnn.tasks.timing import TimingTask
from lowrnn.tasks.trials import Trials
from lowrnn.tasks.working_memory import WorkingMemory

__all__ = [
    "TASKS",
    "ContextDecision",
    "Cosine",
    "CueSetGo",
    "DecisionTask",
    "FlipFlop",
    "MatchToSample",
    "MeasureWaitGo",
    "MultiTask",
    "MultisensoryDecision",
    "PerceptualDecision",
    "Task",
    "TimingTask",
    "Trials",
    "WorkingMemory",
    "choices",
    "correct_choices",
    "from_gymnasium",
    "multitask",
    "psychometric",
    "task",
]
