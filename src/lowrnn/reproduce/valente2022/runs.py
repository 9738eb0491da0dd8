"""What the claims share: quantities over seeds, and recordings of networks."""

from collections.abc import Callable
from functools import cache
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lowrnn import RNN
    from lowrnn.tasks import Task, Trials


def typical(run: Callable[[int], dict[str, float]], quantity: str, full: bool) -> float:
    """One quantity of a run, or its median over five seeds."""
    return median(run(seed)[quantity] for seed in range(5 if full else 1))


def recorded(
    teacher: "RNN", chosen: "Task", seed: int
) -> tuple["NDArray[Any]", "NDArray[Any]", "Trials", "NDArray[Any]"]:
    """Inputs and noisy rates to fit; other trials, and the noisy rates in them."""
    train_set, test_set = chosen.sample(320, seed + 100), chosen.sample(200, seed + 200)
    return (
        train_set.inputs,
        teacher.simulate(train_set.inputs, 1).rates,
        test_set,
        teacher.simulate(test_set.inputs, 2).rates,
    )


@cache
def strong_context(neurons: int) -> tuple["Task", "RNN"]:
    """A full-rank network for context-dependent decisions with context amplitude .5."""
    from lowrnn.learning import initial_network, train
    from lowrnn.tasks import task

    chosen = task("context_decision", context_amplitude=0.5)
    return chosen, train(initial_network(chosen, neurons), chosen, updates=400).rnn
