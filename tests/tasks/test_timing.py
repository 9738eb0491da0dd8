import numpy as np
import pytest

from lowrnn.errors import InputError
from lowrnn.tasks import CueSetGo, MeasureWaitGo, TimingTask

BOTH = [CueSetGo(catch=0), MeasureWaitGo(catch=0)]


@pytest.mark.parametrize("made", BOTH, ids=lambda made: made.name)
def test_the_target_produces_the_interval(made: TimingTask) -> None:
    trials = made.sample(60, seed=0)
    produced = made.produced_intervals(trials.targets, trials)
    np.testing.assert_allclose(produced, trials.conditions["interval"], rtol=1e-9)


def test_the_interval_is_read_at_the_published_threshold() -> None:
    made = CueSetGo(catch=0)
    trials = made.conditions()
    # 0.85 of the interval after Set, the ramp passes 0.35.
    seconds = np.arange(trials.inputs.shape[1]) * 0.01 - 1.0
    for interval, target in zip((0.8, 1.05, 1.3, 1.55), trials.targets[:, :, 0], strict=True):
        assert np.interp(0.85 * interval, seconds, target) == pytest.approx(0.35, abs=1e-6)
    # An output that jumps 0.5 s after Set.
    jump = np.where(seconds > 0.495, 0.4, -0.4)[None, :, None] * np.ones((4, 1, 1))
    np.testing.assert_allclose(made.produced_intervals(jump, trials), 0.499375 / 0.85)


def test_a_trial_is_right_within_the_tolerance() -> None:
    made = CueSetGo(catch=0)
    trials = made.conditions()
    slow = CueSetGo(catch=0, intervals=[1.09 * i for i in made.intervals], after=0.7)
    slower = CueSetGo(catch=0, intervals=[1.12 * i for i in made.intervals], after=0.65)
    for other, right in ((slow, 1), (slower, 0)):
        outputs = other.conditions().targets
        outputs = np.pad(outputs, ((0, 0), (0, 350), (0, 0)), mode="edge")[:, :350]
        assert made.accuracy(outputs, trials) == right


@pytest.mark.parametrize("made", [CueSetGo(catch=1), MeasureWaitGo(catch=1)], ids=["csg", "mwg"])
def test_catch_trials_ask_for_patience(made: TimingTask) -> None:
    trials = made.sample(20, seed=1)
    assert not trials.inputs[:, :, list(made.input_names).index("set")].any()
    assert (trials.targets == -0.5).all()
    assert (trials.mask == 1).all()
    assert made.accuracy(trials.targets, trials) == 1
    assert made.accuracy(0.4 + 0 * trials.targets, trials) == 0


def test_an_output_above_the_threshold_before_set_is_wrong() -> None:
    made = CueSetGo(catch=0)
    trials = made.conditions()
    assert made.accuracy(0.45 + 0 * trials.targets, trials) == 0


def test_catch_trials_are_a_tenth() -> None:
    table = CueSetGo().sample(4000, seed=0).conditions
    assert table["catch"].mean() == pytest.approx(0.1, abs=5 * 0.3 / np.sqrt(4000))
    assert table["interval"].value_counts().between(860, 1140).all()


def test_the_psychometric_curve_is_the_produced_interval() -> None:
    made = CueSetGo()
    trials = made.psychometric_trials(repeats=5)
    table = made.psychometric(trials.targets, trials, by=["interval"])
    np.testing.assert_allclose(table["produced"], [0.8, 1.05, 1.3, 1.55])
    assert list(table["n_trials"]) == [5, 5, 5, 5]


