import numpy as np
import pytest

from lowrnn import InputError
from lowrnn.analysis import convergence_time


def test_exponential_learning_takes_its_time_constant_times_a_logarithm() -> None:
    loss = 3 * np.exp(-np.arange(500) / 40)
    assert convergence_time(loss) == np.ceil(40 * np.log(20))
    assert convergence_time(loss, threshold=0.5) == np.ceil(40 * np.log(2))


def test_an_early_crossing_by_chance_is_smoothed_away() -> None:
    loss = np.r_[np.ones(10), 0.01, np.ones(9), np.full(10, 0.01)]
    assert convergence_time(loss) == 10
    # The window is behind: five updates in a row must be low.
    assert convergence_time(loss, window=5) == 24


def test_a_window_longer_than_the_past_takes_what_there_is() -> None:
    assert convergence_time([1.0, 0.0, 0.0], threshold=0.4, window=10) == 2


@pytest.mark.parametrize("loss", [[1.0], [1.0, 0.05], [1.0, 2.0, 0.5], [0.0, 0.0]])
def test_never_is_not_an_update(loss: list[float]) -> None:
    assert convergence_time(loss) is None


def test_wrong_inputs_are_named() -> None:
    with pytest.raises(InputError, match="window is 0"):
        convergence_time([1.0], window=0)
    with pytest.raises(InputError, match=r"window is 1\.5: give a whole number"):
        convergence_time([1.0], window=1.5)
    with pytest.raises(InputError, match="threshold is 0"):
        convergence_time([1.0], threshold=0)
    with pytest.raises(InputError, match="loss has no update"):
        convergence_time([])
