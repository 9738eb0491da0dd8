"""Limit cycles: the note's table, the flow, and networks."""

import numpy as np
import pytest
from scipy.optimize import brentq

from lowrnn.errors import InputError
from lowrnn.networks import GaussianMixture
from lowrnn.theory import MeanField
from lowrnn.theory.averages import average
from lowrnn.theory.limit_cycle import attracting_cycles


def circular(a, b):
    return GaussianMixture.from_moments(nm=[[a, -b], [b, a]], rank=2)


@pytest.fixture(scope="module")
def gated():
    """A cycle that an input to one of two populations turns off."""
    first = [[3.8, -1.6], [1.6, 3.8]]
    return GaussianMixture.from_moments(
        nm=[first, [[-0.6, 0.0], [0.0, -0.6]]], BB=[[[1.0]], [[0.0]]],
        weights=[0.5, 0.5], rank=2, inputs=1,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("a", "b", "g", "radius", "psi0"),
    [
        (1.6, 0.8, 0.0, 0.94813, 0.0),
        (1.6, 0.8, 0.5, 0.90819, 0.07414),
        (1.6, 0.8, 1.0, 0.77638, 0.29619),
        (1.4, 1.0, 0.5, 0.70084, 0.04693),
        (2.0, 1.0, 1.2, 1.10682, 0.56282),
    ],
)
def test_circular_cycles(a, b, g, radius, psi0):
    (cycle,) = MeanField(circular(a, b), g).limit_cycles()
    np.testing.assert_allclose(cycle.amplitude, radius, atol=6e-6)
    np.testing.assert_allclose(np.hypot(*cycle.kappa.T), cycle.amplitude[0], rtol=1e-12)
    assert cycle.psi0 == pytest.approx(psi0, abs=6e-6)
    assert cycle.frequency == pytest.approx(b / a, abs=1e-10)
    assert cycle.stable
    # Half a period later the network is in the opposite state.
    assert cycle.psi[len(cycle.psi) // 2] == pytest.approx(-cycle.psi0, abs=1e-10)


def test_networks_cycle():
    (cycle,) = MeanField(circular(1.6, 0.8), g=0.5).limit_cycles()
    radii, speeds = [], []
    for seed in range(2):
        rnn = circular(1.6, 0.8).sample(1000, seed, exact=True, g=0.5, dt=0.05)
        m = GaussianMixture.estimate(rnn, range(1000)).mean("m")
        run = rnn.simulate(np.zeros((1, 1200, 0)), initial_state=m[None, :, 0])
        kappa = (run.x[0] @ m / 1000)[400:]
        radii.append(np.hypot(*kappa.T).mean())
        phase = np.unwrap(np.arctan2(kappa[:, 1], kappa[:, 0]))
        speeds.append((phase[-1] - phase[0]) / (0.05 * (len(phase) - 1)))
    assert np.mean(radii) == pytest.approx(cycle.amplitude[0], rel=0.05)
    assert np.mean(speeds) == pytest.approx(cycle.frequency, rel=0.06)


def test_the_sense_of_rotation_follows_the_flow():
    for b in (0.8, -0.8):
        theory = MeanField(circular(1.6, b))
        (cycle,) = theory.limit_cycles()
        step = cycle.period / len(cycle.kappa)
        change = (np.roll(cycle.kappa, -1, 0) - np.roll(cycle.kappa, 1, 0)) / (2 * step)
        np.testing.assert_allclose(change, theory.flow(cycle.kappa), atol=1e-4)


@pytest.mark.parametrize("g", [0.0, 0.5])
def test_a_change_of_basis_changes_nothing(g):
    """`(m A, n A⁻ᵀ)` is the same network, and still circular."""
    A = np.array([[2.0, 0.3], [0.1, 0.5]])
    nm = np.array([[1.6, -0.8], [0.8, 1.6]])
    changed = GaussianMixture.from_moments(nm=np.linalg.inv(A) @ nm @ A, mm=A.T @ A, rank=2)
    (cycle,) = MeanField(changed, g).limit_cycles()
    (plain,) = MeanField(circular(1.6, 0.8), g).limit_cycles()
    assert cycle.period == pytest.approx(plain.period)
    assert cycle.psi0 == pytest.approx(plain.psi0)
    np.testing.assert_allclose(np.hypot(*(A @ cycle.kappa.T)), plain.amplitude[0], rtol=1e-9)


@pytest.mark.parametrize(
    ("u", "radius", "frequency"), [(0.0, 0.94813, 0.5), (0.5, 0.77017, 0.50922)]
)
def test_input_gates_the_cycle(gated, u, radius, frequency):
    (cycle,) = MeanField(gated).limit_cycles([u])
    assert cycle.amplitude[0] == pytest.approx(radius, abs=6e-6)
    assert cycle.frequency == pytest.approx(frequency, abs=6e-6)


def test_the_cycle_ends_where_the_trivial_state_becomes_stable(gated):
    """A supercritical Hopf bifurcation: the radius falls as a square root to 0."""
    theory = MeanField(gated)

    def outlier(u):
        return theory.stationary([u])[0].outlier

    hopf = brentq(lambda u: outlier(u).real - 1, 0.7, 0.9)
    assert hopf == pytest.approx(0.80187, abs=1e-5)
    near, far = (theory.limit_cycles([hopf - gap]) for gap in (5e-4, 2e-3))
    assert near[0].frequency == pytest.approx(abs(outlier(hopf).imag), abs=1e-3)
    assert far[0].amplitude[0] / near[0].amplitude[0] == pytest.approx(2, abs=0.02)
    assert theory.limit_cycles([hopf + 1e-3]) == []


def test_near_its_end_the_cycle_still_solves_its_equation(gated):
    (cycle,) = MeanField(gated).limit_cycles([0.8])
    inner = cycle.amplitude[0] ** 2
    slopes = average("tanh", [1], 0.0, [0.64 + inner, inner])[0]
    assert 1.9 * slopes[0] - 0.3 * slopes[1] == pytest.approx(1, abs=1e-10)


@pytest.mark.parametrize("u", [0.0, 0.5])
def test_shooting_agrees_with_the_circle(gated, u):
    theory = MeanField(gated)
    (exact,) = theory.limit_cycles([u])
    (found,) = attracting_cycles(theory.equations([u]))
    assert found.period == pytest.approx(exact.period, rel=1e-8)
    np.testing.assert_allclose(np.hypot(*found.kappa.T), exact.amplitude[0], atol=1e-8)
    np.testing.assert_allclose(found.multipliers, exact.multipliers, atol=1e-6)
    assert found.stable


def test_a_cycle_that_is_no_circle():
    mixture = GaussianMixture.from_moments(nm=[[1.6, -0.4], [1.6, 1.4]], rank=2)
    theory = MeanField(mixture)
    (cycle,) = theory.limit_cycles()
    assert cycle.amplitude[1] > 1.5 * cycle.amplitude[0]
    # A simulation with small steps closes after one period.
    dt = cycle.period / 4000
    run = theory.trajectory(np.zeros((1, 4000, 0)), dt, cycle.kappa[0])
    np.testing.assert_allclose(run.kappa[0, -1], cycle.kappa[0], atol=0.01)
    # Liouville: multipliers shrink areas by as much as the flow does on the way.
    equations = theory.equations()
    jacobian = equations.jacobian(np.column_stack([cycle.kappa, np.zeros(len(cycle.kappa))]))
    divergence = jacobian[:, 0, 0] + jacobian[:, 1, 1] - 2
    assert np.prod(cycle.multipliers).real == pytest.approx(
        np.exp(cycle.period * divergence.mean()), rel=1e-6
    )


def test_a_cycle_of_two_among_three_latents():
    nm = np.zeros((3, 3))
    nm[:2, :2], nm[2, 2] = [[1.6, -0.8], [0.8, 1.6]], 0.5
    (cycle,) = MeanField(GaussianMixture.from_moments(nm=nm, rank=3)).limit_cycles()
    assert cycle.frequency == pytest.approx(0.5, abs=1e-8)
    np.testing.assert_allclose(cycle.amplitude, [0.94813, 0.94813, 0], atol=1e-4)


def test_slow_rotation_has_the_bulk_of_the_ring():
    """The covariance of two copies then depends on lag 0 alone, as in a stationary state."""
    (cycle,) = MeanField(circular(1.6, 0.02), g=1.0).limit_cycles()
    state = max(MeanField(circular(1.6, 0.0), g=1.0).stationary(), key=lambda s: abs(s.kappa).max())
    assert cycle.bulk_rate == pytest.approx(state.bulk_radius - 1, abs=0.02)
    assert cycle.psi0 == pytest.approx(state.psi0, abs=0.01)


def test_no_cycles():
    assert MeanField(circular(0.9, 1.0), g=0.5).limit_cycles() == []
    assert MeanField(circular(1.6, 0.0), g=0.5).limit_cycles() == []
    assert MeanField(GaussianMixture.from_moments(nm=2.0)).limit_cycles() == []
    assert MeanField(circular(1.6, 0.8), nonlinearity="identity").limit_cycles() == []
    saddles = GaussianMixture.from_moments(nm=[[2.0, 0.0], [0.0, 1.5]], rank=2)
    assert MeanField(saddles).limit_cycles() == []


def test_growth_without_bound_is_no_cycle():
    skewed = GaussianMixture.from_moments(nm=[[2.6, -0.4], [1.6, 2.6]], rank=2)
    assert MeanField(skewed, nonlinearity="relu").limit_cycles() == []


def test_noise_shrinks_the_cycle():
    noisy = MeanField(circular(1.6, 0.8), noise_std=0.5).limit_cycles()[0]
    silent = MeanField(circular(1.6, 0.8)).limit_cycles()[0]
    # One population: the total variance is that at which the gain is right.
    assert noisy.amplitude[0] ** 2 + 0.25 == pytest.approx(silent.amplitude[0] ** 2)


def test_refusals():
    skewed = GaussianMixture.from_moments(nm=[[1.6, -0.4], [1.6, 1.4]], rank=2)
    with pytest.raises(InputError, match="not circular"):
        MeanField(skewed, g=0.5).limit_cycles()
    with pytest.raises(InputError, match="limit cycles has both"):
        MeanField(circular(1.6, 0.8), g=0.5, noise_std=0.5).limit_cycles()
