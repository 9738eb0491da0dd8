"""What learning changed, kept as factors."""

import numpy as np
import pytest
import torch

from lowrnn import RNN, InputError
from lowrnn.learning import (
    History,
    WeightChanges,
    WeightRecorder,
    history_of,
    initial_network,
    train,
)

QUICK = {"updates": 9, "batch_size": 4, "n_trials": 10, "evaluate_every": 3}


def matrices(count, neurons=20, rank=3):
    """Changes of known rank that grow, on top of a random matrix."""
    rng = np.random.default_rng(0)
    J0 = rng.standard_normal((neurons, neurons))
    steps = [
        rng.standard_normal((neurons, rank)) @ rng.standard_normal((rank, neurons))
        for _ in range(count)
    ]
    return J0, np.cumsum(steps, axis=0)


def test_factors_hold_a_change_of_low_rank():
    _, changes = matrices(2, rank=2)
    kept = WeightChanges.of(changes, kept=5)
    for evaluation, change in enumerate(changes):
        np.testing.assert_allclose(kept.dense(evaluation), change, atol=1e-10)
    wanted = np.linalg.svd(changes, compute_uv=False)[:, :5]
    np.testing.assert_allclose(kept.singular_values(), wanted, atol=1e-10)
    np.testing.assert_allclose(kept.norm, np.linalg.norm(changes, axis=(1, 2)))
    np.testing.assert_allclose(kept.discarded, 0, atol=1e-6 * kept.norm.max())


def test_what_is_left_out_is_known():
    changes = np.random.default_rng(1).standard_normal((2, 12, 12))
    kept = WeightChanges.of(changes, kept=4)
    rest = [np.linalg.norm(change - kept.dense(k)) for k, change in enumerate(changes)]
    np.testing.assert_allclose(kept.discarded, rest)


def test_a_loop_of_ones_own_and_a_list_agree():
    J0, changes = matrices(3)
    recorder = WeightRecorder(torch.tensor(J0), kept=9)
    for step, change in enumerate(changes):
        weights = torch.nn.Parameter(torch.tensor(J0 + change))
        recorder.record(10 * step, weights, loss=torch.tensor(0.5))
    history = recorder.history()
    np.testing.assert_array_equal(history.evaluated, [0, 10, 20])
    np.testing.assert_array_equal(history.metrics["loss"], [0.5, 0.5, 0.5])
    listed = history_of([J0, *(J0 + changes)], kept=9)
    np.testing.assert_allclose(listed.changes.norm[1:], history.changes.norm)
    np.testing.assert_allclose(listed.changes.dense(2), changes[1], atol=1e-10)
    assert listed.changes.norm[0] == 0


def test_recorded_weights_may_change_in_place_afterwards():
    weights = torch.eye(4)
    recorder = WeightRecorder(weights)
    weights += 1
    recorder.record(1, weights)
    weights += 1
    np.testing.assert_allclose(recorder.history().changes.norm, [4.0])


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda r: r.record(1, np.eye(3)), "weights has 3 entries along axis 0: give 4"),
        (lambda r: (r.record(1, np.eye(4)), r.record(1, np.eye(4))), "step is 1 after 1"),
        (
            lambda r: (r.record(1, np.eye(4), loss=1), r.record(2, np.eye(4))),
            r"metrics are \[\], before \['loss'\]",
        ),
        (lambda r: r.record(1, np.full((4, 4), np.nan)), "weights holds 16 values"),
        (lambda r: r.history(), "nothing was recorded"),
    ],
)
def test_mistakes_of_a_recording(mistake, message):
    with pytest.raises(InputError, match=message):
        mistake(WeightRecorder(np.eye(4)))


def test_mistakes_of_a_list():
    with pytest.raises(InputError, match="checkpoints has length 1"):
        history_of([np.eye(3)])
    with pytest.raises(InputError, match="steps has length 3: give 2"):
        history_of([np.eye(3), np.eye(3)], steps=[1, 2, 3])
    with pytest.raises(InputError, match="initial has shape"):
        history_of([np.ones((3, 2)), np.ones((3, 2))])


def test_training_keeps_the_matrix_before_learning(short, tmp_path):
    start = initial_network(short, 40, g=0.9)
    trained = train(start, short, **QUICK, snapshots=["J"])
    connectivity, history = trained.rnn.connectivity, trained.history
    np.testing.assert_array_equal(connectivity.J0, start.connectivity.J)
    np.testing.assert_array_equal(history.start["J"], start.connectivity.J)
    assert history.start.keys() == {"J", "B", "w"}
    assert history.changes.norm[0] == 0
    assert len(history.changes) == len(history.evaluated)
    changed = [np.linalg.norm(connectivity.change - history.changes.dense(k)) for k in (1, 2, 3)]
    # The weights returned are those of one of the evaluations, but for what the factors leave out.
    assert min(changed) <= 1.01 * history.changes.discarded.max()

    again = train(trained.rnn, short, **QUICK, snapshots=["J"])
    np.testing.assert_array_equal(again.rnn.connectivity.J0, start.connectivity.J)
    assert again.history.changes.norm[0] > 0
    trained.rnn.save(tmp_path / "network.safetensors")
    loaded = RNN.load(tmp_path / "network.safetensors").connectivity
    np.testing.assert_array_equal(loaded.change, connectivity.change)


def test_low_rank_changes_are_exact(short, tmp_path):
    start = initial_network(short, 30, 2, dtype=np.float64)
    trained = train(start, short, **QUICK, snapshots=["m", "n"])
    changes = trained.history.changes
    matrices = [
        (np.asarray(m) @ np.asarray(n).T) / 30
        for m, n in zip(*(trained.history.parameters[name] for name in "mn"), strict=True)
    ]
    for k, J in enumerate(matrices):
        np.testing.assert_allclose(changes.dense(k), J - start.connectivity.dense(), atol=1e-12)
    wanted = [np.linalg.norm(J - start.connectivity.dense()) for J in matrices]
    np.testing.assert_allclose(changes.norm, wanted, atol=1e-12)
    frozen = train(start, short, **QUICK, trained=["n"], snapshots=["n"]).history
    assert np.linalg.matrix_rank(frozen.changes.dense(-1), tol=1e-9) == 2


def test_changes_on_disk(short, tmp_path):
    history = train(initial_network(short, 16, g=0.5), short, **QUICK, snapshots=["J"]).history
    history.save(tmp_path / "history.nc")
    found = History.load(tmp_path / "history.nc")
    for name in ("left", "right", "norm"):
        np.testing.assert_array_equal(getattr(found.changes, name), getattr(history.changes, name))
    for name, value in history.start.items():
        np.testing.assert_array_equal(found.start[name], value)


def test_no_connectivity_in_a_history(short):
    history = train(initial_network(short, 10), short, **QUICK).history
    with pytest.raises(InputError, match="train with snapshots"):
        _ = history.changes


def test_new_trials_in_every_update(short):
    start = initial_network(short, 10, 1)
    settings = QUICK | {"n_trials": None, "updates": 40, "evaluate_every": 20}
    one, two = (train(start, short, **settings, seed=4).history for _ in range(2))
    np.testing.assert_array_equal(one.loss, two.loss)
    other = train(start, short, **settings, seed=5).history
    assert (one.loss != other.loss).all()
    frozen = train(start, short, **settings, learning_rate=1e-12, schedule="constant").history
    assert len(set(frozen.loss)) == 40, "no batch comes twice"
    with pytest.raises(InputError, match="batch_size is 0"):
        train(start, short, **settings | {"batch_size": 0})
