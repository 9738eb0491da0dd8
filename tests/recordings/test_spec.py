import pytest

from lowrnn.errors import InputError
from lowrnn.recordings import read_spec
from lowrnn.recordings.spec import RecordingSpec


def test_file_is_relative_to_the_yaml(write_spec, tmp_path):
    assert read_spec(write_spec(file="data/session.npz")).file == tmp_path / "data/session.npz"
    assert str(read_spec(write_spec(file="/data/session.npz")).file) == "/data/session.npz"


@pytest.mark.parametrize(
    ("keys", "match"),
    [
        ({"files": "a.npz"}, "key in the file is 'files'.*did you mean file"),
        ({"file": "a.npz", "rates": {"axis": []}}, "key in rates is 'axis'.*did you mean axes"),
        (
            {"file": "a.npz", "preprocess": {"smoothing": 0.05}},
            "key in preprocess is 'smoothing'.*did you mean smooth",
        ),
        (
            {"file": "a.npz", "inputs": [{"name": "a", "value": 1.0, "form": 0.0}]},
            r"key in inputs.0 is 'form'.*did you mean from",
        ),
        (
            {"file": "a.npz", "derive": {"d": {"value": "a", "minis": "b"}}},
            r"key in derive.d is 'minis'.*did you mean minus",
        ),
        ({"rates": {}}, "file is missing: add it"),
        (
            {"file": "a.npz", "rates": {"axes": ["trial", "cell", "time"]}},
            r"rates.axes.1 is 'cell'",
        ),
        (
            {"file": "a.npz", "rates": {"axes": ["trial", "trial", "time"]}},
            "rates.axes is .*: name trial, time and neuron once each",
        ),
        ({"file": "a.npz", "rates": {"kind": "spikes"}}, "rates.kind is 'spikes'.*'counts'"),
        ({"file": "a.npz", "bin_width": -0.01}, "bin_width is -0.01.*greater than 0"),
        ({"file": "a.npz", "window": [0.4, 0.0]}, "window is .*: give the start before"),
        (
            {"file": "a.npz", "keep": {"trials": {"rt": {"mn": 1}}}},
            r"key in keep.trials.rt is 'mn'.*did you mean min",
        ),
        ({"file": "a.npz", "preprocess": {"smooth": "wide"}}, "preprocess.smooth is 'wide'"),
        ({"file": "a.npz", "preprocess": {"scale": "z"}}, "preprocess.scale is 'z'.*'zscore'"),
        ({"file": "a.npz", "preprocess": {"average": []}}, "preprocess.average is \\[\\]"),
        (
            {"file": "a.npz", "inputs": [{"name": "a"}]},
            "inputs.0 is .*: give either value or array",
        ),
        (
            {"file": "a.npz", "inputs": [{"name": "a", "value": 1}, {"name": "a", "value": 2}]},
            "give each its own name",
        ),
        (
            {"file": "a.npz", "derive": {"d": {"value": "a", "bins": [1, 0]}}},
            r"derive.d.bins is \[1, 0\]: give edges in rising order",
        ),
    ],
)
def test_errors_name_the_field_the_value_and_the_mend(write_spec, keys, match):
    with pytest.raises(InputError, match=match) as error:
        read_spec(write_spec(**keys))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("file: [a", "not valid YAML at line"),
        ("- file", "holds list, not keys and values"),
        ("", "holds NoneType"),
        ("file: !!python/object/apply:os.getcwd []", "not valid YAML"),
    ],
)
def test_refuses_what_is_not_a_mapping_of_plain_values(tmp_path, text, match):
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=match):
        read_spec(path)


def test_refuses_a_missing_or_binary_file(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_spec(tmp_path / "none.yaml")
    (tmp_path / "a.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not UTF-8"):
        read_spec(tmp_path / "a.yaml")


def test_every_key_is_documented():
    for name in RecordingSpec.model_fields:
        assert f"\n    {name} : " in RecordingSpec.__doc__
