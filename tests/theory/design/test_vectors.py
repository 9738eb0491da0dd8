"""Loadings from named vectors: covariances as the papers give them."""

import numpy as np
import pytest

from lowrnn.errors import InputError
from lowrnn.theory.design import from_vectors


def test_shared_vectors_correlate_loadings():
    mixture = from_vectors(
        {"w": 1.2, "I": 1.2, "y": 1},
        m=[{"w": 1, "y": 2}],
        n=[{"I": 1, "y": 2}],
        B=[{"I": 1}],
        w=[{"w": 1}],
    )
    covariance = mixture.covariances[0]
    expected = [[5.44, 4, 0, 1.44], [4, 5.44, 1.44, 0], [0, 1.44, 1.44, 0], [1.44, 0, 0, 1.44]]
    np.testing.assert_allclose(covariance, expected, atol=1e-12)
    assert (mixture.rank, mixture.inputs, mixture.outputs) == (1, 1, 1)


def test_an_unknown_vector_is_named():
    with pytest.raises(InputError, match="sums 'z': name one of y"):
        from_vectors({"y": 1}, m=[{"z": 1}], n=[{"y": 1}])
    with pytest.raises(InputError, match="std of y is -1"):
        from_vectors({"y": -1}, m=[{"y": 1}], n=[{"y": 1}])
