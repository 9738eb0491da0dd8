"""Neurodata Without Borders: spikes of the units table, cut out around an event of each trial."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lowrnn.errors import InputError
from lowrnn.recordings.arrays import Arrays, known, reading


@contextmanager
def open_nwb(
    path: Path, align: str, window: tuple[float, float], bin_width: float
) -> Iterator[Arrays]:
    """Binned rates of all units around one event of each trial, with both tables.

    Parameters
    ----------
    path : Path
    align : str
        Column of the trials table with the time of the event. Trials without it (NaN) have no
        rates.
    window : (float, float)
        First and last second around the event.
    bin_width : float
        In seconds.

    Yields
    ------
    Arrays
        `rates` (trial, time, neuron) in Hz, NaN in trials outside a unit's `obs_intervals`;
        `bin_width`, `start`; `condition_<column>` of the trials table, where columns that end in
        `_time` are in seconds from the event; `neuron_<column>` of the units table.
    """
    try:
        import pynwb
    except ImportError:
        raise InputError(
            "format is nwb, but pynwb is not installed: install it with pip install 'lowrnn[nwb]'"
        ) from None
    with reading(path, "NWB"), pynwb.NWBHDF5IO(str(path), "r", load_namespaces=True) as file:
        session = file.read()
        for table in ("units", "trials"):
            if getattr(session, table) is None:
                raise InputError(f"{path} has no {table} table: give a file with units and trials")
        trials = _columns(session.trials)
        known("align", align, trials)
        if trials[align].dtype.kind not in "iuf":
            raise InputError(f"align is {align!r}, a column of {trials[align].dtype}: give times")
        events = trials[align].astype(float)
        if "spike_times" not in session.units.colnames:
            raise InputError(f"{path} has no spike_times in its units table: give sorted units")
        spikes = [np.asarray(session.units["spike_times"][i]) for i in range(len(session.units))]
        units = _columns(session.units)
        observed = _observed(session.units, events, window)
    rates = bin_spikes(spikes, events, window, bin_width)
    arrays: dict[str, NDArray[Any]] = {
        "rates": np.where(observed[:, None, :], rates, np.nan),
        "bin_width": np.asarray(bin_width),
        "start": np.asarray(window[0]),
    }
    for name, column in trials.items():
        relative = name.endswith("_time") and column.dtype.kind == "f"
        arrays[f"condition_{name}"] = column - events if relative else column
    arrays |= {f"neuron_{name}": column for name, column in units.items()}
    yield Arrays(path, arrays, arrays.__getitem__)


def bin_spikes(
    spikes: list[NDArray[np.floating]],
    events: NDArray[np.floating],
    window: tuple[float, float],
    bin_width: float,
) -> NDArray[np.floating]:
    """Spikes a second (trial, time, neuron) of each neuron in bins around each event.

    A spike on an edge belongs to the later bin. Trials whose event is NaN are NaN.
    """
    bins = round((window[1] - window[0]) / bin_width)
    if bins < 1:
        raise InputError(f"window is {list(window)}: give an end at least one bin after the start")
    edges = events[:, None] + window[0] + np.arange(bins + 1) * bin_width
    rates = np.empty((len(events), bins, len(spikes)))
    for neuron, times in enumerate(spikes):
        rates[:, :, neuron] = np.diff(np.searchsorted(np.sort(times), edges), axis=1) / bin_width
    rates[np.isnan(events)] = np.nan
    return rates


def _observed(
    units: Any, events: NDArray[np.floating], window: tuple[float, float]
) -> NDArray[np.bool_]:
    """Whether the whole window of a trial lies in one interval in which a unit was observed."""
    if "obs_intervals" not in units.colnames:
        return np.ones((len(events), len(units)), dtype=bool)
    columns = []
    for unit in range(len(units)):
        first, last = np.asarray(units["obs_intervals"][unit], dtype=float).reshape(-1, 2).T
        begin, end = events[:, None] + window[0], events[:, None] + window[1]
        columns.append(((begin >= first) & (end <= last)).any(axis=1))
    return np.stack(columns, axis=1)


def _columns(table: Any) -> dict[str, NDArray[Any]]:
    """The columns with one number, boolean or string a row."""
    columns: dict[str, NDArray[Any]] = {}
    for name in table.colnames:
        if hasattr(table[name], "target"):
            continue
        values = list(table[name][:])
        if all(isinstance(v, str) for v in values):
            columns[name] = np.array(values, dtype=str)
        elif all(np.ndim(v) == 0 and np.asarray(v).dtype.kind in "biuf" for v in values):
            columns[name] = np.array(values)
    return columns
