"""One job: what identifies it, how it is run, and its result as a line of JSON."""

import base64
import hashlib
import inspect
import json
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from lowrnn.errors import InputError

#: Takes the parameters of a job; gives arrays, numbers, strings and None by name.
Job = Callable[[dict[str, Any]], Mapping[str, Any]]

_KINDS_OF_DTYPE = "biufc"


class DivergedError(ArithmeticError):
    """Raised by a job whose numbers grew without bound: a finding, not a mistake."""


@dataclass(frozen=True, eq=False)
class JobResult:
    """What became of one job.

    Attributes
    ----------
    parameters : mapping
        The parameters of the job, as JSON has them.
    state : "finished", "diverged" or "failed"
        Diverged if the job raised `DivergedError` or `FloatingPointError`, failed if it raised
        anything else or ended its process.
    values : mapping from str to array, number, str or None
        What the job returned; empty unless it finished.
    reason : str
        Why it diverged or failed; empty if it finished.
    """

    parameters: dict[str, Any]
    state: Literal["finished", "diverged", "failed"]
    values: dict[str, Any]
    reason: str = ""


def check_function(function: Job) -> None:
    """Refuse what a worker process could not import."""
    name = getattr(function, "__qualname__", None)
    home = sys.modules.get(getattr(function, "__module__", None) or "")
    if not inspect.isfunction(function) or getattr(home, name or "", None) is not function:
        raise InputError(
            f"function is {name or function!r}, which worker processes cannot import:"
            " define it by name at the top level of a module"
        )


def canonical(parameters: Mapping[str, Any]) -> str:
    """Parameters as JSON text, the same for equal parameters in any order.

    Raises
    ------
    InputError
        If they are not a mapping of what JSON can hold; scalars of NumPy are converted.
    """
    if not isinstance(parameters, Mapping):
        raise InputError(f"job {parameters!r} is no mapping: give its parameters by name")
    try:
        return json.dumps(dict(parameters), sort_keys=True, allow_nan=False, default=_plain)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"job {parameters!r} cannot be written as JSON ({error}): give numbers, texts, None,"
            " and lists or mappings of these"
        ) from None


def key_of(function: Job, version: str, parameters: str) -> str:
    """What tells a job from all others, from its function, version and canonical parameters."""
    name = f"{_home(function)}.{function.__qualname__}"
    identity = json.dumps([name, version, parameters])
    return hashlib.sha256(identity.encode()).hexdigest()[:32]


def execute(function: Job, parameters: str) -> str:
    """Run a job and write down its result, whatever happens in it."""
    try:
        values = {
            name: _write(name, value) for name, value in function(json.loads(parameters)).items()
        }
    except (DivergedError, FloatingPointError) as error:
        return record(parameters, "diverged", str(error) or type(error).__name__)
    except (Exception, SystemExit) as error:
        # The innermost place is what one looks for; the stack above it is that of this module.
        place = traceback.extract_tb(error.__traceback__)[-1]
        return record(
            parameters,
            "failed",
            f"{type(error).__name__}: {error} ({Path(place.filename).name}, line {place.lineno})",
        )
    return record(parameters, "finished", values=values)


def record(
    parameters: str, state: str, reason: str = "", values: Mapping[str, Any] | None = None
) -> str:
    """The result of a job as one line of JSON."""
    parts = {
        "parameters": json.loads(parameters),
        "state": state,
        "reason": reason,
        "values": values or {},
    }
    return json.dumps(parts)


def read_record(line: str) -> JobResult:
    """The result that `record` wrote down."""
    found = json.loads(line)
    found["values"] = {name: _read(value) for name, value in found["values"].items()}
    return JobResult(**found)


def _home(function: Job) -> str:
    """The module of a function; of one in a script, the name that it has when imported."""
    if function.__module__ != "__main__":
        return function.__module__
    main = sys.modules["__main__"]
    if main.__spec__ is not None:
        return main.__spec__.name
    return Path(getattr(main, "__file__", None) or "__main__").stem


def _plain(value: Any) -> Any:
    """A scalar of NumPy as one of Python."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not JSON")


def _write(name: str, value: Any) -> Any:
    """One entry of a result as JSON; an array as its bytes, so that it returns exactly."""
    if isinstance(value, np.ndarray) and value.dtype.kind in _KINDS_OF_DTYPE:
        return {
            "dtype": value.dtype.str,
            "shape": value.shape,
            "base64": base64.b64encode(value.tobytes()).decode(),
        }
    if isinstance(value, np.generic) and value.dtype.kind in "biuf":
        return value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(
        f"result {name!r} is a {type(value).__name__}: return arrays of numbers, numbers, texts"
        " or None"
    )


def _read(value: Any) -> Any:
    """One entry of a result, from JSON."""
    if not isinstance(value, dict):
        return value
    flat = np.frombuffer(base64.b64decode(value["base64"]), dtype=value["dtype"])
    return flat.reshape(value["shape"]).copy()
