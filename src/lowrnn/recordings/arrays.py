"""The named arrays of a data file, whatever its format, and the errors of reading them."""

import difflib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lowrnn.errors import InputError

Axes = tuple[str, ...]


def known(field: str, name: object, options: Iterable[object]) -> None:
    """Refuse a name that is not among the options, pointing to the nearest ones."""
    options = list(options)
    if name in options:
        return
    names = [str(option) for option in options]
    near = difflib.get_close_matches(str(name), names, n=3, cutoff=0.6)
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    mend = f"choose from {', '.join(names[:20])}{more}" if names else "there are none"
    if near:
        mend = f"did you mean {' or '.join(near)}"
    raise InputError(f"{field} is {name!r}, which is unknown: {mend}")


@contextmanager
def reading(path: Path, kind: str) -> Iterator[None]:
    """Turn what a file parser raises on a damaged file into one sentence.

    Parsers of third parties raise almost any exception on bytes that they did not expect.
    """
    try:
        yield
    except (InputError, MemoryError, ImportError):
        raise
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            f"{path} cannot be read as {kind} ({reason[:200]}): check that it is complete, and of"
            " this format"
        ) from error


class Arrays:
    """Arrays by name, each loaded when it is asked for.

    Parameters
    ----------
    path : Path
        The file, for error messages.
    names : iterable of str
        What the file holds.
    load : callable
        Gives the array of a name.
    axes : callable, optional
        Gives the names of an array's axes where the format knows them.
    """

    def __init__(
        self,
        path: Path,
        names: Iterable[str],
        load: Callable[[str], Any],
        axes: Callable[[str], Axes] | None = None,
    ) -> None:
        self.path = path
        self.names = tuple(names)
        self._load = load
        self._axes = axes

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def axes(self, name: str) -> Axes | None:
        """Names of the axes of an array, None where the format does not know them."""
        return None if self._axes is None else self._axes(name)

    def get(self, field: str, name: str) -> NDArray[Any]:
        """The array `name`, for the entry `field` of the specification."""
        known(field, name, self.names)
        with reading(self.path, "data"):
            array = np.asarray(self._load(name))
        if array.dtype.kind == "S":
            array = array.astype(str)
        if array.dtype == object:
            if not all(isinstance(value, str) for value in array.flat):
                raise InputError(
                    f"{field}: {name} in {self.path} is an array of objects, which is never read:"
                    " save it as numbers or strings"
                )
            array = array.astype(str)
        return array

    def vector(self, field: str, name: str, length: int | None = None) -> NDArray[Any]:
        """An array of one axis: axes of length 1 are dropped, as MATLAB's vectors need."""
        array = self.get(field, name)
        vector = array if array.ndim == 1 else array.squeeze()
        if array.size == 1:
            vector = array.reshape(1)
        if vector.ndim != 1 or (length is not None and len(vector) != length):
            wanted = "one axis" if length is None else f"shape ({length},), or check rates.axes"
            raise InputError(f"{field}: {name} has shape {array.shape}: give an array of {wanted}")
        return vector

    def scalar(self, field: str, name: str) -> Any:
        """A single value."""
        array = self.get(field, name)
        if array.size != 1:
            raise InputError(f"{field}: {name} has shape {array.shape}: give a single value")
        return array.reshape(-1)[0].item()

    def number(self, field: str, name: str) -> float:
        """A single number."""
        value = self.scalar(field, name)
        if not isinstance(value, int | float):
            raise InputError(f"{field}: {name} is {value!r}: give a number")
        return float(value)
