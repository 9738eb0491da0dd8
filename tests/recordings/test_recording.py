from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lowrnn.errors import InputError
from lowrnn.recordings import Recording


def test_time_is_the_centre_of_each_bin(recording):
    np.testing.assert_allclose(recording.time[:2], [-0.03, -0.01])


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"rates": np.zeros((0, 10, 4))}, "rates has no trial"),
        ({"rates": np.zeros((12, 10))}, r"give an array of shape \(trial, time, neuron\)"),
        ({"rates": np.full((12, 10, 4), np.nan)}, "NaN throughout"),
        ({"rates": np.full((12, 10, 4), np.inf)}, "mark missing values with NaN"),
        ({"inputs": np.full((12, 10, 2), np.nan)}, "inputs holds 240 values that are not finite"),
        ({"inputs": np.zeros((12, 9, 2))}, "inputs has 9 entries along axis 1: give 10"),
        ({"input_names": ["one"]}, "input_names has 1 names: give one for each of 2"),
        ({"inputs": None}, "without inputs"),
        ({"conditions": pd.DataFrame({"a": [1]})}, "conditions has 1 rows: give one for each"),
        ({"neurons": {"area": ["V1"]}}, "neurons is a dict: give a pandas.DataFrame"),
        ({"bin_width": 0.0}, "bin_width is 0.0: give seconds, above 0"),
        ({"start": np.nan}, "start is nan"),
        ({"sem": np.zeros((12, 10, 3))}, "sem has 3 entries along axis 2: give 4"),
    ],
)
def test_refuses_what_does_not_fit(recording, change, match):
    with pytest.raises(InputError, match=match):
        replace(recording, **change)


def test_select_takes_indices_and_booleans(recording):
    v4 = (recording.neurons["area"] == "V4").to_numpy()
    chosen = recording.select(trials=[3, 1], neurons=v4)
    np.testing.assert_array_equal(chosen.rates, recording.rates[[3, 1]][:, :, 2:3])
    np.testing.assert_array_equal(chosen.inputs, recording.inputs[[3, 1]])
    assert chosen.conditions.index.tolist() == [0, 1]
    assert chosen.neurons["area"].tolist() == ["V4"]


@pytest.mark.parametrize(
    ("trials", "match"),
    [
        ([], "selects nothing"),
        ([True, False], "2 booleans: give one for each of 12"),
        ([12], "from 0 to 11"),
        ([0.5], "dtype float64"),
    ],
)
def test_select_refuses(recording, trials, match):
    with pytest.raises(InputError, match=match):
        recording.select(trials=trials)


def test_window_pads_with_what_was_not_observed(recording):
    wide = recording.window(-0.08, 0.06)
    assert wide.start == pytest.approx(-0.08)
    assert wide.rates.shape == (12, 7, 4)
    assert np.isnan(wide.rates[:, :2]).all()
    assert (wide.inputs[:, :2] == 0).all()
    np.testing.assert_array_equal(wide.rates[:, 2:], recording.rates[:, :5])
    np.testing.assert_allclose(wide.time[2:], recording.time[:5])
    with pytest.raises(InputError, match=r"overlap \[-0.04, 0.16\]"):
        recording.window(1.0, 2.0)


def test_rebin_adds_counts_and_averages_rates(recording):
    rates = recording.rebin(5)
    counts = replace(recording, unit="count").rebin(5)
    np.testing.assert_allclose(counts.rates, 5 * rates.rates)
    np.testing.assert_allclose(counts.in_hz().rates * 0.1, counts.rates)
    assert rates.bin_width == pytest.approx(0.1)
    assert rates.inputs.shape == (12, 2, 2)
    assert recording.rebin(3).rates.shape[1] == 3
    with pytest.raises(InputError, match="rebin is 11"):
        recording.rebin(11)


def test_average_matches_a_loop_and_ignores_what_was_not_observed(recording):
    rates = recording.rates.copy()
    rates[0, :, 1] = np.nan
    rates[::2, 0, 3] = np.nan
    mean = replace(recording, rates=rates).average(["context", "coherence"])
    assert mean.conditions["context"].tolist() == ["colour"] * 3 + ["motion"] * 3
    assert mean.conditions["n_trials"].tolist() == [2] * 6
    table = recording.conditions
    for row, condition in mean.conditions.iterrows():
        members = np.flatnonzero(
            (table["context"] == condition["context"])
            & (table["coherence"] == condition["coherence"])
        )
        np.testing.assert_allclose(mean.rates[row, 1:, 0], rates[members, 1:, 0].mean(0))
        np.testing.assert_allclose(mean.inputs[row], recording.inputs[members].mean(0))
        expected = rates[members, 1:, 0].std(0, ddof=1) / np.sqrt(2)
        np.testing.assert_allclose(mean.sem[row, 1:, 0], expected)
    first = (mean.conditions["context"] == "motion") & (mean.conditions["coherence"] == -0.5)
    np.testing.assert_allclose(mean.rates[first, :, 1][0], rates[2, :, 1])
    assert np.isnan(mean.sem[first, :, 1]).all()
    assert np.isnan(mean.rates[3:, 0, 3]).all()


