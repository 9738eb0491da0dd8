"""A sweep over strengths of the initial matrix, at a size of seconds."""

from dataclasses import replace

import numpy as np
import pytest

from lowrnn import InputError
from lowrnn.analysis import functional_rank, learning_sweep, truncation_curve
from lowrnn.learning import evaluate, recipe_for, train_recipe
from lowrnn.tasks import FlipFlop

TASK = FlipFlop(duration=2.0)
RECIPE = recipe_for("flip_flop", preset="schuessler2020")


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    store = tmp_path_factory.mktemp("sweep")
    settings = {"neurons": 32, "seeds": [3], "recipe": RECIPE.replace(updates=150), "workers": 1}
    return learning_sweep(TASK, [0.0, 0.9], **settings, store=store), settings, store


def test_each_training_is_that_of_its_recipe(sweep):
    (_, learned), settings, _ = sweep
    recipe = replace(settings["recipe"], network={**RECIPE.network, "g": 0.9})
    trained = train_recipe(TASK, 32, None, recipe, seed=3)
    np.testing.assert_array_equal(learned.loss, trained.history.loss)
    np.testing.assert_array_equal(learned.rnn.connectivity.J, trained.rnn.connectivity.J)
    np.testing.assert_array_equal(learned.rnn.connectivity.J0, trained.history.start["J"])
    assert learned.accuracy == evaluate(trained.rnn, TASK, n_trials=512, seed=3).accuracy


def test_rows(sweep):
    (zero, random), _, _ = sweep
    assert (zero.g, random.g) == (0.0, 0.9)
    for learned in (zero, random):
        row = learned.row()
        assert row["converged_at"] == np.flatnonzero(learned.loss < 0.05 * learned.loss[0])[0]
        assert row["norm_dw"] == pytest.approx(np.linalg.norm(learned.rnn.connectivity.change))
        curve = truncation_curve(learned.rnn, learned.before, TASK, seed=3)
        assert row["functional_rank"] == functional_rank(curve)
        assert all(np.abs(complex(*z)) > (learned.g or 1) for z in row["outliers"])
    # From 0 all is in the change, and shuffling 0 changes nothing.
    assert zero.row()["shuffle_loss_ratio"] == pytest.approx(
        zero.truncated.loss[-1] / zero.start_loss, rel=0.3
    )
    assert random.row()["shuffle_loss_ratio"] > 5 * zero.row()["shuffle_loss_ratio"]


def test_what_has_not_learned_has_no_rank(sweep):
    _, settings, store = sweep
    short = settings | {"recipe": RECIPE.replace(updates=3)}
    (learned,) = learning_sweep(TASK, [0.9], **short, store=store)
    row = learned.row()
    assert [row[name] for name in ("converged_at", "functional_rank", "shuffle_loss_ratio")] == (
        [None] * 3
    )
    assert row["norm_dw"] > 0


def test_a_sweep_goes_on(sweep):
    found, settings, store = sweep
    counts = []
    again = learning_sweep(
        TASK, [0.0, 0.9], **settings, store=store, progress=lambda *c: counts.append(c)
    )
    assert counts == [(2, 2, 0)]
    for one, other in zip(found, again, strict=True):
        assert one.row() == other.row()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gs": []}, r"gs is \[\]: give at least one"),
        ({"gs": [0.1, 0.1]}, "each once"),
        ({"gs": [-1.0]}, "gs is -1"),
        ({"seeds": [1, 1]}, r"seeds is \[1, 1\]"),
        ({"neurons": 0}, "neurons is 0"),
    ],
)
def test_wrong_input(changes, message):
    settings = {"gs": [0.5], "neurons": 8, "seeds": [0], "workers": 1} | changes
    with pytest.raises(InputError, match=message):
        learning_sweep(TASK, settings.pop("gs"), **settings)
