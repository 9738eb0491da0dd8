from pathlib import Path

import numpy as np
import pytest

from lowrnn.recordings import read, read_spec

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("name", ["steinmetz_session08.yaml", "steinmetz_session13.yaml"])
def test_steinmetz_example_reads_arrays_of_its_layout(name, tmp_path):
    """On synthetic arrays: the real data are not part of the project."""
    rng = np.random.default_rng(0)
    areas = read_spec(EXAMPLES / name).keep.neurons["area"]
    np.savez(
        tmp_path / "data.npz",
        spikes=rng.poisson(0.1, (60, 12, 40)).astype(np.uint8),
        contrast_left=rng.choice([0, 0.25, 0.5, 1], 60).astype(np.float32),
        contrast_right=rng.choice([0, 0.25, 0.5, 1], 60).astype(np.float32),
        feedback=rng.choice([-1, 1], 60).astype(np.int8),
        area=np.array([*areas, "root"] * 3),
        bin_seconds=np.float32(0.01),
        mouse="nobody",
    )
    recording = read(EXAMPLES / name, file=tmp_path / "data.npz")
    assert recording.rates.shape[1:] == (40, 9)
    conditions = recording.conditions[["contrast_left", "contrast_right"]]
    assert len(conditions) == len(conditions.drop_duplicates()) <= 16
    assert recording.input_names == ("left", "right", "onset")
    assert recording.conditions["n_trials"].sum() == 60


def test_nwb_template_is_valid():
    spec = read_spec(EXAMPLES / "nwb_session.yaml")
    assert spec.align == "stim_on_time"
    assert spec.inputs[0].stop == "go_time"
