from datetime import UTC, datetime

import h5py
import numpy as np
import pytest
import scipy.io
import xarray as xr

from lowrnn.errors import InputError
from lowrnn.recordings import read
from lowrnn.recordings.nwb import bin_spikes

RNG = np.random.default_rng(0)
SPIKES = RNG.poisson(0.4, (6, 4, 9)).astype(float)  # trial, neuron, time
COHERENCE = RNG.normal(size=6)
CHOICE = ["left", "right", "right", "left", "left", "right"]
AREA = ["V1", "MT", "V1", "LIP"]
SPEC = {
    "rates": {"array": "session.spikes", "axes": ["trial", "neuron", "time"], "kind": "counts"},
    "bin_width": "session.bin",
    "conditions": {"coherence": "session.coherence", "choice": "session.choice"},
    "neurons": {"area": "session.area"},
}


def write_classic(path):
    """As MATLAB's save -v7: a struct, column vectors, cell arrays of strings."""
    session = {
        "spikes": SPIKES,
        "bin": 0.02,
        "coherence": COHERENCE[:, None],
        "choice": np.array(CHOICE, dtype=object)[:, None],
        "area": np.array(AREA, dtype=object)[None],
    }
    scipy.io.savemat(path, {"session": session})


def write_modern(path):
    """As MATLAB's save -v7.3: HDF5 with axes reversed, strings as cells of references."""
    with h5py.File(path, "w", userblock_size=512) as file:
        session = file.create_group("session")
        session.create_dataset("spikes", data=SPIKES.T)
        session.create_dataset("bin", data=[[0.02]])
        session.create_dataset("coherence", data=COHERENCE[None])
        for name, texts in (("choice", CHOICE), ("area", AREA)):
            references = np.empty((1, len(texts)), dtype=h5py.ref_dtype)
            for i, text in enumerate(texts):
                codes = np.array([[ord(letter)] for letter in text], dtype=np.uint16)
                cell = file.create_dataset(f"#refs#/{name}{i}", data=codes)
                cell.attrs["MATLAB_class"] = np.bytes_("char")
                references[0, i] = cell.ref
            cells = session.create_dataset(name, data=references)
            cells.attrs["MATLAB_class"] = np.bytes_("cell")


@pytest.mark.parametrize("write", [write_classic, write_modern])
def test_mat(tmp_path, write_spec, write):
    write(tmp_path / "session.mat")
    recording = read(write_spec(file="session.mat", **SPEC))
    np.testing.assert_allclose(recording.rates, SPIKES.transpose(0, 2, 1) / 0.02)
    np.testing.assert_allclose(recording.conditions["coherence"], COHERENCE)
    assert recording.conditions["choice"].tolist() == CHOICE
    assert recording.neurons["area"].tolist() == AREA


@pytest.mark.parametrize("write", [write_classic, write_modern])
def test_mat_unknown_field(tmp_path, write_spec, write):
    write(tmp_path / "session.mat")
    with pytest.raises(InputError, match=r"'session.spike'.*did you mean session.spikes"):
        read(write_spec(file="session.mat", **{**SPEC, "rates": {"array": "session.spike"}}))


