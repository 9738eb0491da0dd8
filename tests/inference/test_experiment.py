"""Experiments in YAML: what is read and refused, and what the teacher is."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from lowrnn import InputError
from lowrnn.inference import experiment as module
from lowrnn.inference.experiment import Experiment, observation, read_experiment, summary_of
from lowrnn.inference.students import simulate_students
from lowrnn.recordings.schema import validate

HEBB = Path(__file__).parents[2] / "examples" / "hebb.yaml"
GIVEN: dict[str, Any] = {
    "teacher": {"theta": {"pre": -0.2, "hebb": 0.3}, "seed": 5},
    "student": {"terms": ["X1", "X1Y1"], "neurons": 16, "steps": 10, "epochs": 3, "record": 2},
    "parameters": {"pre": [-1, 1], "hebb": [-1, 1]},
}


def experiment(**changes: Any) -> Experiment:
    return validate(Experiment, GIVEN | changes, "config.yaml")


def test_the_example_can_be_read() -> None:
    found = read_experiment(HEBB)
    assert list(found.parameters) == list(found.teacher.theta) == ["post", "pre", "post2", "hebb"]
    again = validate(Experiment, yaml.safe_load(yaml.safe_dump(found.to_dict())), "written")
    assert again == found
    assert found.spec.settings["terms"] == ["Y1", "X1", "Y2", "X1Y1"]


def test_the_example_of_gradient_descent_can_be_read() -> None:
    found = read_experiment(HEBB.with_name("teacher.yaml"))
    assert (found.teacher.theta, found.teacher.updates) == (None, 400)
    assert found.student.task == "perceptual_decision"


def test_the_example_of_a_run_folder_can_be_read() -> None:
    path = HEBB.with_name("networks.yaml")
    found = read_experiment(path).teacher
    assert found.networks == (str(path.parent.resolve() / ".." / "runs" / "learned"),)


def test_fewer_simulations_hold_out_fewer() -> None:
    found = read_experiment(HEBB, simulations=400)
    assert (found.simulations, found.held_out) == (400, 100)
    assert read_experiment(HEBB, simulations=8000).held_out == read_experiment(HEBB).held_out


def test_the_teacher_is_a_student_in_the_order_of_the_terms() -> None:
    swapped = {"theta": {"hebb": 0.3, "pre": -0.2}, "seed": 5}
    job = {**GIVEN["student"], "theta": [[-0.2, 0.3]], "seeds": [5]}
    expected = np.asarray(simulate_students(job)["x"])[0]
    np.testing.assert_array_equal(observation(experiment(teacher=swapped)), expected)
    summary = summary_of(experiment())
    assert summary.values.shape == (1, len(expected))
    assert summary.labels[-1] == "overlap.00"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"teacher": {"theta": {"pre": 0.1}}}, "teacher.theta names pre: name pre, hebb"),
        ({"parameters": {"hebb": [-1, 1]}}, r"parameters are 1 and student.terms 2"),
        ({"settings": {"g": 1}}, "give them under student"),
        ({"student": {"neuron": 64}}, "neuron"),
        ({"teacher": {"thetas": {}}}, "thetas"),
        ({"student": {"terms": ["X1", "X1R"]}}, "student.terms"),
        ({"simulations": 10}, "simulations is 10"),
    ],
)
def test_mistakes_are_named(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        experiment(**changes)


def test_a_teacher_that_fails_is_refused() -> None:
    wild = experiment(student={**GIVEN["student"], "rate": 500.0})
    with pytest.raises(InputError, match=r"teacher\.theta is .* ends as '(saturated|blow-up)'"):
        observation(wild)


def test_without_sbi_nothing_is_simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    monkeypatch.setattr(module, "simulate_students", pytest.fail)
    with pytest.raises(InputError, match=r"needs sbi: `pip install 'lowrnn\[inference\]'`"):
        module.run_experiment(experiment())


def test_a_network_belongs_to_the_identity_of_students(tmp_path: Path) -> None:
    (tmp_path / "start.safetensors").write_bytes(b"weights")
    path = tmp_path / "config.yaml"
    given = {**GIVEN, "student": {**GIVEN["student"], "network": "start.safetensors"}}
    path.write_text(yaml.safe_dump(given))
    found = read_experiment(path)
    assert found.student.network == str(tmp_path / "start.safetensors")
    before = module.version_of(found)
    (tmp_path / "start.safetensors").write_bytes(b"other weights")
    assert module.version_of(found) != before
