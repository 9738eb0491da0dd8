"""`lowrnn infer` with `rules`: what it prints and writes, that it resumes, what it refuses."""

import json

import numpy as np
import pytest
import xarray as xr
import yaml

from lowrnn.inference import comparison

GIVEN = {
    "teacher": {"rule": "covariance", "theta": {"speed": 0.7}, "seed": 5},
    "student": {"neurons": 16, "steps": 10, "epochs": 3, "record": 2},
    "rules": {
        "hebb": {"terms": ["X1Y1"], "parameters": {"speed": [0, 1]}},
        "covariance": {
            "terms": ["X1Y1"], "pre": "centred", "post": "centred",
            "parameters": {"speed": [0, 1]},
        },
    },
    "chunk": 50,
}  # fmt: skip


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump(GIVEN, sort_keys=False))
    return path


def test_an_interrupted_comparison_ends_as_one_that_was_not(call, config, tmp_path, monkeypatch):
    run = ("--simulations", 401, "--workers", 1, "--json", "--out")
    chunks, simulate = [], comparison.run_campaign

    def counted(simulator, theta, **settings):
        progress = settings["progress"]

        def stop(done, total, failed):
            chunks.append((done, total))
            progress(done, total, failed)
            if len(chunks) == 7:
                raise KeyboardInterrupt

        return simulate(simulator, theta, **{**settings, "progress": stop})

    with monkeypatch.context() as patch:
        patch.setattr(comparison, "run_campaign", counted)
        stopped = call("infer", config, *run, tmp_path / "killed")
        assert stopped.exit_code == 130
        assert not (tmp_path / "killed" / "metrics.json").exists()
        resumed = call("infer", config, *run, tmp_path / "killed")
    assert resumed.exit_code == 0, resumed.stderr
    # The first rule was done, and of the second one chunk.
    assert chunks[:9] == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4), (0, 4), (1, 4), (4, 4), (1, 4)]
    whole = call("infer", config, *run, tmp_path / "whole")
    assert whole.exit_code == 0, whole.stderr
    again = call("infer", tmp_path / "whole" / "config.yaml", *run, tmp_path / "whole")
    found = [json.loads(each.stdout) for each in (resumed, whole, again)]
    assert [each.pop("out") for each in found[1:]] == [str(tmp_path / "whole")] * 2
    found[0].pop("out")
    assert all(each.pop("seconds") > 0 for each in found)
    assert found[0] == found[1] == found[2]

    one = found[0]
    assert [rule["name"] for rule in one["rules"]] == ["hebb", "covariance"]
    assert {"name", "probability", "success"} <= one["rules"][0].keys()
    assert one["rules"][1]["probability"] > 0.5
    assert one["simulations"] == 400
    assert one["truth"] == "covariance"

    folder = tmp_path / "whole"
    assert "terms" not in yaml.safe_load((folder / "config.yaml").read_text())["student"]
    assert json.loads((folder / "metrics.json").read_text())["provenance"]["seed"] == 0
    results = xr.load_dataset(folder / "results.nc", engine="h5netcdf")
    failed = results["status"].values.astype(str) != "ok"
    assert (results["theta"].shape, failed.sum()) == ((2, 200, 1), one["failed"])
    np.testing.assert_allclose(results["confusion"].sum("chosen"), 1)
    page = (folder / "report.html").read_text()
    for said in (*one["remarks"], "Which rules can be told apart?", "Posterior over rules"):
        assert said.replace("'", "&#x27;").replace(" %", "&nbsp;%") in page

    (folder / "results.nc").write_bytes(b"cut")
    damaged = call("report", folder)
    assert damaged.exit_code == 2
    assert "is not as lowrnn infer wrote it" in damaged.stderr


def test_mistakes_are_one_sentence(call, config, tmp_path):
    config.write_text(config.read_text().replace("rule: covariance", "rule: oja"))
    answer = call("infer", config, "--out", tmp_path / "run")
    assert answer.exit_code == 2
    assert "teacher.rule is oja: choose among hebb, covariance" in answer.stderr
    assert answer.stderr.count("\n") == 1
