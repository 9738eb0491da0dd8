"""Mixtures on disk, as safetensors: arrays and plain text, nothing that can run."""

import json
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from lowrnn.errors import InputError
from lowrnn.files import atomic
from lowrnn.networks.mixture import GaussianMixture

KIND = "gaussian-mixture"


def save(mixture: GaussianMixture, path: str | Path) -> None:
    """Write a mixture to `path`, atomically."""
    settings = {
        "kind": KIND,
        "rank": mixture.rank,
        "inputs": mixture.inputs,
        "outputs": mixture.outputs,
    }
    arrays = {
        "weights": mixture.weights,
        "means": mixture.means,
        "covariances": mixture.covariances,
    }
    content = to_bytes(
        {name: value.copy(order="C") for name, value in arrays.items()},
        metadata={"lowrnn": json.dumps(settings)},
    )
    with atomic(path) as temporary:
        temporary.write_bytes(content)


def load(path: str | Path) -> GaussianMixture:
    """Read a mixture that `save` wrote.

    Raises
    ------
    InputError
        If there is no such file, it is damaged or something else, or its numbers are no mixture.
    """
    if not Path(path).is_file():
        raise InputError(f"mixture file {path} does not exist: give the path of a saved mixture")
    try:
        with safe_open(path, framework="numpy") as stream:
            settings = json.loads((stream.metadata() or {})["lowrnn"])
            arrays = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
        if settings.pop("kind") != KIND:
            raise KeyError("kind")
        return GaussianMixture(**arrays, **settings)
    except InputError as error:
        raise InputError(f"mixture file {path} holds no mixture: {error}") from None
    except (SafetensorError, LookupError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise InputError(
            f"mixture file {path} cannot be read ({error}): give a file that GaussianMixture.save"
            " wrote"
        ) from None
