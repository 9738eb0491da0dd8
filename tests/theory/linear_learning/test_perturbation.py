"""Series in learning time and scaling laws, against exact solutions and random matrices."""

import numpy as np
import pytest

from lowrnn import InputError
from lowrnn.theory.linear_learning import (
    exact_solution,
    gradient_flow,
    initial_weights,
    learning_time,
    perturbation,
    resolvent_moments,
    scaling_laws,
)


@pytest.mark.parametrize("g", [0.0, 0.3, 0.9])
def test_moments_have_their_closed_forms(g):
    beta = 1 / (1 - g**2)
    expected = [beta, beta**4, beta**7 * (1 + 2 * g**2)]
    np.testing.assert_allclose(resolvent_moments(g), expected)
    np.testing.assert_allclose(resolvent_moments(g, 6)[:3], expected)


def test_moments_are_those_of_large_matrices():
    moments = []
    for seed in range(4):
        W0, _, _ = initial_weights(300, 0.4, seed)
        values = 1 / np.linalg.svd(np.eye(300) - W0, compute_uv=False)
        moments.append([np.mean(values ** (2 * k)) for k in range(1, 6)])
    np.testing.assert_allclose(np.mean(moments, axis=0), resolvent_moments(0.4, 5), rtol=0.05)


@pytest.mark.parametrize("zhat", [0.5, 2.0, -1.0])
def test_without_random_weights_the_series_is_that_of_the_exact_solution(zhat):
    for tau in (0.02, 0.01):
        series, exact = perturbation(0.0, zhat, tau), exact_solution(zhat, tau)
        # The next order, with coefficients of up to order zhat⁵.
        bound = 20 * max(abs(zhat), 1) ** 5 * tau**4
        assert abs(series.z[0] - exact.z[0]) < bound
        assert abs(series.s1[0] - exact.singular_values[0, 0]) < bound
        assert abs(series.s2[0] - exact.singular_values[0, 1]) < bound


def test_the_second_singular_value_late_in_learning():
    tau = learning_time(0.25)
    series, exact = perturbation(0.0, 0.25, tau), exact_solution(0.25, tau)
    error = np.abs(
        np.array([series.s2, series.s2_resummed])[:, 0] / exact.singular_values[0, 1] - 1
    )
    assert error[1] < 0.1 < error[0]


def test_the_series_is_the_mean_over_random_networks():
    g, zhat, time = 0.5, 1.0, 0.1
    tau = time * (1 - g**2) ** 2
    flows = [
        gradient_flow(*initial_weights(200, g, seed), zhat, [tau], tolerance=1e-6)
        for seed in range(20)
    ]
    series = perturbation(g, zhat, tau)
    assert series.effective_time == pytest.approx(time)
    # Four standard errors: single networks scatter by about 10 % in z, 5 % in s1.
    assert np.mean([flow.z for flow in flows]) == pytest.approx(series.z[0], rel=0.09)
    s1, s2 = np.mean([flow.singular_values[0, :2] for flow in flows], axis=0)
    assert s1 == pytest.approx(series.s1[0], rel=0.05)
    assert s2 == pytest.approx(series.s2[0], rel=0.4)


def test_scaling_laws_are_those_of_small_targets():
    none, some = scaling_laws(0.0, 0.1), scaling_laws(0.6, 0.1)
    assert none.convergence_time == pytest.approx(learning_time(0.1), rel=0.02)
    assert none.norm == pytest.approx(exact_solution(0.1, np.inf).norm[0], rel=0.01)
    assert none.shuffle_loss == 0
    assert some.convergence_time / none.convergence_time == pytest.approx(0.64**2)
    assert some.norm / none.norm == pytest.approx(0.64)
    assert some.gradient_norm / none.gradient_norm == pytest.approx(1 / 0.64)
    assert some.shuffle_loss == pytest.approx(0.6**4 * (2 - 0.36) ** 2)


def test_what_cannot_be_used():
    for function in (resolvent_moments, scaling_laws, lambda g: perturbation(g, 1.0, 0.1)):
        with pytest.raises(InputError, match=r"g is 1.0: give less than 1"):
            function(1.0)
        with pytest.raises(InputError, match=r"g is -0.1: give a number of at least 0"):
            function(-0.1)
    with pytest.raises(InputError, match="count is 0: give a number of at least 1"):
        resolvent_moments(0.5, 0)
    with pytest.raises(InputError, match=r"tau is -1.0: give learning times of at least 0"):
        perturbation(0.5, 1.0, [0.0, -1.0])
