import numpy as np
import pytest

from lowrnn import InputError
from lowrnn.inference import Simulations, compare_rules, flow_change_correlation


def family(centre: float, count: int = 600, failing: float = 0.0, seed: int = 0) -> Simulations:
    rng = np.random.default_rng([seed, round(10 * centre)])
    x = rng.normal([centre, 0], 1, (count, 2))
    status = np.where(rng.random(count) < failing, "blow-up", "ok")
    return Simulations(rng.random((count, 1)), x, status)


def test_families_that_make_the_same_networks_are_one_class() -> None:
    found = compare_rules({"hebb": family(0), "bcm": family(5), "oja": family(0, seed=1)})
    assert found.equivalence_classes() == (("hebb", "oja"), ("bcm",))
    assert found.confusion[1, 1] > 0.97
    np.testing.assert_allclose(found.confusion.sum(axis=1), 1)
    np.testing.assert_allclose(found.confusion[[0, 2]][:, [0, 2]].sum(), 2, atol=0.06)
    assert abs(found.pairwise[0, 2] - 0.5) < 0.1
    assert found.calibration_error < 0.1
    p = found.posterior(np.array([[0.0, 0.0], [5.0, 0.0]]))
    np.testing.assert_allclose(p[0], [0.5, 0, 0.5], atol=0.12)
    assert p[1, 1] > 0.95


def test_posterior_is_that_of_bayes_and_failures_count() -> None:
    fine, frail = family(0, 1500), family(0, 1500, failing=0.75, seed=1)
    found = compare_rules({"fine": fine, "frail": frail})
    np.testing.assert_allclose(found.success, [1, 0.25], atol=0.04)
    # The same summaries, but four of five networks that are ok come from the family that is fine.
    p = found.posterior(np.random.default_rng(2).standard_normal((200, 2)))
    np.testing.assert_allclose(p[:, 0].mean(), 0.8, atol=0.05)
    # That is no reason to call them different.
    assert found.equivalence_classes() == (("fine", "frail"),)


def test_chains_of_pairs_are_one_class() -> None:
    near = compare_rules({"a": family(0), "b": family(0.3), "c": family(0.6), "d": family(6)})
    assert near.equivalence_classes(apart=0.62)[-1] == ("d",)


def test_change_of_flow_against_a_hypothesis() -> None:
    rng = np.random.default_rng(0)
    before, change = rng.standard_normal((2, 9, 9, 2))
    assert flow_change_correlation(before, before + 0.1 * change, change) == pytest.approx(1)
    assert flow_change_correlation(before, before - change, change) == pytest.approx(-1)
    with pytest.raises(InputError, match="does not change"):
        flow_change_correlation(before, before, change)


def test_bad_comparisons_are_refused() -> None:
    with pytest.raises(InputError, match="equally many of each"):
        compare_rules({"a": family(0), "b": family(1, 100)})
    with pytest.raises(InputError, match="b has 0 students that are ok"):
        compare_rules({"a": family(0, 100), "b": family(1, 100, failing=1)})
