"""How long a step of learning a network of low tensor rank takes: lowrnn and two eager loops.

The network is that of Pellegrino, Cayco-Gajic & Chadwick 2023, and so is what is fitted: rates of
all neurons in all trials. One eager loop is the reduced form, which never writes a matrix; the
other, like the code published with the paper, makes the matrix of every trial. Both are our own
writing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lowrnn.bench.clock import interleave
from lowrnn.bench.machine import machine
from lowrnn.learning import one_torch_thread
from lowrnn.networks import Noise, kernels

ALPHA, INPUTS = 0.1, 3


@dataclass(frozen=True)
class TensorCell:
    """One size of the problem.

    Parameters
    ----------
    neurons, rank, trials, steps : int
        Size of the network, and of what is fitted; trials are not split into batches.
    """

    neurons: int
    rank: int
    trials: int
    steps: int


#: A recorded session with 200 neurons, and the published size of a network and its session.
TENSOR_CELLS = (TensorCell(200, 3, 300, 60), TensorCell(200, 5, 250, 40))


def tensor_problem(cell: TensorCell, seed: int = 0) -> tuple[dict[str, Tensor], Tensor]:
    """A random problem in float32: what is differentiated (`m`, `n`, `c`, `B`, `u`), and rates."""
    g = np.random.default_rng(seed)

    def normal(*shape: int) -> Tensor:
        return torch.from_numpy(g.standard_normal(shape)).float()

    a = normal(cell.neurons, cell.rank)
    tensors = {
        "m": a,
        "n": a + normal(cell.neurons, cell.rank),
        "c": 1 + 0.3 * normal(cell.trials, cell.rank),
        "B": normal(cell.neurons, INPUTS),
        "u": normal(cell.trials, cell.steps, INPUTS),
    }
    return tensors, torch.tanh(normal(cell.trials, cell.steps, cell.neurons))


def _lowrnn_loss(tensors: Mapping[str, Tensor], target: Tensor) -> Tensor:
    network = {name: value for name, value in tensors.items() if name != "u"}
    return kernels.squared_error(
        network, tensors["u"], target, target.new_ones(target.shape[:2]), on="rates", alpha=ALPHA,
        nonlinearity="tanh", noise=Noise(0.0),
    )  # fmt: skip


def _reduced_loss(tensors: Mapping[str, Tensor], target: Tensor) -> Tensor:
    m, n, c = tensors["m"], tensors["n"], tensors["c"]
    neurons = len(m)
    return _eager_loss(tensors, target, lambda rates: (rates @ n * c) @ m.T / neurons)


def _matrices_loss(tensors: Mapping[str, Tensor], target: Tensor) -> Tensor:
    m, n, c = tensors["m"], tensors["n"], tensors["c"]
    J = (c[:, None, :] * m) @ n.T / len(m)
    return _eager_loss(tensors, target, lambda rates: torch.bmm(J, rates[:, :, None])[:, :, 0])


def _eager_loss(
    tensors: Mapping[str, Tensor], target: Tensor, recurrent: Callable[[Tensor], Tensor]
) -> Tensor:
    B, u = tensors["B"], tensors["u"]
    x = u.new_zeros(len(u), len(B))
    rates = torch.tanh(x)
    all_rates = []
    for step in range(u.shape[1]):
        x = x + ALPHA * (-x + recurrent(rates) + u[:, step] @ B.T)
        rates = torch.tanh(x)
        all_rates.append(rates)
    return ((torch.stack(all_rates, dim=1) - target) ** 2).sum()


_LOSSES = {"lowrnn": _lowrnn_loss, "reduced": _reduced_loss, "matrices": _matrices_loss}


def tensor_gradients(name: str, tensors: Mapping[str, Tensor], target: Tensor) -> dict[str, Tensor]:
    """One step, forward and backward: by `lowrnn`, or eager by `reduced` form or `matrices`."""
    leaves = {name: value.detach().requires_grad_() for name, value in tensors.items()}
    gradients = torch.autograd.grad(_LOSSES[name](leaves, target), list(leaves.values()))
    return dict(zip(leaves, gradients, strict=True))


def measure_tensor(cell: TensorCell, *, seconds: float = 5.0) -> dict[str, Any]:
    """Time a step of one cell: forward, loss and backward, without an optimiser.

    The eager loops run with one torch thread and with as many as torch was set to, and the better
    time counts. The fused kernel uses numba's threads.

    Parameters
    ----------
    cell : TensorCell
        The size.
    seconds : float
        The time to spend on the clock; slow cells take longer, for three calls of each.

    Returns
    -------
    dict
        The fields of `cell`; `lowrnn_ms`, `reduced_ms`, `matrices_ms`; the quotients
        `ratio_reduced` and `ratio_matrices`, how many times longer than lowrnn; `max_grad_error`,
        the largest relative error of lowrnn's gradients, in Euclidean norms, against those of the
        reduced form in float64.
    """
    tensors, target = tensor_problem(cell)

    def on(threads: int, name: str) -> Callable[[], object]:
        def call() -> None:
            torch.set_num_threads(threads)
            tensor_gradients(name, tensors, target)

        return call

    counts = sorted({1, torch.get_num_threads()})
    contenders = {"lowrnn": on(1, "lowrnn")}
    for name in ("reduced", "matrices"):
        contenders |= {f"{name} {count}": on(count, name) for count in counts}
    with one_torch_thread():
        times = interleave(contenders, seconds=seconds)
    doubles = {name: value.double() for name, value in tensors.items()}
    wanted = tensor_gradients("reduced", doubles, target.double())
    found = tensor_gradients("lowrnn", tensors, target)
    lowrnn = times["lowrnn"]
    reduced, matrices = (
        min(times[f"{name} {count}"] for count in counts) for name in ("reduced", "matrices")
    )
    return {
        **asdict(cell),
        "lowrnn_ms": 1e3 * lowrnn,
        "reduced_ms": 1e3 * reduced,
        "matrices_ms": 1e3 * matrices,
        "ratio_reduced": reduced / lowrnn,
        "ratio_matrices": matrices / lowrnn,
        "max_grad_error": max(
            float((found[name] - value).norm() / value.norm()) for name, value in wanted.items()
        ),
    }


def tensor_steps(
    cells: Sequence[TensorCell] = TENSOR_CELLS,
    *,
    seconds: float = 5.0,
    progress: Callable[[int, str], None] = lambda done, remark: None,
) -> dict[str, Any]:
    """Time a step of every cell.

    Parameters
    ----------
    cells : sequence of TensorCell
        The sizes.
    seconds : float
        See `measure_tensor`.
    progress : callable
        Called with the number of cells done and a remark, before each cell and at the end.

    Returns
    -------
    dict
        `rows`, see `measure_tensor`; `worst_ratio_reduced` and `worst_ratio_matrices`, the smallest
        quotients; `machine`.
    """
    found = machine()
    rows = []
    for done, cell in enumerate(cells):
        progress(done, f"rank {cell.rank}, {cell.trials} x {cell.steps}")
        rows.append(measure_tensor(cell, seconds=seconds))
    progress(len(cells), "")
    return {
        "rows": rows,
        **{
            f"worst_ratio_{name}": min(row[f"ratio_{name}"] for row in rows)
            for name in ("reduced", "matrices")
        },
        "machine": found,
    }
