import json
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
import yaml

from lowrnn.errors import InputError
from lowrnn.tasks import TASKS, ContextDecision, Task, task

EVERY_TASK = [pytest.param(TASKS[name](), id=name) for name in TASKS]


def test_tasks_are_made_by_name() -> None:
    made = task("context_decision", context_amplitude=0.5)
    assert made == ContextDecision(context_amplitude=0.5)
    assert made != ContextDecision()


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("context_decison", {}, "task is 'context_decison': did you mean 'context_decision'?"),
        ("xyz", {}, "task is 'xyz': choose among perceptual_decision, "),
        (
            "context_decision",
            {"context_amp": 1},
            "context_decision has no parameter 'context_amp': did you mean 'context_amplitude'?",
        ),
        ("perceptual_decision", {"q": 1}, "no parameter 'q': choose among dt, fixation, stimulus"),
        ("perceptual_decision", {"dt": -1}, r"dt \(in seconds\) is -1"),
    ],
)
def test_wrong_names_are_mended(name: str, parameters: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        task(name, **parameters)


@pytest.mark.parametrize("made", EVERY_TASK)
def test_tasks_are_restored_from_what_is_stored(made: Task) -> None:
    changed = replace(made, dt=0.01)
    assert task(**json.loads(json.dumps(changed.to_dict()))) == changed
    assert task(**yaml.safe_load(yaml.safe_dump(changed.to_dict()))) == changed


@pytest.mark.parametrize("made", EVERY_TASK)
def test_every_task_keeps_its_word(made: Task) -> None:
    trials, conditions = made.sample(30, seed=1), made.conditions()
    assert len(trials) == 30
    for some in (trials, conditions):
        assert some.inputs.shape[2] == made.n_inputs
        assert some.targets.shape[2] == made.n_outputs
        assert some.dt == made.dt
    assert trials.inputs.shape[1] == conditions.inputs.shape[1]
    np.testing.assert_array_equal(made.conditions().inputs, conditions.inputs)
    assert made.accuracy(trials.targets, trials) == 1
    assert made.accuracy(-trials.targets, trials) < 0.6
    assert made.accuracy(conditions.targets, conditions) == 1


@pytest.mark.parametrize("made", EVERY_TASK)
def test_the_seed_decides_everything(made: Task) -> None:
    first, again, other = (made.sample(40, seed) for seed in (5, 5, 6))
    for field in ("inputs", "targets", "mask"):
        np.testing.assert_array_equal(getattr(first, field), getattr(again, field))
    assert first.conditions.equals(again.conditions)
    if made.name != "cosine":  # which has one condition and no noise
        assert not np.array_equal(first.inputs, other.inputs)
        assert not first.conditions.equals(other.conditions)


@pytest.mark.parametrize("made", EVERY_TASK)
def test_durations_do_not_depend_on_the_time_step(made: Task) -> None:
    finer = replace(made, dt=made.dt / 2)
    seconds = [some.mask.sum(axis=1) * some.dt for some in (made.conditions(), finer.conditions())]
    np.testing.assert_allclose(*seconds, atol=3 * made.dt)
    lengths = [some.inputs.shape[1] * some.dt for some in (made.conditions(), finer.conditions())]
    assert lengths[0] == pytest.approx(lengths[1], abs=6 * made.dt)


@pytest.mark.parametrize("made", EVERY_TASK)
def test_the_psychometric_curve_of_right_answers(made: Task) -> None:
    trials = made.psychometric_trials(repeats=3, seed=2)
    grid = made.psychometric_grid()
    assert len(trials) == 3 * len(grid)
    table = made.psychometric(trials.targets, trials)
    assert table["n_trials"].sum() == len(trials)
    assert set(table.columns) & set(grid.columns)
    with pytest.raises(InputError, match="by is 'colour': choose among"):
        made.psychometric(trials.targets, trials, by=["colour"])


@pytest.mark.parametrize("made", EVERY_TASK)
def test_outputs_must_fit_the_trials(made: Task) -> None:
    trials = made.conditions()
    with pytest.raises(InputError, match="outputs"):
        made.accuracy(trials.targets[:, :-1], trials)


@pytest.mark.parametrize(
    ("name", "preset"), [(name, preset) for name in TASKS for preset in TASKS[name].presets]
)
def test_every_preset_makes_trials(name: str, preset: str) -> None:
    made = task(name, preset=preset)
    trials = made.sample(20, seed=0)
    assert made.accuracy(trials.targets, trials) == 1
    assert task(**made.to_dict()) == made
    assert task(name, preset=preset, dt=made.dt / 2).dt == made.dt / 2


def test_unknown_presets_are_mended() -> None:
    with pytest.raises(InputError, match="preset of perceptual_decision is 'lint22': did you mean"):
        task("perceptual_decision", preset="lint22")


@pytest.mark.parametrize("made", EVERY_TASK)
def test_parameters_do_not_change(made: Task) -> None:
    with pytest.raises(FrozenInstanceError):
        made.dt = 1
