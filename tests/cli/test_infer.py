"""`lowrnn infer`: what it prints and writes, that it resumes, what it refuses."""

import importlib
import json

import numpy as np
import pytest
import xarray as xr
import yaml

from lowrnn.inference import SelectedPosterior, experiment, load_posterior
from lowrnn.inference.students import simulate_students

# The package has a function of this name.
module = importlib.import_module("lowrnn.inference.infer")

GIVEN = {
    "teacher": {"theta": {"pre": -0.2, "hebb": 0.3}, "seed": 5},
    "student": {"terms": ["X1", "X1Y1"], "neurons": 16, "steps": 10, "epochs": 3, "record": 2,
                "keep_saturated": False},
    "parameters": {"pre": [-1, 1], "hebb": [-1, 1]},
    "held_out": 60, "method": "abc", "quantile": 0.3, "predictive": 20, "draws": 200, "chunk": 20,
}  # fmt: skip


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "rule.yaml"
    path.write_text(yaml.safe_dump(GIVEN, sort_keys=False))
    return path


def test_an_interrupted_campaign_ends_as_one_that_was_not(call, config, tmp_path, monkeypatch):
    run = ("infer", config, "--simulations", 300, "--workers", 1, "--json", "--out")
    jobs, simulate = [], module.run_campaign

    def counted(simulator, theta, **settings):
        progress = settings["progress"]

        def stop(done, total, failed):
            jobs.append(done)
            progress(done, total, failed)
            if len(jobs) == 7:
                raise KeyboardInterrupt

        return simulate(simulator, theta, **{**settings, "progress": stop})

    with monkeypatch.context() as patch:
        patch.setattr(module, "run_campaign", counted)
        stopped = call(*run, tmp_path / "killed")
        assert stopped.exit_code == 130
        assert "run the same command again to resume" in stopped.stderr
        assert not (tmp_path / "killed" / "metrics.json").exists()
        resumed = call(*run, tmp_path / "killed")
    assert resumed.exit_code == 0, resumed.stderr
    # The second attempt starts from the six chunks that ended.
    assert jobs[:8] == [0, 1, 2, 3, 4, 5, 6, 6]
    whole = call(*run, tmp_path / "whole")
    assert whole.exit_code == 0, whole.stderr
    one, other = json.loads(resumed.stdout), json.loads(whole.stdout)
    assert {one.pop("out"), other.pop("out")} == {
        str(tmp_path / "killed"), str(tmp_path / "whole")
    }  # fmt: skip
    assert one.pop("seconds") > 0
    assert other.pop("seconds") > 0
    assert one == other

    pre, hebb = one["parameters"]
    assert {"name", "truth", "mean", "sd", "q05", "q95"} <= pre.keys()
    assert (pre["name"], pre["truth"], hebb["truth"]) == ("pre", -0.2, 0.3)
    assert one["simulations"] == 300
    assert len(one["sbc_pvalues"]) == 2
    assert hebb["sd"] < 0.3
    assert abs(hebb["mean"] - 0.3) < 4 * hebb["sd"]

    folder = tmp_path / "whole"
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["provenance"]["seed"] == 0
    assert yaml.safe_load((folder / "config.yaml").read_text())["student"]["g"] == 0.5
    assert load_posterior(folder / "posterior.safetensors").prior.names == ("pre", "hebb")
    results = xr.load_dataset(folder / "results.nc", engine="h5netcdf")
    failed = results["status"].values.astype(str) != "ok"
    assert (results["theta"].shape, failed.sum()) == ((300, 2), one["failed"])
    truth, mean = results["held_out_truth"].values, results["held_out_mean"].values
    assert 0 < len(truth) <= 60
    spread = ((truth - truth.mean(axis=0)) ** 2).sum(axis=0)
    r2 = 1 - ((mean - truth) ** 2).sum(axis=0) / spread
    assert r2.tolist() == pytest.approx([pre["r2"], hebb["r2"]])
    page = (folder / "report.html").read_text()
    for said in (*one["remarks"], "Do such rules make such networks?", "Are known rules recovered"):
        assert said.replace("'", "&#x27;").replace(" %", "&nbsp;%") in page

    (folder / "results.nc").write_bytes(b"cut")
    damaged = call("report", folder)
    assert damaged.exit_code == 2
    assert "is not as lowrnn infer wrote it" in damaged.stderr


