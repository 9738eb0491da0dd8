"""Designing a flow: exact targets are found, and finite networks do what was predicted of them."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from lowrnn.errors import ConvergenceError, InputError
from lowrnn.networks import GaussianMixture
from lowrnn.theory import MeanField
from lowrnn.theory.design.flow import design_flow

QUICK = {"points": 256, "candidates": 100, "steps": 80}


def van_der_pol(kappa):
    x, y = kappa.T
    return np.stack([y, (1 - x**2) * y - x], axis=1)


def double_well(kappa):
    return -(kappa + 1) * (kappa - 0.5) * (kappa - 1.5)


def pitchfork(kappa, v):
    return v * kappa - kappa**3


def relative(found, wanted):
    return np.sqrt(((found - wanted) ** 2).sum() / (wanted**2).sum())


@pytest.fixture(scope="module")
def oscillator():
    return design_flow(van_der_pol, 3.0, rank=2, populations=8, **QUICK)


@pytest.mark.parametrize("nonlinearity", ["tanh", "erf"])
def test_recovers_the_flow_of_a_known_mixture(nonlinearity):
    mixture = GaussianMixture.from_moments(
        [[[3.0]], [[-1.5]]],
        mm=[[[1.0]], [[0.3]]],
        nB=[[[0.5]], [[0.0]]],
        BB=1.0,
        mean_m=[[0.5], [-0.5]],
        mean_n=[[1.0], [0.5]],
        weights=[0.5, 0.5],
        inputs=1,
    )
    theory = MeanField(mixture, nonlinearity=nonlinearity)
    design = design_flow(
        theory.flow,
        2.0,
        rank=1,
        inputs=1,
        populations=6,
        neurons=None,
        nonlinearity=nonlinearity,
        **QUICK,
    )
    assert design.error < 1e-3
    rng = np.random.default_rng(1)
    kappa, v = rng.uniform(-2, 2, (2, 300, 1))
    assert relative(design.flow(kappa, v), theory.flow(kappa, v)) < 2e-3


def test_least_squares_on_random_populations():
    # The published method: errors below these for 5, 20 and 50 populations, but with coefficients
    # so large that no network of moderate size has that flow.
    for populations, bound in ((5, 0.5), (20, 0.1), (50, 0.05)):
        design = design_flow(
            van_der_pol,
            3.0,
            rank=2,
            populations=populations,
            candidates=populations,
            steps=0,
            neurons=None,
            ridge=1e-6,
            points=600,
        )
        assert design.error < bound
        assert design.largest_coefficient > 200
        assert design.expected_error(1000) > 0.7


def test_more_populations_and_more_neurons_lower_the_error(oscillator):
    few = design_flow(van_der_pol, 3.0, rank=2, populations=3, **QUICK)
    assert oscillator.network_error < 0.5 * few.network_error < 0.2
    assert oscillator.held_out_error == pytest.approx(oscillator.error, rel=0.5)
    assert oscillator.expected_error(4000) < oscillator.network_error
    assert oscillator.expected_error(np.inf) == oscillator.error


@pytest.mark.parametrize("exact", [True, False])
def test_networks_err_as_predicted(exact):
    design = design_flow(van_der_pol, 3.0, rank=2, populations=6, neurons=500, exact=exact, **QUICK)
    kappa = np.random.default_rng(1).uniform(-3, 3, (400, 2))
    errors = [
        relative(design.network_flow(design.sample(seed), kappa), van_der_pol(kappa))
        for seed in range(30)
    ]
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(design.network_error, rel=0.25)


def test_designing_for_a_size_beats_designing_for_infinity():
    settings = {"rank": 1, "populations": 4, **QUICK}
    finite = design_flow(double_well, 2.0, neurons=200, **settings)
    infinite = design_flow(double_well, 2.0, neurons=None, **settings)
    assert infinite.error < finite.error
    assert finite.network_error < 0.5 * infinite.expected_error(200)


def test_limit_cycle_of_a_network(oscillator):
    rnn = oscillator.sample(0, dt=0.02)
    start = np.array([[1.0, 0.0]]) @ rnn.connectivity.m.T
    kappa = oscillator.latents(rnn, rnn.simulate(np.zeros((1, 2500, 0)), initial_state=start))[0]
    # The first latent of the unperturbed oscillator: amplitude 2.0086, period 6.6633.
    late = kappa[1000:, 0]
    assert np.abs(late).max() == pytest.approx(2.0086, rel=0.04)
    upwards = np.flatnonzero((late[:-1] < 0) & (late[1:] >= 0))
    assert 0.02 * np.diff(upwards).mean() == pytest.approx(6.6633, rel=0.04)


def test_latents_of_a_simulation_follow_the_flow_of_the_network(oscillator):
    rnn = oscillator.sample(1, dt=0.005)
    start = np.array([1.0, -0.5])
    run = rnn.simulate(np.zeros((1, 400, 0)), initial_state=start[None] @ rnn.connectivity.m.T)
    exact = solve_ivp(
        lambda _, kappa: oscillator.network_flow(rnn, kappa), (0, 2), start, rtol=1e-8
    )
    np.testing.assert_allclose(oscillator.latents(rnn, run)[0, -1], exact.y[:, -1], atol=0.02)


def test_prescribed_fixed_points():
    design = design_flow(double_well, [[-2.0, 2.5]], rank=1, populations=4, **QUICK)
    states = design.mean_field.stationary(design.input())
    np.testing.assert_allclose([s.kappa[0] for s in states], [1.5, 0.5, -1.0], atol=0.02)
    assert [s.stable for s in states] == [True, False, True]
    rnn = design.sample(0)
    starts = np.array([[-1.9], [0.3], [0.7], [2.2]])
    run = rnn.simulate(np.zeros((4, 400, 0)), initial_state=starts @ rnn.connectivity.m.T)
    final = design.latents(rnn, run)[:, -1, 0]
    np.testing.assert_allclose(final, [-1, -1, 1.5, 1.5], atol=0.05)


def test_ring_attractor():
    def ring(kappa):
        return kappa * (1 - (kappa**2).sum(axis=1, keepdims=True))

    design = design_flow(ring, 1.5, rank=2, populations=12, **QUICK)
    angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    starts = np.column_stack([np.cos(angle), np.sin(angle)])
    rnn = design.sample(0)
    run = rnn.simulate(np.zeros((12, 100, 0)), initial_state=1.3 * starts @ rnn.connectivity.m.T)
    end = design.latents(rnn, run)[:, -1]
    np.testing.assert_allclose(np.linalg.norm(end, axis=1), 1, atol=0.03)
    turned = (end * starts).sum(axis=1) / np.linalg.norm(end, axis=1)
    assert np.degrees(np.arccos(turned.min())) < 10


def test_input_switches_bistability():
    design = design_flow(
        pitchfork, [[-1.5, 1.5], [-1, 1]], rank=1, inputs=1, populations=5, **QUICK
    )
    on, off = (design.mean_field.stationary(design.input([u])) for u in (1.0, -1.0))
    np.testing.assert_allclose([s.kappa[0] for s in on], [1, 0, -1], atol=0.05)
    np.testing.assert_allclose([s.kappa[0] for s in off], [0], atol=0.05)
    rnn = design.sample(0)
    u = np.ones((2, 600, 1))
    u[:, 300:] = -1
    starts = np.array([[0.3], [-0.3]]) @ rnn.connectivity.m.T
    kappa = design.latents(rnn, rnn.simulate(u, initial_state=starts))[..., 0]
    np.testing.assert_allclose(kappa[:, 299], [1, -1], atol=0.1)
    np.testing.assert_allclose(kappa[:, -1], 0, atol=0.1)


def test_time_constant():
    # Velocities per second of a decay in two seconds, by neurons that decay in a tenth.
    design = design_flow(lambda kappa: -kappa / 2, 1.0, rank=1, populations=3, tau=0.1, **QUICK)
    assert design.network_error < 0.1
    rnn = design.sample(0, dt=0.005)
    run = rnn.simulate(np.zeros((1, 400, 0)), initial_state=0.8 * rnn.connectivity.m.T)
    assert design.latents(rnn, run)[0, -1, 0] == pytest.approx(0.8 / np.e, rel=0.03)


def test_samples_of_a_flow():
    kappa = np.random.default_rng(0).uniform([-1, 2], [3, 4], (500, 2))
    flow = 3 - kappa + 0.3 * np.sin(kappa[:, ::-1])
    design = design_flow((kappa, flow), rank=2, populations=5, candidates=100, steps=50)
    assert design.held_out_error < 0.03
    assert relative(design.flow(kappa), flow) < 0.03


def test_the_fewest_populations():
    settings = {"rank": 1, **QUICK}
    design = design_flow(double_well, 2.0, populations=8, tolerance=0.02, **settings)
    number = design.mixture.populations
    assert 1 < number < 8
    assert design.network_error <= 0.02
    fewer = design_flow(double_well, 2.0, populations=number - 1, **settings)
    assert fewer.network_error > 0.02
    with pytest.raises(ConvergenceError, match="with 1 populations, above"):
        design_flow(double_well, 2.0, populations=1, tolerance=0.02, **settings)


def test_the_same_seed_gives_the_same_design():
    one, other = (
        design_flow(double_well, 2.0, rank=1, populations=3, seed=4, **QUICK) for _ in range(2)
    )
    np.testing.assert_array_equal(one.mixture.covariances, other.mixture.covariances)


def test_what_cannot_be_used():
    kappa = np.linspace(-1, 1, 40)[:, None]
    broken = np.where(kappa > 0.9, np.nan, kappa)
    cases = [
        ((double_well,), {}, "region is not given"),
        ((double_well, [[1.0, 1.0]]), {}, "region reaches from 1 to 1 along axis 0"),
        ((double_well, [[0, 1], [0, 1]]), {}, "region has 2 entries along axis 0: give 1"),
        (((kappa, broken),), {"populations": 2}, r"target\[1\] holds 2 values"),
        (((kappa, kappa[:9]),), {"populations": 2}, r"target\[1\] has 9 entries"),
        (((kappa, kappa),), {}, "32 points for 60 coefficients"),
        (((kappa, kappa), 1.0), {"populations": 2}, "region is given beside samples"),
        ((lambda k: k[:, 0], 1.0), {}, "target's value has shape"),
        ((lambda k: np.log(k - 2), 1.0), {}, "target's value holds"),
        ((lambda k: 0 * k, 1.0), {}, "target is zero"),
        ((double_well, 1.0), {"neurons": 100}, "20 populations need 160"),
        ((double_well, 1.0), {"populations": 300}, "candidates 200"),
        ((double_well, 1.0), {"spread": 3.0}, "spread is 3.0: give at most 2"),
        ((kappa,), {}, "target is a ndarray: give a function"),
        ((double_well, 1.0), {"points": 0}, "points is 0"),
        ((double_well, 1.0), {"tau": 0.0}, "tau is 0.0"),
        ((double_well, 1.0), {"tolerance": -1.0}, "tolerance is -1.0"),
    ]
    for arguments, settings, message in cases:
        with np.errstate(invalid="ignore"), pytest.raises(InputError, match=message):
            design_flow(*arguments, rank=1, **settings)


def test_what_a_design_cannot_do(oscillator):
    with pytest.raises(InputError, match=r"u has shape \(1,\): give 0 entries"):
        oscillator.input([1.0])
    infinite = design_flow(
        double_well, 2.0, rank=1, populations=2, candidates=2, steps=0, neurons=None, points=64
    )
    with pytest.raises(InputError, match="neurons is None"):
        infinite.sample(0)
