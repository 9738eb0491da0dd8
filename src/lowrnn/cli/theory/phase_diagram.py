"""`lowrnn theory phase-diagram`: what networks do, in any two parameters."""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lowrnn.cli.common import JsonOption, OutOption, print_result, progress_bar
from lowrnn.errors import InputError

if TYPE_CHECKING:
    from lowrnn.theory import TheorySpec

Range = Annotated[
    str,
    typer.Option(
        metavar="NAME=LOW:HIGH[:POINTS]",
        help="A parameter and its values, 100 by default: g, mn, input, or any other flag of rank"
        " one (mean-m, sigma-m, sigma-ni, …).",
    ),
]


def phase_diagram(
    spec: "TheorySpec",
    x: Range = "g=0:3",
    y: Range = "mn=0:4",
    by: Annotated[
        str, typer.Option(help="What makes the overlap mn: covariance, or means with --mean-m.")
    ] = "covariance",
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """The kinds of stable states over two parameters of rank-one networks, with boundaries.

    For other families, `lowrnn.theory.phase_diagram` takes any Python function of two parameters.
    With --out, results.nc has every state at every point.
    """
    import numpy as np

    from lowrnn.theory import KINDS, rank_one_family
    from lowrnn.theory import phase_diagram as diagram_of

    if spec.rank_one is None:
        raise InputError("the networks are not rank_one: use lowrnn.theory.phase_diagram in Python")
    axes = dict((_axis("x", x), _axis("y", y)))
    if len(axes) != 2:
        raise InputError(f"x and y are both {next(iter(axes))}: give two parameters")
    fixed = spec.rank_one.model_dump(exclude_none=True) | {"by": by}
    fixed |= {"g": spec.g, "nonlinearity": spec.nonlinearity}
    _, u = spec.build()
    fixed["u"] = u[0] if u else 0.0
    if spec.noise_std:
        raise InputError(
            f"noise_std is {spec.noise_std}: phase diagrams are of networks without noise"
        )
    for name in axes:
        fixed.pop(name, None)
    started = time.perf_counter()
    with progress_bar("solving", 1) as advance:
        found = diagram_of(
            rank_one_family(**fixed), axes, progress=lambda done, total: advance(done, "", total)
        )
    kinds = found["kinds"].values
    result: dict[str, Any] = {
        "axes": {name: [float(v) for v in values[[0, -1]]] for name, values in axes.items()},
        "points": {name: int(np.sum(kinds & bit > 0)) for name, bit in KINDS.items()},
        "total": int(kinds.size),
        "unsolved": int(found["unsolved"].sum()),
        "seconds": round(time.perf_counter() - started, 3),
    }
    if out is not None:
        from lowrnn.cli.theory.folder import write_theory
        from lowrnn.report.theory import phase_diagram_figure

        config = {"x": x, "y": y, "fixed": fixed}
        figure = phase_diagram_figure(found, _LABELS)
        result["report"] = str(
            write_theory(out, "phase-diagram", config, result, figure, results=found)
        )
    shares = ", ".join(f"{count} {name}" for name, count in result["points"].items() if count)
    print_result(
        result,
        f"Of {result['total']} points: {shares}; {result['unsolved']} unsolved"
        f" ({result['seconds']:.1f} s)",
        as_json=as_json,
    )


#: Names on the command line that differ from the arguments of `rank_one_family`.
_NAMES = {"mn": "overlap", "input": "u", "mean_i": "mean_I", "sigma_mi": "sigma_mI",
          "sigma_ni": "sigma_nI"}  # fmt: skip
_LABELS = {
    "g": "random strength g",
    "overlap": "overlap λ",
    "u": "input u",
    "mean_m": "mean of m",
    "mean_n": "mean of n",
    "sigma_m": "s.d. of m",
    "sigma_n": "s.d. of n",
    "cov_mn": "covariance of m and n",
    "mean_I": "mean of I",
    "sigma_mI": "covariance of m and I",
    "sigma_nI": "covariance of n and I",
    "sigma_perp": "s.d. of I beyond m and n",
}
_KNOWN = tuple(_LABELS)
DEFAULT_POINTS = 100


def _axis(field: str, text: str) -> tuple[str, Any]:
    """A parameter and its values."""
    import numpy as np

    name, _, values = text.partition("=")
    name = name.strip().replace("-", "_")
    name = _NAMES.get(name, name)
    if name not in _KNOWN:
        raise InputError(f"{field} is {text!r}: name one of {', '.join(_KNOWN)}")
    parts = values.split(":")
    try:
        low, high = float(parts[0]), float(parts[1])
        points = int(parts[2]) if len(parts) > 2 else DEFAULT_POINTS
    except (ValueError, IndexError):
        raise InputError(
            f"{field} is {text!r}: give NAME=LOW:HIGH or NAME=LOW:HIGH:POINTS"
        ) from None
    if not (len(parts) <= 3 and low < high and points >= 2):
        raise InputError(f"{field} is {text!r}: give LOW below HIGH and at least 2 POINTS")
    return name, np.linspace(low, high, points)
