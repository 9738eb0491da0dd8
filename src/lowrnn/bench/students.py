"""How long a student takes that learns by a rule: lowrnn and two loops in PyTorch.

The setting is that in which hidden rules are recovered: networks of rank 1 with a random part, that
see two inputs in turn and change their weights once an epoch. One loop simulates a student at a
time, as a research script would; the other many side by side, as batched matrices. Both are
`lowrnn.learning.plasticity.student_reference`, the definition of the fused kernel.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from lowrnn.bench.clock import interleave
from lowrnn.bench.machine import machine
from lowrnn.learning import one_torch_thread
from lowrnn.learning.plasticity.family import RuleFamily
from lowrnn.learning.plasticity.student_reference import plain_students
from lowrnn.learning.plasticity.students import default_frame, students
from lowrnn.networks import RNN, RandomPlusLowRank

FAMILY = RuleFamily(terms=("Y1", "X1", "Y2", "X1Y1"))
#: Students of a call: many for the kernel, as in a campaign; those of a batch; those one by one.
MANY, BATCH, FEW = 400, 50, 4


@dataclass(frozen=True)
class StudentCell:
    """One size of the problem.

    Parameters
    ----------
    neurons, epochs, steps : int
        Size of the networks, updates of their weights, and time steps of each of two conditions.
    """

    neurons: int
    epochs: int
    steps: int


#: The published setting, and one of larger networks.
STUDENT_CELLS = (StudentCell(64, 6, 30), StudentCell(200, 10, 50))


@dataclass(frozen=True, eq=False)
class StudentProblem:
    """A start, its inputs, and the coefficients and seeds of students."""

    rnn: RNN
    u: np.ndarray
    theta: np.ndarray
    seeds: np.ndarray
    frame: np.ndarray
    epochs: int

    @classmethod
    def draw(cls, cell: StudentCell, seed: int = 0) -> "StudentProblem":
        """A random problem of this size."""
        rng = np.random.default_rng(seed)
        m, n = 1 + rng.standard_normal((cell.neurons, 1)), rng.standard_normal((cell.neurons, 1))
        rnn = RNN(
            RandomPlusLowRank(0.5, m, n, seed=0), rng.standard_normal((cell.neurons, 2)), dt=0.02,
            tau=0.1,
        )  # fmt: skip
        u = np.zeros((2, cell.steps, 2))
        u[0, :, 0] = u[1, :, 1] = 1
        return cls(
            rnn, u, FAMILY.sample(MANY, seed), np.arange(MANY), default_frame(rnn), cell.epochs
        )

    def fused(self, count: int = MANY) -> np.ndarray:
        """The first `count` students by the kernel: their projections at the end of an epoch."""
        found = students(
            FAMILY, self.theta[:count], self.seeds[:count], self.rnn, self.u, epochs=self.epochs,
            record=(self.u.shape[1] - 1,), frame=self.frame,
        )  # fmt: skip
        return found.projections

    def plain(self, first: int, count: int, **settings: Any) -> np.ndarray:
        """The same of some students by batched tensors."""
        part = slice(first, first + count)
        return plain_students(
            FAMILY, self.theta[part], self.seeds[part], self.rnn, self.u, epochs=self.epochs,
            frame=self.frame, **settings,
        )  # fmt: skip


def measure_students(cell: StudentCell, *, seconds: float = 4.0) -> dict[str, Any]:
    """Time students of one size.

    The loops run with one torch thread and with as many as torch was set to, and the better time
    counts; their random matrices come from torch. The kernel runs on numba's threads.

    Parameters
    ----------
    cell : StudentCell
        The size.
    seconds : float
        The time to spend on the clock.

    Returns
    -------
    dict
        The fields of `cell`; milliseconds a student, `lowrnn_ms`, `plain_ms` and `batched_ms`; the
        quotients `ratio_plain` and `ratio_batched`, how many times longer than lowrnn; `max_error`,
        of the kernel's projections against the loop's in float64.
    """
    problem = StudentProblem.draw(cell)
    N = cell.neurons

    def drawn(count: int) -> torch.Tensor:
        return torch.randn(count, N, N)

    def one_by_one() -> None:
        for index in range(FEW):
            problem.plain(index, 1, chi=drawn(1))

    def on(threads: int, call: Callable[[], object]) -> Callable[[], None]:
        def run() -> None:
            torch.set_num_threads(threads)
            call()

        return run

    calls: dict[str, tuple[Callable[[], object], int]] = {
        "plain": (one_by_one, FEW),
        "batched": (lambda: problem.plain(0, BATCH, chi=drawn(BATCH)), BATCH),
    }
    counts = sorted({1, torch.get_num_threads()})
    contenders = {"lowrnn": on(1, problem.fused)}
    for name, (call, _) in calls.items():
        contenders |= {f"{name} {count}": on(count, call) for count in counts}
    with one_torch_thread():
        times = interleave(contenders, seconds=seconds)
        exact = problem.plain(0, FEW, dtype=torch.float64)
    lowrnn = times["lowrnn"] / MANY
    plain, batched = (
        min(times[f"{name} {count}"] for count in counts) / calls[name][1] for name in calls
    )
    return {
        **asdict(cell),
        "lowrnn_ms": 1e3 * lowrnn,
        "plain_ms": 1e3 * plain,
        "batched_ms": 1e3 * batched,
        "ratio_plain": plain / lowrnn,
        "ratio_batched": batched / lowrnn,
        "max_error": float(np.abs(problem.fused(FEW) - exact).max() / np.abs(exact).max()),
    }


def student_times(
    cells: Sequence[StudentCell] = STUDENT_CELLS,
    *,
    seconds: float = 4.0,
    progress: Callable[[int, str], None] = lambda done, remark: None,
) -> dict[str, Any]:
    """Time students of every size.

    Parameters
    ----------
    cells : sequence of StudentCell
        The sizes.
    seconds : float
        See `measure_students`.
    progress : callable
        Called with the number of cells done and a remark, before each cell and at the end.

    Returns
    -------
    dict
        `rows`, see `measure_students`; `worst_ratio_plain` and `worst_ratio_batched`, the smallest
        quotients; `machine`.
    """
    found = machine()
    rows = []
    for done, cell in enumerate(cells):
        progress(done, f"{cell.neurons} neurons, {cell.epochs} epochs of 2 x {cell.steps}")
        rows.append(measure_students(cell, seconds=seconds))
    progress(len(cells), "")
    return {
        "rows": rows,
        **{
            f"worst_ratio_{name}": min(row[f"ratio_{name}"] for row in rows)
            for name in ("plain", "batched")
        },
        "machine": found,
    }
