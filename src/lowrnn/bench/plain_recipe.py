"""LINT as it was published: the plain recipe that `time_to_fit` is held against.

Valente et al. 2022: all of m, n and B start from standard normal numbers; Adam with a constant
learning rate of 1e-2, gradients clipped to norm 1, batches of 32 trials, noise of 0.05 a step in
the network; the rates are read out through an identity matrix, `w = N Id`, by the eager loop.
"""

import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from lowrnn.bench import eager
from lowrnn.bench.teacher import FitProblem
from lowrnn.learning import one_torch_thread
from lowrnn.networks import RNN, LowRank

BATCH = 32
NOISE_PER_STEP = 0.05


class PlainFit:
    """A fit of rank 1 in progress.

    Parameters
    ----------
    problem : FitProblem
        What is fitted.
    seed : int
        Determines the start, the batches and the noise.
    """

    def __init__(self, problem: FitProblem, seed: int = 0) -> None:
        neurons = problem.rates.shape[2]
        self.problem = problem
        self.alpha = problem.dt / problem.tau
        self.inputs = torch.from_numpy(problem.inputs)
        self.rates = torch.from_numpy(problem.rates)
        self.random = torch.Generator().manual_seed(seed)
        columns = {"m": 1, "n": 1, "B": self.inputs.shape[2]}
        self.parameters = {
            name: torch.randn(neurons, count, generator=self.random).requires_grad_()
            for name, count in columns.items()
        }
        self.tensors: dict[str, Tensor] = {**self.parameters, "w": neurons * torch.eye(neurons)}
        self.adam = torch.optim.Adam(self.parameters.values(), lr=1e-2)

    def update(self) -> None:
        """One step of gradient descent on a batch."""
        chosen = torch.randperm(len(self.inputs), generator=self.random)[:BATCH]
        u, target = self.inputs[chosen], self.rates[chosen]
        noise = torch.randn(target.shape, generator=self.random).mul_(NOISE_PER_STEP)
        self.adam.zero_grad()
        output = eager.readout(self.tensors, u, alpha=self.alpha, noise=noise)
        ((output - target) ** 2).mean().backward()
        torch.nn.utils.clip_grad_norm_(self.parameters.values(), 1.0)
        self.adam.step()

    def network(self) -> RNN:
        """The network as it is now, without noise."""
        m, n, B = (value.detach().numpy().copy() for value in self.parameters.values())
        return RNN(LowRank(m, n), B, dt=self.problem.dt, tau=self.problem.tau)


def plain_curve(
    problem: FitProblem,
    *,
    updates: int,
    evaluate_every: int = 50,
    seed: int = 0,
    progress: Callable[[int, str], None] = lambda done, remark: None,
) -> tuple[list[float], list[float]]:
    """Seconds that the plain recipe has taken, and its validation R², as it goes on.

    The clock stands still while R² is evaluated. Torch runs with one thread or with as many as it
    was set to, whichever takes less time for a few updates beforehand.

    Parameters
    ----------
    problem : FitProblem
        What is fitted.
    updates : int
        How many updates; the published 50 epochs are 1250.
    evaluate_every : int
        Updates between evaluations.
    seed : int
        Determines the fit.
    progress : callable
        Called after each evaluation with the updates done and a remark.
    """
    most = torch.get_num_threads()
    with one_torch_thread():
        torch.set_num_threads(_faster(problem, sorted({1, most})))
        fit = PlainFit(problem, seed)
        spent = 0.0
        seconds, scores = [], []
        for first in range(0, updates, evaluate_every):
            start = time.perf_counter()
            for _ in range(first, min(first + evaluate_every, updates)):
                fit.update()
            spent += time.perf_counter() - start
            seconds.append(spent)
            scores.append(problem.validate(fit.network()))
            progress(min(first + evaluate_every, updates), f"plain recipe, R² {scores[-1]:.3f}")
    return seconds, scores


def _faster(problem: FitProblem, settings: list[int]) -> int:
    """The number of torch threads with which updates take less time."""
    taken = {}
    for threads in settings:
        torch.set_num_threads(threads)
        fit = PlainFit(problem)
        fit.update()
        start = time.perf_counter()
        for _ in range(3):
            fit.update()
        taken[threads] = time.perf_counter() - start
    return int(settings[np.argmin([taken[threads] for threads in settings])])
