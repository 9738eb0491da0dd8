"""Bifurcations: closed forms and the note's boundaries (sections 3.3, 4.1, 6 and 7.2)."""

import numpy as np
import pytest
from scipy.optimize import brentq

from lowrnn.networks.mixture import GaussianMixture
from lowrnn.theory import MeanField
from lowrnn.theory.averages import average, product
from lowrnn.theory.bifurcations import bifurcations
from lowrnn.theory.continuation import branches
from lowrnn.theory.families import rank_one_family


def points(family, name, start, stop, **settings):
    return bifurcations(branches(family, name, start, stop, **settings))


def values(found, kind, *, chaotic=False):
    return [each.value for each in found if each.kind == kind and each.state.chaotic == chaotic]


@pytest.mark.parametrize("g", [0.0, 0.6])
def test_structure_appears_at_overlap_one(g):
    found = points(rank_one_family(g=g), "overlap", 0.3, 1.9, chaotic=False, probes=4)
    assert [each.kind for each in found] == ["pitchfork"]
    assert found[0].value == pytest.approx(1.0, abs=1e-9)
    assert found[0].state.kind == "trivial"


def test_fold_of_the_opposed_branch():
    family = rank_one_family(g=0.8, mean_m=3.5, mean_n=1.0, sigma_perp=1.0)
    (fold,) = points(family, "sigma_nI", 0.0, 1.5, chaotic=False, probes=4)
    assert fold.kind == "fold"
    assert fold.value == pytest.approx(0.72684, abs=6e-6)
    assert fold.state.kappa[0] == pytest.approx(-0.6110, abs=6e-5)
    assert fold.state.psi0 == pytest.approx(0.5014, abs=6e-5)
    assert fold.state.neutral
    assert fold.state.residual < 1e-10


def table(overlap):
    """Section 7.2: chaos by covariance, by means 1.1 and 1, end of static and chaotic branches."""
    return {
        1.2: (1.1731, 1.1746, 1.1744, 1.1911, 1.1956),
        1.5: (1.3781, 1.3889, 1.3879, 1.4608, 1.4812),
        2.0: (1.6512, 1.6884, 1.6846, 1.8910, 1.9495),
        2.2: (1.7461, 1.7959, 1.7907, 2.0593, 2.1358),
        3.0: (2.0763, 2.1810, 2.1690, 2.7218, 2.8788),
        4.0: (2.4199, 2.5954, 2.5738, 3.5369, 3.8068),
    }[overlap]


@pytest.mark.parametrize("overlap", [1.2, 1.5, 2.0, 2.2, 3.0, 4.0])
@pytest.mark.parametrize(
    ("column", "how"),
    [(0, {}), (1, {"by": "means", "mean_m": 1.1}), (2, {"by": "means", "mean_m": 1.0})],
)
def test_onset_of_chaos_and_end_of_the_stationary_branch(overlap, column, how):
    onset, end = table(overlap)[column], table(overlap)[3]
    found = points(
        rank_one_family(overlap=overlap, **how),
        "g",
        onset - 0.05,
        end + 0.05,
        chaotic=False,
        probes=2,
        resolution=6,
    )
    np.testing.assert_allclose(values(found, "chaos-onset"), [onset] * 2, atol=6e-5)
    assert values(found, "pitchfork") == pytest.approx([end], abs=6e-5)


@pytest.mark.parametrize("overlap", [1.2, 2.2, 4.0])
def test_end_of_structured_chaos(overlap):
    """It ends where the outlier of unstructured chaos, λ⟨phi'⟩, is 1 (also λ_c of section 4.1)."""
    end = table(overlap)[-1]
    found = points(
        rank_one_family(overlap=overlap), "g", 0.98 * end, 1.03 * end, probes=2, resolution=4
    )
    (g_end,) = values(found, "pitchfork", chaotic=True)
    assert g_end == pytest.approx(end, abs=6e-5)
    (state,) = [e.state for e in found if e.state.chaotic]
    slope = average("tanh", [1], 0.0, state.delta0)[0][0]
    assert overlap * slope == pytest.approx(1.0, abs=1e-8)


