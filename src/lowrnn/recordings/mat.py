"""MATLAB files: version 5 to 7.2 through scipy, version 7.3 (HDF5) through h5py."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import scipy.io
import scipy.sparse
from numpy.typing import NDArray

from lowrnn.errors import InputError
from lowrnn.recordings.arrays import Arrays, reading


@contextmanager
def open_mat(path: Path) -> Iterator[Arrays]:
    """The variables of a MAT file; fields of a struct are named `struct.field`."""
    with reading(path, "MAT"):
        modern = h5py.is_hdf5(path)
    with _open_hdf5(path) if modern else _open_classic(path) as arrays:
        yield arrays


@contextmanager
def _open_classic(path: Path) -> Iterator[Arrays]:
    with reading(path, "MAT"):
        variables = scipy.io.whosmat(path)
        structs = [name for name, _, kind in variables if kind == "struct"]
        fields = _fields(scipy.io.loadmat(path, variable_names=structs)) if structs else {}

    def load(name: str) -> NDArray[Any]:
        value = fields[name] if name in fields else _variable(path, name)
        return _plain(f"{name} in {path}", value)

    names = [name for name, _, _ in variables if name not in structs]
    yield Arrays(path, [*names, *fields], load)


def _variable(path: Path, name: str) -> Any:
    value: Any = scipy.io.loadmat(path, variable_names=[name])[name]
    sparse: bool = scipy.sparse.issparse(value)
    return value.toarray() if sparse else value


def _fields(values: dict[str, Any], prefix: str = "") -> dict[str, NDArray[Any]]:
    """What scalar structs hold, by dotted name; arrays of structs are left out."""
    flat: dict[str, NDArray[Any]] = {}
    for name, value in values.items():
        if name.startswith("__"):
            continue
        if not value.dtype.names:
            flat[prefix + name] = value
        elif value.size == 1:
            record = value.reshape(-1)[0]
            inner = {field: record[field] for field in value.dtype.names}
            flat |= _fields(inner, f"{prefix}{name}.")
    return flat


def _plain(what: str, array: NDArray[Any]) -> NDArray[Any]:
    """Strings from a cell array of strings, numbers from a cell array of single numbers."""
    if array.dtype != object:
        return array
    cells = [np.asarray(cell) for cell in array.flat]
    if cells and all(cell.dtype.kind == "U" and cell.size <= 1 for cell in cells):
        return np.array([str(cell.reshape(-1)[0]) if cell.size else "" for cell in cells])
    if cells and all(cell.dtype.kind in "biuf" and cell.size == 1 for cell in cells):
        return np.array([cell.reshape(-1)[0] for cell in cells])
    raise InputError(
        f"{what} is a cell array with more than one value a cell: save a numeric array,"
        " padded with NaN"
    )


@contextmanager
def _open_hdf5(path: Path) -> Iterator[Arrays]:
    with reading(path, "MAT 7.3"):
        file = h5py.File(path, "r")
    with file:
        names: list[str] = []

        def visit(name: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset) and not name.startswith("#"):
                names.append(name.replace("/", "."))

        with reading(path, "MAT 7.3"):
            file.visititems(visit)

        def load(name: str) -> NDArray[Any]:
            return _plain(f"{name} in {path}", _dataset(file, file[name.replace(".", "/")]))

        yield Arrays(path, names, load)


def _dataset(file: h5py.File, dataset: h5py.Dataset) -> NDArray[Any]:
    """One dataset as MATLAB showed it: HDF5 holds its axes in reverse order."""
    if dataset.attrs.get("MATLAB_empty"):
        return np.array("") if _class(dataset) == "char" else np.zeros((0, 0))
    values = np.asarray(dataset[()]).T
    if dataset.dtype == h5py.ref_dtype:
        cells = np.empty(values.shape, dtype=object)
        for where, reference in np.ndenumerate(values):
            cells[where] = _dataset(file, file[reference])
        return cells
    if _class(dataset) == "char":
        rows = values.reshape(-1, values.shape[-1]) if values.ndim > 1 else values[None]
        text = np.array(["".join(chr(code) for code in row) for row in rows])
        return text if len(text) > 1 else text.reshape(())
    return values


def _class(dataset: h5py.Dataset) -> str:
    name = dataset.attrs.get("MATLAB_class", b"")
    return name.decode() if isinstance(name, bytes) else str(name)
