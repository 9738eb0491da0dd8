"""Networks that learn a task by a rule."""

import math

import numpy as np
import pytest

from lowrnn.errors import InputError
from lowrnn.learning import (
    RULES,
    History,
    PlasticityRule,
    initial_network,
    learn_by_rule,
    simulate_learning,
)

SETTINGS = {"trials": 640, "batch_size": 16, "evaluate_every": 20}


@pytest.mark.parametrize(
    ("rule", "accuracy"),
    [
        ("bptt", 0.95),
        ("feedback_alignment", 0.9),
        ("modprop", 0.9),
        ("one_hop", 0.9),
        ("eprop", 0.9),
        ("eprop_adaptive", 0.9),
        ("eprop_random", 0.9),
        ("rflo", 0.9),
        ("force", 0.95),
    ],
)
def test_rules_that_know_the_error_learn(rule, accuracy, short):
    outcome, trained = learn_by_rule(rule, short, neurons=64, **SETTINGS)
    assert outcome.accuracy >= accuracy
    assert outcome.loss < 0.5
    assert outcome.norm_dw == pytest.approx(trained.history.changes.norm[-1], rel=0.5)


@pytest.mark.parametrize("rule", ["node_perturbation", "weight_perturbation", "reward_hebb"])
def test_rules_that_know_the_reward_learn(rule, short):
    before = learn_by_rule(rule, short, neurons=64, trials=16, batch_size=16)[0].accuracy
    after = learn_by_rule(rule, short, neurons=64, **(SETTINGS | {"trials": 3200}))[0]
    assert after.accuracy >= max(0.9, before + 0.1)


def test_vectors_learn_and_the_rank_stays(short):
    rnn = initial_network(short, 64, 2, noise_std=0.0)
    trained = simulate_learning("eprop", rnn, short, on="mn", **SETTINGS)
    assert trained.rnn.rank == 2
    assert trained.history.metrics["accuracy"][-1] > 0.9


def test_same_seed_same_network(short):
    rnn = initial_network(short, 20)
    first, second = (
        simulate_learning("node_perturbation", rnn, short, 96, seed=3).rnn.connectivity.J
        for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)
    other = simulate_learning("node_perturbation", rnn, short, 96, seed=4).rnn.connectivity.J
    assert not np.array_equal(first, other)


def test_history_is_that_of_gradient_training(short, tmp_path):
    rnn = initial_network(short, 40, 1, noise_std=0.0)
    rule = PlasticityRule(terms="X1Y1 - 0.1*W1", rate=0.01)
    # One trial of 14 steps: a change of few columns, held as factors.
    trained = simulate_learning(rule, rnn, short, 12, batch_size=1, evaluate_every=4)
    history = trained.history
    change = trained.rnn.connectivity.dense() - rnn.connectivity.dense()
    np.testing.assert_allclose(history.changes.dense(-1), change, rtol=0, atol=1e-6)
    assert len(history.loss) == 12
    assert list(history.evaluated) == [0, 4, 8, 12]
    history.save(tmp_path / "history.nc")
    again = History.load(tmp_path / "history.nc")
    np.testing.assert_array_equal(again.changes.left, history.changes.left)


def test_hebb_aligns_the_matrix_with_activity(short):
    rnn = initial_network(short, 60, noise_std=0.0, g=0.2)
    trained = simulate_learning("hebb", rnn, short, 64, batch_size=16)
    change = trained.history.changes
    values = change.singular_values()[-1]
    np.testing.assert_allclose(change.dense(-1), change.dense(-1).T, atol=0.05 * values[0])
    rates = trained.rnn.simulate(short.conditions().inputs).rates.reshape(-1, 60)
    leading = np.linalg.svd(rates)[2][0]
    axis = change.left[-1, :, 0] / np.linalg.norm(change.left[-1, :, 0])
    assert abs(axis @ leading) > 0.95


def test_a_rule_of_ones_own(short):
    rule = PlasticityRule(
        terms="X1Y1R1 - 0.01*W1",
        post="noise",
        trace=math.inf,
        modulator="reward",
        kick=0.5,
        kicked=0.1,
        rate=10.0,
    )
    outcome, _ = learn_by_rule(rule, short, neurons=30, trials=64)
    assert outcome.rule == "1.0*X1Y1W0R1 - 0.01*X0Y0W1"
    assert set(outcome.as_dict()) == {
        "task", "rule", "accuracy", "loss", "trials", "norm_dw", "participation_ratio", "seconds"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rule": "stdp"}, "rule is 'stdp': choose among hebb"),
        ({"on": "W"}, "on is 'W'"),
        ({"on": "mn"}, "connectivity is full-rank"),
        ({"trials": 10}, "trials is 10"),
        ({"rule": RULES["hebb"].replace(rate=1e9, terms="X1Y1W2")}, "not finite"),
    ],
)
def test_errors(settings, message, short):
    rnn = initial_network(short, 20)
    arguments = {"rule": "hebb", "rnn": rnn, "task": short, "trials": 320} | settings
    with np.errstate(all="ignore"), pytest.raises(InputError, match=message):
        simulate_learning(**arguments)
