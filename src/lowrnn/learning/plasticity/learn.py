"""Learning of a task by a plasticity rule."""

import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from lowrnn.errors import InputError, check_number
from lowrnn.learning.initial import initial_network
from lowrnn.learning.plasticity.course import Course
from lowrnn.learning.plasticity.force import Force
from lowrnn.learning.plasticity.force_learning import learn_by_force
from lowrnn.learning.plasticity.named import RULES
from lowrnn.learning.plasticity.rule import PlasticityRule
from lowrnn.learning.plasticity.synapses import (
    DenseSynapses,
    FactoredSynapses,
    Synapses,
    VectorSynapses,
)
from lowrnn.learning.score import evaluate
from lowrnn.learning.seeds import check_seed
from lowrnn.learning.train import Progress, Trained
from lowrnn.networks import RNN, structured_part
from lowrnn.networks.threads import one_thread
from lowrnn.tasks import Task


def simulate_learning(
    rule: str | PlasticityRule | Force,
    rnn: RNN,
    task: Task,
    trials: int = 6400,
    *,
    on: str = "J",
    batch_size: int = 32,
    evaluate_every: int = 50,
    target_accuracy: float | None = None,
    keep_best: bool | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Trained:
    """Let a network learn a task by a plasticity rule.

    Each update follows a batch of new trials, all from the initial state. Input weights stay;
    the readout too, unless the rule moves it.

    Parameters
    ----------
    rule : str, PlasticityRule or Force
        A name in `RULES`, or a rule of your own.
    rnn : RNN
        Where to start. Its dtype is the precision of the simulation.
    task : Task
        The task, of the same inputs, outputs and time step.
    trials : int
        How many trials to show; the last batch is left out if it is not full.
    on : {"J", "mn"}
        What learns: the recurrent matrix, with no limit on the rank of its change, or the vectors
        of a low-rank network.
    batch_size : int
        Trials of each update; 1 for an update after every trial.
    evaluate_every : int
        Updates between evaluations, on 200 other trials.
    target_accuracy : float, optional
        Stop once an evaluation finds at least this.
    keep_best : bool, optional
        Whether to return the network of the evaluation with the lowest loss rather than the last;
        by default so for rules with a third factor.
    seed : int
        Determines trials, noise, perturbations and random feedback.
    progress : callable, optional
        As for `train`.

    Returns
    -------
    Trained
        The network, and the history that gradient training leaves: `history.changes` holds the
        change of `J` as factors at each evaluation.

    Raises
    ------
    InputError
        If the rule is unknown, the network does not fit the task, a setting is out of range, or
        activity or weights stop being finite.
    """
    found = _rule(rule)
    check_seed(seed)
    _check(rnn, task, trials, on, batch_size, evaluate_every)
    with one_thread():
        if isinstance(found, Force):
            return learn_by_force(
                found, rnn, task, trials, batch_size * evaluate_every, seed, progress
            )
        synapses = _synapses(found, rnn, on, batch_size * task.conditions().mask.shape[1])
        course = Course(found, rnn, task, synapses, batch_size, seed)
        best_loss = course.evaluate().loss
        best = course.network
        keep_best = found.modulator != "none" if keep_best is None else keep_best
        updates = max(1, trials // batch_size)
        while len(course.losses) < updates:
            for _ in range(min(evaluate_every, updates - len(course.losses))):
                course.update()
            if not (np.isfinite(course.losses[-1]) and _finite(synapses)):
                raise InputError(
                    f"activity or weights are not finite after {len(course.losses)} updates: lower"
                    " the rate of the rule, or add decay"
                )
            score = course.evaluate()
            if not keep_best or score.loss <= best_loss:
                best_loss, best = score.loss, course.network
            if progress is not None:
                recent = float(np.mean(course.losses[-evaluate_every:]))
                progress(len(course.losses), recent, score.accuracy)
            if target_accuracy is not None and score.accuracy >= target_accuracy:
                best = course.network
                break
        return Trained(best, course.history())


@dataclass(frozen=True)
class RuleOutcome:
    """What `learn_by_rule` found.

    Attributes
    ----------
    task, rule : str
        Their names; the terms of a rule of your own.
    accuracy, loss : float
        On 1000 new trials.
    trials : int
        Trials shown.
    norm_dw : float
        Frobenius norm of the change of `J`.
    participation_ratio : float
        `(Σ s²)² / Σ s⁴` of the singular values of the change; NaN if there is none.
    seconds : float
        Time of learning.
    """

    task: str
    rule: str
    accuracy: float
    loss: float
    trials: int
    norm_dw: float
    participation_ratio: float
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """The same as plain data, for JSON."""
        return asdict(self)


def learn_by_rule(
    rule: str | PlasticityRule | Force,
    task: Task,
    *,
    neurons: int = 128,
    rank: int | None = None,
    on: str = "J",
    g: float = 0.9,
    seed: int = 0,
    **settings: Any,
) -> tuple[RuleOutcome, Trained]:
    """Let a new network learn a task by a rule, and sum up what became of it.

    Parameters
    ----------
    rule, task, on, seed
        As for `simulate_learning`.
    neurons : int
        Number of neurons N.
    rank : int, optional
        Rank of the network to start from; by default its matrix is random and full.
    g : float
        Strength of a full-rank matrix.
    **settings
        Further arguments of `simulate_learning`.

    Raises
    ------
    InputError
        As `initial_network` and `simulate_learning`.
    """
    rnn = initial_network(task, neurons, rank, g=g, noise_std=0.0, seed=seed)
    began = time.perf_counter()
    trained = simulate_learning(rule, rnn, task, on=on, seed=seed, **settings)
    seconds = time.perf_counter() - began
    score = evaluate(trained.rnn, task, seed=seed)
    change = trained.rnn.connectivity.dense() - rnn.connectivity.dense()
    squares = np.linalg.svd(change.astype(np.float64), compute_uv=False) ** 2
    total = float(squares.sum())
    batch = settings.get("batch_size", 32)
    outcome = RuleOutcome(
        task=task.name,
        rule=rule if isinstance(rule, str) else str(rule),
        accuracy=score.accuracy,
        loss=score.loss,
        trials=len(trained.history.loss) * (1 if isinstance(_rule(rule), Force) else batch),
        norm_dw=total**0.5,
        participation_ratio=total**2 / float(np.sum(squares**2)) if total else float("nan"),
        seconds=seconds,
    )
    return outcome, trained


def _rule(rule: str | PlasticityRule | Force) -> PlasticityRule | Force:
    """A rule by name, or as it is."""
    if not isinstance(rule, str):
        return rule
    if rule not in RULES:
        raise InputError(f"rule is {rule!r}: choose among {', '.join(RULES)}")
    return RULES[rule]


def _check(rnn: RNN, task: Task, trials: int, on: str, batch_size: int, every: int) -> None:
    """Refuse what does not fit."""
    for what, found, wanted in (
        ("inputs", rnn.inputs.shape[1], task.n_inputs),
        ("outputs", rnn.readout.shape[1], task.n_outputs),
        ("dt", rnn.dt, task.dt),
    ):
        if found != wanted:
            raise InputError(
                f"{what} of the network is {found}, of the task {wanted}: make them equal, for"
                " example with initial_network"
            )
    for field, count in (("batch_size", batch_size), ("evaluate_every", every)):
        check_number(field, count, at_least=1)
    check_number("trials", trials, at_least=batch_size)
    if on not in ("J", "mn"):
        raise InputError(f"on is {on!r}: choose 'J' or 'mn'")


def _synapses(rule: PlasticityRule, rnn: RNN, on: str, columns: int) -> Synapses:
    """Vectors; or a change of J as factors where that is cheaper than as a matrix, else dense."""
    if on == "mn":
        return VectorSynapses(rnn)
    few = columns <= rnn.neurons // 4 and structured_part(rnn.connectivity) is not None
    if few and rule.factorable and not rule.momentum and rule.norm_clip is None:
        return FactoredSynapses(rnn)
    return DenseSynapses(rnn)


def _finite(synapses: Synapses) -> bool:
    """Whether all weights are numbers."""
    return all(part is None or bool(np.isfinite(part).all()) for part in synapses.matrices)
