"""Networks on disk, as safetensors: arrays and plain text, nothing that can run."""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from lowrnn.errors import InputError
from lowrnn.files import atomic
from lowrnn.networks.connectivity import (
    Connectivity,
    FullRank,
    LowRank,
    LowTensorRank,
    RandomPlusLowRank,
)
from lowrnn.networks.rnn import RNN

_KINDS: dict[str, type[Connectivity]] = {
    kind.kind: kind for kind in (FullRank, LowRank, RandomPlusLowRank, LowTensorRank)
}

_ARRAYS = ("J", "J0", "m", "n", "a", "b", "c")


def save(rnn: RNN, path: str | Path) -> None:
    """Write a network to `path`, atomically.

    A random part is stored as its strength and seed, not as a matrix.
    """
    connectivity = rnn.connectivity
    settings: dict[str, Any] = {
        "connectivity": connectivity.kind,
        "dt": rnn.dt,
        "tau": rnn.tau,
        "nonlinearity": rnn.nonlinearity,
        "noise_std": rnn.noise_std,
    }
    if isinstance(connectivity, RandomPlusLowRank):
        settings |= {"g": connectivity.g, "seed": connectivity.seed}
    if isinstance(connectivity, FullRank) and connectivity.J0 is not None:
        start = {"J0": connectivity.J0}
    else:
        start = {}
    arrays = (
        connectivity.parameters
        | start
        | {
            "inputs": rnn.inputs,
            "readout": rnn.readout,
            "bias": rnn.bias,
            "initial_state": rnn.initial_state,
        }
    )
    content = to_bytes(
        {name: value.copy(order="C") for name, value in arrays.items()},
        metadata={"lowrnn": json.dumps(settings)},
    )
    with atomic(path) as temporary:
        temporary.write_bytes(content)


def load(path: str | Path) -> RNN:
    """Read a network that `save` wrote.

    Raises
    ------
    InputError
        If there is no such file, or it is damaged or something else.
    """
    if not Path(path).is_file():
        raise InputError(f"network file {path} does not exist: give the path of a saved network")
    try:
        with safe_open(path, framework="numpy") as stream:
            settings = json.loads((stream.metadata() or {})["lowrnn"])
            arrays = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
        kind = _KINDS[settings.pop("connectivity")]
        own = {name: settings.pop(name) for name in ("g", "seed") if name in settings}
        own |= {name: arrays.pop(name) for name in _ARRAYS if name in arrays}
        columns = {name: arrays.pop(name) for name in ("inputs", "readout")}
        columns = {name: value for name, value in columns.items() if value.shape[1]}
        return RNN(kind(**own), **columns, **arrays, **settings)
    except (SafetensorError, LookupError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise InputError(
            f"network file {path} cannot be read ({error}): give a file that RNN.save wrote"
        ) from None
