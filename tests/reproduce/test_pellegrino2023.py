"""Theorems on gradient descent in small networks; their numbers are among the claims."""

import numpy as np
import pytest

from lowrnn.analysis import tensor_rank
from lowrnn.reproduce.pellegrino2023.adjoint import (
    adjoints_and_rates,
    draw_problem,
    gradient_error,
    residuals_and_bounds,
)
from lowrnn.reproduce.pellegrino2023.theorems import Setting, learn


def test_the_gradient_is_the_product_of_adjoints_and_rates():
    assert gradient_error(3) < 1e-13


def test_the_rank_of_a_gradient_is_bounded_by_time_and_trials():
    problem, W = draw_problem(0)
    adjoints, rates = adjoints_and_rates(problem, W)
    assert adjoints.shape == rates.shape == (60, 20 * 6)
    assert np.linalg.matrix_rank(adjoints[:, :6] @ rates[:, :6].T) <= 6


def test_what_tanh_units_learn_is_bounded_by_what_activity_leaves_out():
    residuals, bounds = residuals_and_bounds(1, steps=10)
    assert (residuals <= bounds).all()
    assert (np.diff(residuals) <= 1e-12).all()


@pytest.mark.parametrize(
    ("setting", "dimensions"),
    [
        (Setting(plant=False), 4),
        (Setting(), 5),
        (Setting(feedback=True), 9),
        (Setting(rank=1), 7),
        (Setting(rank=1, initial_state=True), 8),
        (Setting(train="WBC"), 5),
    ],
)
def test_a_linear_network_learns_within_one_subspace(setting, dimensions):
    learned = learn(setting, 45)
    assert setting.dimensions == dimensions
    ranks = tensor_rank(learned.changes, (), tolerance=1e-9)
    assert ranks.multilinear_rank[:2] == (dimensions, dimensions)
    assert ranks.slice_rank <= dimensions**2
    assert learned.leak < 1e-12


@pytest.mark.parametrize(
    "setting",
    [
        Setting(rule="adam"),
        Setting(clip="value"),
        Setting(decay=0.1, identity=0.5),
        Setting(tanh=True),
    ],
)
def test_what_leaves_the_subspace(setting):
    learned = learn(setting, 45)
    assert min(tensor_rank(learned.changes, (), tolerance=1e-9).multilinear_rank[:2]) > 30
    assert learned.leak > 1e-3


def test_the_force_field_changes_what_is_learned():
    changes = learn(Setting(rate=0.05), 30).changes
    alike = learn(Setting(rate=0.05), 90).changes
    np.testing.assert_array_equal(changes[:10], alike[:10])
    assert np.linalg.norm(changes[29] - alike[29]) > 1e-3 * np.linalg.norm(alike[29])


def test_the_first_step_has_rank_two():
    changes = learn(Setting(plant=False), 2).changes
    assert [np.linalg.matrix_rank(change, rtol=1e-10) for change in changes] == [2, 4]
