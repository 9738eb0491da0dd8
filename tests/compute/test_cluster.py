"""The same campaigns on Dask: on this machine, and on SLURM as a shell script plays it."""

import builtins
import os
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from lowrnn.compute import run_jobs
from lowrnn.errors import InputError

MOODS = [{"mood": mood} for mood in ("fine", "diverge", "fail", "kill")]

# What `sbatch` does with the script that it is given, on a cluster of one machine.
SBATCH = """#!/bin/sh
cp "$1" "$0.job"
bash "$0.job" >"$0.log" 2>&1 &
echo "Submitted batch job $!"
"""
SCANCEL = """#!/bin/sh
kill "$@"
"""


def test_local_cluster_gives_the_same_results(tmp_path: Path, campaign: ModuleType) -> None:
    pytest.importorskip("distributed")
    alone = run_jobs(campaign.moody, MOODS[:3], workers=1)
    on_dask = run_jobs(campaign.moody, MOODS, workers=2, cluster="local", store=tmp_path)
    for one, other in zip(alone, on_dask, strict=False):
        assert (one.state, one.reason, one.values) == (other.state, other.reason, other.values)
    assert on_dask[3].state == "failed"
    assert on_dask[3].reason == "its process ended several times"
    # All is stored: no cluster is needed any more.
    again = run_jobs(campaign.moody, MOODS, cluster="tcp://127.0.0.1:1", store=tmp_path)
    assert [result.state for result in again] == [result.state for result in on_dask]


def test_scheduler_that_runs_already(campaign: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr("lowrnn.compute.cluster._AT_ONCE", 20)
    jobs = [{"seed": seed} for seed in range(50)]
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        results = run_jobs(campaign.small, jobs, cluster=cluster.scheduler_address)
    assert [result.values["loss"] for result in results] == [seed / 7 for seed in range(50)]


def test_slurm(tmp_path: Path, campaign: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    dask = pytest.importorskip("dask")
    pytest.importorskip("dask_jobqueue")
    for name, content in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        (tmp_path / name).write_text(content, encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    with pytest.raises(InputError, match="workers is None: give the number of processes"):
        run_jobs(campaign.threads, [{"seed": 1}], cluster="slurm")
    with pytest.raises(InputError, match=r"'slurm', of which dask-jobqueue knows too little"):
        run_jobs(campaign.threads, [{"seed": 1}], cluster="slurm", workers=1)
    settings = {"cores": 1, "processes": 1, "memory": "1GB", "interface": "lo"}
    with dask.config.set({f"jobqueue.slurm.{name}": value for name, value in settings.items()}):
        (result,) = run_jobs(campaign.threads, [{"seed": 1}], cluster="slurm", workers=1)
    assert result.values["process"] != os.getpid()
    assert result.values["numba"] == 1


@pytest.mark.parametrize("package", ["distributed", "dask_jobqueue"])
def test_missing_package_is_named(
    package: str, campaign: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    if package == "dask_jobqueue":
        pytest.importorskip("distributed")
    plain = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.split(".")[0] == package:
            raise ImportError(name)
        return plain(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r"'slurm', which needs .*pip install 'lowrnn\[cluster\]'"):
        run_jobs(campaign.small, [{"seed": 1}], cluster="slurm", workers=1)


def test_wrong_clusters_are_named(campaign: ModuleType) -> None:
    pytest.importorskip("distributed")
    dask = pytest.importorskip("dask")
    with pytest.raises(InputError, match="cluster is 'lokal': give local, slurm, or the address"):
        run_jobs(campaign.small, [{"seed": 1}], cluster="lokal")
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        pytest.raises(InputError, match=r"'tcp://127.0.0.1:1', where no scheduler answers"),
    ):
        run_jobs(campaign.small, [{"seed": 1}], cluster="tcp://127.0.0.1:1")
