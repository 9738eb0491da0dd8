"""`lowrnn infer` with a recording in place of a teacher."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml

from lowrnn import RNN, LowTensorRank, Recording

GIVEN = {
    "teacher": {
        "recording": "session.npz",
        "tensor_rank": 1,
        "condition": "side",
        "ltrnn": {"updates": [20, 30], "smoothness": 8.0},
    },
    "student": {"terms": ["X1", "X1Y1"], "epochs": 3, "record": 2},
    "parameters": {"pre": [-1, 1], "hebb": [-1, 1]},
    "simulations": 120,
    "held_out": 30,
    "method": "abc",
    "quantile": 0.5,
    "predictive": 10,
    "draws": 100,
}


@pytest.fixture
def session(tmp_path):
    """A network whose one component triples in strength over 40 trials."""
    g = np.random.default_rng(0)
    a, trials = g.standard_normal((12, 1)), 40
    connectivity = LowTensorRank(a, a, np.linspace(0.5, 1.5, trials)[:, None])
    rnn = RNN(connectivity, a + g.standard_normal((12, 1)), dt=0.02, tau=0.1)
    side = g.choice([-1.0, 1.0], trials)
    u = np.repeat(side[:, None, None], 12, axis=1)
    rates = rnn.simulate(u).rates + 0.05 * g.standard_normal((trials, 12, 12))
    Recording(rates, 0.02, inputs=u, conditions=pd.DataFrame({"side": side}), unit="a.u.").to_npz(
        tmp_path / "session.npz"
    )


def test_from_a_recording_to_a_report(call, session, tmp_path):
    config, out = tmp_path / "session.yaml", tmp_path / "run"
    config.write_text(yaml.safe_dump(GIVEN, sort_keys=False))
    run = ("infer", config, "--workers", 1, "--json", "--out", out)
    first = call(*run)
    assert first.exit_code == 0, first.stderr
    metrics = json.loads(first.stdout)
    assert metrics["teacher"]["kind"] == "fit"
    assert [p["truth"] for p in metrics["parameters"]] == [None, None]
    said = next(each for each in metrics["remarks"] if "not recorded but fitted" in each)
    page = (out / "report.html").read_text()
    assert said.split(":")[0] in page
    # What was written is what was asked for, and can be run where the recording is.
    assert yaml.safe_load((out / "config.yaml").read_text())["teacher"]["recording"] == str(
        tmp_path / "session.npz"
    )
    (fit,) = (out / "simulations").glob("fit-*")
    written = (fit / "network.safetensors").stat().st_mtime_ns
    again = call("infer", out / "config.yaml", *run[2:])
    assert json.loads(again.stdout)["parameters"] == metrics["parameters"]
    assert (fit / "network.safetensors").stat().st_mtime_ns == written


def test_rules_are_compared_by_a_recording(call, session, tmp_path):
    config, out = tmp_path / "rules.yaml", tmp_path / "run"
    given = {
        "teacher": GIVEN["teacher"],
        "student": {"epochs": 3, "record": 2},
        "rules": {
            "hebb": {"terms": ["X1Y1"], "parameters": {"rate": [0, 1]}},
            "pre": {"terms": ["X1"], "parameters": {"rate": [0, 1]}},
        },
        "simulations": 200,
    }
    config.write_text(yaml.safe_dump(given, sort_keys=False))
    answer = call("infer", config, "--workers", 1, "--json", "--out", out)
    assert answer.exit_code == 0, answer.stderr
    assert [rule["name"] for rule in json.loads(answer.stdout)["rules"]] == ["hebb", "pre"]
    assert yaml.safe_load((out / "config.yaml").read_text())["teacher"]["recording"] == str(
        tmp_path / "session.npz"
    )


def test_from_the_run_folder_of_a_fit(call, session, tmp_path):
    fit = call(
        "fit", tmp_path / "session.npz", "--over-trials", "--rank", 1, "--updates", 30,
        "--seeds", 1, "--smoothness", 8, "--condition", "side", "--out", tmp_path / "over",
    )  # fmt: skip
    assert fit.exit_code == 0, fit.stderr
    config = tmp_path / "over.yaml"
    config.write_text(yaml.safe_dump({**GIVEN, "teacher": {"fit": "over"}}, sort_keys=False))
    answer = call("infer", config, "--workers", 1, "--json", "--out", tmp_path / "run")
    assert answer.exit_code == 0, answer.stderr
    found = json.loads(answer.stdout)
    scores = json.loads((tmp_path / "over" / "metrics.json").read_text())
    steady = scores["without_drift"]["r2_heldout"]
    assert found["teacher"]["steady"] == steady
    assert any(f"R² {steady:.3f}, and with" in said for said in found["remarks"])
