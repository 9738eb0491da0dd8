"""Statistics whose value or level is known."""

import numpy as np
import pytest

from lowrnn import RNN, InputError
from lowrnn.analysis import (
    curve_correlation,
    epoch_separation,
    factor_smoothness,
    rival_inputs,
    trial_shuffle,
)
from lowrnn.fitting import blocked_mask
from lowrnn.fitting.ltrnn import LTRNN
from lowrnn.networks import LowTensorRank

TRIALS, STEPS, NEURONS = 40, 12, 12


def test_ratio_of_white_noise_and_of_a_curve():
    rng = np.random.default_rng(0)
    c = np.column_stack([rng.standard_normal(400), np.cos(np.arange(400) / 40)])
    found = factor_smoothness(c, shuffles=200)
    assert found.observed[0] == pytest.approx(1, abs=0.15)
    assert found.observed[1] < 1e-3
    assert found.p[0] > 0.05
    assert found.p[1] == 1 / 201
    assert np.mean(found.null) == pytest.approx(1, abs=0.02)


def test_smoothness_depends_on_neither_scale_nor_offset():
    c = np.cumsum(np.random.default_rng(1).standard_normal((50, 2)), axis=0)
    one, other = factor_smoothness(c, 50), factor_smoothness(5 - 3 * c, 50)
    np.testing.assert_allclose(one.observed, other.observed)
    np.testing.assert_array_equal(one.p, other.p)


def test_correlation_with_a_learning_curve():
    curve = np.exp(-np.arange(100) / 15)
    c = np.column_stack([curve, 3 - 2 * curve, np.sin(np.arange(100) / 2)])
    found = curve_correlation(c, curve)
    np.testing.assert_allclose(found.observed[:2], [1, -1])
    np.testing.assert_allclose(found.p[:2], 0.01)
    assert found.p[2] > 0.05


def test_smooth_series_that_are_independent_rarely_correlate():
    rng = np.random.default_rng(2)
    walks = np.cumsum(rng.standard_normal((100, 2, 200)), axis=0)
    smooth = walks - walks.mean(axis=0)
    p = [curve_correlation(smooth[:, :1, i], smooth[:, 1, i]).p[0] for i in range(200)]
    # Of a test for independent samples more than half would be.
    assert np.mean(np.array(p) <= 0.05) < 0.2


def test_steps_between_epochs_can_be_left_out():
    epochs = np.repeat([0, 1], 30)
    rng = np.random.default_rng(3)
    c, curve = (epochs + 0.1 * rng.standard_normal(60) for _ in range(2))
    assert curve_correlation(c[:, None], curve).observed > 0.9
    within = curve_correlation(c[:, None], curve, epochs)
    assert abs(within.observed) < 0.4
    assert within.p > 0.01


def test_epochs_stand_apart():
    values = [0, 2, 0, 2, 7, 7, 9, 9]
    apart = epoch_separation(values, list("aaaabbbb"))
    np.testing.assert_allclose(apart, [[np.nan, 7], [7, np.nan]])
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    plane = np.column_stack([values, np.zeros(8)]) @ turn
    np.testing.assert_allclose(epoch_separation(plane, list("aaaabbbb")), apart)


def session(weights, inputs):
    """Activity in which weights grow over trials, or an input is another in each four of them."""
    rng = np.random.default_rng(0)
    a = np.linalg.qr(rng.standard_normal((NEURONS, 1)))[0] * np.sqrt(NEURONS)
    course = np.linspace(-1, 1, TRIALS)
    c = 1.5 + (0.8 * course if weights else 0 * course)
    u = np.zeros((TRIALS, STEPS, 1))
    u[:, :, 0] = 0.8
    if inputs:
        u[:, :, 0] = np.repeat(rng.uniform(-1, 1, TRIALS // 4), 4)[:, None]
    rnn = RNN(LowTensorRank(a, a, c[:, None]), a.copy(), dt=0.02, tau=0.1)
    rates = rnn.simulate(u).rates
    return rates + 0.02 * rng.standard_normal(rates.shape)


def settings(**changes):
    given = {"inputs": "conditions", "readout": "identity", "bias": False, "amplitude": 0.3,
             "updates": (60, 120), "learning_rate": 0.03, "initial_state": "zero"}  # fmt: skip
    return LTRNN(1, **(given | changes))


def held_out():
    return blocked_mask((TRIALS, STEPS, NEURONS), 0.2, test=(1, 2, 1), margin=(1, 3, 1)).test


def test_a_course_over_trials_is_lost_in_another_order():
    found = trial_shuffle(
        settings(), session(True, False), held_out(), np.zeros(TRIALS), shuffles=4
    )
    assert found.observed > found.null.max() + 0.1
    assert found.p == 0.2


def test_each_rival_wins_where_it_is_true():
    blocks = np.arange(TRIALS) // 4
    common = (held_out(), np.zeros(TRIALS), blocks)
    weights = rival_inputs(settings(), session(True, False), *common)
    inputs = rival_inputs(settings(), session(False, True), *common)
    assert weights.static.learning_r2 == pytest.approx(0, abs=1e-6)
    assert weights.weights.learning_r2 > weights.inputs.learning_r2 + 0.05
    assert inputs.inputs.learning_r2 > inputs.weights.learning_r2 + 0.05
    assert weights.weights.r2 > weights.static.r2


def test_what_cannot_be_tested():
    with pytest.raises(InputError, match="do not vary"):
        factor_smoothness(np.ones((10, 1)))
    with pytest.raises(InputError, match="do not vary"):
        curve_correlation(np.arange(10)[:, None], np.ones(10))
    with pytest.raises(InputError, match="mask has shape"):
        trial_shuffle(settings(), np.ones((4, 3, 2)), np.ones((4, 3), bool), np.zeros(4))
    with pytest.raises(InputError, match="mask has shape"):
        rival_inputs(settings(), np.ones((4, 3, 2)), np.ones((4, 3)), np.zeros(4), np.zeros(4))
