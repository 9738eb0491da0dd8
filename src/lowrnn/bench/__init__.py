"""Benchmarks: steps, trainings, fits and students, side by side with what others run."""

from lowrnn.bench.problem import Cell
from lowrnn.bench.students import STUDENT_CELLS, StudentCell, student_times
from lowrnn.bench.teacher import FitProblem, context_teacher, fit_problem
from lowrnn.bench.tensor_step import TENSOR_CELLS, TensorCell, tensor_steps
from lowrnn.bench.time_to_fit import time_to_fit
from lowrnn.bench.training_step import FULL, QUICK, measure, training_steps
from lowrnn.bench.training_update import CASES, Case, measure_update, training_updates

__all__ = [
    "CASES",
    "FULL",
    "QUICK",
    "STUDENT_CELLS",
    "TENSOR_CELLS",
    "Case",
    "Cell",
    "FitProblem",
    "StudentCell",
    "TensorCell",
    "context_teacher",
    "fit_problem",
    "measure",
    "measure_update",
    "student_times",
    "tensor_steps",
    "time_to_fit",
    "training_steps",
    "training_updates",
]
