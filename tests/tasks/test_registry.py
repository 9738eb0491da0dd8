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
        ("xyz", {}, "task is 'xyz': choose among context_decision, perceptual_decision"),
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
    np.testing.assert_array_equal(made.conditions().inputs, conditions.inputs)
    assert made.accuracy(trials.targets, trials) == 1
    assert made.accuracy(-trials.targets, trials) == 0


@pytest.mark.parametrize("made", EVERY_TASK)
def test_parameters_do_not_change(made: Task) -> None:
    with pytest.raises(FrozenInstanceError):
        made.dt = 1
