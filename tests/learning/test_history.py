"""Histories on disk and with names."""

import numpy as np
import pytest

from lowrnn import InputError
from lowrnn.learning import History, initial_network, train


@pytest.fixture
def history(short):
    rnn = initial_network(short, 10, 2)
    settings = {"updates": 6, "batch_size": 4, "n_trials": 10, "evaluate_every": 3}
    return train(rnn, short, **settings, snapshots=["m", "bias"]).history


def test_round_trip(history, tmp_path):
    history.save(tmp_path / "history.nc")
    found = History.load(tmp_path / "history.nc")
    for name in ("loss", "learning_rate", "evaluated"):
        np.testing.assert_array_equal(getattr(found, name), getattr(history, name))
    for group in ("metrics", "parameters"):
        wanted, read = getattr(history, group), getattr(found, group)
        assert read.keys() == wanted.keys()
        for name, value in wanted.items():
            np.testing.assert_array_equal(read[name], value)


def test_axes_are_named(history):
    dataset = history.to_xarray()
    assert dataset["loss"].dims == ("update",)
    assert dataset["accuracy"].dims == ("evaluation",)
    assert dataset["m"].dims == ("evaluation", "neuron", "rank")
    assert dataset["start_B"].dims == ("neuron", "input")
    sizes = {"update": 6, "evaluation": 3, "neuron": 10, "rank": 2, "input": 1, "output": 1}
    assert dataset.sizes == sizes


def test_a_file_that_is_none(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        History.load(tmp_path / "none.nc")
    (tmp_path / "text.nc").write_text("no history")
    with pytest.raises(InputError, match="cannot be read"):
        History.load(tmp_path / "text.nc")
