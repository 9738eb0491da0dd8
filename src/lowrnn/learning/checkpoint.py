"""Training that survives a kill: its state on disk, and the settings that it belongs to."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from lowrnn.errors import InputError
from lowrnn.files import atomic


def write_checkpoint(path: Path, settings: Mapping[str, Any], state: Mapping[str, Tensor]) -> None:
    """Write the state of a training, atomically."""
    content = save(
        {name: value.contiguous() for name, value in state.items()},
        metadata={"settings": json.dumps(settings, default=float)},
    )
    with atomic(path) as temporary:
        temporary.write_bytes(content)


def read_checkpoint(path: Path, settings: Mapping[str, Any]) -> dict[str, Tensor]:
    """The state of a training of the same settings.

    Raises
    ------
    InputError
        If the file is damaged, or belongs to a training of other settings.
    """
    try:
        with safe_open(path, framework="pt") as stream:
            found = json.loads((stream.metadata() or {})["settings"])
            state = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
    except (SafetensorError, KeyError, json.JSONDecodeError) as error:
        raise InputError(
            f"checkpoint {path} cannot be read ({error}): delete it to start anew"
        ) from None
    # As JSON has them: tuples have become lists.
    for name, wanted in json.loads(json.dumps(settings, default=float)).items():
        if found.get(name) != wanted:
            raise InputError(
                f"checkpoint {path} is of a training with {name} {found.get(name)!r}, not"
                f" {wanted!r}: delete it to start anew, or give another path"
            )
    return state


def fingerprint(tensors: Mapping[str, Tensor]) -> str:
    """A short text that tells one set of arrays from another."""
    digest = hashlib.sha256()
    for name, value in sorted(tensors.items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.detach().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
