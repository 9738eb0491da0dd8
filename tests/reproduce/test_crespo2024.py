"""The task of the teacher whose rule is asked for."""

import numpy as np

from lowrnn.reproduce.crespo2024.imprint import TARGET, _task


def test_one_input_is_held_and_named_in_the_last_third():
    task = _task(30, 0.02)
    trials = task.conditions()
    expected = np.zeros((2, 30, 2))
    expected[0, :, 0] = expected[1, :, 1] = 1
    np.testing.assert_array_equal(trials.inputs, expected)
    np.testing.assert_array_equal(trials.targets[:, 20:, 0], [[TARGET] * 10, [-TARGET] * 10])
    assert not trials.targets[:, :20].any()
    assert not trials.mask[:, :20].any()
    assert trials.mask[:, 20:].all()
    assert task.accuracy(trials.targets, trials) == 1
