import numpy as np
import pytest

from lowrnn.errors import InputError
from lowrnn.tasks import WorkingMemory, task


def test_the_published_pairs() -> None:
    grid = WorkingMemory().grid()
    assert len(grid) == 54
    assert grid[["f1", "f2"]].stack().between(10, 34).all()
    counts = grid["difference"].value_counts().sort_index()
    assert list(counts.index) == [-24, -16, -8, 8, 16, 24]
    assert list(counts) == [1, 9, 17, 17, 9, 1]
    np.testing.assert_array_equal(grid["choice"], np.sign(grid["f1"] - grid["f2"]))
    table = WorkingMemory().sample(5400, seed=0).conditions
    assert table.groupby(["f1", "f2"]).size().between(50, 160).all()


@pytest.mark.parametrize(
    ("preset", "longest", "steps"), [("populations2022", 50, 70), ("lint2022", 100, 120)]
)
def test_the_published_trials(preset: str, longest: int, steps: int) -> None:
    # In steps: fixation 5, stimulus 5, delay 25 to `longest`, stimulus 5, decision 5.
    chosen = task("working_memory", preset=preset, noise_std=0)
    trials = chosen.sample(2000, seed=3)
    assert trials.inputs.shape == (2000, steps, 1)
    delays = np.rint(trials.conditions["delay"] / 0.02).astype(int)
    counts = np.bincount(delays)
    assert not counts[:25].any()
    assert len(counts) == longest + 1
    expected = 2000 / (longest - 24)
    assert (np.abs(counts[25:] - expected) < 5 * np.sqrt(expected)).all()
    for trial in range(50):
        row, second = trials.conditions.iloc[trial], 10 + delays[trial]
        inputs, targets, mask = (np.zeros(steps) for _ in range(3))
        inputs[5:10] = (row["f1"] - 22) / 24
        inputs[second : second + 5] = (row["f2"] - 22) / 24
        targets[second + 5 : second + 10] = (row["f1"] - row["f2"]) / 24
        mask[second + 5 : second + 10] = 1
        np.testing.assert_allclose(trials.inputs[trial, :, 0], inputs)
        np.testing.assert_allclose(trials.targets[trial, :, 0], targets)
        np.testing.assert_array_equal(trials.mask[trial], mask)


def test_the_delay_of_conditions_is_the_middle() -> None:
    delays = WorkingMemory().conditions().conditions["delay"]
    np.testing.assert_allclose(delays, 0.74)
    fixed = WorkingMemory(delay=(0.5, 0.5)).sample(9, seed=0)
    assert (fixed.conditions["delay"] == 0.5).all()


def test_noise_is_everywhere() -> None:
    chosen = WorkingMemory()
    noise = chosen.sample(500, seed=1).inputs[:, :5]
    assert noise.std() == pytest.approx(0.01, rel=0.06)


def test_the_sign_decides() -> None:
    chosen = WorkingMemory()
    trials = chosen.sample(100, seed=2)
    outputs = 0.01 * np.sign(trials.targets)
    outputs[:40] *= -1
    assert chosen.accuracy(outputs, trials) == pytest.approx(0.6)


def test_the_published_psychometric_curve() -> None:
    chosen = WorkingMemory()
    trials = chosen.psychometric_trials(repeats=2)
    table = chosen.psychometric(trials.targets, trials, by=["difference"])
    np.testing.assert_array_equal(table["difference"], [-24, -16, -8, -4, 0, 4, 8, 16, 24])
    np.testing.assert_array_equal(table["n_trials"], 2 * np.array([1, 9, 17, 21, 25, 21, 17, 9, 1]))
    np.testing.assert_array_equal(table["p_positive"], table["difference"] > 0)


def test_the_variant_of_schuessler2020() -> None:
    # In steps of 0.5 tau: fixation 6, stimulus 2, delay 4 to 16, stimulus 2, wait 10, decision 20.
    chosen = task("working_memory", preset="schuessler2020")
    trials = chosen.sample(1000, seed=0)
    assert trials.inputs.shape == (1000, 56, 1)
    assert trials.targets.shape == (1000, 56, 2)
    f1, f2 = (trials.conditions[f].to_numpy() for f in ("f1", "f2"))
    assert min(f1.min(), f2.min()) >= 0.5
    assert max(f1.max(), f2.max()) <= 1.5
    assert np.abs(f1 - f2).min() >= 0.2
    # Of two even draws, |f1 - f2| has density 2 (1 - d); beyond 0.2 its mean is 0.2 + 0.8 / 3.
    assert np.abs(f1 - f2).mean() == pytest.approx(0.2 + 0.8 / 3, abs=5 * 0.19 / np.sqrt(1000))
    for trial in range(50):
        second = 8 + round(trials.conditions["delay"][trial] / 0.05)
        inputs, targets, mask = np.zeros(56), np.zeros((56, 2)), np.zeros(56)
        inputs[6:8], inputs[second : second + 2] = f1[trial], f2[trial]
        window = slice(second + 12, second + 32)
        targets[window, 0 if f1[trial] > f2[trial] else 1] = 0.5
        mask[: second + 2] = mask[window] = 1
        np.testing.assert_array_equal(trials.inputs[trial, :, 0], inputs)
        np.testing.assert_array_equal(trials.targets[trial], targets)
        np.testing.assert_array_equal(trials.mask[trial], mask)
    assert (np.abs(chosen.grid()["difference"]) >= 0.2).all()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"delay": (1, 0.5)}, r"delay is \(1.0, 0.5\): give the shortest first"),
        ({"delay": 1}, r"delay has shape \(\): give an array of shape \(2\)"),
        ({"stimulus": 0}, "stimulus is 0 s: give at least 1"),
        ({"highest": 10}, "highest is 10: give a number above 10"),
        ({"differences": (30,)}, r"differences is \(30.0,\): give one that fits"),
        ({"differences": (), "least_difference": 24}, "least_difference is 24: give less than 24"),
        ({"report": "sum"}, "report is 'sum': choose among difference, larger"),
    ],
)
def test_wrong_parameters_are_named(parameters: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        WorkingMemory(**parameters)
