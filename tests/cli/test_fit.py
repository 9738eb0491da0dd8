"""`lowrnn fit`: what it prints, writes, refuses and keeps."""

import json
import os
import resource
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.io
import xarray as xr
import yaml

import lowrnn.report.folder
from lowrnn import LINT, RNN, LowRank, Recording
from lowrnn.cli.fit import run
from lowrnn.files import checksum
from lowrnn.fitting import neuron_r2, r2

NEURONS, TRIALS, STEPS = 20, 12, 25
QUICK = ("--updates", 10, "--folds", 2)
SCORES = ("r2_train", "r2_heldout_conditions", "r2_heldout_neurons")
FOLDER = [
    "config.yaml", "metrics.json", "network.safetensors", "rank-1.safetensors", "results.nc",
]  # fmt: skip


@pytest.fixture
def no_report(monkeypatch):
    """The report has tests of its own."""
    monkeypatch.setattr(lowrnn.report.folder, "write_report", lambda folder, task: folder)


def arrays(**changes):
    """A recording of a rank-one network, by the default names."""
    g = np.random.default_rng(3)
    m, B = g.standard_normal((NEURONS, 1)), g.standard_normal((NEURONS, 2))
    rnn = RNN(LowRank(m, 1.2 * m + B[:, :1]), B, dt=0.02, tau=0.1)
    u = g.uniform(-1, 1, (TRIALS, 1, 2)) + 0.3 * g.standard_normal((TRIALS, STEPS, 2))
    y = rnn.simulate(u).rates + 0.05 * g.standard_normal((TRIALS, STEPS, NEURONS))
    return {"rates": y, "inputs": u, "bin_width": 0.02} | changes


@pytest.fixture
def data(tmp_path):
    """Writes an NPZ file with some arrays changed."""

    def write(**changes):
        np.savez(tmp_path / "rec.npz", **arrays(**changes))
        return tmp_path / "rec.npz"

    return write


