"""What a network leaves behind while it learns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lowrnn.errors import InputError
from lowrnn.files import write_dataset
from lowrnn.learning.changes import WeightChanges

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[Any]

#: The axes of every parameter of a network.
_AXES = {
    "m": ("neuron", "rank"),
    "n": ("neuron", "rank"),
    "B": ("neuron", "input"),
    "w": ("neuron", "output"),
    "bias": ("neuron",),
    "initial_state": ("neuron",),
    "s_in": ("input",),
    "s_out": ("output",),
}
_MATRIX = {
    "left": ("evaluation", "neuron", "factor"),
    "right": ("evaluation", "presynaptic", "factor"),
    "norm": ("evaluation",),
}


@dataclass(frozen=True, eq=False)
class History:
    """How the loss, the scores and the parameters of a network moved while it learned.

    Attributes
    ----------
    loss : array (update,)
        Loss of each update, penalties included, on its batch, before the update.
    learning_rate : array (update,)
        Learning rate of each update.
    evaluated : integer array (evaluation,)
        The number of updates before each evaluation; the first is 0.
    metrics : mapping from str to array (evaluation,)
        Scores at each evaluation, such as "accuracy".
    parameters : mapping from str to array (evaluation, ...)
        The parameters that were asked for, at each evaluation, as they were trained: in a low-rank
        network not in the canonical gauge, so that they move continuously.
    start : mapping from str to array
        The connectivity and all other parameters that learn, before learning.
    J : WeightChanges, optional
        A full-rank matrix at each evaluation, if it was asked for: what changed since the start.
    """

    loss: Array
    learning_rate: Array
    evaluated: Array
    metrics: Mapping[str, Array] = field(default_factory=dict)
    parameters: Mapping[str, Array] = field(default_factory=dict)
    start: Mapping[str, Array] = field(default_factory=dict)
    J: WeightChanges | None = None

    @property
    def changes(self) -> WeightChanges:
        """What learning changed in the recurrent matrix, at each evaluation.

        Raises
        ------
        InputError
            If the history does not hold the connectivity.
        """
        if self.J is not None:
            return self.J
        if not {"m", "n"} & self.parameters.keys() or "m" not in self.start:
            raise InputError(
                "history holds no connectivity: train with snapshots=['J'] at full rank, or ['m',"
                " 'n'] at low rank"
            )
        count, root = len(self.evaluated), np.sqrt(len(self.start["m"]))

        def factor(name: str, sign: int) -> Array:
            """The factor of J at each evaluation, and beside it that of J at the start."""
            first = self.start[name]
            present = self.parameters.get(name, first)
            shape = (count, *first.shape)
            both = [np.broadcast_to(present, shape), np.broadcast_to(sign * first, shape)]
            joint: Array = np.concatenate(both, axis=2) / root
            return joint

        left, right = factor("m", -1), factor("n", 1)
        held = WeightChanges(left, right, np.zeros(count))
        return WeightChanges(left, right, np.linalg.norm(held.singular_values(), axis=1))

    def to_xarray(self) -> "xr.Dataset":
        """The same, with named axes."""
        import xarray as xr

        variables: dict[str, Any] = {
            "loss": ("update", self.loss),
            "learning_rate": ("update", self.learning_rate),
        }
        variables |= {name: ("evaluation", value) for name, value in self.metrics.items()}
        variables |= {
            name: (("evaluation", *_AXES[name]), value) for name, value in self.parameters.items()
        }
        variables |= {
            f"start_{name}": (_AXES.get(name, ("neuron", "presynaptic")), value)
            for name, value in self.start.items()
        }
        if self.J is not None:
            variables |= {
                f"J_{name}": (axes, getattr(self.J, name)) for name, axes in _MATRIX.items()
            }
        coords: dict[str, Any] = {
            "update": np.arange(len(self.loss)),
            "evaluated": ("evaluation", self.evaluated),
        }
        return xr.Dataset(variables, coords)

    def save(self, path: str | Path) -> None:
        """Write the history to `path` (NetCDF), atomically; `History.load` reads it."""
        write_dataset(path, self.to_xarray())

    @classmethod
    def load(cls, path: str | Path) -> "History":
        """Read a history that `save` wrote.

        Raises
        ------
        InputError
            If there is no such file, or it is damaged or something else.
        """
        import xarray as xr

        if not Path(path).is_file():
            raise InputError(f"history {path} does not exist: give the path of a saved history")
        try:
            dataset = xr.load_dataset(path, engine="h5netcdf")
            arrays = {str(name): dataset[name].to_numpy() for name in dataset.variables}
            return cls(
                arrays["loss"],
                arrays["learning_rate"],
                arrays["evaluated"],
                {
                    str(name): arrays[str(name)]
                    for name in dataset.data_vars
                    if dataset[name].dims == ("evaluation",) and name != "J_norm"
                },
                {name: arrays[name] for name in _AXES if name in arrays},
                {
                    name: arrays[f"start_{name}"]
                    for name in ("J", *_AXES)
                    if f"start_{name}" in arrays
                },
                WeightChanges(*(arrays[f"J_{name}"] for name in _MATRIX))
                if "J_norm" in arrays
                else None,
            )
        except (OSError, ValueError, KeyError) as error:
            raise InputError(
                f"history {path} cannot be read ({error}): give a file that History.save wrote"
            ) from None


def joined(histories: Sequence[History]) -> History:
    """The course of several trainings, one after another.

    Each begins with an evaluation, so that the number of updates before it appears twice in
    `evaluated`. Parameters are kept if all of them kept them, in the same shape.
    """
    before = np.cumsum([0, *(len(history.loss) for history in histories)])
    first = histories[0]

    kept = [
        name
        for name, value in first.parameters.items()
        if all(
            name in history.parameters and history.parameters[name].shape[1:] == value.shape[1:]
            for history in histories
        )
    ]
    return History(
        loss=np.concatenate([history.loss for history in histories]),
        learning_rate=np.concatenate([history.learning_rate for history in histories]),
        evaluated=np.concatenate(
            [history.evaluated + shift for history, shift in zip(histories, before, strict=False)]
        ),
        metrics={
            name: np.concatenate([history.metrics[name] for history in histories])
            for name in first.metrics
        },
        parameters={
            name: np.concatenate([history.parameters[name] for history in histories])
            for name in kept
        },
        start=first.start,
        J=_joined_changes([history.J for history in histories]),
    )


def _joined_changes(changes: Sequence[WeightChanges | None]) -> WeightChanges | None:
    """One after another, if all are there; each counts from the first start already."""
    there = [change for change in changes if change is not None]
    if len(there) < len(changes):
        return None
    return WeightChanges(
        *(np.concatenate([getattr(change, name) for change in there]) for name in _MATRIX)
    )
