"""Thousands of students: networks that learn by rules of a family, all from the same start."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array, check_number
from lowrnn.learning.plasticity.family import RuleFamily
from lowrnn.learning.plasticity.student_kernel import student_kernel
from lowrnn.networks import RNN, RandomPlusLowRank, structured_part
from lowrnn.networks.kernels.compile import share

Array = NDArray[Any]

#: What can become of a student, by the number in `Students.status`.
STATUS = ("ok", "non-finite", "saturated", "blow-up")


@dataclass(frozen=True, eq=False)
class Students:
    """What became of students; NaN for those whose activity or weights grew without bound.

    Attributes
    ----------
    projections : array (student, epoch, condition, time, direction)
        `frameᵀ x / √N` at the recorded steps, with the weights before the update of the epoch.
    outputs : array (student, epoch, condition, time, output)
        The readout there.
    overlap : array (student, epoch, rank, rank)
        `n_qᵀ J m_r / N` after the update, with the m and n that all students start from.
    norm : array (student, epoch)
        Frobenius norm of the change of J after the update.
    saturation : array (student,)
        Share of rates beyond ±0.95 in the last epoch.
    status : integer array (student,)
        Index in `STATUS`. Saturated: more than half of the rates.
    frame : array (neuron, direction)
        Orthonormal; fixed before learning, so that students can be compared.
    steps : integer array (time,)
        The recorded steps.
    """

    projections: Array
    outputs: Array
    overlap: Array
    norm: Array
    saturation: Array
    status: NDArray[np.int64]
    frame: Array
    steps: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.status)


def default_frame(rnn: RNN) -> Array:
    """Orthonormal directions that span m, the input weights and the mean, (neuron, direction).

    Signs are those of the vectors that they come from.
    """
    structured = structured_part(rnn.connectivity)
    found = [] if structured is None else [structured.m]
    basis = np.concatenate([*found, rnn.inputs, np.ones((rnn.neurons, 1))], axis=1)
    q, r = np.linalg.qr(basis.astype(np.float64))
    return np.asarray(q * np.sign(np.diag(r)))


def students(
    family: RuleFamily,
    theta: ArrayLike,
    seeds: ArrayLike,
    rnn: RNN,
    u: ArrayLike,
    *,
    epochs: int = 6,
    record: int | Sequence[int] = 5,
    frame: ArrayLike | None = None,
    spread: float = 0.0,
) -> Students:
    """Let many networks learn, each by its own rule of a family, in single precision.

    All start from the low-rank part of `rnn`; the random part, if it has one, and the initial
    states are drawn anew for each student from its seed. In every epoch all conditions are shown
    once, from the initial state on, then the weights are updated once.

    A student depends on its coefficients and its seed alone: the same in any batch, with any number
    of threads and in any order. Nothing that it does raises an error; see `Students.status`.

    Parameters
    ----------
    family : RuleFamily
        The terms, and the rates.
    theta : array (student, coefficient)
        Coefficients, one for each of `family.terms`.
    seeds : integer array (student,)
        From 0 to 2⁶⁴ - 1.
    rnn : RNN
        The start: low-rank, with or without a random part.
    u : array (condition, time, input)
        Inputs, such as `task.conditions().inputs`.
    epochs : int
        Number of updates.
    record : int or sequence of int
        Which steps to record, or how many: evenly spaced, the last one among them.
    frame : array (neuron, direction), optional
        What to project states on; `default_frame` by default.
    spread : float
        Standard deviation of initial states around that of `rnn`.

    Raises
    ------
    InputError
        If the network has full rank, shapes disagree, or a setting is out of range.
    """
    structured = structured_part(rnn.connectivity)
    if structured is None:
        raise InputError("connectivity is full-rank: give a low-rank start, with a random part")
    u = check_array("u", u, ("condition", "time", rnn.inputs.shape[1]), dtype=np.float32)
    theta = check_array("theta", theta, ("student", len(family.terms)), dtype=np.float32)
    seeds = _seeds(seeds, len(theta))
    steps = _recorded(record, u.shape[1])
    check_number("epochs", epochs, at_least=1)
    check_number("spread", spread, at_least=0)
    frame = default_frame(rnn) if frame is None else frame
    frame = check_array("frame", frame, (rnn.neurons, "direction"), dtype=np.float32)
    count, rank = len(theta), structured.rank
    shape = (count, epochs, len(u), len(steps))
    connectivity = rnn.connectivity
    g = connectivity.g if isinstance(connectivity, RandomPlusLowRank) else 0.0
    owned = [(k, term) for k, terms in enumerate(family.parsed) for term in terms]
    numbers = np.array([term.coefficient for _, term in owned], np.float32)
    exponents = np.array([(t.pre, t.post, t.weight, t.threshold) for _, t in owned], np.int64)
    found = Students(
        projections=np.empty((*shape, frame.shape[1]), np.float32),
        outputs=np.empty((*shape, rnn.readout.shape[1]), np.float32),
        overlap=np.empty((count, epochs, rank, rank), np.float32),
        norm=np.empty((count, epochs), np.float32),
        saturation=np.empty(count, np.float32),
        status=np.empty(count, np.int64),
        frame=frame,
        steps=steps,
    )
    root = math.sqrt(rnn.neurons)
    single = [
        np.ascontiguousarray(array, np.float32)
        for array in (
            structured.m.T, structured.n.T, u @ rnn.inputs.T.astype(np.float32), rnn.bias,
            rnn.initial_state, frame.T / np.float32(root), rnn.readout.T,
            theta[:, [k for k, _ in owned]] * numbers,
        )
    ]  # fmt: skip
    m, n, drive, bias, start, directions, readout, coefficients = single
    kernel = student_kernel(rnn.nonlinearity)
    forget = 1 - math.exp(-u.shape[1] * rnn.dt / family.threshold)

    def work(_: int, first: int, last: int) -> None:
        kernel(
            first, last, coefficients, seeds, exponents, family.pre == "centred",
            family.post == "centred", m, n, np.float32(g / root), drive, bias, start,
            np.float32(spread), directions, readout, steps, np.float32(rnn.alpha),
            np.float32(family.rate), np.float32(family.decay), np.float32(forget),
            found.projections, found.outputs, found.overlap, found.norm, found.saturation,
            found.status,
        )  # fmt: skip

    share(work, count, count * epochs * drive.size * rnn.neurons)
    return found


def _seeds(seeds: ArrayLike, count: int) -> NDArray[np.uint64]:
    """One seed a student, in the type of the kernel."""
    found = np.asarray(seeds)
    if found.shape != (count,):
        raise InputError(f"seeds have shape {found.shape}: give ({count},), one a row of theta")
    if found.dtype.kind not in "iu" or (found.dtype.kind == "i" and (found < 0).any()):
        raise InputError(f"seeds have dtype {found.dtype}: give integers from 0 to 2**64 - 1")
    return found.astype(np.uint64)


def _recorded(record: int | Sequence[int], steps: int) -> NDArray[np.int64]:
    """The steps to record, in order."""
    if isinstance(record, int):
        if not 1 <= record <= steps:
            raise InputError(f"record is {record}: give 1 to {steps}, the number of steps")
        return np.linspace(0, steps, record + 1)[1:].astype(np.int64) - 1
    found = np.asarray(record, np.int64)
    if not found.size or found.min() < 0 or found.max() >= steps or (np.diff(found) <= 0).any():
        raise InputError(f"record is {list(record)}: give rising steps from 0 to {steps - 1}")
    return found
