import numpy as np
import pytest

from lowrnn.errors import InputError
from lowrnn.tasks.base import n_steps, random_steps, windows


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


def test_windows_may_be_padded() -> None:
    on = windows(2, {"delay": np.array([1, 2]), "decision": 1}, at_least=5)
    np.testing.assert_array_equal(on["decision"], [[0, 1, 0, 0, 0], [0, 0, 1, 0, 0]])


def test_random_durations_are_even_and_include_both_ends() -> None:
    steps = random_steps("delay", (0.06, 0.1), 0.02, 3000, np.random.default_rng(0))
    counts = np.bincount(steps)
    assert not counts[:3].any()
    assert len(counts) == 6
    assert (np.abs(counts[3:] - 1000) < 130).all()
    np.testing.assert_array_equal(random_steps("delay", (0.06, 0.1), 0.02, 2, None), [4, 4])
    with pytest.raises(InputError, match=r"delay is \(2, 1\): give the shortest first"):
        random_steps("delay", (2, 1), 0.02, 1, None)
