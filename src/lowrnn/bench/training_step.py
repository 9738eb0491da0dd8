"""How long a training step takes: lowrnn, the eager loop, JAX, and the tanh floor, cell by cell."""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from lowrnn.bench import eager, jax_scan
from lowrnn.bench.clock import interleave
from lowrnn.bench.floor import seconds_per_tanh
from lowrnn.bench.machine import machine
from lowrnn.bench.problem import Cell, Problem, problem
from lowrnn.learning import one_torch_thread
from lowrnn.networks import Noise, kernels

#: A grid that spans the range of every size, for about a minute on two idle cores.
QUICK = tuple(
    Cell(*size, noise)
    for size in (
        (128, 1, 32, 68),
        (128, 5, 128, 100),
        (512, 1, 32, 68),
        (512, 2, 128, 100),
        (1024, 1, 32, 68),
        (2048, 3, 64, 100),
        (4096, 1, 32, 68),
        (4096, 5, 128, 100),
    )
    for noise in (False, True)
)

#: Every combination of sizes.
FULL = tuple(
    Cell(neurons, rank, batch, steps, noise)
    for neurons, rank, batch, steps, noise in itertools.product(
        (128, 256, 512, 1024, 2048, 4096), (1, 2, 3, 5), (32, 128), (68, 100), (False, True)
    )
)

Progress = Callable[[int, str], None]


def lowrnn_step(problem: Problem, seed: int) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss and its gradient by the fused kernel, with the noise of a seed: one step."""
    leaves = {name: value.detach().requires_grad_() for name, value in problem.tensors.items()}
    loss = kernels.squared_error(
        leaves, problem.u, problem.target, problem.weight, on="output", alpha=problem.alpha,
        nonlinearity="tanh", noise=Noise(problem.noise_std, seed),
    )  # fmt: skip
    gradients = torch.autograd.grad(loss, list(leaves.values()))
    return loss.detach(), dict(zip(leaves, gradients, strict=True))


def gradient_error(problem: Problem, seed: int = 0) -> float:
    """Relative error of the fused kernel's gradient: the largest of m, n, B and w.

    It is `|g - g64| / |g64|` in Euclidean norms, where g64 is what autograd makes of the eager loop
    in float64, fed with the same noise. Batches of more than 32 trials are cut to that.
    """
    problem = problem.first(32)
    _, gradients = lowrnn_step(problem, seed)
    _, wanted = eager.exact_step(problem, seed)
    return max(
        float((gradients[name] - exact).norm() / exact.norm()) for name, exact in wanted.items()
    )


def measure(cell: Cell, *, seconds: float = 1.5) -> dict[str, Any]:
    """Time a training step of one cell: forward, loss and backward, without an optimiser.

    The eager loop runs with one torch thread and with as many as torch was set to, and its better
    time counts. The fused kernels use numba's threads, JAX those it chose when it started.

    Parameters
    ----------
    cell : Cell
        The size.
    seconds : float
        The time to spend on the clock; slow cells take longer, for three calls of each.

    Returns
    -------
    dict
        The fields of `cell`; `lowrnn_ms`, `eager_ms`, `jax_ms` (None without JAX) and
        `tanh_floor_ms`; the quotients `ratio_eager` and `ratio_jax`, how many times longer than
        lowrnn, and `ratio_floor`, how many times the floor lowrnn takes; `max_grad_error`, see
        `gradient_error`.
    """
    given = problem(cell)
    seeds = itertools.count()
    threads = sorted({1, torch.get_num_threads()})

    def ours() -> None:
        torch.set_num_threads(1)
        lowrnn_step(given, next(seeds))

    def eager_with(count: int) -> Callable[[], None]:
        def call() -> None:
            torch.set_num_threads(count)
            eager.step(given)

        return call

    contenders: dict[str, Callable[[], object]] = {"lowrnn": ours}
    contenders |= {f"eager {count}": eager_with(count) for count in threads}
    if jax_scan.available():
        jax_step = jax_scan.compiled_step(given)
        contenders["jax"] = lambda: jax_step(next(seeds))
    with one_torch_thread():
        error = gradient_error(given)
        floor = cell.elements * seconds_per_tanh()
        times = interleave(contenders, seconds=seconds)
        floor = min(floor, cell.elements * seconds_per_tanh())
    lowrnn, jax = times["lowrnn"], times.get("jax")
    fastest = min(times[f"eager {count}"] for count in threads)
    return {
        "neurons": cell.neurons,
        "rank": cell.rank,
        "batch": cell.batch,
        "steps": cell.steps,
        "noise": cell.noise,
        "lowrnn_ms": 1e3 * lowrnn,
        "eager_ms": 1e3 * fastest,
        "jax_ms": None if jax is None else 1e3 * jax,
        "tanh_floor_ms": 1e3 * floor,
        "ratio_eager": fastest / lowrnn,
        "ratio_jax": None if jax is None else jax / lowrnn,
        "ratio_floor": lowrnn / floor,
        "max_grad_error": error,
    }


def training_steps(
    cells: Sequence[Cell] = QUICK,
    *,
    seconds: float = 1.5,
    progress: Progress = lambda done, remark: None,
) -> dict[str, Any]:
    """Time a training step of every cell.

    Parameters
    ----------
    cells : sequence of Cell
        The sizes: `QUICK`, `FULL` or others.
    seconds : float
        See `measure`.
    progress : callable
        Called with the number of cells done and a remark, before each cell and at the end.

    Returns
    -------
    dict
        `rows`, see `measure`; `geomean_ratio_*` over all rows, and `worst_ratio_*`, the smallest
        quotient to a peer and the largest to the floor; the same for the rows without noise
        (`noise_off`) and with it (`noise_on`); `machine`.
    """
    found = machine()
    rows = []
    for done, cell in enumerate(cells):
        noise = "noise" if cell.noise else "no noise"
        progress(done, f"N {cell.neurons}, rank {cell.rank}, {cell.batch} x {cell.steps}, {noise}")
        rows.append(measure(cell, seconds=seconds))
    progress(len(cells), "")
    return {
        "rows": rows,
        **summary(rows),
        "noise_off": summary([row for row in rows if not row["noise"]]),
        "noise_on": summary([row for row in rows if row["noise"]]),
        "machine": found,
    }


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, float | None]:
    """Geometric means and extremes of the quotients; None where nothing was measured."""
    found: dict[str, float | None] = {}
    for name, worst in (("eager", min), ("jax", min), ("floor", max)):
        ratios = [row[f"ratio_{name}"] for row in rows]
        known = [ratio for ratio in ratios if ratio is not None]
        mean = math.exp(sum(map(math.log, known)) / len(known)) if known else None
        found[f"geomean_ratio_{name}"] = mean
        found[f"worst_ratio_{name}"] = worst(known) if known else None
    found["max_grad_error"] = max((row["max_grad_error"] for row in rows), default=None)
    return found
