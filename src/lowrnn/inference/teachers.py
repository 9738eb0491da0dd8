"""Teachers that learn by gradient descent from where students start."""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError
from lowrnn.inference.activity_summaries import fixed_frame
from lowrnn.inference.students import learning_course
from lowrnn.inference.summary import Summary
from lowrnn.learning import train
from lowrnn.learning.plasticity.students import Students
from lowrnn.networks import RNN, RandomPlusLowRank, structured_part
from lowrnn.tasks import Task


def gradient_course(
    start: RNN, task: Task, steps: ArrayLike, *, updates: int, learning_rate: float, seed: int = 0
) -> Summary:
    """What gradient descent on a task makes of a network, in the summaries of students.

    `m`, `n` and a random readout learn; input weights stay. The network before learning, after half
    of the updates and after all of them stands where students have their first, middle and last
    epoch, and overlaps and frame are those of the `m` and `n` at the start, as for students.

    Parameters
    ----------
    start : RNN
        Low-rank, with or without a random part, which is drawn anew from `seed`.
    task : Task
        Of the inputs and time step of the network.
    steps : integer array (time,)
        Recorded steps.
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
    low_rank = structured_part(start.connectivity)
    if low_rank is None:
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
    frame = fixed_frame(low_rank.m, start.inputs, np.ones(start.neurons))
    return learning_course(_as_student(networks, low_rank.m, low_rank.n, frame, task, steps))


def _as_student(
    networks: list[RNN],
    m: NDArray[np.floating],
    n: NDArray[np.floating],
    frame: NDArray[np.float64],
    task: Task,
    steps: ArrayLike,
) -> Students:
    """One student, of as many epochs as there are networks."""
    inputs, kept = task.conditions().inputs, np.asarray(steps, np.int64)
    runs = [network.replace(noise_std=0.0).simulate(inputs) for network in networks]
    projections = np.stack([run.x[:, kept] @ frame for run in runs]) / math.sqrt(len(m))
    matrices = [network.connectivity.dense() for network in networks]
    overlap = np.stack([n.T @ J @ m / len(m) for J in matrices])
    norm = np.array([np.linalg.norm(J - matrices[0]) for J in matrices])
    saturation = np.array([np.mean(np.abs(runs[-1].rates) > 0.95)])
    return Students(
        projections[None], np.stack([run.z[:, kept] for run in runs])[None], overlap[None],
        norm[None], saturation, np.zeros(1, np.int64), frame, kept,
    )  # fmt: skip
