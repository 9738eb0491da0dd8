"""`lowrnn train`: what it prints, writes, refuses and keeps."""

import errno
import importlib
import json
import os
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import yaml

import lowrnn.learning
import lowrnn.report.folder
from lowrnn import RNN, GaussianMixture
from lowrnn.learning import evaluate, recipe_for
from lowrnn.learning.training import Training
from lowrnn.tasks import ContextDecision, task

SMALL = ("--neurons", 16, "--updates", 4, "--set", "context_amplitude=0.5")


@pytest.fixture
def no_report(monkeypatch):
    """The report has tests of its own."""
    monkeypatch.setattr(lowrnn.report.folder, "write_report", lambda folder, task: folder)


@pytest.mark.parametrize("rank", [2, "full"])
def test_the_run_folder(call, tmp_path, no_report, rank):
    answer = call("train", "context_decision", "--rank", rank, *SMALL, "--out", tmp_path, "--json")
    assert answer.exit_code == 0, answer.stderr
    metrics = json.loads(answer.stdout)
    assert metrics == json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["kind"] == "train"
    assert metrics["task"] == "context_decision"
    assert (metrics["rank"], metrics["neurons"], metrics["steps"]) == (rank, 16, 4)
    assert metrics["out"] == str(tmp_path)
    assert metrics["seconds"] > 0

    config = yaml.safe_load((tmp_path / "config.yaml").read_text())
    chosen = task(**config["task"])
    assert chosen == ContextDecision(context_amplitude=0.5)
    rnn = RNN.load(tmp_path / "network.safetensors")
    assert evaluate(rnn, chosen, seed=0).accuracy == metrics["accuracy"]

    results = xr.load_dataset(tmp_path / "results.nc", engine="h5netcdf")
    trials = chosen.conditions()
    trajectory = rnn.replace(noise_std=0.0).simulate(trials.inputs)
    assert results["z"].dims == ("trial", "time", "output")
    np.testing.assert_allclose(results["z"], trajectory.z, atol=1e-6)
    np.testing.assert_allclose(results["kappa"], trajectory.kappa, atol=1e-6)
    np.testing.assert_array_equal(results["target"], trials.targets)
    np.testing.assert_array_equal(results["inputs"], trials.inputs)
    np.testing.assert_array_equal(results["context"], trials.conditions["context"])
    assert list(results["input"].to_numpy()) == list(chosen.input_names)
    assert results["loss"].sizes == {"update": 4}
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "config.yaml", "metrics.json", "network.safetensors", "results.nc",
    ]  # fmt: skip


def test_the_answer_in_words_and_the_report(call, tmp_path):
    answer = call(
        "train", "perceptual_decision", "--neurons", 16, "--updates", 4, "--out", tmp_path
    )
    assert answer.exit_code == 0, answer.stderr
    said, path = answer.stdout.splitlines()
    assert "1000 new trials are answered correctly, after 4 updates" in said
    assert Path(path).read_text().startswith("<!")


def test_a_preset_sets_task_and_training(call, tmp_path, no_report):
    answer = call(
        "train", "match_to_sample", "--rank", 2, "--neurons", 16, "--preset", "populations2022",
        "--updates", 2, "--n-trials", 40, "--out", tmp_path, "--json",
    )  # fmt: skip
    assert answer.exit_code == 0, answer.stderr
    metrics = json.loads(answer.stdout)
    recipe = recipe_for("match_to_sample", 2, preset="populations2022")
    assert metrics["steps"] == 2 * len(recipe.stages)
    config = yaml.safe_load((tmp_path / "config.yaml").read_text())
    stages = config["recipe"]["stages"]
    assert stages[0]["full_rank"] is True
    assert stages[1]["task"] == {"delay": [0.5, 0.7]}
    assert stages[1]["settings"]["trained"] == ["m", "n", "B", "s_out"]
    assert all(stage["settings"]["updates"] == 2 for stage in stages)
    assert config["task"]["delay"] == [0.5, 3.0]
    assert not (tmp_path / "checkpoint").exists()


