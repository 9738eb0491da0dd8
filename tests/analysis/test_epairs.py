import time

import numpy as np
import pytest

from lowrnn import InputError
from lowrnn.analysis import epairs


def test_gaussian_features_are_called_gaussian_as_often_as_p_says() -> None:
    rng = np.random.default_rng(0)
    mixing = rng.standard_normal((4, 4))
    p = np.array(
        [epairs(rng.standard_normal((80, 4)) @ mixing + 3, draws=199).p_value for _ in range(300)]
    )
    # Uniform up to the standard error of 300 draws; 0 p values below 2 / 200.
    assert abs((p <= 0.05).mean() - 0.05) < 3 * np.sqrt(0.05 / 300)
    assert abs((p <= 0.5).mean() - 0.5) < 3 * np.sqrt(0.25 / 300)


def test_planted_populations_are_detected() -> None:
    rng = np.random.default_rng(1)
    features = rng.standard_normal((400, 4))
    features[:200, :2] *= 4
    features[200:, 2:] *= 4
    found = epairs(features, draws=199)
    assert found.effect > 0.3
    assert found.p_value == 2 / 200
    assert found.p_published < 1e-6
    assert np.median(found.angles) < found.null_medians.min()


def test_evenly_spread_directions_have_a_negative_effect() -> None:
    angle = 2 * np.pi * np.arange(200) / 200
    found = epairs(np.stack([np.cos(angle), np.sin(angle)], axis=1), draws=199)
    assert found.effect < 0
    assert found.p_value == 2 / 200


def test_angles_do_not_depend_on_the_coordinates() -> None:
    rng = np.random.default_rng(2)
    features, mixing = rng.standard_normal((60, 3)), rng.standard_normal((3, 3))
    one, other = (epairs(each, draws=20) for each in (features, features @ mixing - 1))
    np.testing.assert_allclose(one.angles, other.angles, atol=2e-3)


def test_angles_by_hand() -> None:
    # White already: a square, each corner doubled. Two neighbours: the twin and one at 90°.
    square = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]], float)
    found = epairs(np.repeat(square, 2, axis=0), neighbours=2, draws=5)
    np.testing.assert_allclose(found.angles, np.arccos(0.5), atol=1e-3)


def test_it_is_fast_enough() -> None:
    start = time.perf_counter()
    epairs(np.random.default_rng(3).standard_normal((512, 6)), draws=500)
    assert time.perf_counter() - start < 10


def test_unusable_features_are_refused() -> None:
    rng = np.random.default_rng(4)
    X = rng.standard_normal((30, 2))
    with pytest.raises(InputError, match="depend on each other linearly"):
        epairs(np.column_stack([X, X.sum(axis=1)]))
    with pytest.raises(InputError, match="features have shape"):
        epairs(X[:3])
    with pytest.raises(InputError, match="draws is 0"):
        epairs(X, draws=0)
