from types import ModuleType

import numpy as np
import pytest

from lowrnn import InputError
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


def test_regions_of_later_rounds_stay_within(exact: ModuleType) -> None:
    first = highest_density_region(exact.Exact(), X, outside=0.1)
    # A posterior that lies elsewhere, and is wider.
    second = highest_density_region(exact.Exact(1.5, 1.0), X, outside=0.1, within=first)
    drawn = second.sample(3000)
    assert first.contains(drawn).all()
    assert not second.contains(first.sample(3000)).all()
    # Simulations of both rounds together are even within the second region, by halves of it.
    rounds = np.concatenate([first.sample(6000, seed=1), second.sample(3000, seed=2)])
    kept = rounds[second.contains(rounds)]
    half = np.median(drawn[:, 0])
    assert abs((kept[:, 0] < half).mean() - 0.5) < 0.04


def test_truncated_density_is_that_of_the_part_within(exact: ModuleType) -> None:
    region = highest_density_region(exact.Exact(), X, outside=0.2)
    truncated = TruncatedPosterior(exact.Exact(), region)
    low, high = exact.PRIOR.low, exact.PRIOR.high
    axes = [np.linspace(a, b, 202)[1:-1] for a, b in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    cell = np.prod((high - low) / 201)
    for x in (X, X + 0.2):
        whole, cut = exact.Exact().log_prob(grid, x), truncated.log_prob(grid, x)
        inside = region.contains(grid)
        np.testing.assert_array_equal(np.isfinite(cut), inside)
        mass = np.exp(whole[inside]).sum() * cell
        assert np.exp(cut[inside]).sum() * cell == pytest.approx(1, abs=0.03)
        assert truncated.inside(x) == pytest.approx(mass, abs=0.02)
    assert region.share() == pytest.approx(region.contains(grid).mean(), abs=0.01)
    with pytest.raises(InputError, match="next to none of its posterior in the region"):
        truncated.log_prob(grid, np.array([-9.0, -9.0]))
