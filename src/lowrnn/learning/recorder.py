"""A history of training that somebody else's code does."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array, check_number
from lowrnn.learning.changes import KEPT, WeightChanges, leading
from lowrnn.learning.history import History


class WeightRecorder:
    """Keeps how a recurrent matrix changes in a training loop of your own.

    Matrices are reduced to leading singular vectors of their change as they come, so that long
    trainings of large networks fit in memory. The history serves every analysis that those of
    `train` serve.

    Parameters
    ----------
    initial : array or tensor (neuron, neuron)
        The matrix before learning, J0. Of `nn.RNN` it is `weight_hh_l0`.
    kept : int
        Number of singular vectors to keep.

    Examples
    --------
    >>> recorder = WeightRecorder(net.weight_hh_l0)              # doctest: +SKIP
    >>> for step in range(1000):
    ...     loss = ...                                           # your own training step
    ...     if step % 10 == 9:
    ...         recorder.record(step + 1, net.weight_hh_l0, loss=loss)
    >>> history = recorder.history()
    """

    def __init__(self, initial: ArrayLike, kept: int = KEPT) -> None:
        self.initial = _matrix("initial", initial)
        if self.initial.shape[0] != self.initial.shape[1]:
            raise InputError(f"initial has shape {self.initial.shape}: give a square matrix")
        check_number("kept", kept, at_least=1)
        self.kept = kept
        self._steps: list[int] = []
        self._changes: list[tuple[NDArray[Any], ...]] = []
        self._metrics: list[dict[str, float]] = []

    def record(self, step: int, weights: ArrayLike, **metrics: Any) -> None:
        """Keep the matrix after `step` updates, and numbers such as the loss.

        Raises
        ------
        InputError
            If the matrix has another shape or is not finite, the step does not come after the one
            before, or the numbers have other names than before.
        """
        matrix = _matrix("weights", weights, self.initial.shape)
        if self._steps and step <= self._steps[-1]:
            raise InputError(f"step is {step} after {self._steps[-1]}: record steps as they come")
        if self._metrics and metrics.keys() != self._metrics[0].keys():
            raise InputError(
                f"metrics are {sorted(metrics)}, before {sorted(self._metrics[0])}: give the same"
            )
        self._steps.append(step)
        self._changes.append(leading(matrix - self.initial, self.kept))
        self._metrics.append({name: float(_array(value)) for name, value in metrics.items()})

    def history(self) -> History:
        """All that was recorded.

        Raises
        ------
        InputError
            If nothing was.
        """
        if not self._steps:
            raise InputError("nothing was recorded: call record first")
        left, right, norm = (np.stack(part) for part in zip(*self._changes, strict=True))
        return History(
            loss=np.empty(0),
            learning_rate=np.empty(0),
            evaluated=np.array(self._steps),
            metrics={
                name: np.array([metrics[name] for metrics in self._metrics])
                for name in self._metrics[0]
            },
            start={"J": self.initial},
            J=WeightChanges(left, right, norm),
        )


def history_of(
    checkpoints: Sequence[ArrayLike],
    *,
    steps: Sequence[int] | None = None,
    metrics: Mapping[str, ArrayLike] | None = None,
    kept: int = KEPT,
) -> History:
    """The history in a list of recurrent matrices, the first of them before learning.

    Parameters
    ----------
    checkpoints : sequence of array or tensor (neuron, neuron)
        The matrix at several times.
    steps : sequence of int, optional
        Number of updates before each of them; 0, 1, 2, ... by default.
    metrics : mapping from str to array (checkpoint,), optional
        Numbers at each of them, such as "loss".
    kept : int
        Number of singular vectors of each change to keep.

    Raises
    ------
    InputError
        If there are fewer than two matrices, they differ in shape, or lengths disagree.
    """
    if len(checkpoints) < 2:
        raise InputError(f"checkpoints has length {len(checkpoints)}: give at least 2 matrices")
    steps = range(len(checkpoints)) if steps is None else steps
    numbers = {
        name: check_array(name, value, (len(checkpoints),))
        for name, value in (metrics or {}).items()
    }
    if len(steps) != len(checkpoints):
        raise InputError(f"steps has length {len(steps)}: give {len(checkpoints)}, one a matrix")
    recorder = WeightRecorder(checkpoints[0], kept)
    for index, (step, weights) in enumerate(zip(steps, checkpoints, strict=True)):
        present = {name: value[index] for name, value in numbers.items()}
        recorder.record(step, weights, **present)
    return recorder.history()


def _matrix(
    field: str, value: Any, shape: tuple[int | str, ...] = ("neuron", "neuron")
) -> NDArray[Any]:
    """A checked copy."""
    matrix: NDArray[Any] = np.array(check_array(field, _array(value), shape))
    return matrix


def _array(value: Any) -> Any:
    """What may be a tensor, elsewhere or with a gradient, as something that NumPy takes."""
    return value.detach().cpu().numpy() if hasattr(value, "detach") else value
