from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lowrnn.errors import InputError
from lowrnn.recordings import Recording, noise_ceiling, r2_ceiling

CONDITIONS, TIME, NEURONS = 12, 40, 6
SIGNAL = np.linspace(0.5, 2.0, NEURONS)


def truth(seed: int = 0) -> np.ndarray:
    """Condition means with the variances SIGNAL**2 about 0."""
    means = np.random.default_rng(seed).normal(size=(CONDITIONS, TIME, NEURONS))
    means -= means.mean((0, 1))
    return means / means.std((0, 1)) * SIGNAL


def noisy(counts: np.ndarray, noise: float = 2.0, seed: int = 1) -> Recording:
    """Single trials of `truth` with independent noise."""
    condition = np.repeat(np.arange(CONDITIONS), counts)
    rng = np.random.default_rng(seed)
    rates = truth()[condition] + noise * rng.normal(size=(len(condition), TIME, NEURONS))
    return Recording(rates, 0.01, conditions=pd.DataFrame({"condition": condition}))


def test_known_signal_and_noise():
    ceiling = noise_ceiling(noisy(np.full(CONDITIONS, 16)), ["condition"])
    expected = SIGNAL**2 / (SIGNAL**2 + 4 / 16)
    np.testing.assert_allclose(ceiling.neuron_r2, expected, atol=0.05)
    np.testing.assert_allclose(ceiling.neuron_reliability, expected, atol=0.05)
    halves = SIGNAL**2 / (SIGNAL**2 + 4 / 8)
    np.testing.assert_allclose(ceiling.neuron_split_half, halves, atol=0.06)
    overall = np.sum(SIGNAL**2) / np.sum(SIGNAL**2 + 4 / 16)
    assert ceiling.r2 == pytest.approx(overall, abs=0.01)
    assert ceiling.reliability == pytest.approx(overall, abs=0.01)
    assert ceiling.reason is None


def test_the_true_means_reach_the_ceiling_and_no_more():
    recording = noisy(np.random.default_rng(3).integers(2, 12, CONDITIONS))
    missing = np.random.default_rng(4).random((len(recording.rates), 1, NEURONS)) < 0.2
    rates = np.where(missing, np.nan, recording.rates)
    average = replace(recording, rates=rates).average(["condition"])
    seen = ~np.isnan(average.sem)
    data, model = average.rates[seen], truth()[seen]
    reached = 1 - np.sum((data - model) ** 2) / np.sum((data - data.mean()) ** 2)
    assert r2_ceiling(average)[0] == pytest.approx(reached, abs=0.02)


def test_ceiling_follows_the_scale_of_the_averages():
    average = noisy(np.full(CONDITIONS, 8)).average(["condition"])
    overall, neurons = r2_ceiling(average)
    scaled = average.scale("zscore")
    np.testing.assert_allclose(r2_ceiling(scaled)[1], neurons)
    assert r2_ceiling(scaled)[0] == pytest.approx(neurons.mean())
    assert overall > neurons.mean()


def test_no_signal_has_no_ceiling_above_chance():
    recording = noisy(np.full(CONDITIONS, 10))
    shuffled = replace(recording, rates=np.random.default_rng(5).normal(size=recording.rates.shape))
    ceiling = noise_ceiling(shuffled, ["condition"])
    assert abs(ceiling.r2) < 0.1
    assert abs(ceiling.reliability) < 0.15


def test_missing_trials_and_silent_neurons():
    recording = noisy(np.full(CONDITIONS, 16))
    rates = recording.rates.copy()
    rates[::2, :, 0] = np.nan
    rates[:, :, 1] = 3.3
    rates[:, :, 2] = np.nan
    ceiling = noise_ceiling(replace(recording, rates=rates), ["condition"], n_splits=30)
    expected = SIGNAL[0] ** 2 / (SIGNAL[0] ** 2 + 4 / 8)
    assert ceiling.neuron_r2[0] == pytest.approx(expected, abs=0.1)
    assert ceiling.neuron_reliability[0] == pytest.approx(expected, abs=0.15)
    assert np.isnan(ceiling.neuron_r2[1:3]).all()
    assert np.isnan(ceiling.neuron_reliability[1:3]).all()
    assert np.isfinite(ceiling.r2)


def test_without_repeats_there_is_a_reason_and_no_number():
    ceiling = noise_ceiling(noisy(np.ones(CONDITIONS, dtype=int)), ["condition"])
    assert np.isnan(ceiling.r2)
    assert np.isnan(ceiling.neuron_r2).all()
    assert ceiling.reason == "no combination of condition has more than one trial"


def test_a_condition_with_one_trial_is_left_out():
    counts = np.full(CONDITIONS, 16)
    counts[0] = 1
    recording = noisy(counts)
    with_it = noise_ceiling(recording, ["condition"], n_splits=5)
    without = noise_ceiling(recording.select(trials=np.arange(1, counts.sum())), ["condition"], 5)
    np.testing.assert_allclose(with_it.neuron_r2, without.neuron_r2)


def test_same_seed_same_numbers():
    recording = noisy(np.full(CONDITIONS, 5))
    first, second = (noise_ceiling(recording, ["condition"], 7, seed=2) for _ in range(2))
    np.testing.assert_array_equal(first.neuron_split_half, second.neuron_split_half)
    assert first.split_half != noise_ceiling(recording, ["condition"], 7, seed=3).split_half


def test_refuses(recording):
    with pytest.raises(InputError, match="n_splits is 0"):
        noise_ceiling(recording, ["context"], n_splits=0)
    with pytest.raises(InputError, match="sem is None"):
        r2_ceiling(recording)
