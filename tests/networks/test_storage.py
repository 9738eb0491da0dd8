"""Network files of other origin."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from lowrnn import RNN, InputError

ARRAYS = {
    "m": np.ones((4, 1)),
    "n": np.ones((4, 1)),
    "inputs": np.zeros((4, 0)),
    "readout": np.zeros((4, 0)),
}
SETTINGS = {
    "connectivity": "low-rank", "dt": 0.02, "tau": 0.1, "nonlinearity": "tanh", "noise_std": 0.0,
}  # fmt: skip


def write(path, arrays, settings):
    save_file(arrays, path, metadata={"lowrnn": json.dumps(settings)})


def test_what_is_expected_can_be_read(tmp_path):
    write(tmp_path / "a", ARRAYS, SETTINGS)
    assert RNN.load(tmp_path / "a").rank == 1


@pytest.mark.parametrize(
    ("arrays", "settings"),
    [
        (ARRAYS, [1]),
        (ARRAYS, "text"),
        (ARRAYS, {}),
        (ARRAYS, SETTINGS | {"connectivity": ["low-rank"]}),
        (ARRAYS, SETTINGS | {"more": 1}),
        (ARRAYS, SETTINGS | {"dt": "short"}),
        (ARRAYS, {name: value for name, value in SETTINGS.items() if name != "dt"}),
        (ARRAYS | {"more": np.ones(4)}, SETTINGS),
        (ARRAYS | {"inputs": np.ones(4)}, SETTINGS),
        *(({k: v for k, v in ARRAYS.items() if k != name}, SETTINGS) for name in ARRAYS),
    ],
)
def test_what_is_not_is_refused(tmp_path, arrays, settings):
    write(tmp_path / "a", arrays, settings)
    with pytest.raises(InputError, match=r"network file .* cannot be read .*: give a file"):
        RNN.load(tmp_path / "a")
