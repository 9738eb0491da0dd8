"""Simulated students: their parameters, what was measured of them, and which of them failed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lowrnn.errors import InputError, check_array

Array = NDArray[np.float64]

#: The status of a student that ended well.
OK = "ok"


@dataclass(frozen=True, eq=False)
class Simulations:
    """Pairs of parameters and summaries, the failed ones among them.

    Attributes
    ----------
    theta : array (simulation, parameter)
        Parameters, of all simulations.
    x : array (simulation, feature)
        Summaries; NaN where the status is not "ok".
    status : array of str (simulation,)
        "ok", or what went wrong, such as "blow-up" or "failed".
    reasons : tuple of str
        What failed jobs said, each sentence once.
    """

    theta: Array
    x: Array
    status: NDArray[np.str_]
    reasons: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        theta = check_array("theta", self.theta, ("simulation", "parameter"), dtype=np.float64)
        status = np.asarray(self.status, dtype=np.str_)
        if status.shape != (len(theta),):
            raise InputError(f"status has shape {status.shape}: give one for each of {len(theta)}")
        given = np.asarray(self.x, dtype=np.float64)
        if given.ndim != 2 or len(given) != len(theta):
            raise InputError(f"x has shape {given.shape}: give a row for each of {len(theta)}")
        finite = np.isfinite(given).all(axis=1)
        # A summary that is not a number has no likelihood: that student failed, whatever it says.
        status = np.where((status == OK) & ~finite, "non-finite", status)
        x = np.where((status == OK)[:, None], given, np.nan)
        for name, value in (("theta", theta), ("x", x), ("status", status)):
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return len(self.theta)

    @property
    def ok(self) -> NDArray[np.bool_]:
        """Which simulations ended well, (simulation,)."""
        good: NDArray[np.bool_] = self.status == OK
        return good

    @property
    def failed(self) -> int:
        """The number of simulations that did not end well."""
        return int((~self.ok).sum())

    def counts(self) -> dict[str, int]:
        """How many simulations have each status."""
        names, numbers = np.unique(self.status, return_counts=True)
        return {str(name): int(number) for name, number in zip(names, numbers, strict=True)}

    def __getitem__(self, rows: slice | NDArray[np.bool_] | NDArray[np.intp]) -> "Simulations":
        return Simulations(self.theta[rows], self.x[rows], self.status[rows], self.reasons)


def joined(parts: Sequence[Simulations]) -> Simulations:
    """Several sets of simulations, one after another."""
    return Simulations(
        np.concatenate([part.theta for part in parts]),
        np.concatenate([part.x for part in parts]),
        np.concatenate([part.status for part in parts]),
        tuple(dict.fromkeys(reason for part in parts for reason in part.reasons)),
    )
