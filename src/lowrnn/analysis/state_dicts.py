"""Changes of weights of any model, from what PyTorch calls its state."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from lowrnn.analysis.weight_change import WeightChange, weight_change
from lowrnn.errors import InputError, check_array

#: The order in which PyTorch stacks the gates of `weight_ih` and `weight_hh`, by their number.
_GATES = {4: ("i", "f", "g", "o"), 3: ("r", "z", "n")}


def weight_changes(
    after: Mapping[str, ArrayLike | torch.Tensor], before: Mapping[str, ArrayLike | torch.Tensor]
) -> dict[str, WeightChange]:
    """The change of every matrix among the weights of a model.

    The stacked gates of `torch.nn.LSTM` and `torch.nn.GRU`, and of their cells, are told apart: for
    `weight_hh_l0` of an LSTM there are `weight_hh_l0.i`, `.f`, `.g` and `.o` (input, forget, cell,
    output), for that of a GRU `weight_hh_l0.r`, `.z` and `.n` (reset, update, new). They are known
    by the names and the shapes of PyTorch, in whichever module and layer.

    Parameters
    ----------
    after, before : mapping from str to array or tensor
        `model.state_dict()` after learning, and a copy from before:
        `copy.deepcopy(model.state_dict())`, for training changes the tensors themselves.

    Returns
    -------
    dict from str to WeightChange
        In the order of `after`. What has other than two dimensions, such as biases, is left out.

    Raises
    ------
    InputError
        If the names or shapes of the two differ, or an entry is not finite.
    """
    if different := after.keys() ^ before.keys():
        name = min(different)
        lacking = "before" if name in after else "after"
        raise InputError(f"{lacking} lacks {name!r}: give two states of the same model")
    late = {name: _array(name, value) for name, value in after.items()}
    early = {name: _array(name, value) for name, value in before.items()}
    for name, value in late.items():
        if value.shape != early[name].shape:
            raise InputError(
                f"{name!r} has shape {value.shape} after and {early[name].shape} before: give two"
                " states of the same model"
            )
    return {
        part: weight_change(value[rows], early[name][rows])
        for name, value in late.items()
        if value.ndim == 2
        for part, rows in _parts(name, late)
    }


def _array(name: str, value: Any) -> NDArray[np.float64]:
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().double().numpy()
    array = np.asarray(value)
    return check_array(name, array, array.shape, dtype=np.float64)


def _parts(name: str, state: Mapping[str, NDArray[np.float64]]) -> Iterator[tuple[str, slice]]:
    """The names and the rows of the gates in a matrix, or its own name and all rows."""
    rows, hidden = len(state[name]), _hidden_units(name, state)
    gates = _GATES.get(rows // hidden, ()) if rows % hidden == 0 else ()
    if not gates:
        yield name, slice(None)
    for index, gate in enumerate(gates):
        yield f"{name}.{gate}", slice(index * hidden, (index + 1) * hidden)


def _hidden_units(name: str, state: Mapping[str, NDArray[np.float64]]) -> int:
    """Those of the recurrent layer that a matrix belongs to; its rows if it belongs to none."""
    module, dot, leaf = name.rpartition(".")
    kind, layer = leaf[: len("weight_ih")], leaf[len("weight_ih") :]
    if kind in ("weight_ih", "weight_hh"):
        # A projected LSTM feeds back fewer units than it has: its projection tells how many.
        for other in ("weight_hr", "weight_hh"):
            found = state.get(module + dot + other + layer)
            if found is not None:
                return int(found.shape[1])
    return len(state[name])