@pytest.mark.parametrize("write", [write_classic, write_modern])
def test_mat_truncated(tmp_path, write_spec, write):
    path = tmp_path / "session.mat"
    write(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(InputError, match="cannot be read as MAT"):
        read(write_spec(file="session.mat", **SPEC))


def test_mat_with_default_names(tmp_path):
    path = tmp_path / "plain.mat"
    scipy.io.savemat(path, {"rates": SPIKES, "bin_width": 0.02, "condition_coherence": COHERENCE})
    recording = read(path)
    assert recording.rates.shape == (6, 4, 9)
    assert recording.conditions.columns.tolist() == ["coherence"]


def test_ragged_cell_array(tmp_path, write_spec):
    cells = np.empty(2, dtype=object)
    cells[:] = [np.zeros(3), np.zeros(4)]
    scipy.io.savemat(tmp_path / "a.mat", {"spikes": cells, "bin_width": 0.01})
    with pytest.raises(InputError, match="cell array with more than one value a cell"):
        read(write_spec(file="a.mat", rates={"array": "spikes"}))


def test_netcdf_knows_its_axes_by_name(tmp_path, write_spec):
    dataset = xr.Dataset(
        {"spikes": (("neuron", "time", "trial"), SPIKES.transpose(1, 2, 0))},
        coords={"choice": ("trial", CHOICE), "area": ("neuron", AREA)},
    )
    dataset.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    spec = {"rates": {"array": "spikes"}, "conditions": ["choice"], "neurons": ["area"]}
    recording = read(write_spec(file="a.nc", bin_width=0.02, start=-0.1, **spec))
    np.testing.assert_array_equal(recording.rates, SPIKES.transpose(0, 2, 1))
    assert recording.conditions["choice"].tolist() == CHOICE
    assert recording.time[0] == pytest.approx(-0.09)


def test_bin_spikes_puts_each_spike_in_its_bin():
    spikes = [np.array([10.0, 0.95, 1.05, 1.06]), np.array([])]
    rates = bin_spikes(spikes, np.array([1.0, np.nan, 10.0]), (-0.1, 0.1), 0.1)
    np.testing.assert_allclose(rates[0, :, 0], [10, 20])
    np.testing.assert_allclose(rates[2, :, 0], [0, 10])
    assert np.isnan(rates[1]).all()
    assert (rates[[0, 2], :, 1] == 0).all()


@pytest.fixture
def nwb(tmp_path):
    """Two units and three trials; unit B is observed from 5 s on."""
    pynwb = pytest.importorskip("pynwb")
    file = pynwb.NWBFile("a session", "identifier", datetime(2020, 1, 1, tzinfo=UTC))
    file.add_unit_column("area", "where it is")
    observed = {"A": [[0.0, 20.0]], "B": [[5.0, 20.0]]}
    for area, times in (("A", [1.05, 1.15, 6.05]), ("B", [6.25, 11.05])):
        file.add_unit(spike_times=times, obs_intervals=observed[area], area=area)
    file.add_trial_column("go_time", "when it may move")
    file.add_trial_column("contrast", "what it sees")
    file.add_trial_column("side", "where it goes")
    for start, contrast in ((1.0, 0.5), (6.0, 0.0), (11.0, 1.0)):
        file.add_trial(
            start_time=start,
            stop_time=start + 2,
            go_time=start + 0.1,
            contrast=contrast,
            side="left",
        )
    with pynwb.NWBHDF5IO(tmp_path / "session.nwb", "w") as stream:
        stream.write(file)
    return tmp_path / "session.nwb"


NWB = {"file": "session.nwb", "align": "start_time", "window": [0.0, 0.3], "bin_width": 0.1}


def test_nwb(nwb, write_spec):
    inputs = [{"name": "go", "value": "contrast", "from": "go_time"}]
    recording = read(write_spec(**NWB, inputs=inputs))
    np.testing.assert_allclose(recording.rates[:, :, 0], [[10, 10, 0], [10, 0, 0], [0, 0, 0]])
    np.testing.assert_allclose(recording.rates[1:, :, 1], [[0, 0, 10], [10, 0, 0]])
    assert np.isnan(recording.rates[0, :, 1]).all()
    assert recording.neurons["area"].tolist() == ["A", "B"]
    np.testing.assert_allclose(recording.conditions["go_time"], 0.1)
    np.testing.assert_allclose(recording.inputs[2, :, 0], [0, 1, 1])
    kept = read(write_spec(**NWB, conditions=["contrast"], keep={"trials": {"contrast": [1.0]}}))
    assert kept.conditions.columns.tolist() == ["contrast"]
    assert len(kept.rates) == 1


def test_nwb_bad_input(nwb, write_spec):
    with pytest.raises(InputError, match=r"align is 'star_time'.*did you mean start_time"):
        read(write_spec(**{**NWB, "align": "star_time"}))
    with pytest.raises(InputError, match=r"align is 'side', a column of .*: give times"):
        read(write_spec(**{**NWB, "align": "side"}))
    with pytest.raises(InputError, match=r"NWB needs align .* window and bin_width"):
        read(nwb)
    nwb.write_bytes(nwb.read_bytes()[:5000])
    with pytest.raises(InputError, match="cannot be read as NWB"):
        read(write_spec(**NWB))
