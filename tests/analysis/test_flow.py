import time

import numpy as np
import pytest

from lowrnn import RNN, FullRank, InputError, LowRank
from lowrnn.analysis import LatentFlow, flow_field
from lowrnn.networks import NONLINEARITIES


def network(rank: int = 2, neurons: int = 60, nonlinearity: str = "tanh", seed: int = 0) -> RNN:
    rng = np.random.default_rng(seed)
    m, n = rng.standard_normal((2, neurons, rank))
    return RNN(
        LowRank(m, n + m),
        rng.standard_normal((neurons, 2)),
        dt=0.02,
        tau=0.1,
        nonlinearity=nonlinearity,
        bias=0.3 * rng.standard_normal(neurons),
    )


def test_flow_is_what_the_simulation_does() -> None:
    rnn = network().replace(dt=1e-4)
    u = np.array([0.5, -1.0])
    gauge = rnn.connectivity.canonical()
    kappa = np.array([0.7, -0.4])
    start = (gauge.m @ kappa + rnn.inputs @ u)[None]
    after = rnn.simulate(np.tile(u, (1, 1, 1)), initial_state=start).x[0, 0]
    velocity = np.linalg.lstsq(gauge.m, after - start[0])[0] / rnn.dt
    field = flow_field(rnn, u, kappa_axes=[kappa[:1], kappa[1:]])
    np.testing.assert_allclose(field[0, 0], velocity, rtol=1e-9)


def test_flow_does_not_depend_on_the_gauge() -> None:
    rnn = network()
    change = np.array([[2.0, 0.3], [0.1, 0.7]])
    m, n = rnn.connectivity.parameters.values()
    same = rnn.replace(connectivity=LowRank(m @ change, n @ np.linalg.inv(change).T))
    axes = [np.linspace(-1, 1, 3)] * 2
    a, b = (np.abs(flow_field(net, [1.0, 0.0], kappa_axes=axes)) for net in (rnn, same))
    # Up to the sign of each latent, under which a symmetric grid is reversed.
    np.testing.assert_allclose(np.sort(a.reshape(-1, 2), axis=0), np.sort(b.reshape(-1, 2), axis=0))


@pytest.mark.parametrize("nonlinearity", NONLINEARITIES)
def test_jacobian_against_finite_differences(nonlinearity: str) -> None:
    flow = LatentFlow.of(network(3, nonlinearity=nonlinearity), [0.3, 0.8])
    kappa = np.random.default_rng(1).standard_normal((4, 3))
    jacobian, h = flow.jacobian(kappa), 1e-6
    for axis, step in enumerate(h * np.eye(3)):
        slope = (flow(kappa + step) - flow(kappa - step)) / (2 * h)
        np.testing.assert_allclose(jacobian[..., axis], slope, atol=1e-8)


def test_a_float32_network_gives_the_same_field() -> None:
    rnn = network(1)
    m, n = (a.astype(np.float32) for a in rnn.connectivity.parameters.values())
    axis = np.linspace(-2, 2, 9)
    fields = [
        flow_field(net, [1.0, 0.5], kappa_axes=[axis])
        for net in (rnn, rnn.replace(connectivity=LowRank(m, n)))
    ]
    assert fields[0].shape == (9, 1)
    np.testing.assert_allclose(*fields, rtol=1e-3, atol=1e-5)


def test_a_large_field_takes_less_than_a_second() -> None:
    rnn = network(neurons=4096)
    start = time.perf_counter()
    flow_field(rnn, kappa_axes=[np.linspace(-2, 2, 50)] * 2)
    assert time.perf_counter() - start < 1


def test_bad_requests_are_refused() -> None:
    axis = np.linspace(-1, 1, 3)
    with pytest.raises(InputError, match="kappa_axes has 1 axes: give one for each of 2 latents"):
        flow_field(network(), kappa_axes=[axis])
    with pytest.raises(InputError, match="u has 3 entries"):
        flow_field(network(), np.zeros(3), kappa_axes=[axis, axis])
    with pytest.raises(InputError, match="connectivity is full-rank"):
        flow_field(RNN(FullRank(np.eye(3)), dt=0.02, tau=0.1), kappa_axes=[axis])
