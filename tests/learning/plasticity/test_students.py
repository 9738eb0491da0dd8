"""The fused kernel against the plain loop, and what must not change a student."""

import numba
import numpy as np
import pytest
import torch

from lowrnn.errors import InputError
from lowrnn.learning import RuleFamily, students
from lowrnn.learning.plasticity.course import Course
from lowrnn.learning.plasticity.student_reference import plain_students
from lowrnn.learning.plasticity.students import STATUS
from lowrnn.learning.plasticity.synapses import DenseSynapses
from lowrnn.networks import RNN, FullRank, RandomPlusLowRank
from lowrnn.tasks import task

N = 45


@pytest.fixture(scope="module")
def start():
    rng = np.random.default_rng(0)
    m = 1 + rng.standard_normal((N, 2))
    return RNN(
        RandomPlusLowRank(0.5, m, 0.5 * m + rng.standard_normal((N, 2)), 0),
        inputs=rng.standard_normal((N, 2)),
        readout=rng.standard_normal((N, 1)),
        bias=0.1 * rng.standard_normal(N),
        initial_state=0.2 * rng.standard_normal(N),
        dt=0.01,
        tau=0.1,
    )


@pytest.fixture(scope="module")
def u():
    u = np.zeros((3, 20, 2))
    u[0, :, 0], u[1, :, 1], u[2, 5:10] = 1, 1, -1
    return u


@pytest.mark.parametrize(
    "terms", [("1", "Y1", "X1", "Y2", "X2", "X1Y1"), ("X1Y1", "-Y2W1", "X1Y2", "X1Y1T1", "X3Y1W2")]
)
def test_students_are_the_plain_loop(terms, start, u):
    family = RuleFamily(terms=terms, rate=0.5, threshold=0.5)
    theta, seeds = family.sample(8, seed=1) * 0.3, np.arange(8) + 2**40
    found = students(family, theta, seeds, start, u, record=[3, 19], epochs=4)
    exact = plain_students(
        family, theta, seeds, start, u,
        epochs=4, record=[3, 19], frame=found.frame, dtype=torch.float64,
    )  # fmt: skip
    assert list(found.status) == [0] * 8
    # Learning matters here, and is not chaotic.
    assert np.abs(exact[:, -1] - exact[:, 0]).max() > 0.05
    np.testing.assert_allclose(found.projections, exact, rtol=0, atol=2e-4)


CENTRED = [("centred", "rate"), ("rate", "centred"), ("centred", "centred")]


@pytest.mark.parametrize(("pre", "post"), CENTRED)
def test_centred_students_are_the_plain_loop(pre, post, start, u):
    family = RuleFamily(
        terms=("X1Y1", "X1Y2 - X1Y1T1", "X2Y1", "-Y2W1"), pre=pre, post=post, threshold=0.5
    )
    theta, seeds = family.sample(8, seed=1), np.arange(8)
    found = students(family, theta, seeds, start, u, record=[3, 19], epochs=4)
    exact = plain_students(
        family, theta, seeds, start, u,
        epochs=4, record=[3, 19], frame=found.frame, dtype=torch.float64,
    )  # fmt: skip
    assert np.abs(exact[:, -1] - exact[:, 0]).max() > 0.02
    np.testing.assert_allclose(found.projections, exact, rtol=0, atol=2e-4)


@pytest.mark.parametrize(("pre", "post"), [("rate", "rate"), *CENTRED])
def test_students_learn_as_simulate_learning_lets_a_network_learn(pre, post, start):
    """Norm and overlap after each update, in the same trials."""
    shown = task("perceptual_decision")
    rng = np.random.default_rng(1)
    low = RNN(
        start.connectivity.structured, rng.standard_normal((N, shown.n_inputs)),
        rng.standard_normal((N, shown.n_outputs)), dt=shown.dt, tau=0.1,
    )  # fmt: skip
    family = RuleFamily(
        terms=("X1Y2 - X1Y1T1", "X1Y1 - Y2W1", "X1"), pre=pre, post=post, threshold=2.0
    )
    theta, trials = np.array([0.8, 0.5, -0.3]), shown.conditions()
    found = students(family, theta[None], [0], low, trials.inputs, epochs=3)
    course = Course(family.rule(theta), low, shown, DenseSynapses(low), len(trials), 0)
    part = low.connectivity
    for epoch in range(3):
        course.learn_from(trials, rng)
        J, _, _ = course.synapses.matrices
        size = np.linalg.norm(J - course.synapses.start)
        np.testing.assert_allclose(found.norm[0, epoch], size, rtol=1e-3)
        overlap = part.n.T @ J @ part.m / N
        np.testing.assert_allclose(found.overlap[0, epoch], overlap, rtol=1e-3, atol=1e-3)


