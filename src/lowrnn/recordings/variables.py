"""Trial variables: new ones from others, trials chosen by them, inputs made from them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lowrnn.errors import InputError, check_array
from lowrnn.recordings.arrays import Arrays, known
from lowrnn.recordings.recording import Recording
from lowrnn.recordings.spec import Choice, Derived, Input, Range


def derive(entries: Mapping[str, Derived], table: pd.DataFrame) -> pd.DataFrame:
    """Add the derived variables, in order, so that a later one may build on an earlier one.

    With `bins`, a trial is in the class of the edges that it lies between (the lower edge
    included), and its value becomes the mean of that class.
    """
    table = table.copy()
    for name, entry in entries.items():
        field = f"derive.{name}"
        values = _numbers(f"{field}.value", entry.value, table)
        if entry.minus is not None:
            values = values - _numbers(f"{field}.minus", entry.minus, table)
        if entry.bins is not None:
            present = np.isfinite(values)
            classes = np.digitize(values, entry.bins)
            for each in np.unique(classes[present]):
                members = present & (classes == each)
                values[members] = np.round(values[members].mean(), 6)
        table[name] = values
    return table


def chosen(field: str, choices: Mapping[str, Choice], table: pd.DataFrame) -> NDArray[np.bool_]:
    """Which rows of a table fulfil every choice; a missing value fulfils none."""
    keep = np.ones(len(table), dtype=bool)
    for name, choice in choices.items():
        known(field, name, table.columns)
        column = table[name]
        if isinstance(choice, Range):
            values = _numbers(f"{field}.{name}", name, table)
            low = -np.inf if choice.min is None else choice.min
            high = np.inf if choice.max is None else choice.max
            keep &= (values >= low) & (values <= high)
        else:
            for value in choice:
                if not (column == value).any():
                    known(f"{field}.{name}", value, sorted(set(column.dropna())))
            keep &= column.isin(choice).to_numpy()
    if not keep.any():
        raise InputError(
            f"{field} is {_shown(choices)}, which leaves none of {len(table)}: widen it"
        )
    return keep


def array_inputs(
    entries: Sequence[Input], arrays: Arrays, trial: int, time: int
) -> dict[str, NDArray[np.floating]]:
    """The inputs (trial, time) that are taken from arrays of the file as they are, by name."""
    return {
        entry.name: entry.scale
        * check_array(
            f"inputs.{entry.name}: {entry.array}",
            arrays.get(f"inputs.{entry.name}.array", entry.array),
            (trial, time),
        )
        for entry in entries
        if entry.array is not None
    }


def held_inputs(entries: Sequence[Input], recording: Recording) -> Recording:
    """Add the inputs that hold a trial variable or a number, and put all in the order of `entries`.

    An input is on in the bins whose centres lie from `from` up to, not including, `to`.
    """
    if not entries:
        return recording
    ready = list(recording.input_names)
    columns = []
    for entry in entries:
        if entry.array is None:
            columns.append(_held(f"inputs.{entry.name}", entry, recording))
        else:
            assert recording.inputs is not None
            columns.append(recording.inputs[:, :, ready.index(entry.name)])
    names = [entry.name for entry in entries]
    return replace(recording, inputs=np.stack(columns, axis=2), input_names=names)


def _held(field: str, entry: Input, recording: Recording) -> NDArray[np.floating]:
    """A value held from one time to another (trial, time)."""
    table = recording.conditions
    if isinstance(entry.value, str) and entry.equals is not None:
        known(f"{field}.value", entry.value, table.columns)
        column = table[entry.value]
        if not (column == entry.equals).any():
            known(f"{field}.equals", entry.equals, sorted(set(column.dropna())))
        value = np.where(column == entry.equals, 1.0, 0.0)
    else:
        value = _value(f"{field}.value", entry.value, table)
    start = _value(f"{field}.from", -np.inf if entry.start is None else entry.start, table)
    stop = _value(f"{field}.to", np.inf if entry.stop is None else entry.stop, table)
    for name, values in (("value", value), ("from", start), ("to", stop)):
        missing = np.flatnonzero(np.isnan(values))
        if missing.size:
            source = {"value": entry.value, "from": entry.start, "to": entry.stop}[name]
            raise InputError(
                f"{field}.{name} is {source!r}, which is NaN in {missing.size} trials (the first is"
                f" {missing[0]}): leave such trials out, e.g. with keep.trials:"
                f" {{{source}: {{min: ...}}}}"
            )
    on = (recording.time >= start[:, None]) & (recording.time < stop[:, None])
    return np.asarray(np.where(on, entry.scale * value[:, None], 0.0))


def _value(field: str, value: Any, table: pd.DataFrame) -> NDArray[np.floating]:
    """One number a trial, from a number or the name of a trial variable."""
    if isinstance(value, str):
        return _numbers(field, value, table)
    return np.full(len(table), float(value))


def _numbers(field: str, name: str, table: pd.DataFrame) -> NDArray[np.floating]:
    """A trial variable as floating-point numbers."""
    known(field, name, table.columns)
    column = table[name]
    if not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)):
        raise InputError(
            f"{field} is {name!r}, which holds {column.iloc[0]!r}: give a numeric variable"
        )
    return column.to_numpy(dtype=float, copy=True)


def _shown(choices: Mapping[str, Choice]) -> str:
    return str({k: c.model_dump() if isinstance(c, Range) else c for k, c in choices.items()})
