"""Files that are damaged or that no disk can take: one sentence, and nothing half-written."""

import contextlib
import gc
import resource

import numpy as np
import pandas as pd
import pytest

from lowrnn.errors import InputError
from lowrnn.recordings import Recording, read


@pytest.fixture
def full_disk():
    """Refuses files of more than some bytes, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("suffix", ["npz", "nc"])
def test_a_full_disk_leaves_what_was_there(recording, tmp_path, full_disk, suffix):
    path = tmp_path / f"a.{suffix}"
    path.write_text("before")
    full_disk(1000)
    with pytest.raises(OSError, match="File too large"):
        (recording.to_npz if suffix == "npz" else recording.to_netcdf)(path)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
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
