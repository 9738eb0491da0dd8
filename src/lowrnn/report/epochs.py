"""Stretches of trials in which the inputs hardly change: there the latents have one flow."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lowrnn.report.run import Array
from lowrnn.report.style import number

#: An input below this share of its maximum counts as off; inputs closer than this are the same.
SMALL = 0.15


@dataclass(frozen=True, eq=False)
class Epoch:
    """One constant input and when it was on.

    Attributes
    ----------
    label : str
        The inputs that are on and their values, not escaped; "no input".
    u : array (input,)
        The input.
    pieces : tuple of (trial, slice)
        The stretches of time, with the trial each belongs to.
    """

    label: str
    u: Array
    pieces: tuple[tuple[int, slice], ...]


def constant_inputs(inputs: Array, names: list[str], limit: int) -> list[Epoch]:
    """The constant inputs that matter most: none at all, then long ones unlike those before.

    A stretch is a run of bins in which the same inputs are on, at least a twentieth of the trial;
    its input is the median over it, so that noise on the inputs does not matter.

    Parameters
    ----------
    inputs : array (trial, time, input)
        As the network received them.
    names : list of str
        One for each input.
    limit : int
        The most epochs that are wanted.
    """
    trials, steps, count = inputs.shape
    width = max(1, steps // 20)
    scale = np.abs(inputs).max(axis=(0, 1)) if count else np.zeros(0)
    scale = np.where(scale > 0, scale, 1.0)
    kernel = np.ones(width) / width
    smooth = np.apply_along_axis(np.convolve, 1, inputs / scale, kernel, mode="same")
    on = np.abs(smooth) > SMALL
    centres: list[Array] = [np.zeros(count)]
    members: list[list[tuple[int, slice]]] = [[]]
    for trial in range(trials):
        for piece in _runs(on[trial]):
            if piece.stop - piece.start < max(3, width):
                continue
            u = np.median(inputs[trial, piece] / scale, axis=0) * on[trial, piece.start]
            distance = [np.abs(u - centre).max(initial=0) for centre in centres]
            nearest = int(np.argmin(distance))
            if distance[nearest] > SMALL:
                centres.append(u)
                members.append([])
                nearest = -1
            members[nearest].append((trial, piece))
    chosen = _spread(centres, members, limit)
    return [
        Epoch(_label(centres[i] * scale, names), centres[i] * scale, tuple(members[i]))
        for i in chosen
    ]


def _runs(on: NDArray[np.bool_]) -> list[slice]:
    """The stretches of bins (bin, input) over which nothing is switched."""
    switches = np.flatnonzero((on[1:] != on[:-1]).any(axis=1)) + 1
    edges = [0, *switches.tolist(), len(on)]
    return [slice(a, b) for a, b in pairwise(edges)]


def _spread(centres: list[Array], members: list[list[tuple[int, slice]]], limit: int) -> list[int]:
    """No input first, then by duration times distance from those already chosen."""
    duration = [sum(p.stop - p.start for _, p in pieces) for pieces in members]
    chosen = [0]
    while len(chosen) < min(limit, len(centres)):
        worth = [
            duration[i] * min(np.abs(centres[i] - centres[j]).max(initial=0) for j in chosen)
            for i in range(len(centres))
        ]
        chosen.append(int(np.argmax(worth)))
    return chosen


def _label(u: Array, names: list[str]) -> str:
    parts = [f"{name} {number(value)}" for name, value in zip(names, u, strict=True) if value]
    return ", ".join(parts) or "no input"
