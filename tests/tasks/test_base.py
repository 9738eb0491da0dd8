import numpy as np
import pytest

from lowrnn.errors import InputError
from lowrnn.tasks.base import n_steps, windows


@pytest.mark.parametrize(
    ("seconds", "dt", "steps"),
    [(0.3, 0.02, 15), (0.35, 0.02, 17), (0.8, 0.02, 40), (0.1, 0.03, 3), (0, 0.02, 0), (2, 0.5, 4)],
)
def test_durations_are_floored_to_whole_steps(seconds: float, dt: float, steps: int) -> None:
    assert n_steps("delay", seconds, dt) == steps


@pytest.mark.parametrize(
    ("seconds", "message"),
    [
        (-0.1, r"delay \(in seconds\) is -0.1: give a number of at least 0"),
        (float("inf"), r"delay \(in seconds\) is inf"),
        ("long", r"delay \(in seconds\) is 'long'"),
        (0.019, r"delay is 0.019 s: give at least 1 step\(s\) of 0.02 s"),
    ],
)
def test_impossible_durations_are_refused(seconds, message: str) -> None:
    with pytest.raises(InputError, match=message):
        n_steps("delay", seconds, 0.02, at_least=1)


def test_windows_follow_one_another() -> None:
    on = windows(2, {"fixation": 1, "stimulus": 3, "gap": 0, "decision": 2})
    np.testing.assert_array_equal(on["fixation"], [[1, 0, 0, 0, 0, 0]] * 2)
    np.testing.assert_array_equal(on["stimulus"], [[0, 1, 1, 1, 0, 0]] * 2)
    assert not on["gap"].any()
    np.testing.assert_array_equal(on["decision"], [[0, 0, 0, 0, 1, 1]] * 2)


def test_each_trial_may_have_its_own_windows() -> None:
    rng = np.random.default_rng(0)
    delay = rng.integers(0, 9, size=50)
    on = windows(50, {"stimulus": 2, "delay": delay, "decision": 3})
    assert on["decision"].shape == (50, 2 + delay.max() + 3)
    np.testing.assert_array_equal(on["delay"].sum(axis=1), delay)
    np.testing.assert_array_equal(on["decision"].sum(axis=1), 3)
    np.testing.assert_array_equal(on["decision"].argmax(axis=1), 2 + delay)
    # No step belongs to two epochs, and only padding follows the decision.
    np.testing.assert_array_equal(sum(w.astype(int) for w in on.values()).sum(axis=1), 5 + delay)
