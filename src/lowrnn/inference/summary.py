"""A fixed-length description of a network or of what it did, with names for every number."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lowrnn.errors import InputError

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Summary:
    """Named numbers that characterise one network, or each network of a batch.

    Attributes
    ----------
    name : str
        What it is; of several joined, their names.
    version : int
        Raised whenever the numbers would come out differently: observations and simulations can be
        compared only within one version.
    labels : tuple of str
        Name of each number.
    values : array (..., feature)
        The numbers; leading axes as in what was summarised.
    """

    name: str
    version: int
    labels: tuple[str, ...]
    values: Array

    def __post_init__(self) -> None:
        if self.values.shape[-1] != len(self.labels):
            raise InputError(
                f"{self.name} has {self.values.shape[-1]} values and {len(self.labels)} labels:"
                " give one for each"
            )

    @property
    def identity(self) -> str:
        """Name, version and length, to be stored with whatever is compared to it."""
        return f"{self.name}:{self.version}:{len(self.labels)}"


def join(summaries: Sequence[Summary]) -> Summary:
    """One summary of several; labels get the name of theirs in front.

    Raises
    ------
    InputError
        If there is none, a name appears twice, or leading axes differ.
    """
    names = [summary.name for summary in summaries]
    if not names or len(set(names)) < len(names):
        raise InputError(f"summaries are {names}: give at least one, and each only once")
    leading = {summary.values.shape[:-1] for summary in summaries}
    if len(leading) > 1:
        raise InputError(f"summaries have leading axes {sorted(leading)}: summarise one batch")
    return Summary(
        "+".join(f"{summary.name}.{summary.version}" for summary in summaries),
        1,
        tuple(f"{summary.name}.{label}" for summary in summaries for label in summary.labels),
        np.concatenate([summary.values for summary in summaries], axis=-1),
    )
