"""Training: its stops, its choices, its seeds, and its resumption."""

import importlib

import numba
import numpy as np
import pytest

from lowrnn import InputError, RandomPlusLowRank
from lowrnn.learning import evaluate, initial_network, train
from lowrnn.learning.training import Training
from lowrnn.tasks import ContextDecision, PerceptualDecision

QUICK = {"updates": 40, "batch_size": 8, "n_trials": 40, "evaluate_every": 8, "seed": 3}


def same(one, other):
    """Whether two outcomes of `train` agree in every bit."""
    arrays = [
        {**t.rnn.connectivity.parameters, "inputs": t.rnn.inputs, "readout": t.rnn.readout}
        | {"loss": t.history.loss, "rate": t.history.learning_rate, "at": t.history.evaluated}
        | {f"metric {name}": value for name, value in t.history.metrics.items()}
        | {f"snapshot {name}": value for name, value in t.history.parameters.items()}
        | ({} if t.history.J is None else {"left": t.history.J.left, "norm": t.history.J.norm})
        for t in (one, other)
    ]
    return arrays[0].keys() == arrays[1].keys() and all(
        np.array_equal(value, arrays[1][name], equal_nan=True) for name, value in arrays[0].items()
    )


@pytest.mark.parametrize("rank", [2, None])
def test_training_lowers_the_loss_on_new_trials(short, rank):
    rnn = initial_network(short, 30, rank, seed=1)
    trained = train(rnn, short, updates=80, n_trials=100, evaluate_every=20)
    before, after = evaluate(rnn, short), evaluate(trained.rnn, short)
    assert after.loss < 0.7 * before.loss
    assert after.accuracy > 0.75
    assert len(trained.history.loss) == 80
    np.testing.assert_array_equal(trained.history.evaluated, [0, 20, 40, 60, 80])


def test_a_random_part_is_left_as_it_is(short):
    rnn = initial_network(short, 20, 1, seed=1)
    low_rank = rnn.connectivity
    rnn = rnn.replace(connectivity=RandomPlusLowRank(0.8, low_rank.m, low_rank.n, seed=4))
    trained = train(rnn, short, **QUICK).rnn.connectivity
    np.testing.assert_array_equal(trained.random, rnn.connectivity.random)
    assert not np.allclose(trained.structured.dense(), low_rank.dense(), rtol=0.1)


def test_only_what_is_asked_for_is_trained(short):
    rnn = initial_network(short, 20, 2, seed=1)
    trained = train(rnn, short, **QUICK, trained=["m", "bias"], snapshots=["m", "n"])
    np.testing.assert_array_equal(trained.rnn.inputs, rnn.inputs)
    np.testing.assert_array_equal(trained.rnn.readout, rnn.readout)
    assert np.abs(trained.rnn.bias).min() > 0
    moved = trained.history.parameters
    np.testing.assert_array_equal(moved["n"], np.broadcast_to(rnn.connectivity.n, (6, 20, 2)))
    assert (moved["m"][1:] != moved["m"][:-1]).all()


def test_the_weights_of_the_lowest_recent_loss_come_back_in_canonical_gauge(short):
    rnn = initial_network(short, 20, 2, seed=1)
    # A rate so large that the loss does not fall steadily.
    trained = train(
        rnn, short, **QUICK, learning_rate=2.0, schedule="constant", snapshots=["m", "n", "B"]
    )
    recent = trained.history.loss.reshape(-1, 8).mean(axis=1)
    best = 1 + recent.argmin()
    assert best < 5, "a later interval is better: the test says nothing"
    m, n, B = (trained.history.parameters[name][best] for name in ("m", "n", "B"))
    np.testing.assert_array_equal(trained.rnn.inputs, B)
    J = trained.rnn.connectivity
    np.testing.assert_allclose(J.dense(), m @ n.T / 20, atol=1e-5 * np.abs(J.dense()).max())
    np.testing.assert_allclose(J.m.T @ J.m, 20 * np.eye(2), atol=1e-4)


def test_training_stops_at_a_target(short):
    rnn = initial_network(short, 30, 1, seed=2)
    settings = {"n_trials": 100, "updates": 500, "evaluate_every": 10, "learning_rate": 0.01}
    by_accuracy = train(rnn, short, **settings, target_accuracy=0.9).history
    accuracy = by_accuracy.metrics["accuracy"]
    assert accuracy[-1] >= 0.9 > accuracy[:-1].max()
    assert len(by_accuracy.loss) == by_accuracy.evaluated[-1] < 500
    by_loss = train(rnn, short, **settings, target_loss=0.6).history
    recent = by_loss.loss.reshape(-1, 10).mean(axis=1)
    assert recent[-1] <= 0.6 < recent[:-1].min()