@pytest.mark.filterwarnings("ignore:a flow still improved")
def test_rounds_resume_and_say_of_what_they_speak(call, config, tmp_path, monkeypatch):
    pytest.importorskip("sbi")
    flows = {"members": 1, "transforms": 1, "hidden": 8, "embedding": 4, "epochs": 6}
    config.write_text(yaml.safe_dump(
        GIVEN | {"method": "npe", "rounds": 3, "held_out": 40,
                 "flows": flows | {"learning_rate": 0.02}}, sort_keys=False,
    ))  # fmt: skip
    run = ("infer", config, "--simulations", 360, "--workers", 1, "--json", "--out")
    streams, simulate = [], module.run_campaign

    def stopped(simulator, theta, **settings):
        streams.append(settings["stream"])
        found = simulate(simulator, theta, **settings)
        if len(streams) == 2:
            raise KeyboardInterrupt
        return found

    with monkeypatch.context() as patch:
        patch.setattr(module, "run_campaign", stopped)
        assert call(*run, tmp_path / "killed").exit_code == 130
        resumed = call(*run, tmp_path / "killed")
        whole = call(*run, tmp_path / "whole")
    assert resumed.exit_code == 0, resumed.stderr
    # The prior, two regions, the predictive check.
    assert streams == [0, 1, *(2 * [0, 1, 2, 1000])]
    one, other = json.loads(resumed.stdout), json.loads(whole.stdout)
    for result in (one, other):
        assert result.pop("seconds") > 0
        result.pop("out")
    assert one == other

    share = one["rounds"]["prior_share"]
    assert 0 < share < 1
    said = next(remark for remark in one["remarks"] if "last round" in remark)
    assert f"from {100 * share:.2g}% of the prior" in said
    assert "nothing was tested outside it" in said
    folder = tmp_path / "whole"
    posterior = load_posterior(folder / "posterior.safetensors")
    results = xr.load_dataset(folder / "results.nc", engine="h5netcdf")
    theta, observed = results["theta"].values, results["observed"].values
    assert posterior.region.within.contains(theta[120:240]).all()
    assert posterior.region.contains(theta[240:]).all()
    assert posterior.region.within.contains(theta[240:]).all()
    draws = posterior.sample(observed[None], 200, 0)[0]
    np.testing.assert_array_equal(draws, results["draws"].values)
    for parameter, true in zip(one["parameters"], (-0.2, 0.3), strict=True):
        assert abs(parameter["mean"] - true) < 4 * parameter["sd"]
    page = (folder / "report.html").read_text()
    assert "simulations of the last round took no part in learning" in page


def failing_students(job):
    """Students of which a known share fails, `0.4 (1 + hebb)`."""
    found = simulate_students(job)
    status = [
        "blow-up" if np.random.default_rng(seed).random() < 0.4 * (1 + hebb) else "ok"
        for (_, hebb), seed in zip(job["theta"], job["seeds"], strict=True)
    ]
    return found | {"status": ",".join(status)}


def test_failures_count_as_the_configuration_says(call, config, tmp_path, monkeypatch):
    monkeypatch.setattr(experiment, "simulate_students", failing_students)
    hebb = {}
    for choice in ("evidence", "selection"):
        # With so much noise the posterior is wide, and success decides.
        given = GIVEN | {"failures": choice, "noise": 2.0, "quantile": 0.8, "draws": 4000}
        config.write_text(yaml.safe_dump(given, sort_keys=False))
        out = tmp_path / choice
        answer = call("infer", config, "--simulations", 800, "--workers", 1, "--json", "--out", out)
        assert answer.exit_code == 0, answer.stderr
        found = json.loads(answer.stdout)
        assert 260 < found["failed"] < 380
        said = next(remark for remark in found["remarks"] if "simulations failed (" in remark)
        assert f"(failures: {choice})" in said
        posterior = load_posterior(out / "posterior.safetensors")
        assert isinstance(posterior, SelectedPosterior) == (choice == "selection")
        results = xr.load_dataset(out / "results.nc", engine="h5netcdf")
        hebb[choice] = results["draws"].values[:, 1]
    # Taken as given, success says nothing: its probability is divided out.
    wanted = np.average(hebb["evidence"], weights=1 / (1 - 0.4 * (1 + hebb["evidence"])))
    assert wanted > hebb["evidence"].mean() + 0.1
    # Of few students the probability of success is learned roughly.
    assert hebb["selection"].mean() == pytest.approx(wanted, abs=0.09)


def test_the_configuration_that_was_written_can_be_run(call, config, tmp_path):
    run = ("--simulations", 120, "--workers", 1, "--json", "--out", tmp_path / "run")
    first = call("infer", config, *run)
    assert first.exit_code == 0, first.stderr
    again = call("infer", tmp_path / "run" / "config.yaml", *run)
    assert again.exit_code == 0, again.stderr
    one, other = json.loads(first.stdout), json.loads(again.stdout)
    assert one["parameters"] == other["parameters"]


def test_mistakes_are_one_sentence(call, config, tmp_path):
    config.write_text(config.read_text().replace("hebb: 0.3", "heb: 0.3"))
    answer = call("infer", config, "--out", tmp_path / "run")
    assert answer.exit_code == 2
    assert "teacher.theta names pre, heb: name pre, hebb" in answer.stderr
    assert answer.stderr.count("\n") == 1
    assert "cannot be read" in call("infer", tmp_path / "none.yaml").stderr
