"""LINT: the low-rank network, one unit a neuron, that produces recorded activity."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from lowrnn.errors import InputError, check_number
from lowrnn.fitting.data import Data, as_data, check_dynamics, check_range
from lowrnn.fitting.descent import Fit
from lowrnn.fitting.scores import r2
from lowrnn.fitting.visited import latents
from lowrnn.learning import one_torch_thread
from lowrnn.learning.seeds import check_seed
from lowrnn.networks.nonlinearity import check_nonlinearity
from lowrnn.recordings import Recording

Array = NDArray[np.floating]

#: Called after each evaluation with the updates done, the mean loss of the last ones, and R².
Progress = Callable[[int, float, float], None]


class LINT(BaseEstimator):
    """Low-rank inference from neural trajectories (Valente, Pillow & Ostojic 2022).

    Finds the low-rank network with one unit a recorded neuron whose rates (or states) are the
    recorded activity, given the inputs: `m`, `n` and the input weights `B` minimise the mean
    squared error over trials, steps and neurons that were observed, with a ridge penalty.

    The fit begins with Gauss-Newton steps (`lowrnn.fitting.gauss_newton`) on a few dozen trials and
    ends with Adam on all of them, under a cosine schedule and without noise; the weights with the
    best R² after the penalty are kept. The published recipe is `start="random", updates=1250,
    learning_rate=1e-2, penalty=0`.

    What is identifiable: n acts only through what it reads from the rates that were visited, so the
    fit returns the shortest such n, and no more should be read into it (section 4.3 of the science
    note; compare fits by `lowrnn.analysis.current_correlation`). `(m A, n A⁻ᵀ)` is the same
    network; the fit returns the canonical gauge.

    Parameters
    ----------
    rank : int
        Number of latents.
    on : {"rates", "states"}
        Whether the data are `phi(x + bias)` or `x`. Take "states" for data that phi cannot reach,
        such as centred or z-scored rates with tanh.
    nonlinearity : {"tanh", "relu", "softplus", "identity", "erf"}
        phi.
    tau : float
        Time constant in seconds; at least the time step.
    dt : float
        Time step of plain arrays in seconds. A `Recording` brings its own bin width.
    bias : bool
        Whether to fit one offset a neuron inside phi.
    initial_state : {"zero", "shared", "trial"}
        The state before the first step: zero; one for all trials, fitted; or one for each trial (of
        an averaged recording: each condition), which lies in the span of `m` around a shared one.
        New trials then start from the mean.
    penalty : float
        Weight of the sum of squares of all parameters beside the sum of squared errors over the
        variance of the noise, which is estimated. 1 is a prior of parameters of order 1 where noise
        is white; the default allows for some smoothing. Data outweigh it as they get more or
        cleaner. For m and n together it is a penalty on the singular values of m nᵀ (Srebro, Rennie
        & Jaakkola 2004), so directions of the rates that hold little but noise drive nothing. 0 for
        none.
    start : {"gauss-newton", "random"}
        How the fit begins.
    updates : int
        Adam's updates; 0 leaves the result of the start.
    learning_rate : float
        Adam's learning rate at its first update; it falls to 0 along a cosine.
    batch_size : int
        Trials in an update.
    clip : float, optional
        Largest norm of a gradient; None for no limit.
    evaluate_every : int
        Updates between evaluations of R² on all trials.
    target_r2 : float, optional
        Stop at the first evaluation that finds at least this R².
    patience : int, optional
        Stop once so many evaluations have brought no improvement; None goes on to the end.
    seed : int
        Determines the fit, whatever the number of threads.
    checkpoint : path, optional
        Where to keep the state of the fit. If the file exists the fit goes on from it, and ends as
        if it had never stopped.
    progress : callable, optional
        Called after each evaluation with updates done, loss and R².

    Attributes
    ----------
    rnn_ : RNN
        The fitted network: canonical gauge, shortest n, no noise, no readout.
    kappa_ : array (trial, time, rank)
        Its latents in the trials that it was fitted to.
    r2_ : float
        Global R² on these trials.
    initial_states_ : array (trial, neuron)
        Where each of these trials starts.
    history_ : History
        Loss of each update; metrics "r2" and "seconds" of each evaluation.
    ridge_ : float
        Penalty times variance of the noise: the weight beside the plain sum of squared errors.
    seconds_ : float
        Time until the weights were found; gauge, shortest n and `kappa_` come after.
    """

    def __init__(
        self,
        rank: int = 1,
        *,
        on: str = "rates",
        nonlinearity: str = "tanh",
        tau: float = 0.1,
        dt: float = 0.02,
        bias: bool = False,
        initial_state: str = "zero",
        penalty: float = 3.0,
        start: str = "gauss-newton",
        updates: int = 300,
        learning_rate: float = 0.01,
        batch_size: int = 32,
        clip: float | None = 1.0,
        evaluate_every: int = 25,
        target_r2: float | None = None,
        patience: int | None = None,
        seed: int = 0,
        checkpoint: str | Path | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.rank = rank
        self.on = on
        self.nonlinearity = nonlinearity
        self.tau = tau
        self.dt = dt
        self.bias = bias
        self.initial_state = initial_state
        self.penalty = penalty
        self.start = start
        self.updates = updates
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.clip = clip
        self.evaluate_every = evaluate_every
        self.target_r2 = target_r2
        self.patience = patience
        self.seed = seed
        self.checkpoint = checkpoint
        self.progress = progress

    def fit(self, X: Recording | ArrayLike, inputs: ArrayLike | None = None) -> "LINT":
        """Fit the network.

        Parameters
        ----------
        X : Recording or array (trial, time, neuron)
            Activity; NaN = not observed.
        inputs : array (trial, time, input), optional
            Inputs that go with an array; a recording brings its own.

        Raises
        ------
        InputError
            If the data or a setting cannot be used, or the checkpoint belongs to another fit.
        """
        data = as_data(X, inputs, self.dt)
        check_dynamics(data)
        self._check(data)
        with one_torch_thread():
            fit = Fit(self, data)
            fit.run()
        self.r2_ = fit.best_r2
        self.history_ = fit.history()
        self.ridge_ = fit.ridge
        self.seconds_ = fit.seconds
        self.rnn_, self.initial_states_ = fit.network()
        self.kappa_ = latents(self.rnn_, data, self.initial_states_, self.on)
        return self

    def predict(
        self, inputs: Recording | ArrayLike, initial_states: ArrayLike | None = None
    ) -> Array:
        """Noise-free activity (trial, time, neuron), rates or states as they were fitted.

        Parameters
        ----------
        inputs : Recording or array (trial, time, input)
            Inputs, or a recording that has them.
        initial_states : array (trial, neuron), optional
            Where each trial starts; by default where the network does.
        """
        if isinstance(inputs, Recording):
            inputs = as_data(inputs, None, self.dt).inputs
        if not hasattr(self, "rnn_"):
            raise InputError("this LINT has not been fitted: call fit first")
        run = self.rnn_.simulate(inputs, initial_state=initial_states)
        return run.rates if self.on == "rates" else run.x

    def score(self, X: Recording | ArrayLike, inputs: ArrayLike | None = None) -> float:
        """Global R² of the predictions; NaN for activity that never changes (see `r2`).

        Trials of a single bin, or with nothing observed, can be scored, though not fitted.
        """
        data = as_data(X, inputs, self.dt)
        return r2(data.activity, self.predict(data.inputs))

    def _check(self, data: Data) -> None:
        neurons = data.activity.shape[2]
        check_nonlinearity(self.nonlinearity)
        for field, value, allowed in (
            ("on", self.on, ("rates", "states")),
            ("initial_state", self.initial_state, ("zero", "shared", "trial")),
            ("start", self.start, ("gauss-newton", "random")),
        ):
            if value not in allowed:
                raise InputError(f"{field} is {value!r}: use one of {', '.join(allowed)}")
        if not 1 <= self.rank <= neurons:
            raise InputError(f"rank is {self.rank}: give 1 to {neurons}, the number of neurons")
        if self.updates < 0:
            raise InputError(f"updates is {self.updates}: give at least 0")
        for field in ("batch_size", "evaluate_every"):
            if getattr(self, field) < 1:
                raise InputError(f"{field} is {getattr(self, field)}: give at least 1")
        check_number("learning_rate", self.learning_rate, above=0)
        check_number("penalty", self.penalty, at_least=0)
        check_number("tau", self.tau, above=0)
        check_seed(self.seed)
        if self.tau < data.dt:
            raise InputError(
                f"tau is {self.tau} s and a bin {data.dt} s: give a tau of at least one bin"
            )
        check_range(data, self.nonlinearity, self.on)