def names(folder):
    """The files below a folder."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_the_json_object_and_the_run_folder(call, data, tmp_path, no_report):
    out = tmp_path / "run"
    answer = call("fit", data(), "--rank", "1:2", *QUICK, "--out", out, "--json")
    assert answer.exit_code == 0, answer.stderr
    metrics = json.loads(answer.stdout)
    assert answer.stdout.count("\n") == 1
    assert answer.stderr == ""
    assert metrics == json.loads((out / "metrics.json").read_text())
    assert {
        "rank_selected", "ranks", "noise_ceiling", "baselines", "neurons", "conditions", "seconds",
        "out",
    } <= set(metrics)  # fmt: skip
    assert metrics["rank_selected"] == 1
    assert [row["rank"] for row in metrics["ranks"]] == [1, 2]
    for row in metrics["ranks"]:
        assert set(row) == {"rank", "seconds", *SCORES}
        assert all(0.5 < row[score] <= 1 for score in SCORES)
    assert (metrics["neurons"], metrics["conditions"]) == (NEURONS, TRIALS)
    assert metrics["noise_ceiling"] is None
    assert set(metrics["baselines"]) == {"condition_mean", "linear"}
    assert metrics["out"] == str(out)
    assert metrics["provenance"]["data_checksum"] == checksum(tmp_path / "rec.npz")

    assert names(out) == sorted([*FOLDER, "rank-2.safetensors"])
    assert (out / "network.safetensors").read_bytes() == (out / "rank-1.safetensors").read_bytes()
    config = yaml.safe_load((out / "config.yaml").read_text())
    assert (config["ranks"], config["folds"], config["seed"]) == ([1, 2], 2, 0)
    assert config["lint"]["updates"] == 10
    LINT(**config["lint"])

    results = xr.load_dataset(out / "results.nc", engine="h5netcdf")
    activity, u = (arrays()[name] for name in ("rates", "inputs"))
    np.testing.assert_array_equal(results["data"], activity.astype(np.float32))
    np.testing.assert_array_equal(results["inputs"], u)
    np.testing.assert_allclose(results["time"], (np.arange(STEPS) + 0.5) * 0.02)
    model = RNN.load(out / "network.safetensors").simulate(u)
    np.testing.assert_allclose(results["model"], model.x, atol=1e-5)
    np.testing.assert_allclose(results["kappa"], model.kappa, atol=1e-5)
    np.testing.assert_allclose(results["r2_neuron"], neuron_r2(activity, model.x), atol=1e-4)
    assert r2(activity, model.x) == pytest.approx(metrics["ranks"][0]["r2_train"], abs=1e-4)
    for score in SCORES[1:]:
        means = results[score].transpose("rank", "split").mean("split")
        np.testing.assert_allclose(means, [row[score] for row in metrics["ranks"]])


def test_the_answer_in_words_and_the_report(call, data, tmp_path):
    answer = call("fit", data(), "--rank", "1", *QUICK, "--out", tmp_path / "run")
    assert answer.exit_code == 0, answer.stderr
    said, path = answer.stdout.splitlines()
    assert said.startswith("Rank 1: R² 0.9")
    assert "on held-out conditions" in said
    assert Path(path).read_text().startswith("<!")


def test_an_interrupted_command_resumes(call, data, tmp_path, no_report, monkeypatch):
    command = ("fit", data(), "--rank", "1,2", *QUICK)
    assert call(*command, "--out", tmp_path / "whole").exit_code == 0
    fit, done = LINT.fit, 0

    def counted(self, X, inputs=None):
        nonlocal done
        done += 1
        if done == 4:
            raise KeyboardInterrupt
        return fit(self, X, inputs)

    monkeypatch.setattr(LINT, "fit", counted)
    answer = call(*command, "--out", tmp_path / "parts", "--json")
    assert answer.exit_code == 130
    assert answer.stdout == ""
    assert answer.stderr == "Interrupted: run the same command again to resume.\n"
    assert len(names(tmp_path / "parts" / "unfinished")) == 3
    assert names(tmp_path / "parts") == names(tmp_path / "parts" / "unfinished")
    assert call(*command, "--out", tmp_path / "parts").exit_code == 0
    # Two ranks and a linear network on two folds, and each rank on all data.
    assert done == 1 + 8
    assert names(tmp_path / "parts") == names(tmp_path / "whole")
    whole, parts = (tmp_path / name / "network.safetensors" for name in ("whole", "parts"))
    assert whole.read_bytes() == parts.read_bytes()


@pytest.mark.parametrize("size", [100, 2000, 20_000])
def test_a_full_disk_keeps_finished_fits(call, data, tmp_path, no_report, monkeypatch, size):
    out = tmp_path / "run"
    command = ("fit", data(), "--rank", "1", *QUICK, "--out", out)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        answer = call(*command)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert answer.exit_code == 2
    assert answer.stderr == (
        "Error: File too large: make room and run the same command again, finished work is kept\n"
    )
    assert not [path for path in out.rglob("*") if path.name.startswith(".")]
    assert "metrics.json" not in names(out)
    kept = len(list(out.glob("unfinished/*/*.json")))
    assert kept == (0 if size == 100 else 4)
    fit, done = LINT.fit, 0

    def counted(self, X, inputs=None):
        nonlocal done
        done += 1
        return fit(self, X, inputs)

    monkeypatch.setattr(LINT, "fit", counted)
    assert call(*command).exit_code == 0
    assert done == 5 - kept
    assert names(out) == FOLDER


@pytest.mark.parametrize("rank", ["0", "x", "", "1:", "3:1", "1:2:3", "1.5", "1,,2", "-1", "0:3"])
def test_a_rank_that_is_none(call, data, tmp_path, rank):
    answer = call("fit", data(), "--rank", rank, "--out", tmp_path / "run")
    assert answer.exit_code == 2
    assert answer.stderr.startswith(f"Error: rank is {rank!r}: give a rank, a range such as 1:5")
    assert not (tmp_path / "run").exists()


NAN = arrays()["inputs"] * np.where(np.arange(TRIALS) == 3, np.nan, 1)[:, None, None]


@pytest.mark.parametrize(
    ("changes", "arguments", "sentence"),
    [
        ({}, ["--rank", "21"], r"ranks are [21]: give ranks from 1 to 20, the neurons"),
        ({}, ["--rank", "1:999999999999"], "give at most 1000 ranks to compare"),
        ({}, ["--tau", "0.01"], "tau is 0.01 s and a bin 0.02 s: give a tau of at least one bin"),
        ({}, ["--on", "spikes"], "on is 'spikes': use one of rates, states"),
        ({}, ["--nonlinearity", "tan"], "nonlinearity is 'tan': use one of tanh, relu"),
        ({}, ["--initial-state", "none"], "initial_state is 'none': use one of zero, shared"),
        ({}, ["--updates", "-1"], "updates is -1: give at least 0"),
        ({}, ["--folds", "1"], "folds is 1 and seeds 1: give at least 2 folds and 1 seed"),
        ({}, ["--seed", "-1"], "seed is -1: give an integer of at least 0"),
        ({}, ["--file", "none.npz"], "file is none.npz, which is not there: check the path"),
        (
            {"rates": 50 * np.abs(arrays()["rates"])},
            ["--on", "rates"],
            "but tanh gives -1 to 1: fit them as states (on='states') or scale them",
        ),
        ({"rates": np.array([1, None])}, [], "is an array of objects, which is never unpickled"),
        ({"condition_a": np.array([None] * TRIALS)}, [], "condition_a in"),
        ({"rates": np.zeros((0, STEPS, NEURONS))}, [], "rates has shape (0, 25, 20): give"),
        ({"rates": np.zeros((TRIALS, STEPS, NEURONS))}, [], "rates are 0 throughout"),
        ({"rates": arrays()["rates"][0]}, [], "rates has shape (25, 20): give three axes"),
        ({"inputs": NAN}, [], "inputs holds 50 values that are not finite (the first is nan at"),
        ({"inputs": arrays()["inputs"][1:]}, [], "inputs has 11 entries along axis 0: give 12"),
        ({"bin_width": -1}, [], "bin_width is -1.0: give seconds, above 0"),
        ({"condition_a": np.zeros(TRIALS)}, [], "conditions: there is 1, so ranks cannot be"),
    ],
)  # fmt: skip
def test_wrong_input_is_one_sentence_and_leaves_nothing(
    call, data, tmp_path, changes, arguments, sentence
):
    answer = call("fit", data(**changes), *QUICK, "--out", tmp_path / "run", *arguments)
    assert answer.exit_code == 2
    assert answer.stdout == ""
    assert len(answer.stderr.splitlines()) == 1
    assert answer.stderr.startswith("Error: ")
    assert sentence in answer.stderr
    assert not names(tmp_path / "run")


def write_nc(path):
    Recording(**arrays()).to_netcdf(path)


def write_mat(path):
    scipy.io.savemat(path, arrays())


def write_modern_mat(path):
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, value in arrays().items():
            file[name] = np.asarray(value).T


def write_npz(path):
    np.savez(path, **arrays())


@pytest.mark.parametrize(
    ("name", "write"),
    [("a.nc", write_nc), ("a.mat", write_mat), ("b.mat", write_modern_mat), ("a.npz", write_npz)],
)
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_truncated_file(call, tmp_path, name, write, share):
    path = tmp_path / name
    write(path)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    answer = call("fit", path, *QUICK, "--out", tmp_path / "run")
    assert answer.exit_code == 2
    assert len(answer.stderr.splitlines()) == 1
    assert f"{path} cannot be read as" in answer.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("file: rec.npz\nsmooth: 1", "key in the file is 'smooth', which is unknown: choose from"),
        ("file: rec.npz\npreprocess: {smoth: 1}", "'smoth', which is unknown: did you mean smooth"),
        ("rates: {array: rates}", "file is missing: add it"),
        ("file: nowhere.npz", "nowhere.npz, which is not there: check the path"),
        ("file: [", "is not valid YAML at line 1"),
        ("!!python/object/apply:os.getcwd []", "could not determine a constructor"),
        ("", "holds NoneType, not keys and values: write key: value"),
    ],
)
def test_a_wrong_yaml_file(call, data, tmp_path, text, sentence):
    data()
    (tmp_path / "a.yaml").write_text(text)
    answer = call("fit", tmp_path / "a.yaml", *QUICK, "--out", tmp_path / "run")
    assert answer.exit_code == 2
    assert len(answer.stderr.splitlines()) == 1
    assert sentence in answer.stderr
    assert not (tmp_path / "run").exists()


def test_folders_that_cannot_be(call, data, tmp_path, monkeypatch):
    (tmp_path / "taken").write_text("")
    for out, said in (("taken", "File exists"), ("taken/run", "Not a directory")):
        answer = call("fit", data(), *QUICK, "--out", tmp_path / out)
        assert answer.exit_code == 2
        assert answer.stderr == f"Error: {said} ({tmp_path / out}): give a path that can be used\n"
    # What a user who is not root meets.
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    answer = call("fit", data(), *QUICK, "--out", tmp_path)
    assert answer.exit_code == 2
    assert answer.stderr == f"Error: Permission denied ({tmp_path}): give a path that can be used\n"


def test_usage_errors_exit_alike(call, data):
    assert call("fit", data(), "--ranks", "1").exit_code == 2
    assert call("fit").exit_code == 2


def test_one_condition_has_no_held_out_scores(call, data, tmp_path, no_report):
    path = data(condition_side=np.array(["left"] * TRIALS))
    answer = call("fit", path, "--rank", "2", *QUICK, "--out", tmp_path / "run", "--json")
    assert answer.exit_code == 0, answer.stderr
    metrics = json.loads(answer.stdout)
    assert metrics["rank_selected"] == 2
    assert metrics["baselines"] == {"condition_mean": None, "linear": None}
    (row,) = metrics["ranks"]
    assert row["r2_train"] > 0.8
    assert (row["r2_heldout_conditions"], row["r2_heldout_neurons"]) == (None, None)


def test_one_trial_is_reported(call, data, tmp_path):
    path = data(**{name: arrays()[name][:1] for name in ("rates", "inputs")})
    answer = call("fit", path, "--rank", "1", *QUICK, "--out", tmp_path / "run")
    assert answer.exit_code == 0, answer.stderr
    assert "held-out" not in answer.stdout


def test_silent_and_unseen_neurons_do_no_harm(call, data, tmp_path):
    rates = arrays()["rates"]
    rates[:, :, 3], rates[:, :, 4], rates[2] = 0, np.nan, np.nan
    answer = call("fit", data(rates=rates), "--rank", "1", *QUICK, "--out", tmp_path / "run")
    assert answer.exit_code == 0, answer.stderr
    results = xr.load_dataset(tmp_path / "run" / "results.nc", engine="h5netcdf")
    assert np.flatnonzero(np.isnan(results["r2_neuron"])).tolist() == [3, 4]
    assert np.isfinite(results["model"]).all()


def test_averages_bring_a_ceiling(call, data, tmp_path, no_report):
    data(condition_side=np.tile(["left", "right", "ahead"], TRIALS // 3))
    spec = {"file": "rec.npz", "preprocess": {"average": ["side"]}}
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(spec))
    answer = call(
        "fit", tmp_path / "a.yaml", "--rank", "1", *QUICK, "--out", tmp_path / "run", "--json"
    )
    assert answer.exit_code == 0, answer.stderr
    metrics = json.loads(answer.stdout)
    assert metrics["conditions"] == 3
    assert metrics["noise_ceiling"] < 1
    results = xr.load_dataset(tmp_path / "run" / "results.nc", engine="h5netcdf")
    assert results["side"].to_numpy().tolist() == ["ahead", "left", "right"]
    assert results["n_trials"].to_numpy().tolist() == [4, 4, 4]


def test_labels_of_every_kind(data, tmp_path):
    conditions = pd.DataFrame(
        {
            "left/right": ["x", "y"] * 6,
            "a b": [1, None] * 6,
            "time": np.arange(TRIALS) % 3,
            "rank": [None, "ü"] * 6,
            "trial": np.arange(TRIALS) % 2,
            "": ["e"] * TRIALS,
            3: np.arange(TRIALS) % 4,
            "mixed": pd.Series([1, None, "q"] * 4, dtype=object),
            "class": pd.Categorical(["u", "v"] * 6),
            "whole": pd.array([1, None] * 6, dtype="Int64"),
            "right": [True, False] * 6,
            "when": pd.to_datetime(["2020-01-01"] * TRIALS),
            "<b>": ["<script>alert(1)</script>", "&"] * 6,
            "depth": np.arange(TRIALS),
        }
    )
    neurons = pd.DataFrame({"area": ["V1", None] * 10, "depth": np.arange(20.0)})
    recording = Recording(
        **arrays(), input_names=["a/b", "<i>ü"], conditions=conditions, neurons=neurons, unit="µV"
    )
    run(
        recording, [1], LINT(on="states", updates=0), tmp_path / "run", folds=2, seeds=1, seed=0,
        source=data(),
    )  # fmt: skip
    results = xr.load_dataset(tmp_path / "run" / "results.nc", engine="h5netcdf")
    found = {
        str(name): value.to_numpy()
        for name, value in results.coords.items()
        if value.dims == ("trial",)
    }
    assert set(found) == {
        "left_right", "a_b", "trial_time", "trial_rank", "trial_trial", "trial_", "3", "mixed",
        "class", "whole", "right", "when", "<b>", "depth",
    }  # fmt: skip
    assert found["left_right"][:2].tolist() == ["x", "y"]
    assert found["trial_rank"][:2].tolist() == ["", "ü"]
    assert found["mixed"][:3].tolist() == ["1", "", "q"]
    assert found["whole"][0] == 1
    assert np.isnan(found["whole"][1])
    assert found["right"].dtype == bool
    assert results["neuron_depth"].to_numpy().tolist() == list(range(20))
    assert results["area"].to_numpy()[:2].tolist() == ["V1", ""]
    assert results["input"].to_numpy().tolist() == ["a/b", "<i>ü"]
    assert results.attrs["unit"] == "µV"
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "<script>alert(1)" not in page
