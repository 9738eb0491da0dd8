"""What was recorded: activity of neurons over trials, with what the animal was shown."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array
from lowrnn.recordings import netcdf, npz, preprocess
from lowrnn.recordings.arrays import known
from lowrnn.recordings.preprocess import Array, Scaling


@dataclass(frozen=True, eq=False)
class Recording:
    """Activity of neurons, aligned to an event of each trial and divided into bins.

    Methods leave a recording as it is and return a new one. A neuron that never fires, or that
    never changes, is kept until you leave it out: it carries no variance, so it neither helps nor
    hurts a fit, and dropping it silently would break the match with your own list of neurons.

    Parameters
    ----------
    rates : array (trial, time, neuron)
        Activity; NaN = not observed. After `average`, one "trial" is one condition.
    bin_width : float
        Duration of a bin in seconds.
    inputs : array (trial, time, input), optional
        What the network is to receive: finite, one column an input. None if there is none.
    input_names : sequence of str, optional
        One name an input; default input_0, input_1, ...
    conditions : pandas.DataFrame, optional
        One row a trial: its variables (contrast, choice, ...).
    neurons : pandas.DataFrame, optional
        One row a neuron: its labels (area, depth, ...).
    start : float
        Time in seconds at which the first bin begins, relative to the event of alignment.
    unit : str
        Unit of the rates: "Hz", "count" (spikes a bin), "a.u.", ...
    sem : array (trial, time, neuron), optional
        Standard error of each rate, known once trials were averaged; NaN = unknown. It gives error
        bars and the ceiling of `explainable_variance`.

    Raises
    ------
    InputError
        If shapes disagree, an axis is empty, nothing was observed or a value is infinite.
    """

    rates: Array
    bin_width: float
    inputs: Array | None = None
    input_names: Sequence[str] = ()
    conditions: pd.DataFrame = field(default_factory=pd.DataFrame)
    neurons: pd.DataFrame = field(default_factory=pd.DataFrame)
    start: float = 0.0
    unit: str = "Hz"
    sem: Array | None = None

    def __post_init__(self) -> None:
        rates = check_array("rates", self.rates, ("trial", "time", "neuron"), finite=False)
        trial, time, neuron = rates.shape
        if np.isnan(rates).all():
            raise InputError("rates are NaN throughout: give at least one observed value")
        if not (np.isfinite(self.bin_width) and self.bin_width > 0):
            raise InputError(f"bin_width is {self.bin_width}: give seconds, above 0")
        if not np.isfinite(self.start):
            raise InputError(f"start is {self.start}: give the time of the first bin in seconds")
        if self.inputs is not None:
            inputs = check_array("inputs", self.inputs, (trial, time, "input"))
            names = tuple(self.input_names) or tuple(f"input_{i}" for i in range(inputs.shape[2]))
            if len(names) != inputs.shape[2]:
                raise InputError(
                    f"input_names has {len(names)} names: give one for each of"
                    f" {inputs.shape[2]} inputs"
                )
            object.__setattr__(self, "inputs", inputs)
            object.__setattr__(self, "input_names", names)
        elif len(self.input_names):
            raise InputError(f"input_names is {list(self.input_names)} without inputs: give both")
        if self.sem is not None:
            sem = check_array("sem", self.sem, rates.shape, finite=False)
            object.__setattr__(self, "sem", sem)
        object.__setattr__(self, "rates", rates)
        object.__setattr__(self, "bin_width", float(self.bin_width))
        object.__setattr__(self, "start", float(self.start))
        object.__setattr__(
            self, "conditions", _table("conditions", self.conditions, trial, "trial")
        )
        object.__setattr__(self, "neurons", _table("neurons", self.neurons, neuron, "neuron"))

    def __repr__(self) -> str:
        trial, time, neuron = self.rates.shape
        inputs = f", inputs {', '.join(self.input_names)}" if self.inputs is not None else ""
        return (
            f"Recording({trial} trials x {time} bins of {self.bin_width:g} s x {neuron} neurons,"
            f" {self.unit}{inputs})"
        )

    @property
    def time(self) -> Array:
        """Centres of the bins (time,), in seconds from the event of alignment."""
        return self.start + (np.arange(self.rates.shape[1]) + 0.5) * self.bin_width

    def select(
        self, trials: ArrayLike | None = None, neurons: ArrayLike | None = None
    ) -> "Recording":
        """Keep some trials and neurons, each given as indices or as one boolean an entry."""
        trial, _, neuron = self.rates.shape
        i = _index("trials", trials, trial)
        j = _index("neurons", neurons, neuron)
        return replace(
            self,
            rates=self.rates[i][:, :, j],
            inputs=None if self.inputs is None else self.inputs[i],
            conditions=self.conditions.iloc[i],
            neurons=self.neurons.iloc[j],
            sem=None if self.sem is None else self.sem[i][:, :, j],
        )

    def window(self, start: float, stop: float) -> "Recording":
        """Keep the bins from `start` to `stop` seconds, to the nearest bin edge.

        Bins outside what was recorded are added as not observed, with inputs 0: so a fitted
        network gets a lead-in that no data constrain.
        """
        first = round((start - self.start) / self.bin_width)
        bins = round((stop - start) / self.bin_width)
        time = self.rates.shape[1]
        if bins < 1 or first >= time or first + bins <= 0:
            raise InputError(
                f"window is [{start}, {stop}]: give seconds that overlap"
                f" [{self.start:g}, {self.start + time * self.bin_width:g}]"
            )

        def cut(values: Array, fill: float) -> Array:
            result = np.full((len(values), bins, values.shape[2]), fill, dtype=values.dtype)
            low, high = max(first, 0), min(first + bins, time)
            result[:, low - first : high - first] = values[:, low:high]
            return result

        return replace(
            self,
            rates=cut(self.rates, np.nan),
            inputs=None if self.inputs is None else cut(self.inputs, 0.0),
            sem=None if self.sem is None else cut(self.sem, np.nan),
            start=self.start + first * self.bin_width,
        )

    def rebin(self, factor: int) -> "Recording":
        """Merge every `factor` successive bins: counts add up, rates and inputs are averaged.

        Bins at the end that do not fill a new bin are left out. Standard errors become unknown.
        """
        if not (isinstance(factor, int) and 1 <= factor <= self.rates.shape[1]):
            raise InputError(f"rebin is {factor}: give a number from 1 to {self.rates.shape[1]}")
        return replace(
            self,
            rates=preprocess.rebin(self.rates, factor, total=self.unit == "count"),
            inputs=None if self.inputs is None else preprocess.rebin(self.inputs, factor),
            bin_width=self.bin_width * factor,
            sem=None,
        )

    def in_hz(self) -> "Recording":
        """Turn counts into rates; a recording in another unit is returned as it is."""
        if self.unit != "count":
            return self
        sem = None if self.sem is None else self.sem / self.bin_width
        return replace(self, rates=self.rates / self.bin_width, sem=sem, unit="Hz")

    def smooth(self, sd: float) -> "Recording":
        """Smooth in time with a Gaussian of standard deviation `sd` s, reflecting at the ends.

        Bins that were not observed stay so. Standard errors become unknown.
        """
        if not (np.isfinite(sd) and sd > 0):
            raise InputError(f"smooth is {sd}: give a standard deviation in seconds, above 0")
        return replace(self, rates=preprocess.smooth(self.rates, sd / self.bin_width), sem=None)

    def square_root(self) -> "Recording":
        """Square roots of the rates, which evens out the variance of Poisson-like counts.

        Standard errors become unknown: take the root before `average`.
        """
        if np.nanmin(self.rates) < 0:
            raise InputError(
                f"rates go down to {np.nanmin(self.rates):g}: take the square root before centring"
            )
        return replace(self, rates=np.sqrt(self.rates), unit=f"sqrt({self.unit})", sem=None)

    def average(self, by: Sequence[str]) -> "Recording":
        """Average the trials of each condition, leaving out what was not observed.

        Parameters
        ----------
        by : sequence of str
            Columns of `conditions` whose combinations make a condition. Trials in which one of them
            is missing are left out.

        Returns
        -------
        Recording
            One "trial" a condition, sorted; `conditions` has the columns `by` and `n_trials`;
            `sem` has the standard errors, NaN where a condition has a single trial.
        """
        groups = self.groups(by)
        table = pd.DataFrame(list(groups), columns=list(by))
        table["n_trials"] = [len(trials) for trials in groups.values()]
        rates, sem = zip(
            *(preprocess.mean_and_error(self.rates[trials]) for trials in groups.values()),
            strict=True,
        )
        inputs = self.inputs
        if inputs is not None:
            inputs = np.stack([inputs[trials].mean(axis=0) for trials in groups.values()])
        return replace(
            self, rates=np.stack(rates), inputs=inputs, conditions=table, sem=np.stack(sem)
        )

    def groups(self, by: Sequence[str]) -> dict[tuple[Any, ...], NDArray[np.intp]]:
        """The trials (indices) of each condition, by its values of the columns `by`, sorted."""
        if isinstance(by, str) or not by:
            raise InputError(f"average by is {by!r}: give a list of at least one condition column")
        for column in by:
            known("average by", column, self.conditions.columns)
        groups = {
            key: trials.index.to_numpy()
            for key, trials in self.conditions.groupby(list(by), sort=True)
        }
        if not groups:
            raise InputError(f"average by {list(by)} leaves no trial: those columns hold no value")
        return groups

    def scale(self, method: Scaling, offset: float = 5.0) -> "Recording":
        """Put neurons on one scale, over all trials and bins.

        Parameters
        ----------
        method : {"zscore", "range", "soft", "poisson"}
            Subtract the mean and divide by the standard deviation; divide by the range; divide by
            the range plus `offset`, so that weak neurons stay weak (Churchland et al. 2012);
            divide by the square root of the mean plus `offset`, the standard deviation of a
            Poisson neuron up to a common factor.
        offset : float
            In the unit of the rates; used by "soft" and "poisson".
        """
        shift, divisor = preprocess.scaling(self.rates, method, offset)
        sem = None if self.sem is None else self.sem / divisor
        unit = "s.d." if method == "zscore" else "a.u."
        return replace(self, rates=(self.rates - shift) / divisor, sem=sem, unit=unit)

    def centre(self, *, condition_independent: bool = False) -> "Recording":
        """Subtract each neuron's mean.

        Parameters
        ----------
        condition_independent : bool
            If False, subtract the mean over trials and time. If True, subtract the mean over trials
            at each time: the signal that all conditions share (Mante et al. 2013).
        """
        if not condition_independent:
            mean = preprocess.nan_mean(self.rates, (0, 1), keepdims=True)
            return replace(self, rates=self.rates - mean)
        sem = self.sem
        if sem is not None:
            # The subtracted mean shares each condition's noise: var(e_c - mean(e)).
            count = np.sum(~np.isnan(self.rates), axis=0)
            with np.errstate(divide="ignore", invalid="ignore"):
                shared = np.where(np.isnan(self.rates), 0.0, sem**2).sum(axis=0) / count**2
                sem = np.sqrt(np.maximum(sem**2 * (1 - 2 / count) + shared, 0.0))
        return replace(self, rates=self.rates - preprocess.nan_mean(self.rates, 0), sem=sem)

    def project(self, components: int) -> "Recording":
        """Denoise: keep the leading principal components of the neurons' activity.

        Components are those of the covariance over all trials and bins (Mante et al. 2013 keep 12).
        Standard errors become unknown.
        """
        return replace(self, rates=preprocess.project(self.rates, components), sem=None)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything as named arrays: what the files of `to_npz` and `to_netcdf` hold."""
        arrays: dict[str, NDArray[Any]] = {
            "rates": self.rates,
            "bin_width": np.asarray(self.bin_width),
            "start": np.asarray(self.start),
            "unit": np.asarray(self.unit),
        }
        if self.inputs is not None:
            arrays |= {"inputs": self.inputs, "input_names": np.asarray(self.input_names)}
        if self.sem is not None:
            arrays["sem"] = self.sem
        for prefix, table in (("condition_", self.conditions), ("neuron_", self.neurons)):
            for name, column in table.items():
                values = column.to_numpy()
                arrays[f"{prefix}{name}"] = values.astype(str) if values.dtype == object else values
        return arrays

    def checksum(self) -> str:
        """SHA-256 of everything in the recording, in hexadecimal: its identity in a report."""
        digest = hashlib.sha256()
        for name, array in sorted(self.arrays().items()):
            digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def to_npz(self, path: str | Path) -> None:
        """Write an NPZ file that `read` opens without a YAML file, whole or not at all."""
        npz.write(path, self.arrays())

    def to_netcdf(self, path: str | Path) -> None:
        """Write a NetCDF file that `read` opens without a YAML file, whole or not at all."""
        netcdf.write(path, self.arrays(), self.time)