def test_average_leaves_out_trials_without_a_condition(recording):
    table = recording.conditions.assign(coherence=[np.nan] + [1.0] * 11)
    mean = replace(recording, conditions=table).average(["coherence"])
    np.testing.assert_allclose(mean.rates[0], recording.rates[1:].mean(0))
    with pytest.raises(InputError, match="'coherense', which is unknown: did you mean coherence"):
        recording.average(["coherense"])
    with pytest.raises(InputError, match="give a list"):
        recording.average("coherence")


@pytest.mark.parametrize("method", ["zscore", "range", "soft", "poisson"])
def test_scale_is_affine_and_scales_errors_alike(recording, method):
    mean = recording.average(["coherence"])
    scaled = mean.scale(method)
    gain = scaled.sem / mean.sem
    assert np.ptp(gain, axis=(0, 1)).max() < 1e-12
    residual = scaled.rates - mean.rates * gain
    assert np.ptp(residual, axis=(0, 1)).max() < 1e-10
    spread = {
        "zscore": mean.rates.std((0, 1)),
        "range": np.ptp(mean.rates, axis=(0, 1)),
        "soft": np.ptp(mean.rates, axis=(0, 1)) + 5,
        "poisson": np.sqrt(mean.rates.mean((0, 1)) + 5),
    }[method]
    np.testing.assert_allclose(1 / gain[0, 0], spread)


def test_scale_refuses(recording):
    with pytest.raises(InputError, match="choose 'zscore'"):
        recording.scale("minmax")
    with pytest.raises(InputError, match="scale before centring"):
        recording.centre().scale("poisson", 0.0)


@pytest.mark.parametrize("method", ["zscore", "range", "soft", "poisson"])
@pytest.mark.parametrize("rate", [0.0, 0.1])
def test_a_neuron_that_never_changes_stays_finite(recording, method, rate):
    rates = recording.rates.copy()
    rates[:, :, 2] = rate
    scaled = replace(recording, rates=rates).scale(method, offset=0.0).centre()
    assert np.isfinite(scaled.rates).all()
    np.testing.assert_allclose(scaled.rates[:, :, 2], 0, atol=1e-12)


def test_centre_removes_the_mean_or_the_shared_signal(recording):
    np.testing.assert_allclose(recording.centre().rates.mean((0, 1)), 0, atol=1e-12)
    shared = recording.centre(condition_independent=True).rates
    np.testing.assert_allclose(shared.mean(0), 0, atol=1e-12)
    drift = np.sin(recording.time)[:, None] * np.arange(4)
    moved = replace(recording, rates=recording.rates + drift)
    np.testing.assert_allclose(moved.centre(condition_independent=True).rates, shared)


def test_error_after_removing_the_shared_signal():
    rng = np.random.default_rng(1)
    sem = rng.uniform(0.5, 2.0, (4, 3, 1))
    noise = rng.normal(size=(20_000, *sem.shape)) * sem
    expected = (noise - noise.mean(axis=1, keepdims=True)).std(0)
    centred = Recording(np.zeros((4, 3, 1)), 0.01, sem=sem).centre(condition_independent=True)
    np.testing.assert_allclose(centred.sem, expected, rtol=0.03)


def test_square_root_needs_rates_from_zero(recording):
    root = recording.square_root()
    np.testing.assert_allclose(root.rates**2, recording.rates)
    assert root.unit == "sqrt(Hz)"
    with pytest.raises(InputError, match="before centring"):
        recording.centre().square_root()


def test_project_keeps_what_lies_in_few_dimensions(recording):
    rng = np.random.default_rng(2)
    rates = rng.normal(size=(12, 10, 2)) @ rng.normal(size=(2, 4)) + 7.0
    planar = replace(recording, rates=rates)
    np.testing.assert_allclose(planar.project(2).rates, rates)
    assert not np.allclose(planar.project(1).rates, rates)
    padded = planar.window(-0.1, 0.1)
    np.testing.assert_allclose(padded.project(2).rates, padded.rates)
    with pytest.raises(InputError, match="components is 5: give a number from 1 to 4"):
        planar.project(5)
    rates[0, 0, 0] = np.nan
    with pytest.raises(InputError, match="some neurons were not observed"):
        replace(recording, rates=rates).project(1)


def test_checksum_sees_every_part(recording):
    parts = {
        "rates": recording.rates + 1e-9,
        "bin_width": 0.03,
        "input_names": ["a", "b"],
        "conditions": recording.conditions.assign(context="motion"),
        "neurons": recording.neurons.assign(area="V1"),
        "unit": "a.u.",
    }
    sums = {recording.checksum()} | {
        replace(recording, **{name: part}).checksum() for name, part in parts.items()
    }
    assert len(sums) == 1 + len(parts)
    assert replace(recording).checksum() == recording.checksum()
