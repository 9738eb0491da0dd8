"""Teachers that learn by gradient descent, summarised as students are."""

import numpy as np
import pytest

from lowrnn import RNN, FullRank, InputError
from lowrnn.inference.experiment import Experiment, observation, summary_of
from lowrnn.inference.teachers import gradient_networks, learned
from lowrnn.learning import initial_network
from lowrnn.recordings.schema import validate
from lowrnn.tasks import task

DECISION = task("perceptual_decision")
GIVEN = {
    "teacher": {"updates": 40, "learning_rate": 0.05},
    "student": {"task": "perceptual_decision", "terms": ["X1Y1"], "neurons": 24, "g": 0.0,
                "spread": 0.0, "epochs": 3, "record": 3},
    "parameters": {"hebb": [-1, 1]},
}  # fmt: skip


def test_the_first_epoch_is_that_of_students_who_have_learned_nothing() -> None:
    experiment = validate(Experiment, GIVEN, "config.yaml")
    learned, idle = observation(experiment), summary_of(experiment).values[0]
    assert learned.shape == idle.shape
    first = (len(idle) - 1) // 3
    # Without a random part nothing differs but the readout, before anything is learned.
    np.testing.assert_allclose(learned[:first], idle[:first], atol=1e-5)
    middle, last = learned[first : 2 * first], learned[2 * first : 3 * first]
    assert np.abs(middle - learned[:first]).max() > 0.01
    assert np.abs(last - middle).max() > 0.01
    assert abs(learned[-1] - idle[-1]) > 0.01
    np.testing.assert_array_equal(observation(experiment), learned)


def test_bad_teachers_are_refused() -> None:
    rnn = initial_network(DECISION, 12, 1)
    with pytest.raises(InputError, match="updates is 1: give at least 2"):
        gradient_networks(rnn, DECISION, updates=1, learning_rate=0.1)
    full = RNN(FullRank(np.eye(4)), np.ones((4, 1)), dt=rnn.dt, tau=rnn.tau)
    with pytest.raises(InputError, match="full-rank: give a low-rank start"):
        gradient_networks(full, DECISION, updates=4, learning_rate=0.1)
    with pytest.raises(InputError, match=r"alpha is 0\.1, .*: give alpha 0\.2"):
        gradient_networks(rnn.replace(dt=0.01), DECISION, updates=4, learning_rate=0.1)
    for teacher, sentence in (
        ({}, "give either theta"),
        ({"theta": {"hebb": 0.1}, "updates": 3}, "give either theta"),
    ):
        with pytest.raises(InputError, match=sentence):
            validate(Experiment, {**GIVEN, "teacher": teacher}, "config.yaml")
    without = {name: value for name, value in GIVEN["student"].items() if name != "task"}
    with pytest.raises(InputError, match=r"give student\.task"):
        validate(Experiment, {**GIVEN, "student": without}, "config.yaml")


def test_what_a_teacher_learned_is_told() -> None:
    start = initial_network(DECISION, 24, 1)
    networks = gradient_networks(start, DECISION, updates=60, learning_rate=0.05)
    found = learned(networks, DECISION)
    assert found["accuracy_after"] > found["accuracy_before"] + 0.2
    J = [rnn.connectivity.dense() for rnn in networks]
    assert found["change"] == pytest.approx(np.linalg.norm(J[2] - J[0]) / np.linalg.norm(J[0]))
    assert learned(networks, None).keys() == {"change"}
