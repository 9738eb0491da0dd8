import numpy as np
import pytest

from lowrnn import RNN, FullRank, InputError, LowRank
from lowrnn.analysis import fixed_points, slow_points


def test_fixed_points_of_a_low_rank_network_are_found_in_its_dense_form() -> None:
    rng = np.random.default_rng(0)
    m = rng.standard_normal((60, 1))
    net = RNN(LowRank(m, 2 * m), np.ones((60, 1)), dt=0.1, tau=1)
    known = fixed_points(net, [0.05])
    dense = net.replace(connectivity=FullRank(net.connectivity.dense()))
    starts = np.linspace(-2, 2, 9)[:, None] * m[:, 0]
    found = slow_points(dense, starts, [0.05])
    assert found.fixed.sum() == len(known) == 3
    fixed = found.x[found.fixed]
    gauge = net.connectivity.canonical()
    states = known.kappa @ gauge.m.T + 0.05
    for state, eigenvalue in zip(states, known.eigenvalues[:, 0], strict=True):
        gap = np.abs(fixed - state).max(axis=1)
        assert gap.min() < 1e-6
        match = np.flatnonzero(found.fixed)[gap.argmin()]
        # The other directions decay as without connections: -1.
        assert found.eigenvalues[match, 0] == pytest.approx(max(eigenvalue.real, -1), abs=1e-6)
        assert found.unstable[match] == (eigenvalue.real > 0)


def test_a_ghost_of_a_fixed_point_is_slow_and_not_fixed() -> None:
    # kappa = 2 tanh(kappa + u) has lost its pair at kappa = √2 just below the fold.
    fold = np.arctanh(np.sqrt(0.5)) - np.sqrt(2)
    net = RNN(FullRank(np.array([[2.0]])), np.ones((1, 1)), dt=0.1, tau=1)
    found = slow_points(net, [[1.2], [-3.0]], [fold - 0.01])
    # x = kappa + u, and it drifts down by -x + u + 2 tanh(x).
    assert found.fixed.tolist() == [True, False]
    assert found.x[1, 0] == pytest.approx(np.sqrt(2) + fold, abs=1e-5)
    assert found.speed[1] == pytest.approx(0.01, abs=1e-6)
    assert found.eigenvalues[1, 0] == pytest.approx(0, abs=1e-3)


def test_a_bias_and_single_precision_are_taken_care_of() -> None:
    net = RNN(FullRank(np.zeros((3, 3), np.float32)), dt=0.1, tau=1, bias=[1, 2, 3])
    found = slow_points(net, np.ones((2, 3)))
    np.testing.assert_allclose(found.x, np.zeros((1, 3)), atol=1e-9)


def test_wrong_inputs_are_named() -> None:
    net = RNN(FullRank(np.zeros((3, 3))), dt=0.1, tau=1)
    with pytest.raises(InputError, match="starts has 2 entries"):
        slow_points(net, np.ones((1, 2)))
    with pytest.raises(InputError, match="no search has settled"):
        slow_points(net, np.ones((1, 3)), steps=1)