def test_the_seed_determines_the_outcome_whatever_the_threads(short):
    rnn = initial_network(short, 20, 2, seed=1)
    first = train(rnn, short, **QUICK)
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        assert same(train(rnn, short, **QUICK), first)
    finally:
        numba.set_num_threads(threads)
    assert not same(train(rnn, short, **QUICK | {"seed": 4}), first)


def test_the_cosine_schedule_falls_to_nothing(short):
    rnn = initial_network(short, 10, 1)
    rate = train(rnn, short, **QUICK, learning_rate=0.2).history.learning_rate
    assert rate[0] == 0.2
    assert rate[20] == pytest.approx(0.1)
    assert 0 < rate[-1] < 1e-3
    assert (np.diff(rate) < 0).all()


def test_gains_scale_frozen_weights(short):
    rnn = initial_network(short, 20, 2, seed=1)
    learned = ("m", "s_in", "s_out")
    trained = train(rnn, short, **QUICK, trained=learned, snapshots=["B", "w", "n"])
    found = trained.history.parameters
    np.testing.assert_array_equal(found["n"], np.broadcast_to(rnn.connectivity.n, (6, 20, 2)))
    for before, after, course in (
        (rnn.inputs, trained.rnn.inputs, found["B"]),
        (rnn.readout, trained.rnn.readout, found["w"]),
    ):
        gain = after / before
        assert np.ptp(gain) < 1e-6
        assert abs(gain[0, 0] - 1) > 0.01
        np.testing.assert_array_equal(course[0], before)
        assert (course[1] != before).all()


def test_learning_rates_scale_with_the_number_of_neurons(short):
    rnn = initial_network(short, 25, 1, seed=1)
    settings = QUICK | {"updates": 1, "learning_rate": 0.2, "schedule": "constant", "clip": None}
    trained = train(rnn, short, **settings, rate_exponents={"w": -0.5}).rnn
    for before, after, step in (
        (rnn.inputs, trained.inputs, 0.2),
        (rnn.readout, trained.readout, 0.04),
    ):
        np.testing.assert_allclose(np.abs(after - before), step, rtol=1e-2)
    full = initial_network(short, 25, seed=1)
    moved = train(full, short, **settings).rnn.connectivity.J - full.connectivity.J
    np.testing.assert_allclose(np.abs(moved), 0.2 / 25, rtol=1e-2)


def test_penalties_make_rates_and_weights_small(short):
    rnn = initial_network(short, 20, 2, seed=1)

    def sizes(**penalty):
        found = train(rnn, short, **QUICK, **penalty).rnn
        rates = found.simulate(short.conditions().inputs).rates
        return np.mean(rates**2), np.linalg.norm(found.connectivity.dense())

    plain, quiet, light = sizes(), sizes(rate_penalty=30.0), sizes(weight_penalty=1.0)
    assert quiet[0] < 0.7 * plain[0]
    assert light[1] < 0.7 * plain[1]