@pytest.mark.parametrize(
    ("g", "critical"), [(1.1, 1.1013), (1.5, 1.5200), (2.0, 2.0541), (3.0, 3.1307)]
)
def test_critical_overlap_under_chaos(g, critical):
    found = points(
        rank_one_family(g=g), "overlap", critical - 0.1, critical + 0.1, probes=2, resolution=4
    )
    assert values(found, "pitchfork", chaotic=True) == pytest.approx([critical], abs=5e-4)


@pytest.mark.parametrize(("sigma", "critical"), [(0.5, 1.5497), (1.0, 1.8556), (2.0, 2.3250)])
def test_input_suppresses_chaos(sigma, critical):
    family = rank_one_family(sigma_perp=sigma)
    found = points(family, "g", 1.1, 2.6, chaotic=False, probes=2, resolution=8)
    assert values(found, "chaos-onset") == pytest.approx([critical], abs=6e-5)


def test_onset_is_solved_to_1e_8():
    """Against a nested root search of the two equations."""

    def excess(g):
        def variance(psi):
            return psi - g**2 * product("tanh", [(0, 0)], 0.0, psi + 1.0)[0]

        psi = brentq(variance, 0.1, 10.0, xtol=1e-14)
        return g**2 * product("tanh", [(1, 1)], 0.0, psi + 1.0)[0] - 1

    family = rank_one_family(sigma_perp=1.0)
    found = points(family, "g", 1.6, 2.1, chaotic=False, probes=2, resolution=4)
    assert found[0].value == pytest.approx(brentq(excess, 1.6, 2.1, xtol=1e-13), abs=1e-8)


def test_gain_stops_a_limit_cycle():
    """The gain-gated cycle of section 6: Hopf point at u = 0.80187."""
    a, b = 1.6, 0.8
    rotating = 2 * np.array([[a + 0.3, -b], [b, a + 0.3]])
    mixture = GaussianMixture.from_moments(
        np.array([rotating, -0.6 * np.eye(2)]),
        BB=np.array([[[1.0]], [[0.0]]]),
        weights=[0.5, 0.5],
        rank=2,
        inputs=1,
    )
    (hopf,) = points(lambda u: MeanField(mixture).equations(u), "u", 0.0, 1.2, probes=3)
    assert hopf.kind == "hopf"
    gain = 1.3 / (a + 0.3)
    slope = brentq(lambda u: average("tanh", [1], 0.0, u**2)[0] - gain, 0.1, 2.0, xtol=1e-13)
    assert hopf.value == pytest.approx(slope, abs=1e-8)
    assert hopf.value == pytest.approx(0.80187, abs=6e-6)
    assert abs(hopf.state.outlier.imag) == pytest.approx(b * gain, abs=1e-8)


def test_input_along_n_unfolds_the_pitchfork():
    family = rank_one_family(sigma_nI=0.02, sigma_perp=0.0)
    found = points(family, "overlap", 0.5, 2.0, chaotic=False)
    assert [each.kind for each in found] == ["fold"]
    assert found[0].value > 1.0


@pytest.mark.parametrize("resolution", [4, 8, 12, 40])
def test_where_chaos_gets_structure_at_any_resolution(resolution):
    """λ_c(g = 1.1), close to the onset of chaos, where determinants are tiny."""
    found = branches(rank_one_family(g=1.1), "overlap", 1.05, 1.15, probes=2, resolution=resolution)
    chaotic = [each.value for each in bifurcations(found) if each.state.chaotic]
    assert chaotic == [pytest.approx(1.10134, abs=1e-5)]


def test_a_bifurcation_on_a_point_of_the_branch():
    found = bifurcations(branches(rank_one_family(overlap=0.0), "g", 0.5, 1.5, probes=4))
    assert [(each.kind, each.value) for each in found] == [("chaos-onset", pytest.approx(1.0))]
