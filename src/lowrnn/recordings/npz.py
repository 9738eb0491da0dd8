"""NumPy's NPZ files, of which only plain numbers and strings are read."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lowrnn.errors import InputError
from lowrnn.files import atomic
from lowrnn.recordings.arrays import Arrays, reading


@contextmanager
def open_npz(path: Path) -> Iterator[Arrays]:
    """The arrays of an NPZ file; arrays of objects are refused, never unpickled."""
    with reading(path, "NPZ"):
        try:
            archive = np.load(path, allow_pickle=False)
        except ValueError:
            # NumPy takes what it does not know for a pickle, and says how to load one.
            raise ValueError("it is no ZIP archive") from None
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise InputError(f"{path} holds a single array: save named arrays with numpy.savez")

    def load(name: str) -> NDArray[Any]:
        try:
            array: NDArray[Any] = archive[name]
        except ValueError as error:
            if "allow_pickle" not in str(error):
                raise
            raise InputError(
                f"{name} in {path} is an array of objects, which is never unpickled: save it as"
                " numbers or strings"
            ) from None
        return array

    with archive:
        yield Arrays(path, archive.files, load)


def write(path: str | Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write named arrays as a compressed NPZ file, whole or not at all."""
    with atomic(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **arrays)
