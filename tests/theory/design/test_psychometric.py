"""Psychometric curves of the reduced model and of finite networks."""

import numpy as np
import pytest
from scipy.stats import norm

from lowrnn.errors import InputError
from lowrnn.theory.design import context_go_nogo, context_integration, detection, psychometric


def test_detection():
    """Reference values of an independent implementation with 4000 trials."""
    coherences = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    found = psychometric(detection(coherences), 2000, 1)
    expected = [0.006, 0.045, 0.194, 0.502, 0.837, 0.977, 0.999, 1.0]
    np.testing.assert_allclose(found["p_positive"], expected, atol=0.04)


def test_integration_is_that_of_an_ideal_integrator():
    found = psychometric(context_integration((-0.1, -0.05, 0.05, 0.1)), 1500, 2)
    ideal = norm.cdf(found["relevant"] * np.sqrt(20) / 0.3)
    np.testing.assert_allclose(found["p_positive"], ideal, atol=0.04)


def test_the_irrelevant_stimulus_does_not_matter():
    found = psychometric(context_integration((0.0,), (-0.4, 0.4)), 1500, 3)
    np.testing.assert_allclose(found["p_positive"], 0.5, atol=0.04)


def test_without_noise_chance_has_no_part():
    found = psychometric(detection((0.2, 0.9), noise_std=0.0), 3)
    assert found["p_positive"].tolist() == [0, 1]
    assert found["n_trials"].tolist() == [3, 3]


def test_detection_network():
    task = detection((0.2, 0.8))
    found = psychometric(task, 20, rnn=task.sample(800, 0, exact=True))["p_positive"]
    assert found[0] < 0.2
    assert found[1] > 0.8


def test_context_go_nogo_network():
    """The robust cues: most networks of this size solve all four conditions."""
    task = context_go_nogo(relevant_cue=0.2, irrelevant_cue=-0.4)
    found = psychometric(task, 1, rnn=task.sample(1000, 0, exact=True))
    assert found["p_positive"].tolist() == [1, 0, 0, 1]


def test_integration_network():
    task = context_integration((-0.3, 0.3))
    found = psychometric(task, 10, rnn=task.sample(800, 0, exact=True))
    correct = np.where(found["choice"] > 0, found["p_positive"], 1 - found["p_positive"])
    assert correct.mean() >= 0.9


def test_another_network_is_refused():
    task = detection()
    with pytest.raises(InputError, match="rnn has 4 inputs and 2 readouts"):
        psychometric(task, 2, rnn=context_integration().sample(50, 0))
    with pytest.raises(InputError, match="trials is 0"):
        psychometric(task, 0)