def _table(field: str, table: Any, rows: int, row: str) -> pd.DataFrame:
    """The table with rows numbered from 0; an empty one gets its rows."""
    if not isinstance(table, pd.DataFrame):
        raise InputError(f"{field} is a {type(table).__name__}: give a pandas.DataFrame")
    if table.columns.empty:
        return pd.DataFrame(index=pd.RangeIndex(rows))
    if len(table) != rows:
        raise InputError(f"{field} has {len(table)} rows: give one for each of {rows} {row}s")
    return table.reset_index(drop=True)


def _index(field: str, chosen: ArrayLike | None, length: int) -> NDArray[np.intp]:
    """Indices from indices or booleans, checked against the axis."""
    if chosen is None:
        return np.arange(length)
    index = np.asarray(chosen)
    if index.ndim != 1:
        raise InputError(f"{field} has shape {index.shape}: give a list of indices or booleans")
    if index.dtype == bool:
        if len(index) != length:
            raise InputError(f"{field} has {len(index)} booleans: give one for each of {length}")
        index = np.flatnonzero(index)
    if not index.size:
        raise InputError(f"{field} selects nothing: keep at least one of {length}")
    if not np.issubdtype(index.dtype, np.integer):
        raise InputError(f"{field} has dtype {index.dtype}: give indices or booleans")
    if index.min() < -length or index.max() >= length:
        raise InputError(f"{field} reaches {index.max()}: give indices from 0 to {length - 1}")
    return index.astype(np.intp)
