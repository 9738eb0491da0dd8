"""Stationary states: the tables of reference values, networks of finite size, exact solutions."""

import numpy as np
import pytest

from lowrnn import GaussianMixture, InputError, MeanField
from lowrnn.errors import ConvergenceError

BY_MEANS = GaussianMixture.from_moments(0.0, mean_m=1.1, mean_n=2.0)


def with_input(covariance):
    """Figure 2 of Mastrogiuseppe & Ostojic 2018: the input overlaps with n."""
    return GaussianMixture.from_moments(
        0.0, mean_m=3.5, mean_n=1.0, nB=covariance, BB=1 + covariance**2, inputs=1
    )


@pytest.mark.parametrize(
    ("g", "kappa", "mu", "psi", "delta", "radius", "outliers"),
    [
        (0.0, 1.2686, 1.3954, 0, 1.6093, 0, [0.2334, 0]),
        (0.2, 1.2616, 1.3877, 0.0263, 1.6179, 0.0964, [0.2332, 0.0092]),
        (0.8, 1.1544, 1.2698, 0.4074, 1.7400, 0.4003, [0.1914 - 0.0215j, 0.1914 + 0.0215j]),
        (1.2, 1.0033, 1.1037, 0.8812, 1.8879, 0.6254, [0.2902 - 0.0781j, 0.2902 + 0.0781j]),
        (1.7, 0.6801, 0.7481, 1.6603, 2.1229, 0.9367, [0.6435, 0.3131]),
        (2.0, 0.2823, 0.3106, 2.2012, 2.2809, 1.1383, [0.9366, 0.3162]),
    ],
)
def test_overlap_by_means(g, kappa, mu, psi, delta, radius, outliers):
    state = MeanField(BY_MEANS, g).stationary()[0]
    found = [state.kappa[0], state.mu[0], state.psi0, state.delta0[0], state.bulk_radius]
    np.testing.assert_allclose(found, [kappa, mu, psi, delta, radius], atol=6e-5)
    np.testing.assert_allclose(state.outliers, outliers, atol=6e-5)
    assert state.stable == (radius < 1)


@pytest.mark.parametrize(
    ("overlap", "g", "kappa", "psi", "delta", "radius"),
    [(1.2, 0.5, 0.4414, 0.0417, 0.2365, 0.4262), (2, 1.4, 0.8988, 0.98, 1.7879, 0.8478),
     (3, 1.5, 1.8544, 1.5, 4.9387, 0.7224)],
)  # fmt: skip
def test_overlap_by_covariance(overlap, g, kappa, psi, delta, radius):
    state = MeanField(GaussianMixture.from_moments(overlap), g).stationary()[0]
    found = [state.kappa[0], state.psi0, state.delta0[0], state.bulk_radius]
    np.testing.assert_allclose(found, [kappa, psi, delta, radius], atol=6e-5)
    assert state.psi0 == pytest.approx(g**2 * (1 - 1 / overlap), abs=1e-10)


@pytest.mark.parametrize(
    ("covariance", "kappas", "stable"),
    [
        (0.2, [0.9465, -0.1174, -0.9007], [True, False, True]),
        (0.4, [0.9614, -0.2418, -0.8592], [True, False, True]),
        (1.0, [0.9985], [True]),
        (2.0, [1.0569], [True]),
    ],
)
def test_every_branch_with_input(covariance, kappas, stable):
    states = MeanField(with_input(covariance), 0.8).stationary(1.0)
    np.testing.assert_allclose([s.kappa[0] for s in states], kappas, atol=6e-5)
    assert [s.stable for s in states] == stable


def test_two_populations_have_five_states():
    """Beiran et al. 2021: one zero-mean population has at most three."""
    mixture = GaussianMixture.from_moments(
        np.reshape([-10, 4.5], (2, 1, 1)),
        mm=np.reshape([1.98, 0.02], (2, 1, 1)),
        weights=[0.5, 0.5],
    )
    states = MeanField(mixture).stationary()
    kappas = [6.4523, 2.8661, 0, -2.8661, -6.4523]
    np.testing.assert_allclose([s.kappa[0] for s in states], kappas, atol=6e-5)
    rates = [-0.3725, 0.4731]
    np.testing.assert_allclose([s.outliers[0].real - 1 for s in states[:2]], rates[:2], atol=6e-5)
    assert states[2].outlier.real - 1 == pytest.approx(-3.75)


@pytest.mark.parametrize(
    ("g", "kappa", "psi", "radius"), [(0.8, 1.2426, 0.3679, 0.4359), (1.2, 1.0912, 0.8057, 0.6719)]
)
def test_two_populations_with_a_random_part(g, kappa, psi, radius):
    mixture = GaussianMixture(
        [0.6, 0.4], [[0.5, 2], [-1, -0.5]], [[[1, 2], [2, 6]], [[0.3, 0.4], [0.4, 2]]], rank=1
    )
    state = MeanField(mixture, g).stationary()[0]
    np.testing.assert_allclose(
        [state.kappa[0], state.psi0, state.bulk_radius], [kappa, psi, radius], atol=1e-4
    )


