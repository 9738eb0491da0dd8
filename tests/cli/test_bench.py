"""`lowrnn bench`: what it prints, with the measurements replaced by small ones."""

import json

import pytest

import lowrnn.bench
from lowrnn.bench import (
    Case,
    Cell,
    FitProblem,
    TensorCell,
    fit_problem,
    tensor_steps,
    training_steps,
    training_updates,
)
from lowrnn.learning import initial_network
from lowrnn.tasks import ContextDecision

TINY = (Cell(16, 1, 2, 29, False), Cell(16, 1, 2, 29, True))


@pytest.fixture
def tiny_grids(monkeypatch):
    monkeypatch.setattr(lowrnn.bench, "QUICK", TINY[:1])
    monkeypatch.setattr(lowrnn.bench, "FULL", TINY)
    monkeypatch.setattr(
        lowrnn.bench,
        "training_steps",
        lambda cells, progress: training_steps(cells, seconds=0.01, progress=progress),
    )


def test_one_json_object_on_stdout(call, tiny_grids, tmp_path):
    answer = call("bench", "--json", "--out", tmp_path / "bench.json")
    found = json.loads(answer.stdout)
    assert [row["neurons"] for row in found["rows"]] == [16]
    assert found["geomean_ratio_eager"] > 0
    assert json.loads((tmp_path / "bench.json").read_text(encoding="utf-8")) == found
    assert found["noise_on"]["geomean_ratio_eager"] is None


def test_table_for_people(call, tiny_grids):
    answer = call("bench", "--full")
    assert answer.exit_code == 0
    assert "Training step" in answer.stdout
    assert "times faster than eager" in answer.stdout


def test_updates_of_trainings(call, monkeypatch):
    monkeypatch.setattr(lowrnn.bench, "CASES", (Case("context_decision", 1, 8, 4),))
    monkeypatch.setattr(
        lowrnn.bench,
        "training_updates",
        lambda cases, progress: training_updates(cases, seconds=0.01, progress=progress),
    )
    found = json.loads(call("bench", "--train", "--json").stdout)
    assert [row["task"] for row in found["rows"]] == ["context_decision"]
    assert "geometric mean" in call("bench", "--train").stdout


def test_steps_of_low_tensor_rank(call, monkeypatch):
    monkeypatch.setattr(lowrnn.bench, "TENSOR_CELLS", (TensorCell(8, 1, 4, 5),))
    monkeypatch.setattr(
        lowrnn.bench,
        "tensor_steps",
        lambda cells, progress: tensor_steps(cells, seconds=0.01, progress=progress),
    )
    found = json.loads(call("bench", "--tensor", "--json").stdout)
    assert found["rows"][0]["trials"] == 4
    assert "8 neurons, rank 1, 4 trials of 5 steps" in call("bench", "--tensor").stdout


@pytest.mark.parametrize("pair", [("--train", "--fit"), ("--tensor", "--full")])
def test_one_benchmark_at_a_time(call, pair):
    answer = call("bench", *pair)
    assert answer.exit_code == 2
    assert f"{pair[0]} and {pair[1]} are both given" in answer.stderr


def test_fit_of_a_saved_teacher(call, monkeypatch, tmp_path):
    teacher = initial_network(ContextDecision(), 12, 1)
    teacher.save(tmp_path / "teacher.safetensors")
    monkeypatch.setattr(lowrnn.bench, "fit_problem", lambda rnn: fit_problem(rnn, trials=64))
    answer = call(
        "bench", "--fit", "--updates", 10, "--teacher", tmp_path / "teacher.safetensors", "--json"
    )
    found = json.loads(answer.stdout)
    assert found["neurons"] == 12
    assert found["plain"]["updates"] == 10
    assert found["plain_seconds"] > 0


@pytest.mark.parametrize("ratio", [150.0, None])
def test_outcome_of_a_fit_in_words(call, monkeypatch, ratio):
    found = {
        "neurons": 12, "trials": 64, "steps": 68, "ceiling": 0.98, "goal": 0.9,
        "plain_seconds": 15.0, "ratio": ratio, "machine": lowrnn.bench.machine.machine(),
        "plain": {"ms_per_update": 20.0, "updates": 750},
        "lowrnn": {"r2": 0.91, "seconds": 0.1, "seconds_in_all": 0.2, "updates": 30},
    }  # fmt: skip
    monkeypatch.setattr(lowrnn.bench, "context_teacher", lambda neurons: neurons)
    monkeypatch.setattr(lowrnn.bench, "fit_problem", lambda rnn: FitProblem)
    monkeypatch.setattr(lowrnn.bench, "time_to_fit", lambda problem, updates, progress: found)
    said = call("bench", "--fit").stdout
    assert "R² 0.9000 after 15.0 s" in said
    assert ("150 times sooner" in said) == (ratio is not None)
    assert ("did not reach" in said) == (ratio is None)


def test_teacher_without_fit_is_refused(call, tmp_path):
    answer = call("bench", "--teacher", tmp_path / "t.safetensors")
    assert answer.exit_code == 2
    assert "add --fit" in answer.stderr
