"""Chaotic and noise-driven states: the note's tables, closed forms, invariances, a simulation."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq

from lowrnn.errors import ConvergenceError, InputError
from lowrnn.networks import RandomPlusLowRank
from lowrnn.networks.mixture import GaussianMixture
from lowrnn.theory import MeanField
from lowrnn.theory.averages import average, product
from lowrnn.theory.equations import Equations
from lowrnn.theory.fluctuating import Fluctuations, fluctuating_states, start_of
from lowrnn.theory.stationary import stationary_states

moments = GaussianMixture.from_moments
NONE = moments(0)
BY_MEANS = moments(0, mean_m=1.1, mean_n=2)


def states_of(mixture, g, noise_std=0.0, nonlinearity="tanh", u=None):
    return fluctuating_states(Equations(mixture, g, nonlinearity, u), noise_std)


@pytest.mark.parametrize(
    ("g", "psi0", "gain"),
    [
        (1.05, 0.0528, 0.9521), (1.1, 0.1111, 0.9080), (1.2, 0.2426, 0.8302),
        (1.5, 0.7477, 0.6579), (2.0, 1.9248, 0.4868), (3.0, 5.4463, 0.3194),
    ],
)  # fmt: skip
def test_random_network(g, psi0, gain):
    """Sompolinsky, Crisanti & Sommers 1988; the outlier of structure is the gain of the mean."""
    (state,) = states_of(moments(0.7), g)
    assert state.psi0 == pytest.approx(psi0, abs=6e-5)
    assert state.psi_inf == 0
    assert state.outlier == pytest.approx(0.7 * gain, abs=6e-5)
    assert state.outlier == pytest.approx(0.7 * average("tanh", [1], 0, state.psi0)[0], rel=1e-10)
    assert state.kind == "unstructured-chaotic"
    assert state.residual < 1e-10


@pytest.mark.parametrize(
    ("mean_n", "g", "kappa", "psi0", "psi_inf", "delta0"),
    [
        (2, 1.82, 0.5604, 1.8707, 1.8015, 2.1848), (2, 1.85, 0.5267, 1.9226, 1.7568, 2.2000),
        (2, 1.90, 0.4672, 2.0061, 1.6506, 2.2243), (2, 2.00, 0.3323, 2.1580, 1.2813, 2.2684),
        (2, 2.05, 0.2522, 2.2238, 0.9787, 2.2874), (2, 2.10, 0.1527, 2.2804, 0.5298, 2.3037),
        (2, 2.13, 0.0580, 2.3084, 0.1104, 2.3118), (3 / 1.1, 2.25, 1.0094, 3.4993, 3.3342, 4.5181),
        (3 / 1.1, 2.40, 0.8555, 3.9068, 3.2521, 4.6387),
        (3 / 1.1, 2.60, 0.6141, 4.4082, 2.7198, 4.7853),
    ],
)  # fmt: skip
def test_structure_by_means(mean_n, g, kappa, psi0, psi_inf, delta0):
    """Also beyond g = 2.059, where the stationary structured branch has ended."""
    up, middle, down = states_of(moments(0, mean_m=1.1, mean_n=mean_n), g)
    found = [up.kappa[0], up.psi0, up.psi_inf, up.delta0[0]]
    np.testing.assert_allclose(found, [kappa, psi0, psi_inf, delta0], atol=6e-5)
    assert up.mu[0] == pytest.approx(1.1 * up.kappa[0])
    assert up.kind == "structured-chaotic"
    assert up.stable
    assert down.kappa[0] == pytest.approx(-up.kappa[0], rel=1e-9)
    assert middle.kappa[0] == pytest.approx(0, abs=1e-9)
    assert not middle.stable


@pytest.mark.parametrize(
    ("strength", "g", "kappa", "psi0", "psi_inf", "delta0"),
    [
        (2, 1.7, 0.5872, 1.4430, 1.3034, 1.7879),
        (2, 1.85, 0.3434, 1.6699, 0.8593, 1.7879),
        (3, 2.5, 0.9428, 4.0498, 2.6690, 4.9387),
    ],
)
def test_structure_by_covariance(strength, g, kappa, psi0, psi_inf, delta0):
    state = states_of(moments(strength), g)[0]
    found = [state.kappa[0], state.psi0, state.psi_inf, state.delta0[0]]
    np.testing.assert_allclose(found, [kappa, psi0, psi_inf, delta0], atol=6e-5)


@pytest.mark.parametrize(
    ("strength", "g_end"),
    [(1.2, 1.1956), (1.5, 1.4812), (2.0, 1.9495), (2.2, 2.1358), (3.0, 2.8788), (4.0, 3.8068)],
)
def test_end_of_the_structured_branch(strength, g_end):
    """The outlier of unstructured chaos crosses 1 there, and structured states merge with it."""

    def excess(g):
        (start,) = (s for s in states_of(NONE, g) if not s.structured)
        (state,) = fluctuating_states(Equations(moments(strength), g), starts=start_of(start)[None])
        return state.outlier.real - 1

    assert brentq(excess, g_end - 0.03, g_end + 0.03, xtol=1e-7) == pytest.approx(g_end, abs=6e-5)
    assert len(states_of(moments(strength), g_end - 1e-3)) == 3
    assert len(states_of(moments(strength), g_end + 1e-3)) == 1


@pytest.mark.parametrize(
    ("mixture", "onset"),
    [
        (moments(2.2), 1.7461),
        (BY_MEANS, 1.7959),
        (moments(0, mean_m=1, mean_n=2.2), 1.7907),
        (moments(3), 2.0763),
        (moments(0, mean_m=1.1, mean_n=3 / 1.1), 2.1810),
    ],
)
def test_onset_of_chaos(mixture, onset):
    """Fluctuations grow linearly from where the bulk of the stationary state reaches 1."""

    def structured(g):
        return [s for s in states_of(mixture, g) if s.structured]

    near, far = (structured(onset + step)[0] for step in (1e-3, 2e-3))
    grown = [s.psi0 - s.psi_inf for s in (near, far)]
    crossing = onset + 1e-3 - grown[0] * 1e-3 / (grown[1] - grown[0])
    assert crossing == pytest.approx(onset, abs=1e-4)
    at_rest = stationary_states(Equations(mixture, onset + 1e-3))[0]
    assert near.psi0 == pytest.approx(at_rest.psi0, abs=1e-4)
    assert not structured(onset - 1e-3)


@pytest.mark.parametrize(
    ("g", "sigma", "psi0"),
    [(0, 1, 0.5), (0.5, 1, 0.536131), (1.5, 0.5, 0.785641), (2, 1, 2.091986)],
)
def test_noise(g, sigma, psi0):
    """`sigma ξ` gives an uncoupled neuron the standard deviation `sigma / √2`."""
    (state,) = states_of(NONE, g, sigma / np.sqrt(2))
    assert state.psi0 == pytest.approx(psi0, abs=6e-7)
    assert state.kind == "unstructured-noisy"


@pytest.mark.parametrize("g", [0.0, 0.4, 0.9, 0.99])
def test_noise_in_a_linear_network(g):
    (state,) = states_of(moments(0.5), g, 0.7, "identity")
    assert state.psi0 == pytest.approx(0.49 / np.sqrt(1 - g**2), rel=1e-9)
    assert state.psi_inf == 0
    assert state.outlier == pytest.approx(0.5)


@pytest.mark.parametrize(("g", "noise_std"), [(1.0, 0.0), (1.4, 0.0), (3.0, 0.0), (1.4, 0.3)])
def test_erf_is_an_arcsine(g, noise_std):
    """The potential in closed form: `⟨phi phi⟩ = (2/π) arcsin(2 psi / (1 + 2 psi0))`."""

    def energy(psi0):
        scale = 2 / (1 + 2 * psi0)
        end = scale * psi0
        primitive = (end * np.arcsin(end) + np.sqrt(1 - end**2) - 1) / scale
        return g**2 * 2 / np.pi * primitive - psi0**2 / 2 + noise_std**4 / 2

    expected = brentq(energy, 1e-3, 3 * g**2 + 3 * noise_std**2, xtol=1e-14)
    (state,) = states_of(NONE, g, noise_std, "erf")
    assert state.psi0 == pytest.approx(expected, rel=1e-8)


def test_relu_with_noise_is_an_arccosine_kernel():
    """Cho & Saul 2009; relu has no scale, so psi0 goes with the variance of the noise."""
    g = 1.1

    def force(psi, psi0):
        angle = np.arccos(min(psi / psi0, 1.0))
        kernel = psi0 / (2 * np.pi) * (np.sin(angle) + (np.pi - angle) * np.cos(angle))
        return g**2 * kernel - psi

    def rest(psi0):
        return brentq(force, 0, 0.99 * psi0, args=(psi0,), xtol=1e-14)

    def energy(psi0):
        return quad(force, rest(psi0), psi0, args=(psi0,), epsabs=1e-12)[0] + 0.5

    psi0 = brentq(energy, 1.0, 4.0, xtol=1e-10)
    for noise_std in (0.01, 1.0, 3.0):
        (state,) = states_of(NONE, g, noise_std, "relu")
        assert state.psi0 / noise_std**2 == pytest.approx(psi0, rel=1e-5)
        assert state.psi_inf / noise_std**2 == pytest.approx(rest(psi0), rel=1e-4)


@pytest.mark.parametrize(("gap", "noise_std"), [(0.9, 0.0), (0.02, 0.0), (0.9, 0.5)])
def test_jacobian(gap, noise_std):
    mixture = moments(
        [[[1.1, 0.3], [-0.2, 0.8]], [[0.4, -0.5], [0.2, 1.3]]], rank=2, inputs=1,
        mean_m=[[0.5, -0.3], [0.1, 0.4]], mean_n=[[0.6, 0.2], [-0.7, 0.3]], mean_B=0.2,
        mB=[[0.3], [0.1]], nB=[[0.2], [-0.4]], BB=1.2, weights=[0.6, 0.4],
    )  # fmt: skip
    system = Fluctuations(Equations(mixture, 1.8, "tanh", [0.7]), noise_std)
    y = np.array([0.4, -0.3, 1.3, 1.3 - gap])
    violation, matrix = system.conditions(y)
    step = 1e-5
    ends = [[system.conditions(y + s * row)[0] for row in step * np.eye(4)] for s in (1, -1)]
    numeric = (np.array(ends[0]) - ends[1]).T / (2 * step)
    if noise_std > 0:
        # The last condition is relative to a size whose change the matrix leaves out.
        share = 1 / (gap + noise_std**2)
        numeric[-1] += violation[-1] * np.array([0, 0, share, -share])
    np.testing.assert_allclose(matrix, numeric, atol=1e-8)


def test_conditions_are_those_of_the_potential():
    """Energy is conserved between psi0 and psi_inf, up to what noise adds."""
    noise_std = 0.3
    for state in states_of(BY_MEANS, 1.9, noise_std):
        inner = product("tanh", [(-1, -1), (0, 0)], state.mu, state.delta0, state.delta_inf)
        (outer,) = product("tanh", [(-1, -1)], state.mu, state.delta0)
        change = 1.9**2 * (outer - inner[0])[0] - (state.psi0**2 - state.psi_inf**2) / 2
        assert change == pytest.approx(-(noise_std**4) / 2, abs=1e-10)
        assert state.psi_inf == pytest.approx(1.9**2 * inner[1][0], abs=1e-10)


def test_outliers_are_the_total_derivative():
    """A change of kappa to which psi0 and psi_inf adapt changes what kappa implies by as much."""
    equations = Equations(BY_MEANS, 1.95)
    state = fluctuating_states(equations)[0]
    implied = []
    for step in (1e-4, -1e-4):
        kappa = state.kappa + step
        # A mean input whose strength is free holds kappa: solve the other two conditions.
        y = np.append(kappa, [state.psi0, state.psi_inf])
        for _ in range(8):
            violation, matrix = Fluctuations(equations, 0.0).conditions(y)
            y[-2:] -= np.linalg.solve(matrix[-2:, -2:], violation[-2:])
        implied.append(equations.latents(kappa, y[-2])[0])
    assert state.outlier.real == pytest.approx((implied[0] - implied[1]) / 2e-4, abs=1e-6)


def test_gauge_and_order_of_populations():
    blocks = {
        "nm": np.array([[[3.0]], [[1.0]]]),
        "mean_m": np.array([[0.5], [-0.2]]),
        "mean_n": np.array([[0.4], [0.1]]),
        "nB": np.array([[[0.1]], [[0.3]]]),
    }
    settings = {"inputs": 1, "BB": 0.4}
    first = states_of(moments(**blocks, **settings, weights=[0.6, 0.4]), 1.9, u=[0.3])
    swapped = {name: block[::-1] for name, block in blocks.items()}
    second = states_of(moments(**swapped, **settings, weights=[0.4, 0.6]), 1.9, u=[0.3])
    scaled = blocks | {name: blocks[name] * s for name, s in (("mean_m", 2), ("mean_n", 0.5))}
    scaled["nB"] = blocks["nB"] / 2
    third = states_of(moments(**scaled, **settings, mm=4.0, weights=[0.6, 0.4]), 1.9, u=[0.3])
    assert len(first) == len(second) == len(third) == 3
    for one, other, gauged in zip(first, second, third, strict=True):
        assert one.kappa == pytest.approx(other.kappa, abs=1e-8)
        assert one.delta0 == pytest.approx(other.delta0[::-1], abs=1e-8)
        assert one.kappa == pytest.approx(2 * gauged.kappa, abs=1e-8)
        assert one.psi_inf == pytest.approx(gauged.psi_inf, abs=1e-8)
        assert one.outlier == pytest.approx(gauged.outlier, abs=1e-8)


def test_one_population_is_two_alike():
    one = states_of(BY_MEANS, 1.9)
    two = states_of(moments(0, mean_m=[[1.1]] * 2, mean_n=[[2]] * 2, weights=[0.3, 0.7]), 1.9)
    assert [s.psi0 for s in one] == pytest.approx([s.psi0 for s in two], abs=1e-9)


def test_ring_of_chaotic_states():
    """The published radius; one state stands for the ring, and its turn is neutral."""
    mixture = moments(2.56 * np.eye(2), mm=4.0, rank=2)
    centre, ring = sorted(states_of(mixture, 2.1), key=lambda state: np.linalg.norm(state.kappa))
    assert np.linalg.norm(ring.kappa) == pytest.approx(0.42736, abs=6e-6)
    found = [ring.psi0, ring.psi_inf, ring.delta0[0], ring.bulk_radius]
    np.testing.assert_allclose(found, [2.6610, 2.0975, 3.39154, 1.1036], atol=6e-5)
    assert ring.neutral
    assert not centre.structured


def test_heterogeneous_input_suppresses_chaos():
    for std, critical in ((0.5, 1.5497), (1.0, 1.8556), (2.0, 2.3250)):
        mixture = moments(0, inputs=1, BB=std**2)
        assert states_of(mixture, critical - 1e-3, u=[1.0]) == []
        (state,) = states_of(mixture, critical + 1e-3, u=[1.0])
        assert 0 < state.psi0 - state.psi_inf < 0.01


def test_chaos_of_relu_under_inhibition():
    """Kadmon & Sompolinsky 2015: from g = √2 on, where only feedback of the mean bounds it."""
    mixture = moments(0, mm=0.0, mean_m=1, mean_n=-3, mean_B=2, inputs=1, BB=0.0)
    assert states_of(mixture, 1.40, nonlinearity="relu", u=[1.0]) == []
    (state,) = states_of(mixture, 1.45, nonlinearity="relu", u=[1.0])
    assert state.chaotic
    assert -0.1 < state.mu[0] < 0
    (strong,) = states_of(mixture, 2.0, nonlinearity="relu", u=[1.0])
    assert strong.psi0 - strong.psi_inf > 10
    assert strong.residual < 1e-10


def test_starts_continue_a_branch():
    state = states_of(BY_MEANS, 1.9)[0]
    for g in np.arange(1.9, 2.13, 0.01):
        (state,) = fluctuating_states(Equations(BY_MEANS, g), starts=start_of(state)[None])
    assert state.kappa[0] == pytest.approx(states_of(BY_MEANS, g)[0].kappa[0], abs=1e-9)


def test_weak_noise_keeps_what_was_there():
    """It changes little, below the onset of chaos and beyond, however weak it is."""
    for g, noise_std in ((0.9, 1e-3), (0.9, 1e-6), (1.9, 1e-3)):
        quiet = MeanField(BY_MEANS, g).states()
        attracting = [s for s in quiet if s.stable]
        noisy = [s for s in states_of(BY_MEANS, g, noise_std) if s.stable]
        assert [s.kappa[0] for s in noisy] == pytest.approx(
            [s.kappa[0] for s in attracting], abs=1e-4
        )


def test_nothing_fluctuates():
    assert states_of(BY_MEANS, 0.0) == []
    assert states_of(BY_MEANS, 0.9) == []
    assert states_of(NONE, 0.999) == []
    assert states_of(moments(2), 0.9, nonlinearity="relu") == []


@pytest.mark.parametrize(("nonlinearity", "g"), [("identity", 1.1), ("relu", 1.5)])
def test_unbounded(nonlinearity, g):
    with pytest.raises(ConvergenceError, match="lower the gain"):
        states_of(NONE, g, 0.5, nonlinearity)


def test_input_errors():
    with pytest.raises(InputError, match="noise_std is -1"):
        fluctuating_states(Equations(NONE, 1.5), -1)
    with pytest.raises(InputError, match="starts has 2 entries along axis 1: give 3"):
        fluctuating_states(Equations(NONE, 1.5), starts=np.zeros((1, 2)))


def test_states_of_a_mean_field():
    kinds = [state.kind for state in MeanField(BY_MEANS, 1.9).states()]
    assert kinds.count("structured-chaotic") == 2
    assert kinds.count("structured-stationary") == 2
    assert {s.kind for s in MeanField(BY_MEANS, 1.9, noise_std=0.2).states()} == {
        "structured-noisy", "unstructured-noisy",
    }  # fmt: skip


def simulate(mixture, g, neurons, steps, dt, noise_std=0.0):
    """Time average of kappa, and psi0 and psi_inf, of one network in float32."""
    rnn = mixture.sample(neurons, 3, exact=True, g=g, dt=dt, noise_std=noise_std)
    m, n = (rnn.connectivity.parameters[name].astype(np.float32) for name in "mn")
    rnn = rnn.replace(
        connectivity=RandomPlusLowRank(g, m, n, 3), inputs=None, initial_state=2 * m[:, 0]
    )
    run = rnn.simulate(np.zeros((1, steps, 0), np.float32), seed=1)
    x, rates = run.x[0, steps // 4 :], run.rates[0, steps // 4 :]
    kappa = rates @ n[:, 0] / neurons
    rest = x - np.mean(kappa) * m[:, 0]
    return np.mean(kappa), np.mean(rest**2), np.mean(np.mean(rest, axis=0) ** 2)


def test_simulated_chaos():
    """The note's finite-size scatter is 0.12 for kappa and 0.14 for psi0 at twice the size."""
    mixture = moments(0, mean_m=1.1, mean_n=3 / 1.1)
    kappa, psi0, _ = simulate(mixture, 2.4, 1000, 1600, 0.05)
    state = states_of(mixture, 2.4)[0]
    assert kappa == pytest.approx(state.kappa[0], abs=0.3)
    assert psi0 == pytest.approx(state.psi0, rel=0.08)


def test_simulated_noise():
    mixture = moments(2)
    kappa, psi0, psi_inf = simulate(mixture, 0.8, 1000, 1200, 0.05, noise_std=0.5)
    state = states_of(mixture, 0.8, 0.5)[0]
    assert kappa == pytest.approx(state.kappa[0], abs=0.1)
    assert psi0 == pytest.approx(state.psi0, abs=0.06)
    assert psi_inf == pytest.approx(state.psi_inf, abs=0.06)
