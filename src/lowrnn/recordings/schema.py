"""Checking what a user wrote in YAML against a pydantic model, in one sentence."""

from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from lowrnn.errors import InputError
from lowrnn.recordings.arrays import known


class Strict(BaseModel):
    """A part of a specification: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Model = TypeVar("Model", bound=Strict)


def load_yaml(path: Path) -> Any:
    """What a YAML file says; only plain values, lists and mappings are read."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): check the path") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text: give a YAML file") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" at line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "cannot be parsed"
        raise InputError(f"{path} is not valid YAML{line} ({problem}): mend that line") from None


def validate(model: type[Model], value: Any, where: str) -> Model:
    """Build `model` from what was read, or name the first field that is wrong.

    Raises
    ------
    InputError
        With the dotted path of the field, the value found and the mend.
    """
    if not isinstance(value, dict):
        raise InputError(
            f"{where} holds {type(value).__name__}, not keys and values: write key: value"
        )
    try:
        return model.model_validate(value)
    except ValidationError as error:
        # A key that is not known explains most of what else may be wrong.
        first = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
    location, found, kind = first["loc"], first["input"], first["type"]
    path = ".".join(str(step) for step in location if not _is_branch(step))
    if kind == "extra_forbidden":
        known(f"{where}: key in {_parent(path)}", location[-1], _keys(model, location[:-1]))
    if kind == "missing":
        raise InputError(f"{where}: {path} is missing: add it")
    message = first["msg"].removeprefix("Value error, ")
    if path:
        message = f"{path} is {found!r}: {message[0].lower()}{message[1:]}"
    # The file as a whole is not repeated: the message names the field.
    raise InputError(f"{where}: {message}")


def _parent(path: str) -> str:
    return path.rpartition(".")[0] or "the file"


def _is_branch(step: int | str) -> bool:
    """Whether pydantic put a step in the path that names the branch of a union, not a key."""
    if isinstance(step, int):
        return False
    return (
        step in {"str", "float", "bool", "Range"} or step.startswith("constrained-") or "[" in step
    )


def _keys(model: Any, location: tuple[int | str, ...]) -> list[str]:
    """The keys that are valid at a location."""
    for step in location:
        if isinstance(model, type) and issubclass(model, Strict) and step in model.model_fields:
            model = model.model_fields[str(step)].annotation
        model = _strict_within(model)
    return [field.alias or name for name, field in model.model_fields.items()]


def _strict_within(annotation: Any) -> Any:
    """The model inside an annotation such as `list[Model]` or `Model | None`."""
    if isinstance(annotation, type) and issubclass(annotation, Strict):
        return annotation
    inner = (_strict_within(part) for part in get_args(annotation))
    return next((part for part in inner if part is not None), None)
