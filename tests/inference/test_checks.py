from types import ModuleType

import numpy as np

from lowrnn.inference import Simulations, edge_mass, misspecification, predictive


def test_predictive_distance(exact: ModuleType) -> None:
    prior = exact.simulations(2000)
    x = np.array([0.2, 2.0])
    rng = np.random.default_rng(1)
    theta = exact.Exact().sample(x[None], 500)[0]
    x_new = theta + exact.SD * rng.standard_normal(theta.shape)
    status = np.where(np.arange(500) < 50, "blow-up", "ok")
    found = predictive(x, Simulations(theta, x_new, status), prior)
    # Root mean square of two posterior predictive deviations, in units of the prior predictive.
    scale = prior.x.std(axis=0)
    wanted = np.median(np.sqrt((((x_new[50:] - x) / scale) ** 2).mean(axis=1)))
    assert found.posterior == wanted
    assert found.failed == 0.1
    assert 0.3 < found.ratio < 0.7
    assert found.best < found.posterior
    lost = predictive(x, Simulations(theta, x_new, np.full(500, "blow-up")), prior)
    assert (lost.failed, lost.posterior) == (1.0, np.inf)


def test_misspecification_is_uniform_where_the_model_is_right() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((500, 5)) * [1, 2, 3, 0, 0.1]
    p = [misspecification(row, x) for row in rng.standard_normal((100, 5)) * [1, 2, 3, 0, 0.1]]
    np.testing.assert_allclose(np.quantile(p, [0.25, 0.5, 0.75]), [0.25, 0.5, 0.75], atol=0.13)
    assert misspecification(np.array([0, 0, 0, 0, 0.6]), x) < 0.01
    assert misspecification(np.array([3.5, -7, 10, 0, 0.3]), x) < 0.01
    assert misspecification(np.zeros(5), x) > 0.95


def test_mass_at_the_edges(exact: ModuleType) -> None:
    flat = exact.PRIOR.sample(20000, np.random.default_rng(0))
    np.testing.assert_allclose(edge_mass(flat, exact.PRIOR), 0.02, atol=0.005)
    outside = exact.Exact().sample(np.array([[3.0, 2.0]]), 2000)[0]
    mass = edge_mass(outside, exact.PRIOR)
    assert mass[0, 1] > 0.3
    assert mass[0, 0] == mass[1, 0] == 0
