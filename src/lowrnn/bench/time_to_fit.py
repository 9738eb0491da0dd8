"""How long it takes to fit as well as the papers' plain recipe does."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lowrnn.bench.machine import machine
from lowrnn.bench.plain_recipe import plain_curve
from lowrnn.bench.teacher import FitProblem
from lowrnn.fitting import LINT
from lowrnn.networks import RNN

Progress = Callable[[int, str], None]


@dataclass(frozen=True, eq=False)
class Fit:
    """A fit that stopped where it believes to have reached an R².

    Parameters
    ----------
    rnn : RNN
        The fitted network.
    seconds : float
        Time until it had that R².
    seconds_in_all : float
        The same, with everything that the estimator does afterwards.
    updates : int
        Gradient updates made.
    """

    rnn: RNN
    seconds: float
    seconds_in_all: float
    updates: int


def lint(problem: FitProblem, goal: float) -> Fit:
    """`LINT` of rank 1 in its default settings, stopped at R² `goal` on the trials it fits."""
    start = time.perf_counter()
    fitted = LINT(rank=1, dt=problem.dt, tau=problem.tau, target_r2=goal)
    fitted.fit(problem.rates, problem.inputs)
    in_all = time.perf_counter() - start
    return Fit(fitted.rnn_, fitted.seconds_, in_all, len(fitted.history_.loss))


def time_to_fit(
    problem: FitProblem,
    fit: Callable[[FitProblem, float], Fit] = lint,
    *,
    updates: int = 1250,
    repeats: int = 3,
    seed: int = 0,
    progress: Progress = lambda done, remark: None,
) -> dict[str, Any]:
    """Time a fit to the validation R² that the plain recipe reaches, both in one process.

    The plain recipe runs for `updates` updates; the goal is its best validation R², its time the
    moment at which it was there first. A fit sees only its own trials: where it stops short of the
    goal on the validation trials, it is asked for as much more and run anew, until it is there or
    gets no better. Only this last setting is timed.

    Parameters
    ----------
    problem : FitProblem
        What is fitted.
    fit : callable
        The fit: of a problem and an R² at which to stop.
    updates : int
        Length of the plain recipe; the published 50 epochs are 1250.
    repeats : int
        How often the fit is timed; the median counts.
    seed : int
        Determines the plain recipe.
    progress : callable
        Called with the updates of the plain recipe that are done, and a remark.

    Returns
    -------
    dict
        `goal`; `plain_seconds`, `lowrnn_seconds` and `ratio`, the latter two None if the fit never
        reaches the goal; `plain`, `lowrnn`: details; `ceiling`, `machine` and the sizes.
    """
    found = machine()
    seconds, scores = plain_curve(problem, updates=updates, seed=seed, progress=progress)
    best = int(np.argmax(scores))
    goal = scores[best]
    progress(updates, f"lowrnn, to R² {goal:.3f}")
    target, reached = goal, -np.inf
    while True:
        first = fit(problem, target)
        before, reached = reached, problem.validate(first.rnn)
        if reached >= goal or reached <= before:
            break
        target += goal - reached
    fits = [fit(problem, target) for _ in range(repeats)]
    took = statistics.median(one.seconds for one in fits)
    success = reached >= goal
    trials, steps, neurons = problem.rates.shape
    return {
        "neurons": neurons,
        "trials": trials,
        "steps": steps,
        "rank": 1,
        "ceiling": problem.ceiling,
        "goal": goal,
        "plain_seconds": seconds[best],
        "lowrnn_seconds": took if success else None,
        "ratio": seconds[best] / took if success else None,
        "plain": {
            "updates": updates,
            "ms_per_update": 1e3 * seconds[-1] / updates,
            "seconds": seconds,
            "r2": scores,
        },
        "lowrnn": {
            "updates": first.updates,
            "r2": reached,
            "seconds": took,
            "seconds_in_all": statistics.median(one.seconds_in_all for one in fits),
        },
        "machine": found,
    }
