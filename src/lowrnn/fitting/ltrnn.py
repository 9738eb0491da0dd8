"""LTRNN: one low-rank network a trial, of shared components, that produces recorded activity."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from lowrnn.errors import InputError, check_array, check_number
from lowrnn.fitting.components import match_components
from lowrnn.fitting.data import check_dynamics, check_range
from lowrnn.fitting.learning_r2 import learning_r2
from lowrnn.fitting.ltrnn_data import Trials, as_trials
from lowrnn.fitting.ltrnn_fit import Fit
from lowrnn.fitting.ltrnn_information import information
from lowrnn.fitting.ltrnn_result import Components, components
from lowrnn.fitting.scores import r2
from lowrnn.learning import History, one_torch_thread
from lowrnn.learning.seeds import check_seed
from lowrnn.networks import LowTensorRank
from lowrnn.networks.nonlinearity import check_nonlinearity
from lowrnn.recordings import Recording

Array = NDArray[np.floating]

#: Called now and then with the updates done, those there will be, and the last loss.
Progress = Callable[[int, int, float], None]


class LTRNN(BaseEstimator):
    """Low tensor rank of connectivity over trials (Pellegrino, Cayco-Gajic & Chadwick 2023).

    Finds networks with one unit a recorded neuron, `J_k = (1/N) Σ_r c_kr a_r b_rᵀ` in trial k,
    whose rates are the recorded activity. Components a and b are shared by all trials, and their
    strengths c vary smoothly from trial to trial, as a Gaussian process whose whitened deviations
    are the parameters. States start in the span of a.

    All trials count in every update of Adam: first of a network that is static, then of one that
    varies. The best of several starts is kept.

    What is identifiable: the span of a, the latents, the recurrent drive on visited states, and c
    up to the scale of each component, which the shortest b fixes (b is reduced to what it reads of
    the visited rates). Components whose trial factors are proportional can be mixed, so those of a
    static network mean nothing one by one. The weights as such are not determined.

    Parameters
    ----------
    rank : int
        Number of components.
    tau : float
        Time constant in seconds; at least the time step.
    dt : float
        Time step of plain arrays in seconds. A `Recording` brings its own bin width.
    nonlinearity : {"tanh", "relu", "softplus", "identity", "erf"}
        phi.
    on : {"rates", "states"}
        Whether neurons show `phi(x + bias)` or `x`.
    readout : {"affine", "identity"}
        "affine": a scale and an offset of each neuron, fitted, so that data may have any unit.
        "identity": the activity itself, which is faster; rates must then lie in the range of phi.
    observation : {"gaussian", "poisson"}
        "poisson": counts whose expectation is softplus of the affine readout. Rates of a recording
        in Hz are turned into counts; plain arrays are counts.
    smoothness : float
        Length scale of trial factors, in trials; 0 for independent trials.
    amplitude, jitter : float
        Standard deviations of their smooth part, and of what each trial has for itself.
    prior : float
        Weight of the Gaussian process as a prior: 1 for the maximum a posteriori, 0 to leave
        smoothness to the descent, as the published code does. Noise is taken to have the variance
        of what the static network leaves over.
    inputs : {"none", "conditions"}
        Beside given inputs, whose weights are fitted: inputs of each condition in the span of a,
        learned, the same in all of its trials.
    input_window : (float, float), optional
        When these act, in seconds; by default before time 0, or throughout if the recording does
        not begin before it.
    input_functions : int
        Of how many functions of time they consist; 1 is constant.
    initial_state : {"zero", "shared", "condition"}
        The state before the first step: zero, or fitted in the span of a for all trials or for each
        condition.
    bias : bool
        Whether to fit one offset a neuron inside phi.
    updates : (int, int)
        Updates of the static network, and then of the varying one. `(n, 0)` is a static network.
    learning_rate : float
        Adam's at the first update of each part; it falls to 0 along a cosine. Deviations of trial
        factors learn three times as fast.
    clip : float, optional
        Largest norm of a gradient; None for no limit.
    starts : int
        Random starts.
    seed : int
        Determines the fit, whatever the number of threads.
    checkpoint : path, optional
        Where to keep the state of the fit. If the file exists the fit goes on from it, and ends as
        if it had never stopped.
    progress : callable, optional
        Called now and then with updates done, updates in all, and the last loss.

    Attributes
    ----------
    rnn_ : RNN
        The fitted network, with `LowTensorRank` connectivity. Learned inputs are its last inputs.
    a_, b_ : array (neuron, rank)
        Components, `|a_r|² = |b_r|² = N`, sorted by falling `Σ_k c_kr²`.
    trial_factors_ : array (trial, rank)
        c, with a positive mean.
    smooth_factors_ : array (trial, rank)
        Their expected smooth part: without the jitter.
    smooth_factors_sd_ : array (trial, rank)
        Its standard deviation given the data, with all else held.
    inputs_ : array (trial, time, input)
        What `rnn_` receives: given inputs, then learned ones.
    initial_states_ : array (trial, neuron)
        Where each trial starts.
    scale_, offset_ : array (neuron,)
        The affine readout, in the unit of the data (of counts: inside softplus); 1 and 0 without.
    kappa_ : array (trial, time, rank)
        Coordinates of the states along `a_`.
    r2_ : float
        Global R² on what was fitted.
    learning_r2_ : float
        R² of what differs between trials of a condition (`learning_r2`); 0 for a static network.
    static_r2_ : float
        R² after the first part of the fit; NaN if it had none, or of counts.
    similarity_ : array (start - 1,)
        Mean similarity of the components of the other starts to those kept (`match_components` on
        c, a and b), from the best to the worst start. Components mean something if it is near 1.
    history_ : History
        Loss of each update of the start that was kept: 1 - R², or the mean negative log-likelihood
        of a count.
    seconds_ : float
        Time until the parameters were found.
    """

    def __init__(
        self,
        rank: int = 3,
        *,
        tau: float = 0.1,
        dt: float = 0.02,
        nonlinearity: str = "tanh",
        on: str = "rates",
        readout: str = "affine",
        observation: str = "gaussian",
        smoothness: float = 15.0,
        amplitude: float = 0.1,
        jitter: float = 0.1,
        prior: float = 0.0,
        inputs: str = "none",
        input_window: tuple[float, float] | None = None,
        input_functions: int = 1,
        initial_state: str = "zero",
        bias: bool = True,
        updates: tuple[int, int] = (400, 800),
        learning_rate: float = 0.01,
        clip: float | None = 1.0,
        starts: int = 1,
        seed: int = 0,
        checkpoint: str | Path | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.rank = rank
        self.tau = tau
        self.dt = dt
        self.nonlinearity = nonlinearity
        self.on = on
        self.readout = readout
        self.observation = observation
        self.smoothness = smoothness
        self.amplitude = amplitude
        self.jitter = jitter
        self.prior = prior
        self.inputs = inputs
        self.input_window = input_window
        self.input_functions = input_functions
        self.initial_state = initial_state
        self.bias = bias
        self.updates = updates
        self.learning_rate = learning_rate
        self.clip = clip
        self.starts = starts
        self.seed = seed
        self.checkpoint = checkpoint
        self.progress = progress

    def fit(
        self,
        X: Recording | ArrayLike,
        inputs: ArrayLike | None = None,
        conditions: ArrayLike | None = None,
        trial_ids: ArrayLike | None = None,
        epochs: ArrayLike | None = None,
    ) -> "LTRNN":
        """Fit the networks.

        Parameters
        ----------
        X : Recording or array (trial, time, neuron)
            Activity in the order of trials; NaN = not observed, such as neurons that were lost and
            bins after the end of a trial.
        inputs : array (trial, time, input), optional
            Inputs that go with an array; a recording brings its own.
        conditions : array (trial,) or str, optional
            Label of each trial, or the column of the recording that has it. By default trials of
            the same given inputs are one condition.
        trial_ids : array (trial,) or str, optional
            Numbers of the trials in the session, or the column that has them; 0, 1, ... by default.
        epochs : array (trial,) or str, optional
            Labels between which factors may jump, or the column that has them.

        Raises
        ------
        InputError
            If the data or a setting cannot be used, or the checkpoint belongs to another fit.
        """
        trials = as_trials(X, inputs, conditions, trial_ids, epochs, self.dt)
        check_dynamics(trials.data)
        self._check(trials)
        with one_torch_thread():
            fit = Fit(self, trials)
            fit.run()
            self.seconds_ = fit.seconds
            self._keep(fit)
        return self

    def predict(self, trial_factors: ArrayLike | None = None) -> Array:
        """Noise-free activity (trial, time, neuron) of the trials that were fitted.

        Parameters
        ----------
        trial_factors : array (trial, rank), optional
            In place of those that were fitted, such as those of another epoch.
        """
        if not hasattr(self, "rnn_"):
            raise InputError("this LTRNN has not been fitted: call fit first")
        rnn = self.rnn_
        if trial_factors is not None:
            shape = self.trial_factors_.shape
            c = check_array("trial_factors", trial_factors, shape, dtype=rnn.dtype)
            rnn = rnn.replace(connectivity=LowTensorRank(self.a_, self.b_, c))
        run = rnn.simulate(self.inputs_, initial_state=self.initial_states_)
        shown = self.offset_ + self.scale_ * (run.rates if self.on == "rates" else run.x)
        if self.observation == "poisson":
            shown = np.logaddexp(0, shown) / self._counts_per_unit
        return np.asarray(shown)

    def score(self, X: Recording | ArrayLike, mask: ArrayLike | None = None) -> float:
        """Global R² of the predictions for the trials that were fitted; see `lowrnn.fitting.r2`.

        Parameters
        ----------
        X : Recording or array (trial, time, neuron)
            Activity in these trials, such as entries that were NaN in the fit; NaN is left out.
        mask : boolean array (trial, time, neuron), optional
            The entries to score, such as `BlockedMask.test`; all by default.
        """
        prediction = self.predict()
        rates = X.rates if isinstance(X, Recording) else X
        target = check_array("rates", rates, prediction.shape, finite=False)
        if mask is not None:
            chosen = np.asarray(mask)
            if chosen.dtype != np.bool_ or chosen.shape != target.shape:
                raise InputError(
                    f"mask has shape {chosen.shape} and dtype {chosen.dtype}: give booleans of"
                    f" shape {target.shape}"
                )
            target = np.where(chosen, target, np.nan)
        return r2(target, prediction)

    def _keep(self, fit: Fit) -> None:
        """The fitted names, of the best start."""
        model, order = fit.model, fit.order
        best = fit.finished[order[0]]
        found = [components(model, fit.finished[start]) for start in order]
        kept = found[0]
        parts = kept.connectivity
        self.rnn_, self.inputs_, self.initial_states_ = kept.rnn, kept.inputs, kept.starts
        self.a_, self.b_, self.trial_factors_ = parts.a, parts.b, parts.c
        deviations = parts.c - kept.mean
        self.smooth_factors_ = kept.mean + model.process.filter @ deviations
        self.scale_, self.offset_ = model.readout(best)
        self._counts_per_unit = model.trials.counts_per_unit if model.poisson else 1.0
        self.kappa_ = kept.kappa()
        activity, prediction = model.trials.data.activity, self.predict()
        told = information(model, prediction * self._counts_per_unit, self.scale_, kept)
        self.smooth_factors_sd_ = model.process.smooth_sd(kept.scale, told)
        self.r2_ = r2(activity, prediction)
        self.learning_r2_ = learning_r2(activity, prediction, model.trials.conditions)
        losses = np.array(fit.losses[order[0]])
        before = self.updates[0]
        static = 1 - losses[before - 1] if before and not model.poisson else np.nan
        self.static_r2_ = float(static)
        self.similarity_ = np.array(
            [
                match_components(_factors(kept), _factors(other)).similarity.mean()
                for other in found[1:]
            ]
        )
        self.history_ = History(
            loss=losses,
            learning_rate=fit.rates(),
            evaluated=np.array([before, len(losses)]),
            metrics={"r2": np.array([static, self.r2_])},
        )

    def _check(self, trials: Trials) -> None:
        data = trials.data
        neurons = data.activity.shape[2]
        check_nonlinearity(self.nonlinearity)
        for field, allowed in (
            ("on", ("rates", "states")),
            ("readout", ("affine", "identity")),
            ("observation", ("gaussian", "poisson")),
            ("inputs", ("none", "conditions")),
            ("initial_state", ("zero", "shared", "condition")),
        ):
            value = getattr(self, field)
            if value not in allowed:
                raise InputError(f"{field} is {value!r}: use one of {', '.join(allowed)}")
        if not 1 <= self.rank <= neurons:
            raise InputError(f"rank is {self.rank}: give 1 to {neurons}, the number of neurons")
        if len(self.updates) != 2 or min(self.updates) < 0 or not sum(self.updates):
            raise InputError(
                f"updates is {self.updates}: give those of the static and of the varying network"
            )
        for field in ("starts", "input_functions"):
            if getattr(self, field) < 1:
                raise InputError(f"{field} is {getattr(self, field)}: give at least 1")
        check_number("learning_rate", self.learning_rate, above=0)
        check_number("prior", self.prior, at_least=0)
        check_number("tau", self.tau, above=0)
        check_seed(self.seed)
        if self.tau < data.dt:
            raise InputError(
                f"tau is {self.tau} s and a bin {data.dt} s: give a tau of at least one bin"
            )
        if self.observation == "poisson":
            low = data.extremes[0]
            if self.readout == "identity":
                raise InputError("readout is 'identity': give 'affine' for a Poisson observation")
            if low < 0:
                raise InputError(
                    f"rates go down to {low:.3g}: give counts, or fit them as Gaussian"
                )
        elif self.readout == "identity":
            # The noise of single trials may go far beyond what phi gives.
            most = np.nanquantile(data.activity, (0.05, 0.95)).reshape(1, 2, 1)
            check_range(replace(data, activity=most), self.nonlinearity, self.on)


def _factors(found: Components) -> tuple[Array, Array, Array]:
    parts = found.connectivity
    return parts.c, parts.a, parts.b