def test_the_published_cue_set_go_trial() -> None:
    trials = CueSetGo(catch=0).sample(300, seed=2)
    assert trials.inputs.shape == (300, 350, 2)
    assert (trials.mask == 1).all()
    steps = np.rint(trials.conditions["set"] / 0.01).astype(int)
    assert set(steps) == set(range(90, 111))
    amplitude = {0.8: 0, 1.05: 0.25 / 3, 1.3: 0.5 / 3, 1.55: 0.25}
    for trial in range(40):
        interval = trials.conditions["interval"][trial]
        np.testing.assert_array_equal(trials.inputs[trial, :, 0], amplitude[interval])
        np.testing.assert_array_equal(np.flatnonzero(trials.inputs[trial, :, 1]), steps[trial])
        assert trials.inputs[trial, steps[trial], 1] == 10
        ramp = trials.targets[trial, :, 0]
        assert (ramp[: steps[trial] + 1] == -0.5).all()
        assert (ramp[steps[trial] + round(100 * interval) :] == 0.5).all()
        assert ramp[steps[trial] + 40] == pytest.approx(0.4 / interval - 0.5)


@pytest.mark.parametrize("made", [MeasureWaitGo(catch=0), MeasureWaitGo(catch=0, scales=(1, 2))])
def test_the_published_measure_wait_go_trial(made: MeasureWaitGo) -> None:
    trials = made.sample(200, seed=2)
    table = trials.conditions
    for trial in range(100):
        row = table.iloc[trial]
        ready, stop, set_at = (np.flatnonzero(trials.inputs[trial, :, c]) for c in range(3))
        assert len(ready) == len(stop) == len(set_at) == 1
        interval, delay = round(row["interval"] / 0.01), round(row["delay"] / 0.01)
        assert 40 <= ready[0] <= 160
        assert stop[0] - ready[0] == interval
        assert set_at[0] - stop[0] == delay
        assert 20 <= delay <= 250
        counted = np.flatnonzero(trials.mask[trial])
        assert (counted[0], counted[-1]) == (set_at[0] - 30, set_at[0] + interval + 29)
        assert trials.targets[trial, set_at[0], 0] == -0.5
        assert trials.targets[trial, set_at[0] + interval, 0] == 0.5
    if len(made.scales) == 1:
        assert made.input_names == ("ready", "stop", "set")
        assert set(table["interval"]) == {0.8, 1.05, 1.3, 1.55}
    else:
        np.testing.assert_array_equal(
            trials.inputs[:, :, 3],
            0.1 * (table[["context"]].to_numpy() == 2) * np.ones(trials.mask.shape),
        )
        assert set(table["interval"][table["context"] == 2]) == {1.6, 2.1, 2.6, 3.1}


def test_the_area_of_a_pulse_does_not_depend_on_the_time_step() -> None:
    areas = [CueSetGo(dt=dt).conditions().inputs[:, :, 1].sum(axis=1) * dt for dt in (0.01, 0.025)]
    np.testing.assert_allclose(areas[0], areas[1])


@pytest.mark.parametrize(
    ("kind", "parameters", "message"),
    [
        (CueSetGo, {"cue_amplitudes": (0, 1)}, "cue_amplitudes has 2 entries along axis 0: give 4"),
        (CueSetGo, {"intervals": (0.01,), "cue_amplitudes": (0,)}, "intervals is 0.01 s: give at"),
        (CueSetGo, {"jitter": 2}, "jitter is 2 s: give at most 1.0, set_time"),
        (CueSetGo, {"threshold": 0.5}, "threshold is 0.5: give less than 0.5"),
        (CueSetGo, {"catch": 2}, "catch is 2: give a fraction"),
        (MeasureWaitGo, {"delay": (2, 1)}, "give the shortest first"),
        (MeasureWaitGo, {"delay": (0, 1)}, "delay is 0.0 s: give at least 1"),
        (MeasureWaitGo, {"scales": (0,)}, "scales is 0.0: give a number above 0"),
        (MeasureWaitGo, {"jitter": 2}, "jitter is 2 s: give at most 1.0, ready"),
    ],
)
def test_wrong_parameters_are_named(kind, parameters: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        kind(**parameters)