@pytest.mark.parametrize(("g", "radius"), [(0.5, 0.8999), (1.5, 0.7107), (2.1, 0.4196)])
def test_one_state_stands_for_a_ring(g, radius):
    ring = GaussianMixture.from_moments(2.56, mm=4.0, rank=2)
    (state,) = (s for s in MeanField(ring, g).stationary() if s.structured)
    assert np.linalg.norm(state.kappa) == pytest.approx(radius, abs=6e-5)
    assert state.neutral


def test_unequal_outliers_leave_only_the_axes():
    mixture = GaussianMixture.from_moments(np.diag([2.5, 1.6]), rank=2)
    states = MeanField(mixture).stationary()
    assert len(states) == 5
    for state in states:
        if state.structured:
            axis = np.abs(state.kappa).argmax()
            assert np.abs(state.kappa[1 - axis]) < 1e-9
            assert state.stable == (axis == 0)
            if axis == 1:
                assert state.outlier.real == pytest.approx(2.5 / 1.6)


def test_three_latents():
    overlap = np.diag([2.5, 1.6, 0.5])
    states = MeanField(GaussianMixture.from_moments(overlap, rank=3), 0.4).stationary()
    assert sorted(np.abs(s.kappa).argmax() for s in states if s.structured) == [0, 0, 1, 1]


def test_a_linear_network_is_solved_exactly():
    mixture = GaussianMixture.from_moments(0.5, nB=0.7, mB=0.2, inputs=1)
    (state,) = MeanField(mixture, 0.6, nonlinearity="identity").stationary(2.0)
    kappa = 0.7 * 2 / (1 - 0.5)
    structured = kappa**2 + 2 * 0.2 * kappa * 2 + mixture.covariance("B", "B").item() * 4
    assert state.kappa[0] == pytest.approx(kappa)
    assert state.psi0 == pytest.approx(0.36 * structured / (1 - 0.36))
    assert state.bulk_radius == pytest.approx(0.6)


def test_erf_has_a_closed_form():
    """Zero means: ⟨phi'⟩ = 1/λ gives the variance, and psi = g² (2/π) arcsin(2Δ/(1 + 2Δ))."""
    overlap, g = 3.0, 0.7
    state = MeanField(GaussianMixture.from_moments(overlap), g, nonlinearity="erf").stationary()[0]
    delta = ((2 * overlap / np.sqrt(np.pi)) ** 2 - 1) / 2
    psi = g**2 * 2 / np.pi * np.arcsin(2 * delta / (1 + 2 * delta))
    np.testing.assert_allclose([state.delta0[0], state.psi0], [delta, psi], rtol=1e-10)
    assert state.kappa[0] == pytest.approx(np.sqrt(delta - psi))


def test_relu_has_a_closed_form():
    """Without means or bias, ⟨phi'⟩ is ½ whatever the variance: only the overlap 2 has states."""
    mixture = GaussianMixture.from_moments(1.4, mean_n=0.3)
    states = MeanField(mixture, nonlinearity="relu").stationary()
    # kappa = 1.4 kappa / 2 + 0.3 |kappa| / √(2π), so only kappa = 0.
    assert [s.kappa[0] for s in states] == [0.0]


def test_growth_without_bound_is_said():
    mixture = GaussianMixture.from_moments(0.0, mean_m=1.5, mean_n=1.5, mean_B=1.0, inputs=1)
    with pytest.raises(ConvergenceError, match=r"no stationary state .* best residual"):
        MeanField(mixture, nonlinearity="relu").stationary(1.0)


def test_networks_of_finite_size_do_the_same():
    """N = 1000 with exact moments: kappa √N scatters by 0.9 to 1.5 (the note, section 11)."""
    theory = MeanField(BY_MEANS, 0.8).stationary()[0]
    found = []
    for seed in range(3):
        rnn = BY_MEANS.sample(1000, seed, exact=True, g=0.8)
        start = 1.3 * rnn.connectivity.m.T
        rates = rnn.simulate(np.zeros((1, 400, 0)), initial_state=start).rates[0, -1]
        found.append((rnn.connectivity.n[:, 0] @ rates / 1000, 0.64 * np.mean(rates**2)))
    kappa, psi = np.mean(found, axis=0)
    assert kappa == pytest.approx(theory.kappa[0], abs=4 * 1.5 / np.sqrt(3000))
    assert psi == pytest.approx(theory.psi0, abs=4 * 0.75 / np.sqrt(3000))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: MeanField(BY_MEANS, -0.5), "g is -0.5: give a number of at least 0"),
        (lambda: MeanField(BY_MEANS, nonlinearity="sine"), "nonlinearity is 'sine': use one of"),
        (lambda: MeanField(BY_MEANS).stationary([1.0]), "u has 1 entries along axis 0: give 0"),
        (lambda: MeanField(with_input(0.2)).stationary([np.nan]), "u holds 1 values"),
    ],
)
def test_what_it_refuses(call, sentence):
    with pytest.raises(InputError, match=sentence):
        call()
