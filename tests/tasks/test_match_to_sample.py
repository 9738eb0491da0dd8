import numpy as np
import pytest

from lowrnn.errors import InputError
from lowrnn.tasks import MatchToSample


def test_the_published_trial() -> None:
    # In steps: fixation 5, stimulus 25, delay 25 to 150, stimulus 25, decision 50.
    trials = MatchToSample(noise_std=0).sample(1000, seed=0)
    assert trials.inputs.shape == (1000, 255, 2)
    delays = np.rint(trials.conditions["delay"] / 0.02).astype(int)
    assert delays.min() == 25
    assert delays.max() == 150
    assert delays.mean() == pytest.approx(87.5, abs=5 * 36.4 / np.sqrt(1000))
    for trial in range(60):
        row, second = trials.conditions.iloc[trial], 30 + delays[trial]
        inputs, targets, mask = np.zeros((255, 2)), np.zeros(255), np.zeros(255)
        inputs[5:30, "AB".index(row["stimulus_1"])] = 1
        inputs[second : second + 25, "AB".index(row["stimulus_2"])] = 1
        targets[second + 25 : second + 75] = 1 if row["stimulus_1"] == row["stimulus_2"] else -1
        mask[second + 25 : second + 75] = 1
        np.testing.assert_array_equal(trials.inputs[trial], inputs)
        np.testing.assert_array_equal(trials.targets[trial, :, 0], targets)
        np.testing.assert_array_equal(trials.mask[trial], mask)


def test_conditions_are_drawn_evenly() -> None:
    table = MatchToSample().sample(4000, seed=1).conditions
    counts = table.groupby(["stimulus_1", "stimulus_2"]).size()
    assert len(counts) == 4
    assert counts.between(860, 1140).all()


def test_noise_goes_on_after_a_short_trial() -> None:
    trials = MatchToSample(delay=(0.5, 3.0)).sample(200, seed=2)
    assert trials.inputs[:, -5:].std() == pytest.approx(0.03, rel=0.5)
    assert trials.inputs[:, :5].std() == pytest.approx(0.03, rel=0.1)


def test_an_observer_of_the_second_stimulus_alone_is_at_chance() -> None:
    chosen = MatchToSample()
    trials = chosen.conditions()
    says = np.where(trials.conditions["stimulus_2"] == "A", 1.0, -1.0)
    outputs = says[:, None, None] * np.ones_like(trials.targets)
    assert chosen.accuracy(outputs, trials) == 0.5
    table = chosen.psychometric(outputs, trials)
    assert list(table["p_positive"]) == [1, 0, 1, 0]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"delay": (3, 0.5)}, "give the shortest first"),
        ({"decision": 0.01}, "decision is 0.01 s: give at least 1"),
        ({"noise_std": "much"}, "noise_std is 'much': give a number of at least 0"),
    ],
)
def test_wrong_parameters_are_named(parameters: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        MatchToSample(**parameters)
