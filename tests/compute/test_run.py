"""A campaign gives the same results however it runs, and records what goes wrong."""

import importlib
import os
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from lowrnn.compute import JobResult, run_jobs
from lowrnn.errors import InputError


def assert_same(first: list[JobResult], second: list[JobResult]) -> None:
    for one, other in zip(first, second, strict=True):
        assert (one.parameters, one.state, one.reason) == (
            other.parameters,
            other.state,
            other.reason,
        )
        assert one.values.keys() == other.values.keys()
        for name, value in one.values.items():
            assert type(value) is type(other.values[name])
            np.testing.assert_array_equal(value, other.values[name])
            assert getattr(value, "dtype", None) == getattr(other.values[name], "dtype", None)


def test_results_do_not_depend_on_workers_or_store(tmp_path: Path, campaign: ModuleType) -> None:
    jobs = [{"seed": seed, "steps": 10 + seed} for seed in range(12)]
    alone = run_jobs(campaign.walk, jobs, workers=1)
    assert_same(alone, run_jobs(campaign.walk, jobs, workers=2, store=tmp_path))
    assert_same(alone, run_jobs(campaign.walk, jobs, workers=3, store=tmp_path))
    assert_same(alone[::-1], run_jobs(campaign.walk, jobs[::-1], store=tmp_path))


def test_values_come_back_as_they_were(campaign: ModuleType) -> None:
    (result,) = run_jobs(campaign.walk, [{"seed": 5}], workers=1)
    direct = campaign.walk({"seed": 5})
    assert result.state == "finished"
    assert result.reason == ""
    for name in ("path", "eigenvalues", "product"):
        np.testing.assert_array_equal(result.values[name], direct[name])
        assert result.values[name].dtype == direct[name].dtype
        assert result.values[name].flags.writeable
    assert result.values["end"] == float(direct["end"])
    assert result.values["count"] == 3
    assert np.isnan(result.values["missing"])
    assert result.values["nothing"] is None
    assert result.values["text"] == "Größe\n"
    assert type(result.values["crossed"]) is bool


def test_stored_jobs_do_not_run_again(tmp_path: Path, campaign: ModuleType) -> None:
    notes = tmp_path / "notes"
    jobs = [{"seed": seed, "notes": str(notes)} for seed in range(6)]
    run_jobs(campaign.noted, jobs[:4], store=tmp_path / "store", workers=1)
    run_jobs(campaign.noted, jobs, store=tmp_path / "store", workers=2)
    run_jobs(campaign.noted, jobs, store=tmp_path / "store", workers=1)
    assert sorted(notes.read_text().split()) == list("012345")


def test_equal_jobs_run_once(tmp_path: Path, campaign: ModuleType) -> None:
    job = {"seed": 1, "notes": str(tmp_path / "notes")}
    swapped = dict(reversed(job.items())) | {"seed": np.int64(1)}
    first, second = run_jobs(campaign.noted, [job, swapped], workers=1)
    assert_same([first], [second])
    assert (tmp_path / "notes").read_text() == "1\n"


def test_other_functions_versions_and_parameters_are_other_jobs(
    tmp_path: Path, campaign: ModuleType
) -> None:
    notes = tmp_path / "notes"
    job = {"seed": 1, "notes": str(notes)}
    store: dict[str, Any] = {"store": tmp_path / "store", "workers": 1}
    run_jobs(campaign.noted, [job], **store)
    run_jobs(campaign.noted, [job], version="2", **store)
    run_jobs(campaign.noted, [job | {"seconds": 0.0}], **store)
    (other,) = run_jobs(campaign.small, [job], **store)
    assert notes.read_text() == "1\n" * 3
    assert other.values["loss"] == 1 / 7
    run_jobs(campaign.noted, [job], version="2", **store)
    assert notes.read_text() == "1\n" * 3


@pytest.mark.parametrize("workers", [1, 2])
def test_failed_and_diverged_jobs_are_results(
    workers: int, tmp_path: Path, campaign: ModuleType
) -> None:
    moods = ["diverge", "fail", "fine", "overflow", "exit", "list"]
    jobs = [{"mood": mood} for mood in moods]
    results = run_jobs(campaign.moody, jobs, workers=workers, store=tmp_path)
    assert [result.state for result in results] == [
        "diverged",
        "failed",
        "finished",
        "diverged",
        "failed",
        "failed",
    ]
    assert results[0].reason == "activity exceeded 1e6"
    assert results[1].reason.startswith("ValueError: no such rule (campaign.py, line ")
    assert "overflow" in results[3].reason
    assert results[4].reason.startswith("SystemExit: 3")
    assert "result 'value' is a list" in results[5].reason
    assert_same(results, run_jobs(campaign.moody, jobs, workers=workers, store=tmp_path))