@pytest.mark.parametrize("rank", [2, None])
@pytest.mark.parametrize("at", [3, 19, 40])
def test_an_interrupted_training_ends_as_if_it_had_never_stopped(
    short, rank, at, tmp_path, monkeypatch
):
    module = importlib.import_module("lowrnn.learning.train")
    monkeypatch.setattr(module, "_CHECKPOINT_SECONDS", 0.0)
    rnn = initial_network(short, 20, rank, seed=1)
    kept = ["w", "J"] if rank is None else ["w", "m"]
    settings = QUICK | {"snapshots": kept, "checkpoint": tmp_path / "state.safetensors"}
    settings |= {"n_trials": None} if rank is None else {}
    settings |= {"rate_penalty": 0.1, "trained": [*rnn.connectivity.parameters, "B", "s_out"]}
    whole = train(rnn, short, **settings | {"checkpoint": None})
    count = 0
    update = Training.update

    def interrupted(training):
        nonlocal count
        count += 1
        if count == at:
            raise KeyboardInterrupt
        update(training)

    with monkeypatch.context() as patch:
        patch.setattr(Training, "update", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(rnn, short, **settings)
    evaluations = []
    resumed = train(rnn, short, **settings, progress=lambda done, *_: evaluations.append(done))
    assert same(resumed, whole)
    assert (evaluations[0] > 8) == (at > 8), "the first checkpoint is of update 8"
    # A finished training is kept: nothing is done again.
    assert same(train(rnn, short, **settings), whole)


def test_a_checkpoint_of_another_training_is_refused(short, tmp_path):
    rnn = initial_network(short, 10, 1)
    path = tmp_path / "state.safetensors"
    train(rnn, short, **QUICK, checkpoint=path)
    with pytest.raises(InputError, match=r"with learning_rate 0\.1, not 0\.2: delete it"):
        train(rnn, short, **QUICK, checkpoint=path, learning_rate=0.2)
    longer = PerceptualDecision(fixation=0.04, stimulus=0.16, delay=0.04, decision=0.06)
    with pytest.raises(InputError, match=r"with task fixation 0\.02, not 0\.04"):
        train(rnn, longer, **QUICK, checkpoint=path)
    with pytest.raises(InputError, match="with initial network"):
        train(initial_network(short, 10, 1, seed=1), short, **QUICK, checkpoint=path)


def test_a_damaged_checkpoint_is_refused(short, tmp_path):
    rnn = initial_network(short, 10, 1)
    path = tmp_path / "state.safetensors"
    train(rnn, short, **QUICK, checkpoint=path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError, match=r"cannot be read .*: delete it to start anew"):
        train(rnn, short, **QUICK, checkpoint=path)


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"updates": 0}, "updates is 0: give at least 1"),
        ({"n_trials": 0}, "n_trials is 0: give at least 1"),
        ({"batch_size": 41}, "batch_size is 41: give 1 to 40"),
        ({"learning_rate": 0}, "learning_rate is 0: give a number above 0"),
        ({"clip": -1}, "clip is -1: give a number above 0"),
        ({"schedule": "linear"}, "schedule is 'linear': choose among constant, cosine"),
        ({"trained": ["J"]}, "trained holds 'J': choose among m, n, B, w, bias, initial_state"),
        ({"trained": []}, "trained is empty"),
        ({"trained": ["B", "s_in"]}, "trained holds 's_in' and 'B', which it multiplies"),
        ({"rate_exponents": {"W": 1.0}}, "rate_exponents holds 'W': choose among J, m"),
        ({"rate_penalty": -1.0}, r"rate_penalty is -1\.0: give a number of at least 0"),
        ({"weight_penalty": "big"}, "weight_penalty is 'big': give a number"),
        ({"snapshots": ["x"]}, "snapshots holds 'x'"),
        ({"seed": -1}, "seed is -1: give an integer of at least 0"),
    ],
)
def test_settings_out_of_range(short, setting, sentence):
    with pytest.raises(InputError, match=sentence):
        train(initial_network(short, 10, 1), short, **QUICK | setting)


def test_a_network_of_another_task_is_refused(short):
    rnn = initial_network(short, 10, 1)
    with pytest.raises(InputError, match="inputs of the network is 1, of the task 4"):
        train(rnn, ContextDecision())
    with pytest.raises(InputError, match=r"dt of the network is 0\.01, of the task 0\.02"):
        train(rnn.replace(dt=0.01), short)


def test_a_loss_that_explodes_is_said(short):
    rnn = initial_network(short, 10, 1, nonlinearity="relu")
    with pytest.raises(InputError, match=r"learning_rate is 1e\+30, and after \d+ updates"):
        train(rnn, short, **QUICK, learning_rate=1e30)


def test_a_rank_one_network_learns_a_decision():
    """Dubreuil et al. 2022, Fig. 3: it becomes bistable, the overlap of m and n exceeds 1."""
    task = PerceptualDecision()
    rnn = initial_network(task, 128, 1, seed=0)
    published = {"learning_rate": 0.01, "schedule": "constant", "clip": 0.1, "evaluate_every": 25}
    trained = train(rnn, task, **published, updates=15 * 25, target_loss=0.005)
    assert evaluate(trained.rnn, task).accuracy >= 0.98
    J = trained.rnn.connectivity
    assert float(J.m[:, 0] @ J.n[:, 0]) / 128 > 1


@pytest.mark.slow
@pytest.mark.parametrize(("neurons", "rank"), [(512, 1), (256, None)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_context_dependent_decisions_are_learned(neurons, rank, seed):
    task = ContextDecision()
    trained = train(initial_network(task, neurons, rank, seed=seed), task, seed=seed)
    assert evaluate(trained.rnn, task).accuracy >= 0.98
