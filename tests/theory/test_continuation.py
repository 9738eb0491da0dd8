"""Branches: the note's tables along g and along the input, folds, and what may go wrong."""

import numpy as np
import pytest

from lowrnn.errors import ConvergenceError, InputError
from lowrnn.networks.mixture import GaussianMixture
from lowrnn.theory import MeanField
from lowrnn.theory.continuation import branches
from lowrnn.theory.families import rank_one, rank_one_family


@pytest.fixture(scope="module")
def driven():
    """Mastrogiuseppe & Ostojic 2018, figure 2: the overlap of the input with n is varied."""
    family = rank_one_family(g=0.8, mean_m=3.5, mean_n=1.0, sigma_perp=1.0)
    return branches(family, "sigma_nI", 0.0, 2.0)


def test_branch_turns_around_at_a_fold(driven):
    assert len(driven) == 2
    (turning,) = [b for b in driven if b.values.max() < 1.9]
    (straight,) = [b for b in driven if b.values.max() == 2.0]
    expected = {0.2: [-0.9007, -0.1174], 0.4: [-0.8592, -0.2418]}
    for value, kappa in expected.items():
        found = sorted(state.kappa[0] for state in turning.at(value))
        np.testing.assert_allclose(found, kappa, atol=6e-5)
    (state,) = straight.at(1.0)
    assert state.kappa[0] == pytest.approx(0.9985, abs=6e-5)
    assert state.psi0 == pytest.approx(0.5798, abs=6e-5)
    assert state.bulk_radius == pytest.approx(0.1897, abs=6e-5)


def test_every_point_solves_the_equations(driven):
    for branch in driven:
        assert max(state.residual for state in branch.states) < 1e-9


def test_branches_agree_with_the_search_at_one_value(driven):
    family = rank_one_family(g=0.8, mean_m=3.5, mean_n=1.0, sigma_perp=1.0, sigma_nI=0.33)
    mixture, u = family().mixture, family().u
    searched = MeanField(mixture, 0.8).stationary(u)
    followed = sorted(state.kappa[0] for branch in driven for state in branch.at(0.33))
    np.testing.assert_allclose(followed, sorted(s.kappa[0] for s in searched), atol=1e-9)


def test_chaotic_branch_outlives_the_stationary_one():
    family = rank_one_family(mean_m=1.1, mean_n=2.0, u=0.0)
    found = branches(family, "g", 1.9, 2.3, probes=3, resolution=8)
    stationary = [b for b in found if not b.chaotic and np.abs(b.points[:, 0]).max() > 0.1]
    chaotic = [b for b in found if b.chaotic and np.abs(b.points[:, 0]).max() > 0.1]
    assert max(b.values.max() for b in stationary) == pytest.approx(2.0593, abs=1e-3)
    assert max(b.values.max() for b in chaotic) == pytest.approx(2.1358, abs=1e-3)
    upper = max((s for b in chaotic for s in b.at(2.0)), key=lambda s: s.kappa[0])
    np.testing.assert_allclose(
        [upper.kappa[0], upper.psi0, upper.psi_inf], [0.3323, 2.1580, 1.2813], atol=6e-5
    )


def test_dataset(driven):
    data = driven[0].to_dataset()
    assert data.sizes["point"] == len(driven[0].points)
    np.testing.assert_array_equal(data["sigma_nI"], driven[0].values)
    np.testing.assert_array_equal(data["kappa"][:, 0], [s.kappa[0] for s in driven[0].states])
    np.testing.assert_array_equal(data["stable"], [s.stable for s in driven[0].states])
    assert set(data["kind"].values) == {"structured-stationary"}


def test_ring_is_one_branch():
    mixture = GaussianMixture.from_moments(2.0, rank=2)
    found = branches(
        lambda g: MeanField(mixture, g).equations(), "g", 0.0, 0.8, chaotic=False, probes=3
    )
    assert len(found) == 2
    radius = [np.linalg.norm(s.kappa) for b in found for s in b.at(0.5)]
    assert max(radius) == pytest.approx(1.2895, abs=6e-5)


def test_range_and_numbers_of_points():
    family = rank_one_family()
    with pytest.raises(InputError, match="start and stop are both 1: give a range"):
        branches(family, "overlap", 1.0, 1.0)
    with pytest.raises(InputError, match="probes is 1"):
        branches(family, "overlap", 0.0, 1.0, probes=1)


def test_unbounded_activity_is_said():
    family = rank_one_family(nonlinearity="relu", overlap=3.0, g=3.0, mean_I=1.0)
    with pytest.raises(ConvergenceError, match="no stationary state"):
        branches(family, "mean_m", 1.0, 2.0, chaotic=False, probes=2)


def test_overlap_by_means_and_by_covariance():
    means = rank_one(overlap=2.2, by="means", mean_m=1.1)
    covariance = rank_one(overlap=2.2)
    for mixture in (means, covariance):
        np.testing.assert_allclose(mixture.overlap, [[2.2]])
    assert means.mean("n")[0, 0] == pytest.approx(2.0)
    assert covariance.covariance("n", "m")[0, 0, 0] == pytest.approx(2.2)


def test_input_of_the_paper():
    mixture = rank_one(sigma_m=2.0, sigma_n=3.0, sigma_mI=1.0, sigma_nI=1.5, sigma_perp=0.5)
    assert mixture.covariance("B", "B")[0, 0, 0] == pytest.approx(0.25 + 0.25 + 0.25)
    assert mixture.covariance("m", "B")[0, 0, 0] == 1.0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"by": "chance"}, "by is 'chance'"),
        ({"overlap": 2.0, "by": "means"}, "mean_m is 0"),
        ({"sigma_m": -1.0}, "sigma_m is -1.0"),
        ({"sigma_m": 0.0, "sigma_mI": 1.0}, "sigma_m is 0 but sigma_mI 1"),
        ({"overlap": 2.0, "sigma_n": 1.0}, "sigma_n is 1, too small .* give at least 2"),
    ],
)
def test_rank_one_refuses(given, message):
    with pytest.raises(InputError, match=message):
        rank_one(**given)