def test_crashed_workers_cost_only_their_job(tmp_path: Path, campaign: ModuleType) -> None:
    moods = ["crash", "fine", "kill", "fail", "diverge"]
    jobs = [{"mood": mood, "seed": seed} for seed in range(3) for mood in moods]
    results = run_jobs(campaign.moody, jobs, workers=2, store=tmp_path)
    for result in results:
        match result.parameters["mood"]:
            case "crash":
                assert result.state == "failed"
                assert result.reason == "its process ended with exit code 7 2 times"
            case "kill":
                assert result.state == "failed"
                assert "SIGKILL (out of memory?)" in result.reason
            case "fine":
                assert result.values == {"value": 1.0}


def test_a_crash_is_tried_once_more(tmp_path: Path, campaign: ModuleType) -> None:
    job = {"flag": str(tmp_path / "flag"), "crash": True}
    (result,) = run_jobs(campaign.mending, [job], workers=2)
    assert result.values == {"value": 2.0}


def test_failed_jobs_run_again_on_request(tmp_path: Path, campaign: ModuleType) -> None:
    job = {"flag": str(tmp_path / "flag"), "crash": False}
    store: dict[str, Any] = {"store": tmp_path, "workers": 1}
    assert run_jobs(campaign.mending, [job], **store)[0].state == "failed"
    assert run_jobs(campaign.mending, [job], **store)[0].state == "failed"
    assert run_jobs(campaign.mending, [job], retry_failed=True, **store)[0].state == "finished"
    assert run_jobs(campaign.mending, [job], **store)[0].state == "finished"


def test_progress_counts_stored_and_failed_jobs(tmp_path: Path, campaign: ModuleType) -> None:
    jobs = [{"mood": mood} for mood in ("fine", "fail", "diverge")]
    run_jobs(campaign.moody, jobs[:2], workers=1, store=tmp_path)
    seen: list[tuple[int, int, int]] = []
    run_jobs(
        campaign.moody,
        jobs,
        workers=1,
        store=tmp_path,
        progress=lambda done, total, failed: seen.append((done, total, failed)),
    )
    assert seen == [(2, 3, 1), (3, 3, 2)]


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_compute_in_one_thread(workers: int, campaign: ModuleType) -> None:
    import numba
    import torch

    def settings() -> tuple[int, int, dict[str, str]]:
        return numba.get_num_threads(), torch.get_num_threads(), dict(os.environ)

    usual = torch.get_num_threads()
    torch.set_num_threads(2)
    before = settings()
    results = run_jobs(campaign.threads, [{"seed": seed} for seed in range(2)], workers=workers)
    after = settings()
    torch.set_num_threads(usual)
    assert after == before
    for result in results:
        assert {result.values[name] for name in ("torch", "numba", "pools")} == {1}
    here = {result.values["process"] == os.getpid() for result in results}
    assert here == {workers == 1}


def test_no_jobs_is_no_error(tmp_path: Path, campaign: ModuleType) -> None:
    assert run_jobs(campaign.walk, [], store=tmp_path) == []


def test_wrong_input_is_named(tmp_path: Path, campaign: ModuleType) -> None:
    def local(job: dict[str, Any]) -> dict[str, Any]:
        return {}

    job = {"seed": 1}
    with pytest.raises(InputError, match=r"function is .*<locals>.local', which worker processes"):
        run_jobs(local, [job])
    with pytest.raises(InputError, match=r"function is .*lambda"):
        run_jobs(lambda job: {}, [job])
    with pytest.raises(InputError, match="job 3 is no mapping"):
        run_jobs(campaign.walk, [3])  # type: ignore[list-item]
    with pytest.raises(InputError, match=r"cannot be written as JSON .*ndarray is not JSON"):
        run_jobs(campaign.walk, [{"seed": np.arange(3)}])
    with pytest.raises(InputError, match=r"cannot be written as JSON .*float"):
        run_jobs(campaign.walk, [{"seed": float("nan")}])
    for workers in (0, -1, 1.5, True):
        with pytest.raises(InputError, match=r"workers is .*give an integer of at least 1"):
            run_jobs(campaign.walk, [job], workers=workers)  # type: ignore[arg-type]


def test_function_that_processes_cannot_import_stops_the_campaign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = tmp_path / "fleeting.py"
    module.write_text("def job(parameters):\n    return {}\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    function = importlib.import_module("fleeting").job
    module.unlink()
    with pytest.raises(InputError, match=r"function fleeting\.job does not start in a process of"):
        run_jobs(function, [{"seed": 1}], workers=2, store=tmp_path / "store")
    assert not (tmp_path / "store" / "results.txt").exists()
