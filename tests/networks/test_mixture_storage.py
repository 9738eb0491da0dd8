"""Mixtures on disk: what is written is what is read, and nothing else is."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from lowrnn import RNN, GaussianMixture, InputError, LowRank

ARRAYS = {
    "weights": np.array([0.25, 0.75]),
    "means": np.zeros((2, 4)),
    "covariances": np.stack([np.eye(4)] * 2),
}
SETTINGS = {"kind": "gaussian-mixture", "rank": 1, "inputs": 1, "outputs": 1}


def write(path, arrays, settings):
    save_file(arrays, path, metadata={"lowrnn": json.dumps(settings)})


def test_a_mixture_comes_back_as_it_was(tmp_path):
    mixture = GaussianMixture.from_moments(
        [[[0.4]], [[1.7]]], mB=0.3, wm=0.6, mean_n=[[0.1], [-0.2]], weights=[1 / 3, 2 / 3],
        inputs=2, outputs=1,
    )  # fmt: skip
    mixture.save(tmp_path / "mixture.safetensors")
    again = GaussianMixture.load(tmp_path / "mixture.safetensors")
    assert repr(again) == repr(mixture)
    for name in ("weights", "means", "covariances"):
        np.testing.assert_array_equal(getattr(again, name), getattr(mixture, name))
    one, other = (each.sample(40, 5) for each in (mixture, again))
    np.testing.assert_array_equal(one.connectivity.dense(), other.connectivity.dense())


def test_files_of_other_origin(tmp_path):
    write(tmp_path / "a", ARRAYS, SETTINGS)
    assert GaussianMixture.load(tmp_path / "a").populations == 2


@pytest.mark.parametrize(
    ("arrays", "settings", "said"),
    [
        (ARRAYS, [1], "cannot be read"),
        (ARRAYS, {}, "cannot be read"),
        (ARRAYS, SETTINGS | {"kind": "low-rank"}, "cannot be read"),
        (ARRAYS, SETTINGS | {"more": 1}, "cannot be read"),
        (ARRAYS, SETTINGS | {"rank": "one"}, "cannot be read"),
        (ARRAYS | {"more": np.ones(4)}, SETTINGS, "cannot be read"),
        ({k: v for k, v in ARRAYS.items() if k != "means"}, SETTINGS, "cannot be read"),
        (ARRAYS, SETTINGS | {"rank": 2}, "holds no mixture: means has 4 entries"),
        (ARRAYS | {"weights": np.ones(2)}, SETTINGS, "holds no mixture: weights are"),
        (ARRAYS | {"covariances": -ARRAYS["covariances"]}, SETTINGS, "the negative eigenvalue"),
    ],
)
def test_what_is_no_mixture_is_refused(tmp_path, arrays, settings, said):
    write(tmp_path / "a", arrays, settings)
    with pytest.raises(InputError, match=said):
        GaussianMixture.load(tmp_path / "a")


def test_a_network_or_no_file_at_all(tmp_path):
    with pytest.raises(InputError, match=r"mixture file .* does not exist: give the path"):
        GaussianMixture.load(tmp_path / "none")
    RNN(LowRank(np.ones((4, 1)), np.ones((4, 1))), dt=0.1, tau=1).save(tmp_path / "network")
    with pytest.raises(InputError, match=r"give a file that GaussianMixture\.save wrote"):
        GaussianMixture.load(tmp_path / "network")
    (tmp_path / "text").write_text("a mixture")
    with pytest.raises(InputError, match="cannot be read"):
        GaussianMixture.load(tmp_path / "text")
