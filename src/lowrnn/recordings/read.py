"""From a data file, or the YAML file that describes it, to a Recording."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lowrnn.errors import InputError, check_array
from lowrnn.recordings.arrays import Arrays, Axes, known
from lowrnn.recordings.mat import open_mat
from lowrnn.recordings.netcdf import open_netcdf
from lowrnn.recordings.npz import open_npz
from lowrnn.recordings.nwb import open_nwb
from lowrnn.recordings.preprocess import nan_mean
from lowrnn.recordings.recording import Recording
from lowrnn.recordings.spec import RecordingSpec, read_spec
from lowrnn.recordings.variables import array_inputs, chosen, derive, held_inputs

_FORMATS = {
    ".npz": "npz",
    ".mat": "mat",
    ".nc": "netcdf",
    ".nc4": "netcdf",
    ".cdf": "netcdf",
    ".netcdf": "netcdf",
    ".nwb": "nwb",
}


def read(path: str | Path, *, file: str | Path | None = None, average: bool = True) -> Recording:
    """Read a recording and prepare it as its YAML file says.

    Steps, in this order: `derive` new trial variables; `keep` trials and neurons; cut the `window`;
    turn counts into Hz; drop neurons under `keep.min_rate` (mean over what is left); make `inputs`;
    then `preprocess`: rebin, smooth, square_root, average, scale, centre, components.

    Parameters
    ----------
    path : path
        A YAML file (see `RecordingSpec`), or a data file whose arrays have the default names:
        `rates` (trial, time, neuron), `bin_width`, and where there are any `start`, `unit`,
        `inputs` (trial, time, input), `input_names`, `sem`, `condition_<name>` (trial,),
        `neuron_<name>` (neuron,). That is what `Recording.to_npz` writes.
    file : path, optional
        Read the data from here instead of where the YAML file says.
    average : bool
        If False, stop before averaging over conditions, scaling and what follows: single trials,
        for `noise_ceiling`.

    Returns
    -------
    Recording

    Raises
    ------
    InputError
        If a file is missing or damaged, or something in it does not fit the specification.
    """
    path = Path(path)
    is_spec = path.suffix.lower() in {".yaml", ".yml"}
    spec = read_spec(path) if is_spec else RecordingSpec(file=path)
    if file is not None:
        spec = spec.model_copy(update={"file": Path(file)})
    if not spec.file.is_file():
        raise InputError(f"file is {spec.file}, which is not there: check the path")
    with _open(spec) as arrays:
        recording = _assemble(spec, arrays)
    return _preprocess(spec, recording, average)


def _open(spec: RecordingSpec) -> AbstractContextManager[Arrays]:
    """Open the data file with the reader of its format."""
    kind = spec.format or _FORMATS.get(spec.file.suffix.lower())
    if kind == "nwb":
        if spec.align is None or spec.window is None or isinstance(spec.bin_width, str):
            raise InputError(
                "NWB needs align (a column of the trials table), window and bin_width in seconds:"
                " say them in a YAML file"
            )
        return open_nwb(spec.file, spec.align, spec.window, spec.bin_width)
    if spec.align is not None:
        raise InputError(f"align is {spec.align!r}, but only NWB is aligned here: leave it out")
    openers = {"npz": open_npz, "mat": open_mat, "netcdf": open_netcdf}
    if kind is None:
        raise InputError(
            f"file is {spec.file}, of unknown format {spec.file.suffix!r}: give one of"
            f" {', '.join(_FORMATS)}, or say format: npz, mat, netcdf or nwb in a YAML file"
        )
    return openers[kind](spec.file)


def _assemble(spec: RecordingSpec, arrays: Arrays) -> Recording:
    """The kept trials and neurons in the window, with their inputs."""
    rates = _activity("rates.array", spec.rates.array, spec.rates.axes, arrays)
    trial, time, neuron = rates.shape
    variables = _variables("conditions", spec.conditions, arrays, "condition_", trial)
    variables = derive(spec.derive, variables)
    labels = _variables("neurons", spec.neurons, arrays, "neuron_", neuron)
    trials = chosen("keep.trials", spec.keep.trials, variables)
    neurons = chosen("keep.neurons", spec.keep.neurons, labels)
    sem = None
    if "sem" in arrays:
        sem = _activity("sem", "sem", spec.rates.axes, arrays)
        sem = check_array("sem", sem, rates.shape, finite=False)[trials][:, :, neurons]
    inputs, names = _inputs(spec, arrays, trial, time)
    recording = Recording(
        rates[trials][:, :, neurons],
        bin_width=_seconds("bin_width", spec.bin_width, arrays),
        inputs=None if inputs is None else inputs[trials],
        input_names=names,
        conditions=variables[trials],
        neurons=labels[neurons],
        start=_seconds("start", spec.start, arrays),
        unit=_unit(spec, arrays),
        sem=sem,
    )
    if spec.rates.kind == "counts":
        recording = recording.in_hz()
    if spec.window is not None:
        recording = recording.window(*spec.window)
    if spec.keep.min_rate is not None:
        recording = _over(recording, spec.keep.min_rate)
    return held_inputs(spec.inputs or [], recording)


def _activity(field: str, name: str, axes: Axes | None, arrays: Arrays) -> NDArray[Any]:
    """An array of activity with its axes in the order (trial, time, neuron)."""
    ours = ("trial", "time", "neuron")
    raw = arrays.get(field, name)
    if raw.ndim != 3:
        raise InputError(
            f"{field}: {name} has shape {raw.shape}: give three axes, ({', '.join(axes or ours)})"
        )
    if not raw.size:
        raise InputError(
            f"{field}: {name} has shape {raw.shape}: give at least one trial, bin and neuron"
        )
    named = arrays.axes(name)
    if axes is None:
        axes = named if named is not None and set(named) == set(ours) else ours
    return raw.transpose([axes.index(axis) for axis in ours])


def _inputs(
    spec: RecordingSpec, arrays: Arrays, trial: int, time: int
) -> tuple[NDArray[Any] | None, list[str]]:
    """The inputs that the file holds bin by bin, and their names."""
    if spec.inputs is not None:
        columns = array_inputs(spec.inputs, arrays, trial, time)
        return (np.stack(list(columns.values()), axis=2) if columns else None), list(columns)
    if "inputs" not in arrays:
        return None, []
    inputs = arrays.get("inputs", "inputs")
    if inputs.ndim == 2:  # MATLAB drops a last axis of length 1
        inputs = inputs[:, :, None]
    inputs = check_array("inputs", inputs, (trial, time, "input"))
    if "input_names" not in arrays:
        return inputs, []
    return inputs, [str(name) for name in arrays.vector("input_names", "input_names")]


def _unit(spec: RecordingSpec, arrays: Arrays) -> str:
    if spec.rates.kind == "counts":
        return "count"
    return str(arrays.scalar("unit", "unit")) if "unit" in arrays else "Hz"


def _variables(
    field: str,
    wanted: list[str] | dict[str, str] | None,
    arrays: Arrays,
    prefix: str,
    length: int,
) -> pd.DataFrame:
    """A table of the wanted arrays of one axis; by default of all whose name has the prefix."""
    if wanted is None:
        names = {n.removeprefix(prefix): n for n in arrays.names if n.startswith(prefix)}
    else:
        names = wanted if isinstance(wanted, dict) else {name: name for name in wanted}
        names = {k: v if v in arrays else _prefixed(v, prefix, arrays) for k, v in names.items()}
    columns = {k: arrays.vector(f"{field}.{k}", v, length) for k, v in names.items()}
    return pd.DataFrame(columns, index=pd.RangeIndex(length))


def _prefixed(name: str, prefix: str, arrays: Arrays) -> str:
    return prefix + name if prefix + name in arrays else name


def _seconds(field: str, value: float | str | None, arrays: Arrays) -> float:
    if value is None:
        return arrays.number(field, "start") if "start" in arrays else 0.0
    return arrays.number(field, value) if isinstance(value, str) else value


def _over(recording: Recording, min_rate: float) -> Recording:
    """The neurons whose mean rate is at least `min_rate` Hz."""
    in_hz = recording.in_hz()
    if in_hz.unit != "Hz":
        raise InputError(f"keep.min_rate needs rates in Hz, not {in_hz.unit}: leave it out")
    mean = nan_mean(in_hz.rates, (0, 1))
    fires = mean >= min_rate
    if not fires.any():
        raise InputError(
            f"keep.min_rate is {min_rate:g}, but the busiest neuron has"
            f" {np.nanmax(mean):.2g} Hz: lower it"
        )
    return recording.select(neurons=fires)


def _preprocess(spec: RecordingSpec, recording: Recording, average: bool) -> Recording:
    """The steps of `preprocess`, in the documented order."""
    steps = spec.preprocess
    if steps.rebin is not None:
        recording = recording.rebin(steps.rebin)
    if steps.smooth is not None:
        recording = recording.smooth(steps.smooth)
    if steps.square_root:
        recording = recording.square_root()
    if not average:
        return recording
    if steps.average is not None:
        for column in steps.average:
            known("preprocess.average", column, recording.conditions.columns)
        recording = recording.average(steps.average)
    if steps.scale is not None:
        recording = recording.scale(steps.scale, steps.scale_offset)
    if steps.centre is not None:
        recording = recording.centre(condition_independent=steps.centre == "condition_independent")
    if steps.components is not None:
        recording = recording.project(steps.components)
    return recording
