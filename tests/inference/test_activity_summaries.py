import numpy as np
import pytest
from scipy.stats import ortho_group

from lowrnn import InputError
from lowrnn.inference import (
    fixed_frame,
    join,
    latent_course,
    learning_curve,
    marginal_variances,
    state_course,
    variance_shares,
)

NEURONS = 20
RNG = np.random.default_rng(0)
M, B = RNG.standard_normal((2, NEURONS, 2))
X = RNG.standard_normal((3, 2, 10, NEURONS))
ROTATION = ortho_group.rvs(NEURONS, random_state=1)


def test_frame_is_orthonormal_and_oriented() -> None:
    frame = fixed_frame(M, B[:, 0], np.ones(NEURONS))
    np.testing.assert_allclose(frame.T @ frame, np.eye(4), atol=1e-12)
    np.testing.assert_allclose(frame[:, 0], M[:, 0] / np.linalg.norm(M[:, 0]))
    assert (np.diag(frame.T @ np.column_stack([M, B[:, 0], np.ones(NEURONS)])) > 0).all()
    with pytest.raises(InputError, match="direction 2 lies in the span"):
        fixed_frame(M, M[:, 0] - M[:, 1])


def test_state_course_in_closed_form() -> None:
    frame = fixed_frame(M)
    z = RNG.standard_normal((2, 10, 2))
    found = state_course(np.sqrt(NEURONS) * z @ frame.T, frame, [0, 4, -1])
    np.testing.assert_allclose(found.values, z[:, [0, 4, 9]].ravel())
    assert found.labels[-1] == "condition1.step9.1"
    assert found.identity == "state_course:1:12"


def test_courses_do_not_depend_on_the_coordinates_of_neurons() -> None:
    frame = fixed_frame(M, B)
    order = RNG.permutation(NEURONS)
    course = state_course(X, frame, [3, 9]).values
    assert course.shape == (3, 16)
    turned = state_course(X @ ROTATION.T, fixed_frame(ROTATION @ M, ROTATION @ B), [3, 9])
    np.testing.assert_allclose(turned.values, course, atol=1e-12)
    shuffled = state_course(X[..., order], fixed_frame(M[order], B[order]), [3, 9])
    np.testing.assert_allclose(shuffled.values, course, atol=1e-12)
    latent = latent_course(X, M, [3, 9]).values
    np.testing.assert_allclose(latent_course(X[..., order], M[order], [3, 9]).values, latent)
    np.testing.assert_allclose(latent[0, :2], X[0, 0, 3] @ M / NEURONS)


def test_variance_shares() -> None:
    shares = variance_shares(X, 4).values
    np.testing.assert_allclose(variance_shares(-X @ ROTATION.T + 3, 4).values, shares)
    t = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    circle = np.stack([2 * np.cos(t), np.sin(t)], axis=1)[None]
    np.testing.assert_allclose(variance_shares(circle, 3).values, [0.8, 0.2, 0], atol=1e-12)
    np.testing.assert_array_equal(variance_shares(np.ones((1, 5, 3)), 2).values, [0, 0])


def test_marginal_variances_in_closed_form() -> None:
    t = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    course, sign = np.sin(t), np.array([-1.0, 1.0])
    x = np.zeros((2, 40, 3))
    # Of variances 2 (time), 1 (condition) and 1/2 (interaction), each in a neuron of its own.
    x[..., 0] = 2 * course
    x[..., 1] = sign[:, None]
    x[..., 2] = sign[:, None] * course
    wanted = np.array([2, 1, 0.5]) / 3.5
    rotation = ortho_group.rvs(3, random_state=2)
    for given in (x, 3 * x @ rotation + 5):
        found = marginal_variances(given)
        np.testing.assert_allclose(found.values, wanted, atol=1e-12)
    assert found.identity == "marginal_variances:1:3"
    both = marginal_variances(np.stack([x, np.ones_like(x)])).values
    np.testing.assert_allclose(both, [wanted, np.zeros(3)], atol=1e-12)
    with pytest.raises(InputError, match=r"x has shape \(40, 3\): give"):
        marginal_variances(x[0])


def test_learning_curve() -> None:
    scores = np.array([[0.5, 0.6, 0.9, 0.95, 1.0], [0.5, 0.5, 0.5, 0.5, 0.5]])
    found = learning_curve(scores, 3, criterion=0.9)
    np.testing.assert_allclose(found.values, [[0.5, 0.9, 1.0, 0.4], [0.5, 0.5, 0.5, 1.0]])
    assert learning_curve(1 - scores[0], 2, criterion=0.1, falling=True).values[-1] == 0.4


def test_joined_summaries_keep_their_names() -> None:
    frame = fixed_frame(M)
    both = join([state_course(X, frame, [1]), variance_shares(X, 2)])
    assert both.name == "state_course.1+variance_shares.1"
    assert both.labels[-1] == "variance_shares.pc2"
    assert both.values.shape == (3, 6)
    with pytest.raises(InputError, match="each only once"):
        join([variance_shares(X), variance_shares(X)])
    with pytest.raises(InputError, match="leading axes"):
        join([state_course(X, frame, [1]), variance_shares(X[0])])


def test_bad_activity_is_refused() -> None:
    with pytest.raises(InputError, match="steps has 10, and there are 10: give 0 to 9"):
        state_course(X, fixed_frame(M), [10])
    with pytest.raises(InputError, match="with 20 neurons"):
        latent_course(X[..., :5], M, [0])
