"""What a network leaves behind while it learns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lowrnn.errors import InputError
from lowrnn.files import atomic

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[Any]

#: The axes of every parameter of a network.
_AXES = {
    "J": ("neuron", "presynaptic"),
    "m": ("neuron", "rank"),
    "n": ("neuron", "rank"),
    "B": ("neuron", "input"),
    "w": ("neuron", "output"),
    "bias": ("neuron",),
    "initial_state": ("neuron",),
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
    """

    loss: Array
    learning_rate: Array
    evaluated: Array
    metrics: Mapping[str, Array] = field(default_factory=dict)
    parameters: Mapping[str, Array] = field(default_factory=dict)

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
        coords: dict[str, Any] = {
            "update": np.arange(len(self.loss)),
            "evaluated": ("evaluation", self.evaluated),
        }
        return xr.Dataset(variables, coords)

    def save(self, path: str | Path) -> None:
        """Write the history to `path` (NetCDF), atomically; `History.load` reads it."""
        content = self.to_xarray().to_netcdf(engine="h5netcdf")
        with atomic(path) as temporary:
            temporary.write_bytes(content)

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
                    if dataset[name].dims == ("evaluation",)
                },
                {name: arrays[name] for name in _AXES if name in arrays},
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
    )
