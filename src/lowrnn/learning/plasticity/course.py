"""The state of a network that learns by a rule, and its single updates."""

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lowrnn.learning.changes import WeightChanges
from lowrnn.learning.history import History
from lowrnn.learning.plasticity.activity import Activity, run_trials
from lowrnn.learning.plasticity.rule import PlasticityRule
from lowrnn.learning.plasticity.signals import RewardBaseline, at_the_end, backpropagated
from lowrnn.learning.plasticity.synapses import Synapses, limited
from lowrnn.learning.plasticity.update import Perturbation, parts_of
from lowrnn.learning.score import Score, score_on, step_weights
from lowrnn.learning.seeds import derived_seed, generator
from lowrnn.networks import RNN
from lowrnn.tasks import Task, Trials

Array = NDArray[Any]

N_VALIDATION = 200
#: New trials are drawn for so many updates at once.
_BATCHES = 16


class Course:
    """A network on its way: weights, what the rule remembers between trials, and the record."""

    def __init__(
        self, rule: PlasticityRule, rnn: RNN, task: Task, synapses: Synapses, batch: int, seed: int
    ) -> None:
        self.rule, self.rnn, self.task, self.synapses = rule, rnn, task, synapses
        self.batch_size, self.seed = batch, seed
        self.readout = np.array(rnn.readout)
        self.velocity = np.zeros_like(self.readout)
        rng = generator(seed, "network", 1)
        self.feedback = (rng.standard_normal(rnn.readout.shape) * _size(rnn.readout)).astype(
            rnn.dtype
        )
        self.baseline = RewardBaseline(rule.baseline)
        self.threshold = np.ones(rnn.neurons, rnn.dtype)
        self.conditions = task.grid()
        self.validation = task.sample(N_VALIDATION, derived_seed(seed, "validation trials"))
        self.block = -1
        self.losses: list[float] = []
        self.answers: list[float] = []
        self.evaluated: list[int] = []
        self.metrics: dict[str, list[float]] = {"accuracy": [], "validation_loss": []}
        self.changes: list[tuple[Array, Array, Array]] = []

    @property
    def network(self) -> RNN:
        """The network as it is now."""
        return self.synapses.network(self.rnn).replace(readout=self.readout.copy())

    def evaluate(self) -> Score:
        """Score the present network, and note its weights."""
        seed = derived_seed(self.seed, "validation trials", 1)
        score = score_on(self.network, self.task, self.validation, seed)
        self.evaluated.append(len(self.losses))
        self.metrics["accuracy"].append(score.accuracy)
        self.metrics["validation_loss"].append(score.loss)
        self.changes.append(self.synapses.change())
        return score

    def update(self) -> None:
        """Show a batch of trials, then change the synapses."""
        done = len(self.losses)
        block, place = divmod(done, _BATCHES)
        if block != self.block:
            seed = derived_seed(self.seed, "training trials", block)
            self.drawn = self.task.sample(_BATCHES * self.batch_size, seed)
            self.block = block
        rows = slice(place * self.batch_size, (place + 1) * self.batch_size)
        self.learn_from(self.drawn[rows], generator(self.seed, "update", done))

    def learn_from(self, trials: Trials, rng: np.random.Generator) -> None:
        """One update from these trials, the noise and the perturbations from `rng`."""
        rnn, rule = self.rnn, self.rule
        activity, perturbation = self.run(trials, rng)
        outputs = activity.rates @ self.readout / rnn.dtype.type(rnn.neurons)
        weights = step_weights(trials).astype(rnn.dtype)[:, :, None]
        miss = outputs - trials.targets.astype(rnn.dtype)
        losses = np.sum(weights * miss**2, axis=(1, 2))
        error = 2 * weights * miss
        parts = parts_of(
            rule,
            activity,
            perturbation,
            self.modulator(activity, error, losses, trials),
            self.threshold,
            alpha=rnn.alpha,
            dt=rnn.dt,
        )
        self.synapses.learn(parts, rule)
        if rule.readout_rate:
            gradient = np.tensordot(activity.rates, error, ((0, 1), (0, 1))) / len(trials)
            self.velocity = rule.momentum * self.velocity + limited(gradient, rule.norm_clip)
            step = rnn.dtype.type(rule.readout_rate) * self.velocity
            keep = rnn.dtype.type(1 - rule.readout_decay)
            self.readout = keep * self.readout - step
            if rule.feedback == "adaptive":
                self.feedback = keep * self.feedback - step
        share = 1 - math.exp(-trials.mask.shape[1] * rnn.dt / rule.threshold)
        mean_square = np.mean(activity.rates**2, axis=(0, 1))
        self.threshold += rnn.dtype.type(share) * (mean_square - self.threshold)
        self.losses.append(float(losses.mean()))
        self.answers.append(float(np.nanmean(self.task.correct(outputs, trials))))

    def run(self, trials: Trials, rng: np.random.Generator) -> tuple[Activity, Perturbation]:
        """Simulate a batch, with noise and perturbations."""
        rnn, rule = self.rnn, self.rule
        neurons, dtype = rnn.neurons, rnn.dtype
        drive = trials.inputs.astype(dtype) @ rnn.inputs.T
        kicks, u, v = None, None, None
        if rnn.noise_std:
            drive += dtype.type(math.sqrt(2 / rnn.alpha) * rnn.noise_std) * rng.standard_normal(
                drive.shape, np.float32
            )
        if rule.pre == "noise":
            u, v = rng.standard_normal((2, len(trials), neurons)).astype(dtype)
        elif rule.kick:
            kicks = rng.uniform(-rule.kick, rule.kick, drive.shape).astype(dtype)
            kicks *= rng.random(drive.shape, np.float32) < rule.kicked
            drive += kicks / dtype.type(rnn.alpha)
        dense, left, right = self.synapses.matrices
        activity = run_trials(
            dense,
            left,
            right,
            drive,
            alpha=rnn.alpha,
            nonlinearity=rnn.nonlinearity,
            bias=rnn.bias,
            initial_state=rnn.initial_state,
            perturbation=None if u is None or v is None else (u * (rule.kick / neurons), v),
        )
        return activity, Perturbation(kicks, u, v)

    def modulator(
        self, activity: Activity, error: Array, losses: Array, trials: Trials
    ) -> Array | None:
        """R of these trials; `error` is the gradient of each trial's loss for its outputs."""
        kind = self.rule.modulator
        if kind == "none":
            return None
        if kind in ("reward", "scaled_reward"):
            shown = trials.conditions[list(self.conditions.columns)]
            advantage = self.baseline.advantage(
                losses, _index(shown, self.conditions), scaled=kind == "scaled_reward"
            )
            return at_the_end(advantage, trials.mask)
        weights = self.readout if self.rule.feedback == "symmetric" else self.feedback
        direct = np.asarray(error @ weights.T)
        if kind == "error":
            return direct
        return backpropagated(
            *self.synapses.matrices, activity, direct, self.rnn.alpha, self.rule.hop_gain
        )

    def history(self) -> History:
        """The course so far."""
        left, right, norm = (np.stack(part) for part in zip(*self.changes, strict=True))
        connectivity = self.rnn.connectivity
        return History(
            loss=np.array(self.losses),
            learning_rate=np.full(len(self.losses), self.rule.rate),
            evaluated=np.array(self.evaluated),
            metrics={name: np.array(values) for name, values in self.metrics.items()},
            start=dict(connectivity.parameters),
            J=WeightChanges(left, right, norm),
        )


def _size(readout: Array) -> float:
    """Root mean square of the readout's entries, 1 if there are none."""
    return float(np.sqrt(np.mean(readout**2))) or 1.0


def _index(shown: pd.DataFrame, grid: pd.DataFrame) -> NDArray[np.intp]:
    """Which row of the grid each trial is; those that are none share one index."""
    place = {row: index for index, row in enumerate(grid.itertuples(index=False, name=None))}
    return np.array(
        [place.get(row, len(grid)) for row in shown.itertuples(index=False, name=None)], np.intp
    )
