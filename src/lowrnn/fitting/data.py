"""What a fit is given, as arrays that are known to be sound."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array
from lowrnn.recordings import Recording

Array = NDArray[np.floating]

#: The rates that a nonlinearity can give.
_RANGE = {
    "tanh": (-1.0, 1.0),
    "erf": (-1.0, 1.0),
    "relu": (0.0, np.inf),
    "softplus": (0.0, np.inf),
    "identity": (-np.inf, np.inf),
}

#: What single precision can fit: values up to the first, that differ by the second.
_LARGEST, _SMALLEST = 1e6, 1e-9


@dataclass(frozen=True)
class Data:
    """Activity (trial, time, neuron), inputs (trial, time, input) and the time step in seconds."""

    activity: Array
    inputs: Array
    dt: float

    def select(self, trials: NDArray[np.integer], neurons: NDArray[np.integer]) -> "Data":
        """The chosen trials and neurons."""
        return Data(self.activity[trials][:, :, neurons], self.inputs[trials], self.dt)


def as_data(X: Recording | ArrayLike, inputs: ArrayLike | None, dt: float) -> Data:
    """Arrays of a recording, or of what was given in its place.

    Raises
    ------
    InputError
        If shapes disagree, inputs come twice, or the activity says nothing of dynamics: it was not
        observed, never changes, or has a single bin.
    """
    if isinstance(X, Recording):
        if inputs is not None:
            raise InputError("inputs were given beside a Recording: give those of the recording")
        inputs, dt = X.inputs, X.bin_width
        activity = X.rates
    else:
        activity = check_array("rates", X, ("trial", "time", "neuron"), finite=False)
    if np.isnan(activity).all():
        raise InputError("rates are NaN throughout: give at least one observed value")
    trials, steps, _ = activity.shape
    if steps < 2:
        raise InputError("rates have 1 bin a trial: give at least 2, for dynamics to be seen")
    low, high = np.nanmin(activity), np.nanmax(activity)
    if high - low < _SMALLEST:
        raise InputError(f"rates are {low:.3g} throughout: give activity that changes")
    if inputs is None:
        inputs = np.zeros((trials, steps, 0))
    elif np.shape(inputs)[2:] != (0,):
        inputs = check_array("inputs", inputs, (trials, steps, "input"))
    for field, values in (("rates", activity), ("inputs", np.asarray(inputs))):
        largest = np.nanmax(np.abs(values), initial=0.0)
        if largest > _LARGEST:
            raise InputError(f"{field} go up to {largest:.3g}: scale them to below {_LARGEST:g}")
    return Data(activity.astype(np.float32), np.asarray(inputs, np.float32), dt)


def check_range(activity: Array, nonlinearity: str, on: str) -> None:
    """Refuse rates that the nonlinearity cannot give, beyond what noise may add to them."""
    low, high = _RANGE[nonlinearity]
    found = float(np.nanmin(activity)), float(np.nanmax(activity))
    margin = 0.2 * max(1.0, found[1] if high == np.inf else high)
    if on == "rates" and not low - margin <= found[0] <= found[1] <= high + margin:
        raise InputError(
            f"rates go from {found[0]:.3g} to {found[1]:.3g}, but {nonlinearity} gives {low:g} to"
            f" {high:g}: fit them as states (on='states') or scale them"
        )
