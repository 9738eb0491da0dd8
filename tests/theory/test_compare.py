"""Theory beside simulation: the table says what was simulated, and theory is in it."""

import numpy as np
import pytest

from lowrnn import RNN, FullRank, GaussianMixture, InputError, MeanField
from lowrnn.theory import compare

MIXTURE = GaussianMixture.from_moments(0.0, mean_m=3.5, nB=0.4, mean_n=1.0, inputs=1)


@pytest.fixture(scope="module")
def table():
    return compare(MeanField(MIXTURE, 0.5), u=[1.0], neurons=[100, 400], draws=8)


def test_rows(table):
    assert set(table["quantity"]) == {"kappa_1", "psi0", "psi_inf", "bulk_radius"}
    assert len(table) == 2 * 2 * 4
    assert (table["kept"] <= table["draws"]).all()
    assert set(table["neurons"]) == {100, 400}


def test_networks_agree_within_their_scatter(table):
    rows = table[(table["neurons"] == 400) & table["quantity"].isin(["kappa_1", "psi0"])]
    assert (rows["deviation"].abs() < 4 * rows["expected_sd"] / np.sqrt(8)).all()


def test_expected_scatter_falls_with_the_size(table):
    one = table[(table["state"] == 0) & (table["quantity"] == "kappa_1")]
    small, large = one["expected_sd"]
    assert small == pytest.approx(2 * large)


def test_a_mirror_image_is_not_simulated():
    mixture = GaussianMixture.from_moments(2.0)
    table = compare(MeanField(mixture), neurons=[100], draws=1)
    assert set(table["state"]) == {0}


def test_a_given_network_is_compared_with_its_own_theory():
    rnn = MIXTURE.sample(300, 0, dt=0.1)
    theory = MeanField.estimate(rnn)
    table = compare(theory, rnn, u=[1.0], neurons=[])
    assert set(table["network"]) == {"given"}
    kappa = table[(table["quantity"] == "kappa_1") & (table["state"] == 0)].iloc[0]
    # Its moments are those of the theory; only higher ones differ.
    expected = 3 * np.sqrt(0.5 / 300)
    assert kappa["simulated"] == pytest.approx(kappa["theory"], abs=expected)


def test_states_are_the_same_whatever_else_is_compared():
    theory = MeanField(MIXTURE)
    alone = compare(theory, u=[1.0], neurons=[100], draws=2)
    more = compare(theory, u=[1.0], neurons=[100, 200], draws=2)
    both = more[more["neurons"] == 100].reset_index(drop=True)
    np.testing.assert_array_equal(alone["simulated"], both["simulated"])


def test_progress_reaches_the_total():
    seen = []
    compare(
        MeanField(MIXTURE), u=[1.0], neurons=[50], draws=2,
        progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    assert seen == [(1, 2), (2, 2)]


def test_what_it_refuses():
    with pytest.raises(InputError, match="connectivity is full-rank: give a network with loadings"):
        compare(MeanField(MIXTURE), RNN(FullRank(np.eye(3)), dt=0.1, tau=1.0), u=[1.0])
    with pytest.raises(InputError, match="draws is 0: give a number of at least 1"):
        compare(MeanField(MIXTURE), u=[1.0], draws=0)


def test_the_theory_of_a_network_takes_its_settings():
    rnn = MIXTURE.sample(50, 0, g=0.6, nonlinearity="erf", noise_std=0.2)
    theory = MeanField.estimate(rnn)
    assert (theory.g, theory.nonlinearity, theory.noise_std) == (0.6, "erf", 0.2)
