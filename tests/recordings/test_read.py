from dataclasses import replace

import numpy as np
import pytest

from lowrnn.errors import InputError
from lowrnn.recordings import read


@pytest.fixture
def session(tmp_path):
    """Arrays as an experimenter might have them: 20 trials, 5 neurons, 30 bins of 10 ms."""
    rng = np.random.default_rng(0)
    arrays = {
        "spikes": rng.poisson(0.3, (20, 5, 30)).astype(np.uint8),
        "contrast_left": rng.choice([0, 0.25, 0.5, 1.0], 20),
        "contrast_right": rng.choice([0, 0.25, 0.5, 1.0], 20),
        "context": np.array(["motion", "colour"] * 10),
        "feedback": np.array([1, 1, 1, -1] * 5, dtype=np.int8),
        "reaction_time": np.where(np.arange(20) == 7, np.nan, 0.15),
        "speed": rng.normal(size=(20, 30)),
        "area": np.array(["V1", "V1", "MOs", "MOs", "RN"]),
        "bin_seconds": np.float32(0.01),
    }
    arrays["spikes"][:, 1] = 0
    np.savez(tmp_path / "session.npz", **arrays)
    return arrays


BASE = {
    "file": "session.npz",
    "rates": {"array": "spikes", "axes": ["trial", "neuron", "time"], "kind": "counts"},
    "bin_width": "bin_seconds",
    "conditions": ["contrast_left", "contrast_right", "context", "feedback", "reaction_time"],
    "neurons": ["area"],
}


def test_counts_become_hz_in_the_order_trial_time_neuron(session, write_spec):
    recording = read(write_spec(**BASE))
    expected = session["spikes"].transpose(0, 2, 1) / 0.01
    np.testing.assert_allclose(recording.rates, expected, rtol=1e-6)
    assert recording.unit == "Hz"
    assert recording.inputs is None
    assert recording.bin_width == pytest.approx(0.01)
    assert recording.neurons["area"].tolist() == session["area"].tolist()


def test_trials_and_neurons_are_kept_by_value_and_range(session, write_spec):
    keep = {
        "trials": {"feedback": [1], "context": ["motion"], "reaction_time": {"min": 0.1}},
        "neurons": {"area": ["V1", "RN"]},
    }
    recording = read(write_spec(**BASE, keep=keep))
    trials = (session["feedback"] == 1) & (session["context"] == "motion")
    assert len(recording.rates) == trials.sum()
    assert recording.neurons["area"].tolist() == ["V1", "V1", "RN"]
    assert read(write_spec(**BASE, keep={"neurons": {"area": "RN"}})).rates.shape[2] == 1
    assert len(read(write_spec(**BASE, keep={"trials": {"reaction_time": {"max": 1}}})).rates) == 19


def test_a_silent_neuron_stays_until_min_rate_drops_it(session, write_spec):
    preprocess = {"smooth": 0.03, "square_root": True, "average": ["context"], "scale": "zscore"}
    recording = read(write_spec(**BASE, preprocess=preprocess))
    assert recording.rates.shape == (2, 30, 5)
    assert (recording.rates[:, :, 1] == 0).all()
    assert read(write_spec(**BASE, keep={"min_rate": 2})).rates.shape[2] == 4


def test_derived_classes(session, write_spec):
    derive = {
        "difference": {"value": "contrast_left", "minus": "contrast_right"},
        "side": {"value": "difference", "bins": [-0.01, 0.01]},
    }
    table = read(write_spec(**BASE, derive=derive)).conditions
    difference = session["contrast_left"] - session["contrast_right"]
    np.testing.assert_allclose(table["difference"], difference)
    for sign in (-1, 0, 1):
        members = np.sign(difference) == sign
        np.testing.assert_allclose(table["side"][members], difference[members].mean(), atol=1e-6)


def test_inputs_hold_their_value_between_two_times(session, write_spec):
    inputs = [
        {"name": "left", "value": "contrast_left", "from": 0.05, "to": 0.1, "scale": 2.0},
        {"name": "motion", "value": "context", "equals": "motion"},
        {"name": "wheel", "array": "speed"},
        {"name": "go", "value": 1.0, "from": "reaction_time"},
    ]
    keep = {"trials": {"reaction_time": {"min": 0}}}
    recording = read(write_spec(**BASE, inputs=inputs, keep=keep, window=[-0.02, 0.2]))
    kept = ~np.isnan(session["reaction_time"])
    assert recording.input_names == ("left", "motion", "wheel", "go")
    left, motion, wheel, go = np.moveaxis(recording.inputs, 2, 0)
    on = (recording.time > 0.05) & (recording.time < 0.1)
    np.testing.assert_allclose(left, 2 * session["contrast_left"][kept, None] * on)
    np.testing.assert_array_equal(motion[:, 0], session["context"][kept] == "motion")
    np.testing.assert_array_equal(wheel[:, :2], 0)
    np.testing.assert_allclose(wheel[:, 2:], session["speed"][kept, :20])
    np.testing.assert_array_equal(go, np.tile(recording.time > 0.15, (19, 1)))
    assert np.isnan(recording.rates[:, :2]).all()


def test_preprocessing_has_one_order_whatever_the_file_says(session, write_spec):
    steps = {
        "centre": "condition_independent",
        "scale": "soft",
        "average": ["context", "feedback"],
        "square_root": True,
        "smooth": 0.02,
        "rebin": 2,
    }
    by_hand = read(write_spec(**BASE)).rebin(2).smooth(0.02).square_root()
    path = write_spec(**BASE, preprocess=steps)
    np.testing.assert_array_equal(read(path, average=False).rates, by_hand.rates)
    by_hand = by_hand.average(["context", "feedback"]).scale("soft")
    by_hand = by_hand.centre(condition_independent=True)
    assert read(path).checksum() == by_hand.checksum()


