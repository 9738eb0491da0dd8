"""Teachers: networks that learn by gradient descent, and what is seen of any course of networks."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lowrnn.errors import InputError
from lowrnn.inference.students import compared, course_of, frame_of
from lowrnn.inference.summary import Summary
from lowrnn.learning import evaluate, train
from lowrnn.networks import RNN, RandomPlusLowRank, structured_part
from lowrnn.tasks import Task


def gradient_networks(
    start: RNN, task: Task, *, updates: int, learning_rate: float, seed: int = 0
) -> tuple[RNN, ...]:
    """What gradient descent on a task makes of a network: before, half way and after.

    `m`, `n` and a random readout learn; input weights stay.

    Parameters
    ----------
    start : RNN
        Low-rank, with or without a random part, which is drawn anew from `seed`.
    task : Task
        Of the inputs and time step of the network.
    updates : int
        Gradient updates, at least 2.
    learning_rate : float
        Adam's, constant.
    seed : int
        Determines readout, random part and trials.

    Raises
    ------
    InputError
        If the network has full rank, there is too little to do, or for the reasons of `train`.
    """
    if structured_part(start.connectivity) is None:
        raise InputError("connectivity is full-rank: give a low-rank start, with a random part")
    if updates < 2:
        raise InputError(f"updates is {updates}: give at least 2")
    if not math.isclose(start.dt, task.dt, rel_tol=1e-9):
        raise InputError(
            f"alpha is {start.alpha:g}, steps of {start.dt:g} s, and {task.name} has steps of"
            f" {task.dt:g} s: give alpha {task.dt / start.tau:g}"
        )
    readout = np.random.default_rng([seed, 11]).standard_normal((start.neurons, task.n_outputs))
    rnn = start.replace(readout=readout.astype(start.dtype), dt=task.dt)
    if isinstance(rnn.connectivity, RandomPlusLowRank):
        rnn = rnn.replace(connectivity=replace(rnn.connectivity, seed=seed))
    networks = [rnn]
    for part in (updates // 2, updates - updates // 2):
        trained = train(
            networks[-1], task, updates=part, learning_rate=learning_rate, schedule="constant",
            trained=("m", "n", "w"), seed=seed + len(networks) - 1,
        )  # fmt: skip
        networks.append(trained.rnn)
    return tuple(networks)


def network_course(
    networks: Sequence[RNN], u: ArrayLike, steps: ArrayLike, *, middle: bool = True
) -> Summary:
    """A course of networks in the summary of students, `learning_course`.

    The first network, that in the middle and the last one stand where students have their epochs.
    All run from their own initial state without noise. The frame, and the `m` and `n` of the
    overlaps, are those of the first network, from which students start.

    Parameters
    ----------
    networks : sequence of RNN
        At least 2, of the same neurons; the first is low-rank, with or without a random part.
    u : array (condition, time, input)
        What they are shown.
    steps : integer array (time,)
        Recorded steps.
    middle : bool
        Whether the network in the middle is one of those compared.
    """
    start, kept = networks[0], compared(len(networks), middle)
    low_rank = structured_part(start.connectivity)
    assert low_rank is not None
    shown, axes = np.asarray(steps, np.int64), frame_of(start) / math.sqrt(start.neurons)
    chosen = [networks[index].replace(noise_std=0.0) for index in kept]
    projections = np.stack([rnn.simulate(u).x[:, shown] @ axes for rnn in chosen])
    J = chosen[-1].connectivity.dense()
    overlap = low_rank.n.T @ J @ low_rank.m / start.neurons
    return course_of(projections[None], overlap[None], shown, kept)


def learned(networks: Sequence[RNN], task: Task | None) -> dict[str, Any]:
    """How much a teacher changed, and how well it does a task before and after.

    Parameters
    ----------
    networks : sequence of RNN
        From before learning to after it.
    task : Task, optional
        What to score; without it, or without a readout of its outputs, there are no accuracies.

    Returns
    -------
    dict
        `change`, the Frobenius norm of the change of J over that of the low-rank part at the start;
        `accuracy_before` and `accuracy_after` on 1000 trials.
    """
    first, last = networks[0], networks[-1]
    low_rank = structured_part(first.connectivity)
    assert low_rank is not None
    change = np.linalg.norm(last.connectivity.dense() - first.connectivity.dense())
    size = np.linalg.norm(low_rank.dense())
    found: dict[str, Any] = {"change": float(change / size) if size else None}
    if task is not None and {rnn.readout.shape[1] for rnn in (first, last)} == {task.n_outputs}:
        found["accuracy_before"] = evaluate(first, task).accuracy
        found["accuracy_after"] = evaluate(last, task).accuracy
    return found
