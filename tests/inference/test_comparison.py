"""Which rule made a network: known rules are found, and what cannot be told is said."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from lowrnn import InputError
from lowrnn.inference import RuleExperiment, RulePosterior, Simulations, run_comparison
from lowrnn.inference.comparison import labels_of, names_rules, read_rules
from lowrnn.inference.experiment import Experiment, observation
from lowrnn.inference.rule_verdict import rule_verdict
from lowrnn.inference.students import simulate_students
from lowrnn.recordings.schema import validate

STUDENT = {"neurons": 24, "steps": 15, "epochs": 3, "record": 3}
TWO = {"terms": ["X1", "Y1"], "parameters": {"a": [0, 1]}}
GIVEN: dict[str, Any] = {
    "teacher": {"rule": "covariance", "theta": {"speed": 0.7}, "seed": 5},
    "student": STUDENT,
    "rules": {
        "hebb": {"terms": ["X1Y1"], "parameters": {"speed": [0, 1]}},
        "covariance": {
            "terms": ["X1Y1"], "pre": "centred", "post": "centred",
            "parameters": {"speed": [0, 1]},
        },
        "weak": {"terms": ["X1Y1", "-0.01*Y2W1"], "parameters": {"a": [0, 1], "b": [0, 1]}},
    },
    "simulations": 1200,
}  # fmt: skip


def experiment(**changes: Any) -> RuleExperiment:
    return validate(RuleExperiment, {**GIVEN, **changes}, "here")


@pytest.fixture(scope="module")
def compared() -> RulePosterior:
    return run_comparison(experiment(), workers=1)


def test_the_rule_of_the_teacher_is_found(compared: RulePosterior) -> None:
    found = compared.to_dict()
    p = {rule["name"]: rule["probability"] for rule in found["rules"]}
    assert p["covariance"] > 0.9
    assert sum(p.values()) == pytest.approx(1)
    assert (found["truth"], found["simulations"]) == ("covariance", 1200)
    assert found["misspecification_pvalue"] > 0.05
    assert found["remarks"][0].startswith("The most probable rule is covariance")


def test_rules_that_do_the_same_are_one_class(compared: RulePosterior) -> None:
    found = compared.to_dict()
    assert found["equivalence_classes"] == [["hebb", "weak"], ["covariance"]]
    said = "these summaries do not tell them apart, and together they have probability 0."
    assert found["remarks"][1].startswith(f"Read hebb and weak as one: {said}")
    swapped = replace(compared, probabilities=np.array([0.4, 0.1, 0.5]))
    assert rule_verdict(swapped)[0] == (
        f"The most probable rule is one of hebb and weak: {said}90."
    )
    same = replace(compared.comparison, pairwise=np.full((3, 3), 0.5))
    told = rule_verdict(replace(compared, comparison=same))[0]
    assert told.startswith("These summaries tell none of hebb, covariance and weak apart")


def test_students_are_those_of_their_own_rule() -> None:
    spec = experiment()
    job = {"theta": [[0.7]], "seeds": [5]}
    mine = spec.experiment("covariance").spec.settings
    np.testing.assert_array_equal(
        simulate_students({**mine, **job})["x"],
        simulate_students(
            {**STUDENT, "terms": ["X1Y1"], "pre": "centred", "post": "centred", **job}
        )["x"],
    )
    assert len(labels_of(spec)) == np.shape(simulate_students({**mine, **job})["x"])[1]


def test_what_no_rule_makes_is_said() -> None:
    """A classifier must choose all the same."""
    away = {"rule": "hebb", "theta": {"speed": -4.0}, "seed": 5}
    found = run_comparison(experiment(teacher=away, simulations=600), workers=1)
    assert found.misspecification.max() < 0.05
    assert found.probabilities.sum() == pytest.approx(1)
    assert rule_verdict(found)[0].startswith("The observation is unusual for every rule")


@pytest.mark.parametrize(
    "teacher", [{"updates": 4}, {"rule": "weak", "theta": {"a": 0.5, "b": 0.1}}]
)
def test_the_observation_is_that_of_the_experiment(teacher: dict[str, Any]) -> None:
    away = {**STUDENT, "task": "perceptual_decision", "alpha": 0.2}
    spec = experiment(teacher=teacher, student=away)
    alone = {
        "teacher": {name: value for name, value in teacher.items() if name != "rule"},
        "student": {**away, "terms": ["X1Y1", "-0.01*Y2W1"]},
        "parameters": {"a": [0, 1], "b": [0, 1]},
    }
    expected = observation(validate(Experiment, alone, "alone"))
    np.testing.assert_array_equal(observation(spec.observed), expected)


def test_failures_are_told(compared: RulePosterior) -> None:
    parts = dict(compared.simulations)
    hebb = parts["hebb"]
    status = np.where(np.arange(len(hebb)) % 2, "ok", "blow-up")
    parts["hebb"] = Simulations(hebb.theta, hebb.x, status)
    share = np.array([0.5, 1.0, 1.0])
    success = replace(compared.comparison, success=share)
    changed = replace(compared, comparison=success, simulations=parts)
    said = " ".join(rule_verdict(changed))
    assert "200 of 1200 simulations failed (200 blow-up)" in said
    assert "did not fail counts against hebb" in said


def test_the_configuration_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump(GIVEN))
    assert names_rules(path)
    found = read_rules(path, simulations=300)
    assert found.simulations == 300
    path.write_text(yaml.safe_dump(found.to_dict()))
    assert read_rules(path) == found


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"rules": {"hebb": GIVEN["rules"]["hebb"]}}, "rules"),
        ({"teacher": {"rule": "oja", "theta": {"s": 1}}}, "choose among hebb, covariance, weak"),
        ({"teacher": {"rule": "hebb", "theta": {"eta": 1}}}, "teacher.theta names eta: name speed"),
        ({"teacher": {"theta": {"speed": 1}}}, "give rule and theta together"),
        ({"student": {"terms": ["X1"]}}, r"student\.terms is for each rule: give it under rules"),
        ({"rules": {**GIVEN["rules"], "bad": TWO}}, "parameters are 1 and terms 2"),
        (
            {"rules": {**GIVEN["rules"], "bad": {"terms": ["X1"], "parameters": {"a": [1, 0]}}}},
            "prior of a is 1 to 0",
        ),
        ({"rules": {**GIVEN["rules"], "bad": {"term": []}}}, "terms"),
    ],
)  # fmt: skip
def test_mistakes_are_named(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        experiment(**changes)
