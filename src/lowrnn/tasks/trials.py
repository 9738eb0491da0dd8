"""What a network is shown and asked for, as arrays."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lowrnn.errors import InputError, check_array, check_number


@dataclass(frozen=True, eq=False)
class Trials:
    """A set of trials of a task.

    Parameters
    ----------
    inputs : array (trial, time, input)
        What the network receives.
    targets : array (trial, time, output)
        What its readout should be.
    mask : array (trial, time)
        1 where the target counts, 0 elsewhere. Each trial needs at least one step that counts;
        a trial that ends early is padded with steps that do not count.
    conditions : pandas.DataFrame
        One row a trial: the variables that define it (coherence, context, ...).
    dt : float
        Duration of a time step in seconds.

    Raises
    ------
    InputError
        If shapes disagree, values are not finite, or a trial's mask is empty or not 0 or 1.
    """

    inputs: NDArray[np.floating]
    targets: NDArray[np.floating]
    mask: NDArray[np.floating]
    conditions: pd.DataFrame
    dt: float

    def __post_init__(self) -> None:
        inputs = check_array("inputs", self.inputs, ("trial", "time", "input"))
        trial, time, _ = inputs.shape
        targets = check_array("targets", self.targets, (trial, time, "output"))
        mask = check_array("mask", self.mask, (trial, time))
        if not np.isin(mask, (0, 1)).all():
            other = mask[~np.isin(mask, (0, 1))][0]
            raise InputError(f"mask holds {other}: give 1 where the target counts and 0 elsewhere")
        empty = np.flatnonzero(~mask.any(axis=1))
        if empty.size:
            raise InputError(f"mask is empty in trial {empty[0]}: mark the steps that count with 1")
        if not isinstance(self.conditions, pd.DataFrame):
            found = type(self.conditions).__name__
            raise InputError(f"conditions is a {found}: give a pandas.DataFrame, one row a trial")
        if len(self.conditions) != trial:
            raise InputError(
                f"conditions has {len(self.conditions)} rows: give one for each of {trial} trials"
            )
        object.__setattr__(self, "inputs", inputs)
        object.__setattr__(self, "targets", targets)
        object.__setattr__(self, "mask", mask)
        object.__setattr__(self, "conditions", self.conditions.reset_index(drop=True))
        object.__setattr__(self, "dt", check_number("dt (in seconds)", self.dt, above=0))

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, trials: NDArray[np.integer] | slice) -> "Trials":
        """The chosen trials, given as an index array, a boolean array or a slice."""
        return Trials(
            self.inputs[trials],
            self.targets[trials],
            self.mask[trials],
            self.conditions.iloc[trials],
            self.dt,
        )
