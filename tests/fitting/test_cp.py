"""CP decompositions of arrays whose components are known."""

import numpy as np
import pytest
import torch

from lowrnn import InputError
from lowrnn.fitting import blocked_mask, cp, match_components
from lowrnn.fitting.masked_als import masked_als

SHAPE = (30, 20, 25)


def planted(rank=3, noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    factors = [rng.standard_normal((length, rank)) for length in SHAPE]
    array = np.einsum("ir,jr,kr->ijk", *factors)
    return array + noise * array.std() * rng.standard_normal(SHAPE), factors


def test_components_and_held_out_entries_come_back():
    array, factors = planted()
    mask = blocked_mask(SHAPE, test=(1, 1, 0), margin=(2, 2, 0))
    for fitted in (cp(array, 3), cp(array, 3, mask.train)):
        assert match_components(fitted.factors, factors).similarity.min() > 1 - 1e-9
        assert fitted.errors[0] < 1e-6
        assert fitted.score(array, mask.test) == pytest.approx(1)
        np.testing.assert_allclose(fitted.predict(), array, atol=1e-5 * np.abs(array).max())


def test_half_of_the_entries_missing_under_noise():
    array, factors = planted(noise=0.5)
    seen = np.random.default_rng(1).random(SHAPE) < 0.5
    fitted = cp(array, 3, seen)
    assert match_components(fitted.factors, factors).similarity.min() > 0.99
    assert fitted.similarity.min() > 0.999
    # Noise of half the standard deviation cannot be predicted.
    assert fitted.score(array, ~seen) == pytest.approx(1 / 1.25, abs=0.01)


def test_both_solvers_agree_where_nothing_is_missing():
    array, _ = planted(noise=0.3)
    array /= np.linalg.norm(array)
    start = [np.random.default_rng(2).standard_normal((length, 3)) for length in SHAPE]
    factors, error = masked_als(array, np.ones(SHAPE, bool), start, 500, 1e-12)
    fitted = cp(array, 3, tolerance=1e-12)
    assert error == pytest.approx(fitted.errors[0], rel=1e-8)
    assert match_components(factors, fitted.factors).similarity.min() > 1 - 1e-6


def test_the_masked_error_is_at_a_minimum():
    array, _ = planted(noise=0.5)
    seen = np.random.default_rng(3).random(SHAPE) < 0.6
    fitted = cp(array, 3, seen, tolerance=1e-14, iterations=3000)
    factors = [torch.tensor(factor, requires_grad=True) for factor in fitted.factors]
    wrong = torch.einsum("ir,jr,kr->ijk", *factors) - torch.tensor(array)
    loss = (wrong * torch.tensor(seen)).square().sum() / fitted.norm**2
    loss.backward()
    assert loss.item() == pytest.approx(fitted.errors[0] ** 2, rel=1e-8)
    for factor in factors:
        assert (factor.grad.abs().max() * factor.detach().norm()).item() < 1e-4


def test_iterations_never_raise_the_error():
    array, _ = planted(noise=1.0)
    seen = np.random.default_rng(4).random(SHAPE) < 0.4
    start = [np.random.default_rng(5).standard_normal((length, 3)) for length in SHAPE]
    filled = np.where(seen, array, 0)
    errors = [masked_als(filled, seen, start, count, 1e-300)[1] for count in range(1, 15)]
    assert (np.diff(errors) <= 1e-12).all()


def test_masked_values_count_for_nothing():
    array, _ = planted(noise=0.5)
    seen = np.random.default_rng(6).random(SHAPE) < 0.6
    by_nan = cp(np.where(seen, array, np.nan), 2)
    by_mask = cp(np.where(seen, array, 1e9), 2, seen)
    for one, other in zip(by_nan.factors, by_mask.factors, strict=True):
        np.testing.assert_array_equal(one, other)


def test_scale_order_and_signs_are_fixed():
    array, _ = planted(noise=0.2)
    fitted, other = cp(array, 3), cp(array, 3, seed=9)
    for one, two in zip(fitted.factors, other.factors, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-3 * np.abs(one).max())
    first, second, third = fitted.factors
    assert (np.diff(np.linalg.norm(first, axis=0)) < 0).all()
    assert (first.mean(axis=0) >= 0).all()
    np.testing.assert_allclose(np.linalg.norm(second, axis=0), 1)
    np.testing.assert_allclose(np.linalg.norm(third, axis=0), 1)
    assert (second[np.abs(second).argmax(axis=0), [0, 1, 2]] > 0).all()


def test_a_neuron_that_never_fires_takes_part_in_nothing():
    array, _ = planted()
    array[:, :, 7] = 0
    seen = np.random.default_rng(7).random(SHAPE) < 0.7
    np.testing.assert_allclose(cp(array, 3, seen).factors[2][7], 0, atol=1e-6)


def test_an_array_without_a_best_fit_is_found_out():
    a, b = np.eye(10)[:2]
    array = sum(np.einsum("i,j,k->ijk", *three) for three in ((a, a, b), (a, b, a), (b, a, a)))
    assert cp(array, 2).degenerate
    assert not cp(array, 3, iterations=2000, tolerance=1e-12).errors[0] > 1e-2
    assert not cp(planted()[0], 3).degenerate


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"array": np.zeros(SHAPE)}, "array is 0"),
        ({"array": np.ones((3, 4))}, "array has shape"),
        ({"mask": np.ones(SHAPE)}, "mask has shape .* give booleans"),
        ({"rank": 1.5}, "rank is 1.5"),
        ({"starts": 0}, "starts is 0"),
        ({"mask": np.arange(30)[:, None, None] + np.zeros(SHAPE) != 4}, "no entry to fit at 4"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(InputError, match=message):
        cp(**({"array": planted()[0], "rank": 2} | arguments))
