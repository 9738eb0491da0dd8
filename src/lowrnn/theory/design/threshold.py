"""The input at which the state that a design holds disappears."""

from dataclasses import replace

import numpy as np

from lowrnn.errors import InputError, check_number
from lowrnn.theory.bifurcations import Bifurcation, bifurcations
from lowrnn.theory.continuation import Branch
from lowrnn.theory.curve import STATIONARY, Curve
from lowrnn.theory.design.design import Design
from lowrnn.theory.equations import Equations

#: Longest step along the branch, and most of them.
STEP, STEPS = 1 / 40, 2000


def threshold(
    design: Design, condition: int, input_name: str, *, limit: float = 4.0
) -> Bifurcation:
    """The fold at which the state held before an input disappears, as that input grows.

    The state that the trial leads to without this input is followed while the input grows, the
    others being those of the answer epoch. A stimulus beyond `value` switches the network, given
    enough time: close to the fold, many units of tau.

    Parameters
    ----------
    design : Design
        The task.
    condition : int
        Row of `design.conditions`.
    input_name : str
        The input that grows.
    limit : float
        The largest amplitude that is tried; negative to make the input fall.

    Returns
    -------
    Bifurcation
        Its `value` is the amplitude.

    Raises
    ------
    InputError
        If there is no such condition or input, the limit is 0, the state survives up to it, or it
        lies on a continuous attractor, where any input moves it.
    """
    if input_name not in design.input_names:
        raise InputError(
            f"input_name is {input_name!r}: name one of {', '.join(design.input_names)}"
        )
    if not 0 <= condition < len(design):
        raise InputError(f"condition is {condition}: give a row, 0 to {len(design) - 1}")
    if check_number("limit", limit) == 0:
        raise InputError("limit is 0: give the largest amplitude to try")
    channel = design.input_names.index(input_name)
    epoch = list(design.epochs).index(design.answer)
    row = slice(condition, condition + 1)
    levels = design.levels[row].copy()
    levels[:, epoch, channel] = 0

    def equations(**amplitude: float) -> Equations:
        u = levels[0, epoch].copy()
        u[channel] = amplitude[input_name]
        return design.mean_field.equations(u)

    (held,) = replace(
        design, conditions=design.conditions[row], levels=levels, output=design.output[row]
    ).states()
    if held.neutral:
        raise InputError(
            f"input_name is {input_name!r}, and without it the state is on a continuous attractor,"
            " where any input moves it: there is no threshold to find"
        )
    size = float(np.abs(STATIONARY.unknowns(held)).max()) or 1.0
    curve = Curve(equations, input_name, 0.0, limit, STATIONARY, size)
    start = curve.point(held, 0.0)
    onwards = np.append(np.zeros(len(start) - 1), 1.0)
    points = np.array([start, *curve.follow(start, onwards, STEP, STEPS)])
    back = np.flatnonzero(np.diff(points[:, -1]) < 0)
    # Beyond the first fold the branch is another state: only the way up to it counts.
    folds = bifurcations(Branch(curve, points[: back[0] + 2])) if back.size else []
    folds = [fold for fold in folds if fold.kind == "fold"]
    if not folds:
        raise InputError(
            f"limit is {limit:g}, and the state was followed to {curve.value(points[-1]):.4g}"
            " without a fold: give a larger limit"
        )
    return folds[0]
