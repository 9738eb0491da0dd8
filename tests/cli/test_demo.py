"""`lowrnn demo`, made small."""

import importlib
import json

import numpy as np
import pytest

import lowrnn.fitting
import lowrnn.report.folder
from lowrnn import LINT, RNN
from lowrnn.recordings import read
from lowrnn.tasks import task


@pytest.fixture
def small(monkeypatch):
    """Few neurons, trials and updates, and one rank."""
    module = importlib.import_module("lowrnn.cli.demo")
    sizes = {"NEURONS": 30, "RECORDED": 15, "REPEATS": 2, "UPDATES": 3, "RANKS": [1]}
    for name, value in sizes.items():
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(lowrnn.fitting, "LINT", lambda **settings: LINT(updates=5, **settings))
    return module


def test_the_demo_ends_with_the_path_of_its_report(call, tmp_path, small):
    answer = call("demo", "--out", tmp_path)
    assert answer.exit_code == 0, answer.stderr
    found, decides, path = answer.stdout.splitlines()
    assert found.startswith("Rank 1: R² ")
    assert "noise ceiling" in found
    assert decides.endswith(" of conditions correctly.")
    assert path == str(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.startswith("<!")
    assert "&nbsp;% of conditions correctly." in page

    recording = read(tmp_path / "recording-0.npz")
    teacher = RNN.load(tmp_path / "teacher-0.safetensors")
    trials = task("context_decision").conditions()
    assert recording.rates.shape == (*trials.inputs.shape[:2], 15)
    units = recording.neurons["unit"].to_numpy()
    assert len(set(units)) == 15
    # Averages over two trials keep the noise of the measurement, 0.1, over the root of 2.
    order = [
        int(np.argmin(np.abs(trials.inputs - inputs).sum((1, 2)))) for inputs in recording.inputs
    ]
    quiet = teacher.replace(noise_std=0.0).simulate(trials.inputs[order]).rates[:, :, units]
    assert 0.06 < (recording.rates - quiet).std() < 0.2


def test_only_another_seed_makes_another_recording(call, tmp_path, small, monkeypatch):
    monkeypatch.setattr(lowrnn.report, "write_report", lambda folder: folder / "report.html")
    monkeypatch.setattr(lowrnn.report.folder, "write_report", lambda folder, task: folder)

    def demo(*arguments):
        answer = call("demo", "--out", tmp_path, "--json", *arguments)
        assert answer.exit_code == 0, answer.stderr
        printed = json.loads(answer.stdout)
        assert printed == json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
        return printed

    first, other = demo(), demo("--seed", 1)
    monkeypatch.setattr(small, "_train", lambda *_: pytest.fail("the recording is there"))
    again = demo()
    runs = (first, other, again)
    assert all(0 <= run["accuracy"] <= 1 for run in runs)
    checksums = [run["provenance"]["data_checksum"] for run in runs]
    assert checksums[0] == checksums[2] != checksums[1]
    assert first["ranks"][0]["r2_train"] == again["ranks"][0]["r2_train"]
