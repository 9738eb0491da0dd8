"""A killed or interrupted campaign loses nothing that it stored, and runs none of it twice."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from types import ModuleType

import numpy as np
import psutil
import pytest

from lowrnn.compute import run_jobs
from lowrnn.compute.jobs import read_record

JOBS = 60


def start(store: Path, notes: Path, workers: int, count: int = JOBS) -> subprocess.Popen[bytes]:
    """The campaign of campaign.py in a process of its own."""
    script = Path(__file__).with_name("campaign.py")
    command = [sys.executable, script, store, notes, str(count), str(workers)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)


def executed(notes: Path) -> Counter[int]:
    return Counter(int(seed) for seed in notes.read_text().split()) if notes.exists() else Counter()


def finished(store: Path) -> set[int]:
    """The seeds whose whole lines are in the file, read without the code under test."""
    path = store / "results.txt"
    if not path.exists():
        return set()
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)[1:]
    whole = [line for line in lines if line.endswith("\n")]
    return {read_record(line.split(" ", 2)[2]).parameters["seed"] for line in whole}


def wait_for(condition: object, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.mark.filterwarnings("ignore:store")
@pytest.mark.parametrize("workers", [1, 2])
def test_killed_campaign_resumes(workers: int, tmp_path: Path, campaign: ModuleType) -> None:
    store, notes = tmp_path / "store", tmp_path / "notes"
    rng = np.random.default_rng(workers)
    for _ in range(4):
        kept, ran = finished(store), executed(notes)
        process = start(store, notes, workers)
        wait_for(lambda process=process, kept=kept: process.poll() or finished(store) > kept)
        time.sleep(rng.uniform(0, 0.06))
        family = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        # No worker works on for nobody.
        assert not psutil.wait_procs(family, timeout=10)[1]
        assert finished(store) > kept
        assert not (executed(notes) - ran).keys() & kept
    assert len(finished(store)) < JOBS

    kept, ran = finished(store), executed(notes)
    jobs = [{"seed": seed, "notes": str(notes), "seconds": 0.01} for seed in range(JOBS)]
    resumed = run_jobs(campaign.noted, jobs, store=store, workers=workers)
    assert (executed(notes) - ran) == Counter(set(range(JOBS)) - kept)

    once = run_jobs(campaign.noted, jobs, workers=1)
    for one, other in zip(resumed, once, strict=True):
        assert (one.parameters, one.state) == (other.parameters, other.state)
        np.testing.assert_array_equal(one.values["value"], other.values["value"])


@pytest.mark.parametrize("workers", [1, 2])
def test_interrupted_campaign_stops_and_keeps_its_work(workers: int, tmp_path: Path) -> None:
    store, notes = tmp_path / "store", tmp_path / "notes"
    process = start(store, notes, workers, count=1000)
    wait_for(lambda: process.poll() or len(finished(store)) > 5)
    family = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode != 0
    assert said.decode().count("Traceback") == 1
    assert said.decode().rstrip().endswith("KeyboardInterrupt")
    assert not psutil.wait_procs(family, timeout=10)[1]
    # A job that has run is lost only where the interrupt came before its result arrived.
    assert len(executed(notes)) - len(finished(store)) <= workers
