"""Flexible timing: intervals that a network produces, and how its input sets its speed."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array, check_number
from lowrnn.networks import RNN
from lowrnn.tasks.cue_set_go import CueSetGo

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TimingCurve:
    """What a network makes of cues, those that it was trained on and others.

    Attributes
    ----------
    cue : array (cue,)
        Amplitudes.
    produced : array (cue,)
        Seconds; NaN where the output does not reach the threshold. See `TimingTask`.
    speed : array (cue,)
        Mean speed of the latents in the second half of the time from Set to the threshold, or to
        the end where that is not reached: `|dkappa/dt|` per second, or `|dx/dt| / √N` for a
        full-rank network.
    trained : array of bool (cue,)
        Whether the amplitude lies within the range of those of the task.
    """

    cue: Array
    produced: Array
    speed: Array
    trained: NDArray[np.bool_]


def speed(states: ArrayLike, dt: float) -> Array:
    """How fast a trajectory moves along its manifold.

    Parameters
    ----------
    states : array (trial, time, coordinate)
        Such as `Trajectory.kappa`.
    dt : float
        Duration of a time step in seconds.

    Returns
    -------
    array (trial, time - 1)
        `|dkappa/dt|` in units of the coordinates per second, between successive steps.

    Raises
    ------
    InputError
        If there are fewer than two steps.
    """
    values = check_array("states", states, ("trial", "time", "coordinate"), dtype=np.float64)
    if values.shape[1] < 2:
        raise InputError("states has 1 time step: give at least 2")
    step = np.diff(values, axis=1) / check_number("dt", dt, above=0)
    return np.asarray(np.linalg.norm(step, axis=2))


def timing_curve(rnn: RNN, task: CueSetGo, cues: ArrayLike, *, longest: float = 4.0) -> TimingCurve:
    """The intervals that cues inside and outside of the trained range lead to.

    Networks of low rank go on beyond it, for a cue sets the speed along one and the same manifold;
    unconstrained ones tend to the nearest trained interval (Beiran et al. 2023).

    Parameters
    ----------
    rnn : RNN
        A network trained on the task. Its noise is left out.
    task : CueSetGo
        Says when Set comes, and what the trained cues are.
    cues : array (cue,)
        Amplitudes of the tonic input to try.
    longest : float
        Seconds after Set for which the network is observed.

    Raises
    ------
    InputError
        If the network does not fit the task or a value is out of range.
    """
    amplitudes = check_array("cues", cues, ("cue",), dtype=np.float64)
    check_number("longest", longest, above=0)
    wanted = (task.n_inputs, task.n_outputs)
    if (rnn.inputs.shape[1], rnn.readout.shape[1]) != wanted:
        raise InputError(
            f"rnn has {rnn.inputs.shape[1]} inputs and {rnn.readout.shape[1]} outputs: give a"
            f" network for this task, with {wanted[0]} and {wanted[1]}"
        )
    probe = replace(
        task, intervals=(longest,) * len(amplitudes), cue_amplitudes=tuple(amplitudes.tolist()),
        jitter=0.0,
    )  # fmt: skip
    trials = probe.generate(probe.grid(), None)
    run = rnn.replace(noise_std=0.0).simulate(trials.inputs)
    produced = probe.produced_intervals(run.z, trials)
    states = run.kappa if rnn.rank else run.x / np.sqrt(rnn.neurons)
    moving = speed(states, task.dt)
    since = task.dt * np.arange(moving.shape[1]) - task.set_time
    share = (task.threshold + task.target_amplitude) / (2 * task.target_amplitude)
    crossing = np.where(np.isnan(produced), longest, share * produced)[:, None]
    # By then the response to the pulse itself has decayed.
    counted = (since >= crossing / 2) & (since < crossing)
    mean = np.where(counted, moving, 0).sum(axis=1) / np.maximum(counted.sum(axis=1), 1)
    low, high = min(task.cue_amplitudes), max(task.cue_amplitudes)
    # Rounding: an amplitude of the task itself is within.
    trained = (amplitudes >= low - 1e-12) & (amplitudes <= high + 1e-12)
    return TimingCurve(amplitudes, produced, mean, trained)
