import json
from dataclasses import replace

import numpy as np
import pytest
import yaml

from lowrnn.errors import InputError
from lowrnn.tasks import TASKS, ContextDecision, FlipFlop, MultiTask, multitask, task

BOTH = multitask([ContextDecision(), task("match_to_sample")])


def test_channels_are_stacked_and_the_rule_is_cued() -> None:
    assert (BOTH.n_inputs, BOTH.n_outputs) == (4 + 2 + 2, 1 + 1)
    assert BOTH.input_names[0] == "context_decision: stimulus_a"
    assert BOTH.input_names[4] == "match_to_sample: stimulus_a"
    assert BOTH.input_names[6:] == ("rule: context_decision", "rule: match_to_sample")
    trials = BOTH.conditions()
    assert trials.inputs.shape == (72 + 4, 255, 8)
    context, match = ContextDecision().conditions(), task("match_to_sample").conditions()
    expected = np.zeros_like(trials.inputs)
    expected[:72, :68, :4] = context.inputs
    expected[72:, :, 4:6] = match.inputs
    expected[:72, :, 6] = expected[72:, :, 7] = 1
    np.testing.assert_array_equal(trials.inputs, expected)
    np.testing.assert_array_equal(trials.targets[:72, :68, 0], context.targets[:, :, 0])
    assert not trials.targets[:72, :, 1].any()
    assert not trials.targets[72:, :, 0].any()
    np.testing.assert_array_equal(trials.mask[:72], np.pad(context.mask, ((0, 0), (0, 187))))
    np.testing.assert_array_equal(trials.mask[72:], match.mask)


def test_tasks_are_drawn_evenly_and_in_no_order() -> None:
    which = BOTH.sample(2000, seed=0).conditions["task"] == "match_to_sample"
    assert which.mean() == pytest.approx(0.5, abs=5 * 0.5 / np.sqrt(2000))
    repeats = np.mean(which.to_numpy()[1:] == which.to_numpy()[:-1])
    assert repeats == pytest.approx(0.5, abs=5 * 0.5 / np.sqrt(2000))


def test_trials_keep_to_their_rows() -> None:
    trials = BOTH.sample(60, seed=3)
    for trial, row in trials.conditions.iterrows():
        index = 0 if row["task"] == "context_decision" else 1
        assert trials.inputs[trial, 10, 6 + index] == 1
        assert trials.targets[trial, :, index].any()
        asked = trials.targets[trial, :, index][trials.mask[trial] == 1]
        assert (asked == row["choice"]).all()


def test_accuracy_is_that_of_each_task() -> None:
    trials = BOTH.sample(200, seed=1)
    outputs = trials.targets.copy()
    outputs[:, :, 1] *= -1
    matches = (trials.conditions["task"] == "match_to_sample").mean()
    assert BOTH.accuracy(outputs, trials) == pytest.approx(1 - matches)
    table = BOTH.psychometric(outputs, trials)
    assert table["accuracy"].tolist() == [1, 0]
    part, own_outputs, own_trials = BOTH.only("match_to_sample", outputs, trials)
    assert part == task("match_to_sample")
    assert part.accuracy(own_outputs, own_trials) == 0
    assert list(part.psychometric(own_outputs, own_trials)["p_positive"]) == [0, 1, 1, 0]
    with pytest.raises(InputError, match="label is 'flip_flop': choose among context_decision,"):
        BOTH.only("flip_flop", outputs, trials)


def test_all_tasks_at_once() -> None:
    made = multitask([kind() for kind in TASKS.values()])
    trials = made.sample(200, seed=0)
    assert set(trials.conditions["task"]) == set(TASKS)
    assert made.accuracy(trials.targets, trials) == 1
    conditions = made.conditions()
    assert made.accuracy(conditions.targets, conditions) == 1
    again = made.sample(200, seed=0)
    np.testing.assert_array_equal(trials.inputs, again.inputs)
    psychometric = made.psychometric_trials(repeats=1)
    assert len(psychometric) == sum(len(kind().psychometric_grid()) for kind in TASKS.values())


def test_one_task_twice() -> None:
    made = multitask([FlipFlop(others="reset"), FlipFlop(others="hold")])
    assert made.labels == ("flip_flop", "flip_flop_2")
    assert made.dt == 0.05
    trials = made.sample(40, seed=0)
    assert set(trials.conditions["task"]) == {"flip_flop", "flip_flop_2"}
    assert made.accuracy(trials.targets, trials) == 1


def test_restored_from_what_is_stored_or_named() -> None:
    assert task(**json.loads(json.dumps(BOTH.to_dict()))) == BOTH
    assert task(**yaml.safe_load(yaml.safe_dump(BOTH.to_dict()))) == BOTH
    assert task("multitask", tasks=["context_decision", "match_to_sample"]) == BOTH
    preset = {"name": "perceptual_decision", "preset": "lint2022"}
    assert task("multitask", tasks=[preset]).tasks[0].noise_std == 0.03


def test_one_time_step_for_all() -> None:
    finer = replace(BOTH, dt=0.01)
    assert [each.dt for each in finer.tasks] == [0.01, 0.01]
    assert finer.conditions().inputs.shape[1] == 510


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "tasks is empty: give at least one task"),
        ({"tasks": [3]}, "tasks is 3: give at least one task"),
        ({"tasks": ["flipflop"]}, "task is 'flipflop': did you mean 'flip_flop'"),
        ({"tasks": ["flip_flop"], "rule_amplitude": 0}, "rule_amplitude is 0: give a number above"),
        ({"tasks": ["flip_flop"], "rule": 0}, "multitask has no parameter 'rule'"),
    ],
)
def test_wrong_parameters_are_named(parameters: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        task("multitask", **parameters)


def test_a_list_of_tasks_is_needed() -> None:
    with pytest.raises(InputError, match="tasks is empty"):
        multitask([])
    with pytest.raises(InputError, match="tasks is 'flip_flop'"):
        MultiTask(tasks=("flip_flop",))
