"""How a theory is named on the command line: a YAML file, or the flags of rank one."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lowrnn.errors import InputError

if TYPE_CHECKING:
    from lowrnn.theory import TheorySpec

_RANK_ONE = "Rank one"


def _flag(name: str, text: str, *, whole: bool = False) -> Any:
    panel = None if whole else _RANK_ONE
    return Annotated[
        float | None, typer.Option(name, help=text, show_default=False, rich_help_panel=panel)
    ]


#: Flags that say which networks and which input: parameter, type.
FLAGS: dict[str, Any] = {
    "spec": Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]",
            help="YAML file with rank_one, moments or mixture; flags then change what it says.",
        ),
    ],
    "g": _flag("--g", "Strength g of the random part. Default 0.", whole=True),
    "mn": _flag(
        "--mn",
        "Overlap λ = E[m n], made by the covariance of m and n beyond mean_m mean_n."
        " Default: mean_m mean_n.",
    ),
    "mean_m": _flag("--mean-m", "Mean M_m of m. Default 0."),
    "mean_n": _flag("--mean-n", "Mean M_n of n. Default 0."),
    "sigma_m": _flag("--sigma-m", "Standard deviation Σ_m of m. Default 1."),
    "sigma_n": _flag(
        "--sigma-n",
        "Standard deviation Σ_n of n. Default: the smallest possible, and 1 of its own.",
    ),
    "mean_I": _flag("--mean-i", "Mean M_I of the input loadings I. Default 0."),
    "sigma_mI": _flag("--sigma-mi", "Covariance Σ_mI of m and I. Default 0."),
    "sigma_nI": _flag("--sigma-ni", "Covariance Σ_nI of n and I. Default 0."),
    "sigma_perp": _flag(
        "--sigma-perp",
        "Standard deviation Σ_⊥ of the part of I independent of m and n. Default 1.",
    ),
    "input": _flag("--input", "Amplitude u of a constant input along I. Default 0.", whole=True),
    "nonlinearity": Annotated[
        str | None,
        typer.Option(help="tanh, relu, softplus, identity or erf. Default tanh."),
    ],
    "noise_std": _flag("--noise-std", "Private noise of a neuron. Default 0.", whole=True),
}
_GENERAL = ("g", "input", "nonlinearity", "noise_std")


def takes_theory(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the flags above in place of its first parameter, a `TheorySpec`."""
    signature = inspect.signature(command)
    own = list(signature.parameters.values())[1:]
    keyword = inspect.Parameter.KEYWORD_ONLY
    flags = [
        inspect.Parameter(name, keyword, default=None, annotation=annotation)
        for name, annotation in FLAGS.items()
    ]

    def wrapped(**arguments: Any) -> None:
        values = {name: arguments.pop(name) for name in FLAGS}
        command(_spec(values), **arguments)

    parameters = [*flags, *(each.replace(kind=keyword) for each in own)]
    wrapped.__name__, wrapped.__doc__ = command.__name__, command.__doc__
    wrapped.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {each.name: each.annotation for each in parameters}
    return wrapped


def _spec(values: dict[str, Any]) -> "TheorySpec":
    """What the flags and the file say together."""
    from lowrnn.recordings.schema import validate
    from lowrnn.theory import TheorySpec, read_theory

    path = values.pop("spec")
    given = {name: value for name, value in values.items() if value is not None}
    general = {name: given.pop(name) for name in _GENERAL if name in given}
    given = {"overlap" if name == "mn" else name: value for name, value in given.items()}
    if path is None:
        part = {"sigma_perp": 1.0} | given
        return validate(TheorySpec, {"rank_one": part, "input": 0.0} | general, "the flags")
    spec = read_theory(path)
    if given and spec.rank_one is None:
        flag = min(given)
        raise InputError(
            f"{flag} is given with {path}, which is not rank_one: change the file instead"
        )
    if given and spec.rank_one is not None:
        # Validated anew, so that a flag is checked as the file's own value would be.
        part = spec.rank_one.model_dump(exclude_unset=True) | given
        general["rank_one"] = part
    return validate(TheorySpec, spec.model_dump(exclude_unset=True) | general, str(path))
