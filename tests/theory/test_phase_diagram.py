"""Phase diagrams: the note's regions and boundaries, agreement with single points, honesty."""

import numpy as np
import pytest

from lowrnn.errors import InputError
from lowrnn.networks.mixture import GaussianMixture
from lowrnn.theory import MeanField
from lowrnn.theory.boundaries import BOUNDARIES
from lowrnn.theory.families import rank_one_family
from lowrnn.theory.fluctuating import fluctuating_states
from lowrnn.theory.phase_diagram import KINDS, phase_diagram
from lowrnn.theory.stationary import stationary_states


@pytest.fixture(scope="module")
def family():
    return rank_one_family(by="means", mean_m=1.1, u=0.0)


@pytest.fixture(scope="module")
def diagram(family):
    return phase_diagram(
        family, {"g": np.linspace(0.05, 2.95, 15), "overlap": np.linspace(0.1, 3.9, 14)}
    )


def crossings(diagram, kind):
    chosen = diagram["boundary_kind"].values == BOUNDARIES.index(kind)
    return diagram["boundary"].values[chosen].reshape(-1, 2)


def test_every_point_agrees_with_the_search_at_that_point(family, diagram):
    assert diagram.attrs["unsolved"] == 0
    for i, j in [(0, 0), (2, 9), (6, 2), (8, 8), (9, 9), (12, 13), (14, 10), (7, 5)]:
        point = diagram.isel(g=i, overlap=j)
        equations = family(g=float(point["g"]), overlap=float(point["overlap"]))
        states = stationary_states(equations) + fluctuating_states(equations)
        states = sorted((s for s in states if s.stable), key=lambda s: -s.kappa[0])
        count = int(point["stable_states"])
        assert count == len(states)
        assert int(point["kinds"]) == sum({KINDS[s.kind] for s in states})
        for name in ("psi0", "psi_inf", "bulk_radius"):
            expected = [getattr(s, name) for s in states]
            np.testing.assert_allclose(point[name].values[:count], expected, atol=1e-7)
        kappa = [s.kappa[0] for s in states]
        np.testing.assert_allclose(point["kappa"].values[:count, 0], kappa, atol=1e-7)
        outliers = [s.outlier.real for s in states]
        np.testing.assert_allclose(point["outlier_real"].values[:count], outliers, atol=1e-6)


def test_regions(diagram):
    """Section 4.1: trivial, structured, structured chaos, unstructured chaos."""
    wanted = {(0.5, 0.5): 1, (0.5, 3): 2, (2.0, 3.0): 2, (2.5, 3.0): 8, (2.5, 1.0): 16}
    for (g, overlap), kinds in wanted.items():
        assert int(diagram["kinds"].sel(g=g, overlap=overlap, method="nearest")) == kinds


def test_boundaries(diagram):
    steady = crossings(diagram, "steady")
    np.testing.assert_allclose(steady[:, 1], 1.0, atol=1e-8)
    onset = crossings(diagram, "chaos-onset")
    trivial = onset[onset[:, 1] < 0.95]
    np.testing.assert_allclose(trivial[:, 0], 1.0, atol=1e-8)
    # Table 7.2 between its entries: g_chaos for overlaps of 1.2 to 3 by means, M_m = 1.1.
    table = np.array([[1.2, 1.1746], [1.5, 1.3889], [2, 1.6884], [2.2, 1.7959], [3, 2.181]])
    chosen = onset[(onset[:, 1] > 1.2) & (onset[:, 1] < 3)]
    assert len(chosen) > 5
    between = np.interp(chosen[:, 1], table[:, 0], table[:, 1])
    np.testing.assert_allclose(chosen[:, 0], between, atol=0.015)
    ends = crossings(diagram, "chaos-steady")
    critical = np.array([[1.1, 1.1013], [1.2, 1.2045], [1.5, 1.52], [2, 2.0541], [3, 3.1307]])
    chosen = ends[ends[:, 0] > 1.2]
    assert len(chosen) > 5
    between = np.interp(chosen[:, 0], critical[:, 0], critical[:, 1])
    np.testing.assert_allclose(chosen[:, 1], between, atol=0.01)


def test_fold_under_input_and_progress():
    seen = []
    diagram = phase_diagram(
        rank_one_family(mean_m=3.5, mean_n=1.0, sigma_perp=1.0),
        {"g": [0.5, 0.8, 1.1], "sigma_nI": np.linspace(-1, 1, 8)},
        progress=lambda done, total: seen.append((done, total)),
    )
    inside = np.abs(diagram["sigma_nI"].values) < 0.72
    np.testing.assert_array_equal(diagram["stable_states"].sel(g=0.8), 1 + inside)
    ends = crossings(diagram, "steady")
    folds = np.abs(ends[np.isclose(ends[:, 0], 0.8), 1])
    np.testing.assert_allclose(folds, 0.72684, atol=6e-6)
    assert seen[-1][0] == seen[-1][1]
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_unbounded_points_are_unsolved():
    family = rank_one_family(nonlinearity="relu", mean_m=1.0, mean_I=1.0, by="means")
    diagram = phase_diagram(family, {"g": [0.2, 0.5], "overlap": [0.5, 5.0]})
    lost = diagram["unsolved"].values
    np.testing.assert_array_equal(lost, [[False, True], [False, True]])
    assert (diagram["kinds"].values[lost] == 0).all()
    assert (diagram["residual"].values[lost] > 1e-3).all()
    assert diagram.attrs["unsolved"] == 2
    assert np.isnan(diagram["psi0"].values[lost]).all()


def test_oscillation_has_no_stable_state():
    """Rank two with complex overlap eigenvalues 1.6 ± 0.8i: a limit cycle (section 5.3)."""

    def family(g, a):
        mixture = GaussianMixture.from_moments([[a, -0.8], [0.8, a]], rank=2)
        return MeanField(mixture, g).equations()

    diagram = phase_diagram(family, {"g": [0.1, 0.4], "a": [0.6, 1.6]})
    np.testing.assert_array_equal(diagram["kinds"], [[1, 0], [1, 0]])
    assert diagram.attrs["unsolved"] == 0
    hopf = crossings(diagram, "hopf")
    np.testing.assert_allclose(hopf[:, 1], 1.0, atol=1e-8)


def test_refusals():
    family = rank_one_family()
    with pytest.raises(InputError, match="parameters names g: give two"):
        phase_diagram(family, {"g": [0.1, 0.2]})
    with pytest.raises(InputError, match="overlap has 2 values: give at least 2, ascending"):
        phase_diagram(family, {"g": [0.1, 0.2], "overlap": [2.0, 1.0]})

    def weights(g, share):
        mixture = GaussianMixture.from_moments(1.0, weights=[share, 1 - share])
        return MeanField(mixture, g).equations()

    with pytest.raises(InputError, match="changes the weights"):
        phase_diagram(weights, {"g": [0.1, 0.2], "share": [0.2, 0.4]})
