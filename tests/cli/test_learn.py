"""`lowrnn learn`: what it prints, writes and refuses."""

import json

import numpy as np
import pytest
import xarray as xr
import yaml

from lowrnn import RNN, InputError
from lowrnn.cli.learn import parse_strengths

SMALL = ("--neurons", 12, "--seeds", 2, "--updates", 3, "--set", "duration=1.0", "--workers", 1)


def test_the_run_folder(call, tmp_path):
    answer = call("learn", "flip_flop", "--g", "0,0.9", *SMALL, "--out", tmp_path, "--json")
    assert answer.exit_code == 0, answer.stderr
    metrics = json.loads(answer.stdout)
    assert metrics == json.loads((tmp_path / "metrics.json").read_text())
    assert (metrics["task"], metrics["neurons"], metrics["out"]) == ("flip_flop", 12, str(tmp_path))
    assert [(row["g"], row["seed"]) for row in metrics["rows"]] == [
        (0.0, 0), (0.0, 1), (0.9, 0), (0.9, 1),
    ]  # fmt: skip
    for row in metrics["rows"]:
        assert row["converged_at"] is None
        path = tmp_path / "networks" / f"g-{row['g']:g}-seed-{row['seed']}.safetensors"
        change = RNN.load(path).connectivity.change
        assert row["norm_dw"] == pytest.approx(np.linalg.norm(change))
    config = yaml.safe_load((tmp_path / "config.yaml").read_text())
    assert (config["preset"], config["g"]) == ("schuessler2020", [0.0, 0.9])
    results = xr.load_dataset(tmp_path / "results.nc", engine="h5netcdf")
    assert results["loss"].dims == ("network", "update")
    assert "0 of 4" in (tmp_path / "report.html").read_text()

    again = call("report", tmp_path)
    assert again.exit_code == 0, again.stderr
    (tmp_path / "results.nc").write_bytes(b"cut")
    damaged = call("report", tmp_path)
    assert damaged.exit_code == 2
    assert "is not as lowrnn learn wrote it" in damaged.stderr


def test_tensor_rank(call, tmp_path):
    answer = call(
        "learn", "flip_flop", "--g", "0.5", *SMALL, "--seeds", 1, "--updates", 120, "--tensor-rank",
        "--out", tmp_path, "--json",
    )  # fmt: skip
    assert answer.exit_code == 0, answer.stderr
    (row,) = json.loads(answer.stdout)["rows"]
    shares = row["tensor_variance"]
    assert 0 < shares[0] < shares[-1] <= 1
    assert row["multilinear_rank"][2] == 3, "evaluations after 50, 100 and 120 updates"
    assert "over the course of learning" in (tmp_path / "report.html").read_text()


def test_a_rule(call, tmp_path):
    answer = call(
        "learn", "perceptual_decision", "--rule", "eprop", "--neurons", 16, "--rank", 1, "--trials",
        64, "--out", tmp_path, "--json",
    )  # fmt: skip
    assert answer.exit_code == 0, answer.stderr
    found = json.loads(answer.stdout)
    assert found == json.loads((tmp_path / "metrics.json").read_text())
    wanted = {"task": "perceptual_decision", "rule": "eprop", "trials": 64}
    assert {name: found[name] for name in wanted} == wanted
    for name in ("accuracy", "loss", "norm_dw", "participation_ratio", "seconds"):
        assert np.isfinite(found[name])
    assert (tmp_path / "report.html").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("none", "--g", "1"), "task is 'none'"),
        (("flip_flop", "--g", "x"), "g is 'x': give a list"),
        (("flip_flop", "--g", "1:0:1"), "g is '1:0:1'"),
        (("flip_flop", "--g", "-1"), "gs is -1"),
        (("flip_flop", "--seeds", 0), "seeds is 0"),
        (("flip_flop", "--rule", "hope"), "rule is 'hope': choose among"),
        (("flip_flop", "--rule", "hebb", "--on", "x"), "on is 'x': choose 'J' or 'mn'"),
        (("flip_flop", "--set", "bits"), "give NAME=VALUE"),
    ],
)
def test_wrong_input(call, tmp_path, arguments, message):
    answer = call("learn", *arguments, "--out", tmp_path)
    assert answer.exit_code == 2
    assert message in answer.stderr


def test_strengths():
    assert parse_strengths("0,0.9") == [0.0, 0.9]
    assert parse_strengths("0:1.8:0.3") == [0.0, 0.3, 0.6, 0.9, 1.2, 1.5, 1.8]
    assert parse_strengths("0:1:0.4") == [0.0, 0.4, 0.8]
    assert parse_strengths("0.5:0.5:0.1") == [0.5]
    with pytest.raises(InputError, match="start:stop:step"):
        parse_strengths("0:1:0")
