"""Courses over trials that are known."""

import numpy as np
import pytest

from lowrnn import InputError
from lowrnn.analysis import exponential, factor_courses

EPOCHS = np.repeat(["base", "adapt", "wash"], [20, 60, 40])


def planted(noise=0.0):
    """Flat, then approaching 0.6 and 1.8 with time constants 12 and 5, then 1 with 8."""
    t = np.arange(120.0)
    c = np.ones((120, 2))
    for r, (level, fast) in enumerate(((0.6, 12.0), (1.8, 5.0))):
        c[20:80, r] = level + (1 - level) * np.exp(-(t[:60]) / fast)
        c[80:, r] = 1 + (c[79, r] - 1) * np.exp(-(t[:40]) / 8)
    return c + noise * np.random.default_rng(0).standard_normal(c.shape)


def test_time_constants_are_found():
    found = factor_courses(planted(), EPOCHS)
    assert list(found.epochs) == ["base", "adapt", "wash"]
    for r, fast in enumerate((12.0, 5.0)):
        assert found.exponentials[1][r].time_constant == pytest.approx(fast, rel=1e-3)
        assert found.exponentials[2][r].time_constant == pytest.approx(8.0, rel=1e-3)
        assert found.exponentials[1][r].r2 == pytest.approx(1, abs=1e-6)
    assert found.exponentials[1][0].asymptote == pytest.approx(0.6, abs=1e-3)
    assert found.exponentials[1][0].first == pytest.approx(1.0, abs=1e-3)


def test_their_standard_error_is_right():
    rng = np.random.default_rng(0)
    t = np.arange(60.0)
    curve = 1 - np.exp(-t / 10)
    fits = [exponential(t, curve + 0.05 * rng.standard_normal(60)) for _ in range(200)]
    spread = np.std([fit.time_constant for fit in fits])
    assert np.median([fit.time_constant_sd for fit in fits]) == pytest.approx(spread, rel=0.25)


def test_uncertain_trials_count_less():
    t = np.arange(40.0)
    y = np.exp(-t / 6)
    y[7] += 3
    sd = np.full(40, 0.1)
    sd[7] = 1e3
    assert exponential(t, y, sd).time_constant == pytest.approx(6, rel=1e-3)
    assert exponential(t, y).time_constant != pytest.approx(6, rel=0.1)


def test_gaps_between_trials_count():
    t = np.delete(np.arange(50.0), [3, 4, 11, 20, 21])
    assert exponential(t, np.exp(-t / 9)).time_constant == pytest.approx(9, rel=1e-3)


def test_a_straight_line_has_no_time_constant():
    found = exponential(np.arange(30), 2 + 0.1 * np.arange(30))
    assert found.time_constant == np.inf
    assert found.last == pytest.approx(4.9, abs=0.05)


def test_scale_and_sign_cancel_in_normalised_factors():
    c = planted(0.01)
    found, other = factor_courses(c, EPOCHS), factor_courses(c * [3, -0.2], EPOCHS)
    np.testing.assert_allclose(found.normalised, other.normalised)
    np.testing.assert_allclose(found.normalised[:20].mean(axis=0), 1)
    assert found.participation_ratio == pytest.approx(other.participation_ratio)
    assert factor_courses(c[:, [0, 0]], EPOCHS).participation_ratio == pytest.approx(1)


def test_short_epochs_have_no_exponential():
    found = factor_courses(planted()[:24], EPOCHS[:24])
    assert found.exponentials[1] == (None, None)
    assert found.mean.shape == (2, 2)


def test_what_cannot_be_used():
    with pytest.raises(InputError, match="baseline is 'rest'"):
        factor_courses(planted(), EPOCHS, baseline="rest")
    with pytest.raises(InputError, match="do not ascend"):
        factor_courses(planted(), EPOCHS, np.zeros(120))
    with pytest.raises(InputError, match="at least 5"):
        exponential([0, 1, 2], [0, 1, 2])
    with pytest.raises(InputError, match="sd is 0"):
        exponential(np.arange(6), np.arange(6), np.zeros(6))
