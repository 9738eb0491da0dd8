import json

from lowrnn.tasks import TASKS, task


def test_every_task_is_listed_for_programs(call) -> None:
    answer = call("tasks", "--json")
    assert answer.exit_code == 0
    found = {each["name"]: each for each in json.loads(answer.stdout)["tasks"]}
    assert set(found) == {
        "perceptual_decision",
        "working_memory",
        "multisensory_decision",
        "context_decision",
        "match_to_sample",
        "flip_flop",
        "cosine",
        "cue_set_go",
        "measure_wait_go",
    }
    for name, each in found.items():
        assert task(name, **each["parameters"]) == task(name)
        assert len(each["inputs"]) == task(name).n_inputs
        assert each["summary"]
    assert found["context_decision"]["presets"] == ["lint2022", "populations2022", "schuessler2020"]


def test_every_task_is_listed_for_people(call) -> None:
    said = call("tasks").stdout
    for name in TASKS:
        assert name in said
    assert "schuessler2020" in said
    assert max(len(line) for line in said.splitlines()) <= 80
