"""Loadings of neurons that a network was not fitted to, given its latents."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lowrnn.fitting.gauss_newton import Problem
from lowrnn.fitting.lint import LINT

Array = NDArray[np.floating]


class Loadings:
    """`m`, `B` (and bias, initial state) of further neurons by regression on a fitted network.

    These neurons feed nothing back (their n is 0): how well they are then predicted in conditions
    that took no part in any fit shows whether the latents are those of the population.

    Parameters
    ----------
    fit : LINT
        A fitted network, whose settings and latents are used.
    inputs : array (trial, time, input)
        Inputs of the trials to regress on.
    activity : array (trial, time, neuron)
        Activity of the further neurons in these trials; NaN = not observed.
    """

    def __init__(self, fit: LINT, inputs: Array, activity: Array) -> None:
        self.fit = fit
        problem = self._problem(inputs, activity)
        kappa = fit.rnn_.simulate(inputs).kappa
        W, _ = problem.start(kappa)
        for _ in range(10):
            W = W + problem.regress_loadings(W, kappa)(1e-3)
        self.W = W

    def predict(self, inputs: Array) -> Array:
        """Activity (trial, time, neuron) of these neurons under other inputs."""
        shape = (*inputs.shape[:2], len(self.W))
        problem = self._problem(inputs, np.zeros(shape, self.W.dtype))
        h = problem.regressors(self.fit.rnn_.simulate(inputs).kappa) @ self.W.T
        return problem.phi(h) if self.fit.on == "rates" else h

    def _problem(self, inputs: Array, activity: Array) -> Problem:
        rnn, settings = self.fit.rnn_, self.fit
        options: dict[str, Any] = {
            "rank": rnn.rank,
            "alpha": rnn.alpha,
            "nonlinearity": settings.nonlinearity,
            "on": settings.on,
            "bias": settings.bias,
            "initial_state": settings.initial_state != "zero",
            "penalty": self.fit.ridge_,
        }
        return Problem(inputs, activity, **options)
