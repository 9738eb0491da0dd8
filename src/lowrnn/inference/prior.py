"""What is held possible before any data: a box, or a part of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BoxPrior:
    """A uniform distribution over a box of named parameters.

    Parameters
    ----------
    names : tuple of str
        Name of each parameter, in the order of the columns of every `theta`.
    low, high : array (parameter,)
        The faces of the box.

    Raises
    ------
    InputError
        If there is no parameter, a name appears twice, or a face does not lie below its opposite.
    """

    names: tuple[str, ...]
    low: Array
    high: Array

    def __post_init__(self) -> None:
        names = tuple(self.names)
        if not names or len(set(names)) < len(names):
            raise InputError(f"names is {names}: give each of at least one parameter its own name")
        low = check_array("low", self.low, (len(names),), dtype=np.float64)
        high = check_array("high", self.high, (len(names),), dtype=np.float64)
        for name, a, b in zip(names, low, high, strict=True):
            if not a < b:
                raise InputError(f"prior of {name} is {a:g} to {b:g}: give the lower end first")
        for field, value in (("names", names), ("low", low), ("high", high)):
            object.__setattr__(self, field, value)

    @classmethod
    def of(cls, bounds: Mapping[str, tuple[float, float]]) -> "BoxPrior":
        """The prior from a mapping of names to `(low, high)`."""
        return cls(
            tuple(bounds),
            np.array([low for low, _ in bounds.values()], float),
            np.array([high for _, high in bounds.values()], float),
        )

    def __len__(self) -> int:
        return len(self.names)

    @property
    def sd(self) -> Array:
        """Standard deviation of each parameter, (parameter,)."""
        return np.asarray((self.high - self.low) / np.sqrt(12))

    def sample(self, count: int, rng: np.random.Generator) -> Array:
        """Independent draws, (count, parameter)."""
        return self.from_unit(rng.random((count, len(self))))

    def contains(self, theta: Array) -> NDArray[np.bool_]:
        """Whether each `theta` (..., parameter) lies in the box, faces included."""
        return np.asarray(((theta >= self.low) & (theta <= self.high)).all(axis=-1))

    def to_unit(self, theta: Array) -> Array:
        """`theta` (..., parameter) in coordinates from 0 at `low` to 1 at `high`."""
        return np.asarray((theta - self.low) / (self.high - self.low))

    def from_unit(self, unit: Array) -> Array:
        """The inverse of `to_unit`."""
        return np.asarray(self.low + (self.high - self.low) * unit)

    def check(self, field: str, theta: ArrayLike) -> Array:
        """`theta` as an array (sample, parameter), or the sentence that says what is wrong.

        Raises
        ------
        InputError
            If its shape is another, or it leaves the box.
        """
        array = check_array(field, theta, ("sample", len(self)), dtype=np.float64)
        if not (inside := self.contains(array)).all():
            row = int(np.argmin(inside))
            raise InputError(
                f"{field} is {array[row]} in row {row}, outside the prior: widen the prior of"
                f" {', '.join(self.names)} or leave the row out"
            )
        return array

    def to_dict(self) -> dict[str, Any]:
        """The bounds by name, as plain data."""
        return {
            name: [float(low), float(high)]
            for name, low, high in zip(self.names, self.low, self.high, strict=True)
        }
