"""`lowrnn fit --over-trials`: what it prints, writes, refuses and keeps."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
import yaml

from lowrnn import LTRNN, RNN, LowTensorRank, Recording
from lowrnn.fitting import r2

NEURONS, TRIALS, STEPS = 12, 40, 12
QUICK = ("--over-trials", "--updates", 60, "--seeds", 1, "--smoothness", 8)
COLUMNS = ("--condition", "side", "--epochs", "epoch")


def session(**changes):
    """A network whose one component triples in strength between two epochs, in single trials."""
    g = np.random.default_rng(0)
    a = g.standard_normal((NEURONS, 1))
    c = np.where(np.arange(TRIALS) < TRIALS // 2, 0.5, 1.6)[:, None]
    B = 0.5 * a + 0.5 * g.standard_normal((NEURONS, 1))
    rnn = RNN(LowTensorRank(a, a, c), B, dt=0.02, tau=0.1)
    side = np.where(g.random(TRIALS) < 0.5, "left", "right")
    u = np.zeros((TRIALS, STEPS, 1))
    u[:, :4, 0] = np.where(side == "left", -1.0, 1.0)[:, None]
    table = pd.DataFrame(
        {
            "side": side,
            "epoch": np.where(c[:, 0] < 1, "before", "after"),
            "number": 3 * np.arange(TRIALS) + 5,
        }
    )
    rates = rnn.simulate(u).rates + 0.05 * g.standard_normal((TRIALS, STEPS, NEURONS))
    fields = {"rates": rates, "bin_width": 0.02, "inputs": u, "conditions": table, "unit": "a.u."}
    return Recording(**fields | changes)


@pytest.fixture
def path(tmp_path):
    session().to_npz(tmp_path / "session.npz")
    return tmp_path / "session.npz"


def test_the_json_object_the_run_folder_and_the_report(call, path, tmp_path):
    out = tmp_path / "run"
    answer = call(
        "fit", path, "--rank", "1:2", *QUICK, "--seeds", 2, *COLUMNS, "--trial", "number",
        "--out", out, "--json",
    )  # fmt: skip
    assert answer.exit_code == 0, answer.stderr
    assert answer.stdout.count("\n") == 1
    metrics = json.loads(answer.stdout)
    assert metrics == json.loads((out / "metrics.json").read_text())
    assert metrics["kind"] == "fit-over-trials"
    assert metrics["tensor_rank_selected"] == metrics["rank_selected"]
    assert [row["rank"] for row in metrics["ranks"]] == [1, 2]
    assert {"r2_train", "r2_heldout"} <= metrics["ranks"][0].keys()
    assert metrics["ranks"][0]["r2_heldout"] > metrics["static_r2_heldout"] + 0.02
    assert isinstance(metrics["shuffle_r2_heldout"], float)
    assert set(metrics["baselines"]) == {"static", "free", "blocks", "cp"}
    assert set(metrics["without_drift"]) == {
        "r2_heldout", "static_r2_heldout", "shuffle_r2_heldout",
    }  # fmt: skip
    assert len(metrics["order"]["rates"]["p"]) == metrics["tensor_rank_selected"]
    assert (metrics["neurons"], metrics["trials"], metrics["conditions"]) == (NEURONS, TRIALS, 2)

    factors = pd.read_csv(metrics["trial_factors"])
    assert factors["trial"].tolist() == (3 * np.arange(TRIALS) + 5).tolist()
    assert set(factors["condition"]) == {"left", "right"}
    means = factors.groupby("epoch")["component_1_smooth"].mean()
    assert means["after"] > means["before"] + 0.1
    assert (factors["component_1_sd"] > 0).all()

    results = xr.load_dataset(out / "results.nc", engine="h5netcdf")
    rnn = RNN.load(out / "network.safetensors")
    np.testing.assert_allclose(rnn.connectivity.c, results["trial_factors"])
    run = rnn.simulate(results["inputs"], initial_state=np.asarray(results["initial_state"]))
    model = np.asarray(results["offset"]) + np.asarray(results["scale"]) * run.rates
    np.testing.assert_allclose(model, results["model"], atol=1e-4)
    assert r2(results["data"], model) == pytest.approx(metrics["r2"], abs=1e-4)
    config = yaml.safe_load((out / "config.yaml").read_text())
    LTRNN(**config["ltrnn"])
    assert not (out / "unfinished").exists()

    page = (out / "report.html").read_text()
    for heading in ("Does connectivity change", "Trial factors", "Eigenvalues by trial"):
        assert heading in page
    assert call("report", out).exit_code == 0
    (out / "results.nc").write_bytes(b"cut")
    damaged = call("report", out)
    assert damaged.exit_code == 2
    assert "is not as lowrnn fit --over-trials wrote it" in damaged.stderr


def test_lost_neurons_a_silent_one_unequal_lengths_and_no_inputs(call, tmp_path):
    rates = session().rates.copy()
    rates[:, :, 0] = 0.0
    rates[5:12, :, 1] = np.nan
    rates[::3, 9:] = np.nan
    rates[7] = np.nan
    rates[:, :, 2] = np.nan
    session(rates=rates, inputs=None).to_netcdf(tmp_path / "session.nc")
    answer = call(
        "fit", tmp_path / "session.nc", "--rank", 2, *QUICK, *COLUMNS, "--out", tmp_path / "run"
    )
    assert answer.exit_code == 0, answer.stderr
    said, page = answer.stdout.splitlines()
    assert said.startswith("Tensor rank 2: R² on held-out entries changing connectivity 0.")
    assert "Flow of the latents" in Path(page).read_text()


def test_an_interrupted_command_resumes(call, path, tmp_path, monkeypatch):
    command = ("fit", path, "--rank", 1, *QUICK, *COLUMNS)
    assert call(*command, "--out", tmp_path / "whole").exit_code == 0
    fit, done = LTRNN.fit, 0

    def counted(self, *data, **labels):
        nonlocal done
        done += 1
        if done == 4:
            raise KeyboardInterrupt
        return fit(self, *data, **labels)

    monkeypatch.setattr(LTRNN, "fit", counted)
    answer = call(*command, "--out", tmp_path / "parts")
    assert answer.exit_code == 130
    assert answer.stderr == "Interrupted: run the same command again to resume.\n"
    done = 10
    assert call(*command, "--out", tmp_path / "parts").exit_code == 0
    whole, parts = (tmp_path / name / "network.safetensors" for name in ("whole", "parts"))
    assert whole.read_bytes() == parts.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--over-trials", "--folds", 3), "--folds is 3 with --over-trials: leave it out"),
        (("--condition", "side"), "--condition is 'side' without --over-trials: add"),
        (("--over-trials", "--condition", "sides"), "condition is 'sides'"),
        (("--over-trials", "--epochs", "none"), "epochs is 'none'"),
        (("--over-trials", "--trial", "side"), "trial column 'side' holds"),
        (("--over-trials", "--trial", "twice"), "comes twice"),
        (("--over-trials", "--updates", 1), "updates is 1: give at least 2"),
        (("--over-trials", "--learned-inputs", -1), "learned-inputs is -1"),
    ],
)
def test_wrong_input_is_one_sentence(call, tmp_path, arguments, sentence):
    table = session().conditions.assign(twice=np.arange(TRIALS) // 2)
    session(conditions=table).to_npz(tmp_path / "session.npz")
    answer = call("fit", tmp_path / "session.npz", *arguments, "--out", tmp_path / "run")
    assert answer.exit_code == 2
    assert answer.stderr.startswith("Error: ")
    assert answer.stderr.count("\n") == 1
    assert sentence in answer.stderr
    assert not (tmp_path / "run").exists()


def test_averages_are_refused(call, tmp_path):
    session().average(["side"]).to_npz(tmp_path / "session.npz")
    answer = call("fit", tmp_path / "session.npz", "--over-trials", "--out", tmp_path / "run")
    assert answer.exit_code == 2
    assert "averages of 2 conditions: give single trials" in answer.stderr
