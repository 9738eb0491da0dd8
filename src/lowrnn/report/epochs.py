"""Stretches of trials in which the inputs hardly change: there the latents have one flow."""

from dataclasses import dataclass

import numpy as np
import scipy.ndimage

from lowrnn.report.run import Array
from lowrnn.report.style import number

#: An input below this share of its maximum counts as off; inputs closer than this are the same.
SMALL = 0.15
MOST_TRIALS = 200


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

    A stretch lasts while the smoothed input stays close to its mean so far, at least a
    fifteenth of the trial; its input is the median over it. So noise on the inputs does not matter.

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
    width = max(1, steps // 15)
    scale = np.abs(inputs).max(axis=(0, 1)) if count else np.zeros(0)
    scaled = inputs / np.where(scale > 0, scale, 1.0)
    smooth = scipy.ndimage.uniform_filter1d(scaled, width, axis=1, mode="nearest")
    centres: list[Array] = [np.zeros(count)]
    members: list[list[tuple[int, slice]]] = [[]]
    for trial in np.unique(np.linspace(0, trials - 1, MOST_TRIALS).astype(int)).tolist():
        for piece in _stretches(smooth[trial]):
            if piece.stop - piece.start < max(3, width):
                continue
            u = np.median(scaled[trial, piece], axis=0)
            u = np.where(np.abs(u) > SMALL, u, 0.0)
            distance = [np.abs(u - centre).max(initial=0) for centre in centres]
            nearest = int(np.argmin(distance))
            if distance[nearest] > SMALL:
                centres.append(u)
                members.append([])
                nearest = -1
            members[nearest].append((trial, piece))
    return [
        Epoch(describe(centres[i] * scale, names), centres[i] * scale, tuple(members[i]))
        for i in _spread(centres, members, limit)
    ]


def _stretches(smooth: Array) -> list[slice]:
    """The stretches of an input (bin, input) in which it stays close to its mean so far."""
    found, start, mean = [], 0, smooth[0]
    for t in range(1, len(smooth)):
        if np.abs(smooth[t] - mean).max(initial=0) > SMALL:
            found.append(slice(start, t))
            start, mean = t, smooth[t]
        else:
            mean = mean + (smooth[t] - mean) / (t - start + 1)
    return [*found, slice(start, len(smooth))]


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


def describe(u: Array, names: list[str]) -> str:
    """The inputs that are on and their values; "no input"."""
    parts = [f"{name} {number(value)}" for name, value in zip(names, u, strict=True) if value]
    return ", ".join(parts) or "no input"
