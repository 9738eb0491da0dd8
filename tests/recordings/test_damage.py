"""Files that are damaged or that no disk can take: one sentence, and nothing half-written."""

import contextlib
import gc
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from lowrnn.errors import InputError
from lowrnn.recordings import Recording, read

WRITE_ON_A_FULL_DISK = """
import resource, sys
from lowrnn.recordings import read

source, target = sys.argv[1:]
recording = read(source)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
(recording.to_npz if target.endswith("npz") else recording.to_netcdf)(target)
"""


@pytest.mark.parametrize("suffix", ["npz", "nc"])
def test_a_full_disk_leaves_what_was_there(recording, tmp_path, suffix):
    source, path = tmp_path / "source.npz", tmp_path / f"a.{suffix}"
    recording.to_npz(source)
    path.write_text("before")
    # In a process of its own: the limit holds for whatever the process writes, its output too.
    arguments = [sys.executable, "-c", WRITE_ON_A_FULL_DISK, str(source), str(path)]
    result = subprocess.run(arguments, capture_output=True, text=True)
    assert "File too large" in result.stderr
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted([path.name, source.name])
    assert path.read_text() == "before"


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_damaged_netcdf_file_leaves_no_traceback(recording, tmp_path):
    path = tmp_path / "a.nc"
    recording.to_netcdf(path)
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    rng = np.random.default_rng(0)
    for number in range(10):
        damaged = whole.copy()
        damaged[rng.integers(0, len(whole), 20)] = rng.integers(0, 256, 20)
        path.write_bytes(damaged[: len(whole) // 2 if number % 2 else len(whole)].tobytes())
        # Some damage goes unnoticed.
        with contextlib.suppress(InputError):
            read(path)
        gc.collect()


def test_text_in_place_of_an_archive_is_not_taken_for_a_pickle(tmp_path):
    (tmp_path / "a.npz").write_text("neither")
    with pytest.raises(InputError, match=r"cannot be read as NPZ \(it is no ZIP archive\)"):
        read(tmp_path / "a.npz")


@pytest.mark.parametrize("axis", ["trial", "time", "neuron"])
def test_an_empty_axis(tmp_path, axis):
    shape = [{"trial": 3, "time": 4, "neuron": 5}[name] for name in ("trial", "time", "neuron")]
    shape[("trial", "time", "neuron").index(axis)] = 0
    np.savez(tmp_path / "a.npz", rates=np.zeros(shape), bin_width=0.01)
    with pytest.raises(InputError, match=r"rates has shape .*0.*: give at least one trial"):
        read(tmp_path / "a.npz")


def test_standard_errors_of_another_shape(tmp_path):
    arrays = {"rates": np.zeros((3, 4, 5)), "sem": np.zeros((2, 4, 5)), "bin_width": 0.01}
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(InputError, match="sem has 2 entries along axis 0: give 3"):
        read(tmp_path / "a.npz")


def test_odd_names_and_missing_labels_are_written(tmp_path):
    conditions = pd.DataFrame({"left/right ü": ["é", None], "time": [1.0, np.nan]})
    recording = Recording(np.zeros((2, 3, 1)), 0.01, conditions=conditions)
    for path in (tmp_path / "a.npz", tmp_path / "a.nc"):
        (recording.to_npz if path.suffix == ".npz" else recording.to_netcdf)(path)
        table = read(path).conditions
        assert table.iloc[0].tolist() == ["é", 1.0]
        assert np.isnan(table["time"][1])
