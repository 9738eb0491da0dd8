"""A network that learns a task by FORCE, and the history that it leaves."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lowrnn.learning.changes import WeightChanges, leading
from lowrnn.learning.history import History
from lowrnn.learning.plasticity.course import N_VALIDATION
from lowrnn.learning.plasticity.force import Force, force_trial
from lowrnn.learning.score import score_on
from lowrnn.learning.seeds import derived_seed, generator
from lowrnn.learning.train import Progress, Trained
from lowrnn.networks import RNN, FullRank
from lowrnn.tasks import Task

Array = NDArray[Any]


def learn_by_force(
    rule: Force, rnn: RNN, task: Task, trials: int, every: int, seed: int,
    progress: Progress | None,
) -> Trained:  # fmt: skip
    """FORCE on the trials of a task, one after another, each from the initial state."""
    neurons, outputs = rnn.readout.shape
    rng = generator(seed, "network", 1)
    m = rng.uniform(-rule.feedback, rule.feedback, (neurons, outputs))
    # The loop is open at the start: what J changes by is the loop as a whole.
    start = rnn.connectivity.dense().astype(np.float64)
    w, P = rnn.readout.astype(np.float64), np.eye(neurons) / rule.regularisation
    validation = task.sample(N_VALIDATION, derived_seed(seed, "validation trials"))

    def network() -> RNN:
        J = start + m @ w.T / neurons
        return rnn.replace(connectivity=FullRank(J.astype(rnn.dtype), rnn.connectivity.dense()),
                           readout=w)  # fmt: skip

    losses: list[float] = []
    evaluated: list[int] = []
    changes: list[tuple[Array, Array, Array]] = []
    metrics: dict[str, list[float]] = {"accuracy": [], "validation_loss": []}
    while True:
        score = score_on(network(), task, validation, derived_seed(seed, "validation trials", 1))
        evaluated.append(len(losses))
        metrics["accuracy"].append(score.accuracy)
        metrics["validation_loss"].append(score.loss)
        changes.append(leading(m @ w.T / neurons))
        if progress is not None and losses:
            progress(len(losses), float(np.mean(losses[-every:])), score.accuracy)
        if len(losses) >= trials:
            break
        block = task.sample(min(every, trials - len(losses)),
                            derived_seed(seed, "training trials", len(losses)))  # fmt: skip
        for k in range(len(block)):
            counts = block.mask[k] > 0
            target = block.targets[k].astype(np.float64)
            z = force_trial(
                start, m, w, P, block.inputs[k] @ rnn.inputs.T.astype(np.float64), target, counts,
                rnn.initial_state.astype(np.float64), alpha=rnn.alpha,
                nonlinearity=rnn.nonlinearity, every=rule.every, bias=rnn.bias.astype(np.float64),
            )  # fmt: skip
            losses.append(float(np.mean((z - target)[counts] ** 2)))
    left, right, norm = (np.stack(part) for part in zip(*changes, strict=True))
    history = History(
        loss=np.array(losses),
        learning_rate=np.zeros(len(losses)),
        evaluated=np.array(evaluated),
        metrics={name: np.array(values) for name, values in metrics.items()},
        start={"J": rnn.connectivity.dense()},
        J=WeightChanges(left, right, norm),
    )
    return Trained(network(), history)
