"""The labels of a recording's trials and neurons, as coordinates that a file can hold."""

import re
from collections.abc import Container
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lowrnn.recordings import Recording


def label_coordinates(recording: Recording, taken: Container[str]) -> dict[str, Any]:
    """Coordinates along `trial` and `neuron`; names that are taken get the axis before them."""
    found: dict[str, Any] = {}
    for axis, table in (("trial", recording.conditions), ("neuron", recording.neurons)):
        for name, column in table.items():
            # A slash would make a group of the file; xarray drops coordinates with a space.
            label = re.sub(r"[\s/]+", "_", str(name))
            while not label or label in taken or label in found:
                label = f"{axis}_{label}"
            found[label] = (axis, _plain(column))
    return found


def _plain(column: pd.Series) -> NDArray[Any]:
    """Labels that a file can hold: numbers, or text that is empty where a value is missing."""
    if pd.api.types.is_bool_dtype(column) and not column.hasnans:
        return column.to_numpy(bool)
    if pd.api.types.is_integer_dtype(column) and not column.hasnans:
        return column.to_numpy(np.int64)
    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy(np.float64, na_value=np.nan)
    return np.array(["" if pd.isna(value) else str(value) for value in column])
