"""What a fit is given, as arrays that are known to be sound."""

from dataclasses import dataclass
from functools import cached_property

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

    @cached_property
    def extremes(self) -> tuple[float, float]:
        """The smallest and the largest activity that was observed; NaN if none was."""
        return _extremes(self.activity)

    def select(self, trials: NDArray[np.integer], neurons: NDArray[np.integer]) -> "Data":
        """The chosen trials and neurons."""
        return Data(self.activity[trials][:, :, neurons], self.inputs[trials], self.dt)


def as_data(X: Recording | ArrayLike, inputs: ArrayLike | None, dt: float) -> Data:
    """Arrays of a recording, or of what was given in its place.

    Raises
    ------
    InputError
        If shapes disagree, inputs come twice, or values are too large for single precision.
    """
    if isinstance(X, Recording):
        if inputs is not None:
            raise InputError("inputs were given beside a Recording: give those of the recording")
        inputs, dt = X.inputs, X.bin_width
        activity = X.rates
    else:
        activity = check_array("rates", X, ("trial", "time", "neuron"), finite=False)
    trials, steps, _ = activity.shape
    if inputs is None:
        inputs = np.zeros((trials, steps, 0))
    elif np.shape(inputs)[2:] != (0,):
        inputs = check_array("inputs", inputs, (trials, steps, "input"))
    for field, values in (("rates", activity), ("inputs", np.asarray(inputs))):
        low, high = _extremes(values)
        largest = max(-low, high)
        if largest > _LARGEST:
            raise InputError(f"{field} go up to {largest:.3g}: scale them to below {_LARGEST:g}")
    # Without a copy where none is needed: torch wants arrays that can be written to.
    activity = np.require(activity, np.float32, ["C", "W"])
    return Data(activity, np.asarray(inputs, np.float32), dt)


def check_dynamics(data: Data) -> None:
    """Refuse activity that says nothing of dynamics.

    Raises
    ------
    InputError
        If it was not observed, never changes, or has a single bin.
    """
    if data.activity.shape[1] < 2:
        raise InputError("rates have 1 bin a trial: give at least 2, for dynamics to be seen")
    low, high = data.extremes
    if np.isnan(low):
        raise InputError("rates are NaN throughout: give at least one observed value")
    if high - low < _SMALLEST:
        raise InputError(f"rates are {low:.3g} throughout: give activity that changes")


def check_range(data: Data, nonlinearity: str, on: str) -> None:
    """Refuse rates that the nonlinearity cannot give, beyond what noise may add to them."""
    low, high = _RANGE[nonlinearity]
    lowest, highest = data.extremes
    margin = 0.2 * max(1.0, highest if high == np.inf else high)
    if on == "rates" and not low - margin <= lowest <= highest <= high + margin:
        raise InputError(
            f"rates go from {lowest:.3g} to {highest:.3g}, but {nonlinearity} gives {low:g} to"
            f" {high:g}: fit them as states (on='states') or scale them"
        )


def _extremes(values: Array) -> tuple[float, float]:
    """The smallest and the largest value, NaN left out; both NaN if there is no other."""
    if not values.size:
        return np.nan, np.nan
    return float(np.fmin.reduce(values, axis=None)), float(np.fmax.reduce(values, axis=None))


def squared_deviations(activity: Array) -> float:
    """Sum of squared deviations of what was observed from its mean, trial by trial in the cache."""
    count, mean, total = 0, 0.0, 0.0
    for trial in activity:
        seen = trial[~np.isnan(trial)].astype(np.float64)
        if len(seen):
            own = seen.mean()
            # Mean and sum of squares of two samples together (Chan, Golub & LeVeque 1983).
            apart, share = own - mean, len(seen) / (count + len(seen))
            total += ((seen - own) ** 2).sum() + apart**2 * share * count
            mean, count = mean + apart * share, count + len(seen)
    return float(total)
