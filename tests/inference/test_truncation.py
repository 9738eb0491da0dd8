from types import ModuleType

import numpy as np

from lowrnn.inference import TruncatedPosterior, highest_density_region

X = np.array([0.0, 2.0])


def test_region_holds_nearly_all_of_the_posterior(exact: ModuleType) -> None:
    region = highest_density_region(exact.Exact(), X, outside=0.01)
    fresh = exact.Exact().sample(X[None], 20000, seed=5)[0]
    assert abs(region.contains(fresh).mean() - 0.99) < 0.004
    drawn = region.sample(3000)
    assert region.contains(drawn).all()
    # The draws are even: the density says nothing about where in the region they are.
    inner = np.linalg.norm((drawn - X) / exact.SD, axis=1)
    radius = inner.max()
    assert abs((inner < radius / np.sqrt(2)).mean() - 0.5) < 0.06
    np.testing.assert_array_equal(drawn, region.sample(3000))


def test_draws_outside_the_region_are_replaced(exact: ModuleType) -> None:
    region = highest_density_region(exact.Exact(), X, outside=0.2)
    both = TruncatedPosterior(exact.Exact(), region).sample(np.stack([X, X + 0.1]), 500)
    assert both.shape == (2, 500, 2)
    assert region.contains(both.reshape(-1, 2)).all()
    whole = exact.Exact().sample(X[None], 500)[0]
    assert not region.contains(whole).all()