def test_several_terms_may_share_a_coefficient(start, u):
    theta = np.array([[0.7], [-0.2]])
    shared = students(RuleFamily(terms=("X1Y1 - Y2W1",)), theta, [1, 2], start, u)
    apart = RuleFamily(terms=("X1Y1", "-Y2W1"))
    both = students(apart, np.hstack([theta, theta]), [1, 2], start, u)
    np.testing.assert_array_equal(shared.projections, both.projections)
    assert RuleFamily(terms=("X1Y1 - Y2W1",)).names == ("1.0*X1Y1W0 - 1.0*X0Y2W1",)


def test_a_student_is_the_same_in_any_batch_and_number_of_threads(start, u):
    family = RuleFamily()
    theta, seeds = family.sample(60), np.arange(60)
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        whole = students(family, theta, seeds, start, u)
        numba.set_num_threads(before)
        order = np.random.default_rng(0).permutation(60)
        parts = [students(family, theta[k], seeds[k], start, u) for k in (order[:7], order[7:])]
    finally:
        numba.set_num_threads(before)
    for name in ("projections", "outputs", "overlap", "norm", "saturation", "status"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_array_equal(joined, getattr(whole, name)[order])


def test_seeds_draw_the_random_part(start, u):
    family = RuleFamily()
    theta = np.tile(family.sample(1), (3, 1))
    found = students(family, theta, [4, 5, 4], start, u).projections
    np.testing.assert_array_equal(found[0], found[2])
    assert np.abs(found[0] - found[1]).max() > 0.01


def test_what_grows_without_bound_is_told(start, u):
    family = RuleFamily(terms=("X1Y1", "X1Y1W2"), rate=1e4, decay=0.0)
    found = students(family, [[0.0, 0.0], [1.0, 1.0]], [0, 1], start, u, epochs=8)
    assert found.status[0] == 0
    assert STATUS[found.status[1]] in ("blow-up", "non-finite")
    assert np.isfinite(found.projections[0]).all()
    assert np.isnan(found.projections[1]).all()


def test_saturated_students_keep_their_values(start, u):
    found = students(RuleFamily(terms=("X1Y1",), rate=40.0), [[1.0]], [0], start, 2 + u)
    assert STATUS[found.status[0]] == "saturated"
    assert np.isfinite(found.norm).all()


def test_overlap_is_that_of_the_whole_matrix(start, u):
    """Without learning it is that of the start, up to the random part."""
    low = start.connectivity.structured
    found = students(RuleFamily(terms=("X1Y1",)), [[0.0]], [0], start.replace(connectivity=low), u)
    expected = low.n.T @ low.dense() @ low.m / N
    np.testing.assert_allclose(found.overlap[0, -1], expected, rtol=1e-4)


def test_names_and_rule_of_a_family():
    family = RuleFamily(terms=("Y1", "0.5*X1Y1"))
    assert family.names == ("X0Y1W0", "X1Y1W0")
    assert str(family.rule([1.0, -2.0])) == "1.0*X0Y1W0 - 1.0*X1Y1W0"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seeds": [1]}, "seeds have shape"),
        ({"seeds": [1.0, 2.0]}, "seeds have dtype float64"),
        ({"theta": np.zeros((2, 3))}, "theta has 3 entries"),
        ({"record": 21}, "record is 21: give 1 to 20"),
        ({"record": [3, 3]}, "record is"),
        ({"rnn": "full"}, "connectivity is full-rank"),
    ],
)
def test_errors(change, message, start, u):
    arguments = {"theta": np.zeros((2, 6)), "seeds": [1, 2], "rnn": start, "record": 5} | change
    if arguments["rnn"] == "full":
        arguments["rnn"] = start.replace(connectivity=FullRank(np.eye(N)))
    with pytest.raises(InputError, match=message):
        students(RuleFamily(), u=u, **arguments)


def test_a_family_has_rates_or_centred_rates():
    with pytest.raises(InputError, match="post is 'gain' in a family: choose among rate, centred"):
        RuleFamily(post="gain")


def test_terms_of_a_family_need_no_reward():
    with pytest.raises(InputError, match="without R"):
        RuleFamily(terms=("X1R1",))
