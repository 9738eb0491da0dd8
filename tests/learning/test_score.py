"""Scores of a network on a task."""

import numpy as np
import pandas as pd
import pytest

from lowrnn.learning import evaluate, initial_network
from lowrnn.learning.score import step_weights, task_loss
from lowrnn.tasks import Trials


def test_the_loss_averages_over_outputs_then_counted_steps_then_trials():
    targets = np.array([[[1.0, 0.0]] * 3, [[0.0, 2.0]] * 3])
    mask = np.array([[0.0, 1.0, 0.0], [1.0, 1.0, 0.0]])
    trials = Trials(np.zeros((2, 3, 1)), targets, mask, pd.DataFrame({"a": [0, 1]}), 0.02)
    outputs = np.zeros((2, 3, 2))
    outputs[0, 0] = outputs[1, 2] = 100.0
    outputs[1, 1] = [0.0, 2.0]
    # Trial 0: (1 + 0) / 2 in its one step. Trial 1: (0 + 4) / 2 and 0 in its two.
    assert task_loss(outputs, trials) == pytest.approx((0.5 + (2.0 + 0.0) / 2) / 2)
    np.testing.assert_allclose(step_weights(trials), [[0, 0.5, 0], [0.25, 0.25, 0]])


def test_a_silent_network_is_wrong_by_the_target_and_never_right(short):
    rnn = initial_network(short, 10, 1)
    score = evaluate(rnn.replace(readout=np.zeros((10, 1), np.float32)), short, n_trials=50)
    assert score.loss == pytest.approx(1)
    assert score.accuracy == 0


def test_the_seed_chooses_trials_and_noise(short):
    rnn = initial_network(short, 10, 1)
    assert evaluate(rnn, short, seed=1) == evaluate(rnn, short, seed=1)
    assert evaluate(rnn, short, seed=1) != evaluate(rnn, short, seed=2)
