"""What a fit over trials is given beside activity and inputs: which trial is which."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array
from lowrnn.fitting.data import Data, as_data
from lowrnn.recordings import Recording
from lowrnn.recordings.arrays import known

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Trials:
    """Activity with the condition, number and epoch of each trial.

    Attributes
    ----------
    data : Data
        Activity (trial, time, neuron), inputs and time step.
    conditions : integer array (trial,)
        Counted from 0, without gaps.
    ids : array (trial,)
        Numbers of the trials in the session.
    epochs : integer array (trial,) or None
        None where factors shall not jump.
    start : float
        Time in seconds at which the first bin begins.
    counts_per_unit : float
        Spikes in a bin for each unit of the activity.
    """

    data: Data
    conditions: NDArray[np.intp]
    ids: NDArray[np.float64]
    epochs: NDArray[np.intp] | None
    start: float
    counts_per_unit: float

    @property
    def count(self) -> int:
        """Number of conditions."""
        return int(self.conditions.max()) + 1

    def basis(self, window: tuple[float, float] | None, functions: int) -> NDArray[np.float32]:
        """Time courses of learned inputs within a window in seconds, (time, function).

        By default the window ends at time 0, or with the trial if that is before its first bin.
        One function is constant; several are squared cosines that sum to 1.
        """
        steps, dt = self.data.activity.shape[1], self.data.dt
        centres = self.start + (np.arange(steps) + 0.5) * dt
        if window is None:
            window = (self.start, 0.0 if self.start < -dt / 2 else self.start + steps * dt)
        begin, end = window
        within = (centres > begin) & (centres < end)
        if not within.any():
            raise InputError(
                f"input_window is {tuple(window)}: give seconds that overlap"
                f" [{self.start:g}, {self.start + steps * dt:g}]"
            )
        if functions == 1:
            return within[:, None].astype(np.float32)
        place = (centres - begin) / (end - begin) * (functions - 1)
        apart = np.clip(place[:, None] - np.arange(functions), -1, 1)
        return np.asarray(np.cos(np.pi / 2 * apart) ** 2 * within[:, None], np.float32)


def as_trials(
    X: Recording | ArrayLike,
    inputs: ArrayLike | None,
    conditions: ArrayLike | None,
    trial_ids: ArrayLike | None,
    epochs: ArrayLike | None,
    dt: float,
) -> Trials:
    """The arrays of a fit over trials, checked; see `LTRNN.fit`."""
    data = as_data(X, inputs, dt)
    table = X.conditions if isinstance(X, Recording) else None
    trials = len(data.activity)
    if conditions is None:
        # Trials of the same inputs; without inputs, all of them.
        flat = data.inputs.reshape(trials, -1)
        of = np.unique(flat, axis=0, return_inverse=True)[1] if flat.size else np.zeros(trials, int)
    else:
        of = _labels("conditions", conditions, table, trials)
    if trial_ids is None:
        ids = np.arange(trials, dtype=np.float64)
    else:
        values = _column("trial_ids", trial_ids, table)
        ids = check_array("trial_ids", values, (trials,), dtype=np.float64)
    return Trials(
        data=data,
        conditions=np.asarray(of, np.intp),
        ids=ids,
        epochs=None if epochs is None else _labels("epochs", epochs, table, trials),
        start=X.start if isinstance(X, Recording) else 0.0,
        counts_per_unit=data.dt if isinstance(X, Recording) and X.unit == "Hz" else 1.0,
    )


def _column(field: str, given: ArrayLike, table: pd.DataFrame | None) -> Any:
    """The values of a column of the recording, if a name was given."""
    if not isinstance(given, str):
        return given
    if table is None:
        raise InputError(f"{field} is {given!r} but there is no Recording: give one value a trial")
    known(field, given, table.columns)
    return table[given].to_numpy()


def _labels(
    field: str, given: ArrayLike, table: pd.DataFrame | None, trials: int
) -> NDArray[np.intp]:
    """Labels of any kind, counted from 0."""
    values = np.asarray(_column(field, given, table))
    if values.shape != (trials,):
        raise InputError(
            f"{field} has shape {values.shape}: give one label for each of {trials} trials"
        )
    codes, _ = pd.factorize(values, sort=True)
    if codes.min() < 0:
        raise InputError(f"{field} is missing for trial {int(codes.argmin())}: give it a label")
    return np.asarray(codes, np.intp)