def test_a_mixture(call, tmp_path, no_report):
    answer = call(
        "train", "context_decision", "--rank", "mixture", "--populations", 3, *SMALL, "--out",
        tmp_path, "--json",
    )  # fmt: skip
    assert answer.exit_code == 0, answer.stderr
    metrics = json.loads(answer.stdout)
    assert (metrics["rank"], metrics["neurons"], metrics["steps"]) == (1, 16, 4)
    mixture = GaussianMixture.load(tmp_path / "mixture.safetensors")
    assert mixture.populations == metrics["populations"] == 3
    drawn = mixture.sample(16, 0, dtype=np.float32)
    rnn = RNN.load(tmp_path / "network.safetensors")
    np.testing.assert_array_equal(drawn.connectivity.dense(), rnn.connectivity.dense())
    config = yaml.safe_load((tmp_path / "config.yaml").read_text())
    assert (config["populations"], config["latents"]) == (3, 1)
    assert not (tmp_path / "checkpoint").exists()


def test_an_interrupted_command_resumes(call, tmp_path, no_report, monkeypatch):
    module = importlib.import_module("lowrnn.learning.train")
    monkeypatch.setattr(module, "_CHECKPOINT_SECONDS", 0.0)
    command = ("train", "perceptual_decision", "--neurons", 16, "--updates", 120)
    assert call(*command, "--out", tmp_path / "whole").exit_code == 0
    update = Training.update

    def interrupted(training):
        if training.done == 70:
            raise KeyboardInterrupt
        update(training)

    with monkeypatch.context() as patch:
        patch.setattr(Training, "update", interrupted)
        answer = call(*command, "--out", tmp_path / "parts", "--json")
    assert answer.exit_code == 130
    assert answer.stdout == ""
    assert answer.stderr.endswith("Interrupted: run the same command again to resume.\n")
    assert [p.name for p in (tmp_path / "parts").iterdir()] == ["checkpoint"]
    assert call(*command, "--out", tmp_path / "parts").exit_code == 0
    whole, parts = (tmp_path / name / "network.safetensors" for name in ("whole", "parts"))
    assert whole.read_bytes() == parts.read_bytes()


def test_a_full_disk_keeps_the_training(call, tmp_path, no_report, monkeypatch):
    command = ("train", "perceptual_decision", "--neurons", 16, "--updates", 4, "--out", tmp_path)
    fsync, count = os.fsync, 0

    def full(handle):
        nonlocal count
        count += 1
        if count == 4:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        answer = call(*command)
    assert answer.exit_code == 2
    assert "Error: No space left on device: make room" in answer.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "checkpoint", "config.yaml", "network.safetensors",
    ]  # fmt: skip

    def again(training):
        pytest.fail("the training was finished")

    monkeypatch.setattr(Training, "update", again)
    assert call(*command).exit_code == 0
    assert (tmp_path / "metrics.json").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["context_decisions"], "task is 'context_decisions': did you mean 'context_decision'?"),
        (
            ["context_decision", "--rank", "none"],
            "rank is 'none': give a whole number, full or mixture",
        ),
        (["context_decision", "--rank", "20"], "rank is 20: give 1 to 16, the number of neurons"),
        (["context_decision", "--neurons", "0"], "neurons is 0: give at least 1"),
        (["context_decision", "--set", "name=cosine"], "--set is 'name=cosine': give a parameter"),
        (["context_decision", "--set", "preset=a"], "--set is 'preset=a': give a parameter of the"),
        (["context_decision", "--set", "delay"], "--set is 'delay': give NAME=VALUE"),
        (["context_decision", "--set", "delay=[1"], "--set delay is '[1': give a number, or"),
        (["context_decision", "--set", "delays=1"], "has no parameter 'delays': did you mean"),
        (["context_decision", "--set", "delay=long"], "delay (in seconds) is 'long': give"),
        (["context_decision", "--learning-rate", "-1"], "learning_rate is -1.0: give a number"),
        (["context_decision", "--schedule", "none"], "schedule is 'none': choose among"),
        (["context_decision", "--preset", "lint"], "preset of context_decision is 'lint': did you"),
        (["context_decision", "--rank", "mixture", "--target-accuracy", "1"], "target_accuracy is"),
        (["context_decision", "--seed", "-1"], "seed is -1: give an integer of at least 0"),
    ],
)
def test_wrong_input_is_one_sentence_and_leaves_nothing(call, tmp_path, arguments, sentence):
    answer = call("train", "--neurons", 16, *arguments, "--out", tmp_path / "run")
    assert answer.exit_code == 2
    assert answer.stdout == ""
    assert sentence in answer.stderr.splitlines()[-1]
    assert not list(tmp_path.glob("run/*"))


def test_a_file_in_place_of_the_folder(call, tmp_path):
    (tmp_path / "run").write_text("")
    answer = call("train", "context_decision", "--out", tmp_path / "run")
    assert answer.exit_code == 2
    assert f"File exists ({tmp_path / 'run'}): give a path" in answer.stderr
