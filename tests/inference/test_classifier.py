import numpy as np
import pytest

from lowrnn import InputError
from lowrnn.inference import calibration_error, fit_classifier


def test_probabilities_are_those_of_bayes() -> None:
    rng = np.random.default_rng(0)
    label = rng.integers(2, size=1200)
    x = rng.standard_normal((1200, 2)) + 1.5 * label[:, None] * [1, 0] + [100, 0]
    found = fit_classifier(x, label, ("left", "right"))
    test = np.column_stack([np.linspace(98.5, 103, 40), rng.standard_normal(40)])
    exact = 1 / (1 + np.exp(-1.5 * (test[:, 0] - 100.75)))
    p = found.probabilities(test)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    np.testing.assert_allclose(p[:, 1], exact, atol=0.1)
    few = [fit_classifier(x[:40], label[:40], ("a", "b"), seed=1).arrays["W0"] for _ in range(2)]
    np.testing.assert_array_equal(*few)


def test_calibration_error_in_closed_form() -> None:
    sure = np.tile([0.95, 0.05], (100, 1))
    assert calibration_error(sure, np.zeros(100, int)) == pytest.approx(0.05)
    assert calibration_error(sure, np.arange(100) % 2) == pytest.approx(0.45)
    rng = np.random.default_rng(0)
    p = rng.dirichlet([1, 1, 1], 20000)
    label = (p.cumsum(axis=1) < rng.random((20000, 1))).sum(axis=1)
    assert calibration_error(p, label) < 0.02


def test_bad_labels_are_refused() -> None:
    with pytest.raises(InputError, match="labels goes to 2: give 0 to 1"):
        fit_classifier(np.zeros((30, 1)), np.full(30, 2), ("a", "b"))
    with pytest.raises(InputError, match="20 or more"):
        fit_classifier(np.zeros((3, 1)), np.zeros(3), ("a", "b"))