def test_one_condition_is_a_recording(session, write_spec):
    recording = read(write_spec(**BASE, keep={"trials": {"context": ["motion"]}}))
    assert recording.average(["context"]).rates.shape == (1, 30, 5)


def test_data_elsewhere(session, write_spec, tmp_path):
    path = write_spec(**{**BASE, "file": "nowhere.npz"})
    with pytest.raises(InputError, match=r"nowhere.npz, which is not there: check the path"):
        read(path)
    assert read(path, file=tmp_path / "session.npz").rates.shape == (20, 30, 5)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"rates": {"array": "spike"}}, "rates.array is 'spike'.*did you mean spikes"),
        ({"rates": {"array": "speed"}}, r"speed has shape \(20, 30\): give three axes"),
        (
            {"bin_width": "bin_second"},
            "bin_width is 'bin_second'.*: did you mean bin_seconds",
        ),
        ({"bin_width": "area"}, r"bin_width: area has shape \(5,\): give a single value"),
        ({"conditions": ["area"]}, r"conditions.area: area has shape \(5,\): .* shape \(20,\)"),
        (
            {"rates": {**BASE["rates"], "axes": ["neuron", "trial", "time"]}},
            r"conditions.contrast_left: contrast_left has shape \(20,\): .* shape \(5,\)",
        ),
        (
            {"keep": {"neurons": {"area": ["V2"]}}},
            "keep.neurons.area is 'V2'.*choose from MOs, RN, V1",
        ),
        ({"keep": {"neurons": {"aera": ["V1"]}}}, "keep.neurons is 'aera'.*did you mean area"),
        ({"keep": {"trials": {"context": {"min": 0}}}}, "'motion': give a numeric variable"),
        (
            {"keep": {"trials": {"reaction_time": {"min": 9}}}},
            "keep.trials is .*leaves none of 20: widen it",
        ),
        ({"keep": {"min_rate": 1000}}, "keep.min_rate is 1000, but the busiest neuron has"),
        ({"preprocess": {"average": ["contxt"]}}, "preprocess.average is 'contxt'.*mean context"),
        (
            {"inputs": [{"name": "rt", "value": "reaction_time"}]},
            r"inputs.rt.value is 'reaction_time', which is NaN in 1 trials \(the first is 7\)",
        ),
        (
            {"inputs": [{"name": "left", "value": "contrast_lift"}]},
            "inputs.left.value is 'contrast_lift'.*did you mean contrast_left",
        ),
        (
            {"inputs": [{"name": "m", "value": "context", "equals": "motoin"}]},
            "inputs.m.equals is 'motoin'.*did you mean motion",
        ),
        ({"inputs": [{"name": "a", "array": "area"}]}, r"inputs.a: area .*give real numbers"),
        ({"derive": {"d": {"value": "context"}}}, "derive.d.value is 'context', which holds"),
        ({"window": [1.0, 2.0]}, r"window is \[1.0, 2.0\]: give seconds that overlap"),
        ({"align": "start_time"}, "only NWB is aligned"),
    ],
)
def test_what_does_not_fit_the_data(session, write_spec, change, match):
    with pytest.raises(InputError, match=match) as error:
        read(write_spec(**{**BASE, **change}))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("suffix", [".npz", ".nc"])
def test_a_written_recording_comes_back_without_a_spec(recording, tmp_path, suffix):
    recording = recording.average(["context", "coherence"]).window(-0.1, 0.1)
    path = tmp_path / f"recording{suffix}"
    recording.to_npz(path) if suffix == ".npz" else recording.to_netcdf(path)
    back = read(path)
    assert back.checksum() == recording.checksum()
    assert back.conditions.equals(recording.conditions)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_counts_come_back_as_counts(recording, tmp_path):
    replace(recording, unit="count").to_npz(tmp_path / "a.npz")
    assert read(tmp_path / "a.npz").unit == "count"


def test_objects_are_refused_and_never_unpickled(tmp_path, recording):
    class Trap:
        def __reduce__(self):
            return (exec, ("raise SystemExit('unpickled')",))

    arrays = recording.arrays()
    trapped = np.empty(12, dtype=object)
    trapped[:] = [Trap()] * 12
    np.savez(tmp_path / "a.npz", **{**arrays, "condition_context": trapped})
    with pytest.raises(InputError, match=r"condition_context .* array of objects.*never unpickled"):
        read(tmp_path / "a.npz")


@pytest.mark.parametrize("suffix", [".npz", ".nc", ".mat"])
def test_truncated_and_foreign_files(recording, tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    recording.to_npz(path) if suffix == ".npz" else recording.to_netcdf(path)
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"no such format", b""):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"cannot be read as|holds a single") as error:
            read(path)
        assert "\n" not in str(error.value)


def test_damage_inside_an_archive(recording, tmp_path):
    path = tmp_path / "a.npz"
    recording.to_npz(path)
    content = bytearray(path.read_bytes())
    content[200:240] = bytes(40)
    path.write_bytes(content)
    with pytest.raises(InputError, match="cannot be read"):
        read(path)


def test_unknown_suffix_and_a_bare_array(tmp_path):
    (tmp_path / "a.csv").write_text("1")
    with pytest.raises(InputError, match=r"of unknown format '.csv'"):
        read(tmp_path / "a.csv")
    np.save(tmp_path / "a.npy", np.zeros(3))
    (tmp_path / "a.npy").rename(tmp_path / "a.npz")
    with pytest.raises(InputError, match="holds a single array"):
        read(tmp_path / "a.npz")
