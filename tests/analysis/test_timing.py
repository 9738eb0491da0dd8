"""Produced intervals and speeds, on a network whose timing is known."""

from dataclasses import replace

import numpy as np
import pytest

from lowrnn import RNN, FullRank, InputError, LowRank
from lowrnn.analysis import speed, timing_curve
from lowrnn.tasks import task

TASK = task("cue_set_go", jitter=0.0)


def integrator(neurons=20):
    """A linear latent that Set throws to 1, from where it grows: sooner with more cue.

    The overlap is 1: the latent keeps what it gets. Set alone goes through n, and so does the cue,
    whose effect up to Set is part of the answer.
    """
    m = np.ones((neurons, 1))
    inputs = np.stack([0.02 * m[:, 0], 0.2 * m[:, 0]], axis=1)
    return RNN(
        LowRank(m, m), inputs, 0.2 * m, dt=0.01, tau=0.1, nonlinearity="identity", noise_std=0.3
    )


def test_speed_of_a_circle():
    time = 0.01 * np.arange(200)
    circle = 3 * np.stack([np.cos(2 * time), np.sin(2 * time)], axis=1)[None]
    np.testing.assert_allclose(speed(circle, 0.01), np.full((1, 199), 6.0), rtol=1e-4)


def test_intervals_of_an_integrator():
    rnn, cues = integrator(), np.array([1.0, 2.0, 4.0])
    found = timing_curve(rnn, TASK, cues, longest=12.0)
    # The state grows by 0.2 cue a second from the start on; Set adds 0.2 at 1 s. The readout is
    # 0.2 x, and the threshold 0.35 at 0.85 of the interval.
    crossing = (0.35 / 0.2 - 0.2) / (0.2 * cues) - TASK.set_time
    np.testing.assert_allclose(found.produced, crossing / 0.85, atol=0.05)
    np.testing.assert_allclose(found.speed, 0.2 * cues, rtol=0.02)


def test_speed_does_not_depend_on_how_a_network_is_written():
    rnn = integrator()
    full = rnn.replace(connectivity=FullRank(rnn.connectivity.dense()))
    one, two = (timing_curve(each, TASK, [1.0, 2.0], longest=12.0) for each in (rnn, full))
    np.testing.assert_allclose(one.produced, two.produced)
    np.testing.assert_allclose(one.speed, two.speed, rtol=0.01)


def test_what_lies_within_the_trained_range():
    chosen = replace(TASK, intervals=(0.8, 1.0), cue_amplitudes=(0.1, 0.3))
    found = timing_curve(integrator(), chosen, [0.0, 0.1, 0.2, 0.1 + 0.2, 0.31])
    np.testing.assert_array_equal(found.trained, [False, True, True, True, False])
    np.testing.assert_array_equal(found.cue, [0.0, 0.1, 0.2, 0.1 + 0.2, 0.31])


def test_no_interval_where_the_threshold_is_not_reached():
    found = timing_curve(integrator(), TASK, [0.0, 2.0], longest=5.0)
    assert np.isnan(found.produced[0])
    assert found.produced[1] > 0
    assert found.speed[0] == pytest.approx(0, abs=1e-3)


def test_what_cannot_be_used_is_refused():
    with pytest.raises(InputError, match="rnn has 1 inputs and 0 outputs"):
        timing_curve(RNN(LowRank([[1.0]], [[1.0]]), [[1.0]], dt=0.01, tau=0.1), TASK, [0.0])
    with pytest.raises(InputError, match="longest is 0"):
        timing_curve(integrator(), TASK, [0.0], longest=0)
    with pytest.raises(InputError, match="states has 1 time step"):
        speed(np.zeros((1, 1, 2)), 0.01)
