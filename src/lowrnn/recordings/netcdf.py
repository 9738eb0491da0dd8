"""NetCDF files, through xarray; the names of their dimensions say which axis is which."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import xarray as xr
from numpy.typing import NDArray

from lowrnn.files import write_dataset
from lowrnn.recordings.arrays import Arrays, reading

_DIMENSIONS: dict[str, tuple[str, ...]] = {
    "rates": ("trial", "time", "neuron"),
    "sem": ("trial", "time", "neuron"),
    "inputs": ("trial", "time", "input"),
    "input_names": ("input",),
}


@contextmanager
def open_netcdf(path: Path) -> Iterator[Arrays]:
    """The variables of a NetCDF file."""
    with reading(path, "NetCDF"):
        if h5py.is_hdf5(path):
            # What xarray leaves of a damaged file prints a traceback when it is collected.
            with h5py.File(path, "r") as file:
                file.visititems(lambda name, item: None)
        dataset = xr.open_dataset(path, decode_times=False)
    with dataset:
        yield Arrays(
            path,
            [str(name) for name in dataset.variables],
            lambda name: dataset[name].values,
            lambda name: tuple(str(dimension) for dimension in dataset[name].dims),
        )


def write(path: str | Path, arrays: Mapping[str, NDArray[Any]], time: NDArray[Any]) -> None:
    """Write the arrays of a recording, with the centres of its bins, whole or not at all."""

    def dimensions(name: str) -> tuple[str, ...]:
        if name.startswith("condition_"):
            return ("trial",)
        return ("neuron",) if name.startswith("neuron_") else _DIMENSIONS.get(name, ())

    # A slash in a name would make a group of the file.
    variables = {n.replace("/", "_"): (dimensions(n), array) for n, array in arrays.items()}
    dataset = xr.Dataset(variables, coords={"time": ("time", time, {"units": "s"})})
    write_dataset(path, dataset)
