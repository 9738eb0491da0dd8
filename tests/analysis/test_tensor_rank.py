"""Ranks of learning whose tensor is known."""

import tracemalloc

import numpy as np
import pytest

from lowrnn import InputError
from lowrnn.analysis import tensor_rank
from lowrnn.fitting import match_components
from lowrnn.learning import WeightChanges, history_of, initial_network, train
from lowrnn.theory.linear_learning import exact_solution


def planted(neurons=30, steps=40, rank=3, seed=0):
    """Patterns and how strong they are, (step, rank), (neuron, rank) twice."""
    rng = np.random.default_rng(seed)
    time = np.linspace(0, 1, steps)[:, None]
    step = (1 - np.exp(-time / [0.1, 0.5, 2.0][:rank])) * [1.0, 0.7, 2.0][:rank]
    return step, rng.standard_normal((neurons, rank)), rng.standard_normal((neurons, rank))


def factored(step, post, pre):
    """The same as changes of low rank."""
    left = step[:, None] * post
    right = np.broadcast_to(pre, left.shape)
    norm = np.linalg.norm(left @ right.transpose(0, 2, 1), axis=(1, 2))
    return WeightChanges(left, right, norm)


def test_linear_learning_has_ranks_two_two_three():
    rng = np.random.default_rng(0)
    a, b = np.linalg.qr(rng.standard_normal((50, 2)))[0].T
    weights = exact_solution(1.0, np.linspace(0, 2, 40)).weights(a, b)
    for learned in (weights, WeightChanges.of(weights, kept=4)):
        ranks = tensor_rank(learned, [1, 2, 3], tolerance=1e-9)
        assert ranks.multilinear_rank == (2, 2, 3)
        assert ranks.slice_rank == 3
        assert ranks.variance_explained[3] == pytest.approx(1, abs=1e-6)
        assert ranks.variance_explained[2] < 1 - 1e-6


def test_spectra_are_those_of_the_dense_unfoldings():
    rng = np.random.default_rng(1)
    left, right = rng.standard_normal((2, 70, 12, 5))
    changes = left @ right.transpose(0, 2, 1)
    ranks = tensor_rank(WeightChanges(left, right, np.linalg.norm(changes, axis=(1, 2))), ())
    for axis, found in ((1, ranks.post_values), (2, ranks.pre_values), (0, ranks.step_values)):
        flat = np.moveaxis(changes, axis, 0).reshape(changes.shape[axis], -1)
        wanted = np.linalg.svd(flat, compute_uv=False)
        np.testing.assert_allclose(found, wanted, atol=1e-9 * wanted[0])
    dense = tensor_rank(changes, ())
    np.testing.assert_allclose(dense.post_values, ranks.post_values)
    np.testing.assert_allclose(dense.step_values, ranks.step_values, atol=1e-9 * wanted[0])


def test_components_are_those_that_learning_moved_along():
    truth = planted()
    ranks = tensor_rank(factored(*truth), [2, 3])
    found = ranks.components[3]
    match = match_components((found.step, found.post, found.pre), truth)
    assert match.similarity.min() > 0.999
    np.testing.assert_allclose(np.linalg.norm(found.post, axis=0), 1)
    rebuilt = np.einsum("kr,ir,jr->kij", found.step, found.post, found.pre)
    np.testing.assert_allclose(rebuilt, np.einsum("kr,ir,jr->kij", *truth), atol=0.02)
    assert ranks.multilinear_rank == (3, 3, 3)
    assert ranks.variance_explained[2] < ranks.variance_explained[3] <= ranks.core_energy + 1e-12


def test_one_number_may_scale_a_pattern_of_full_rank():
    pattern = np.random.default_rng(2).standard_normal((20, 20))
    ranks = tensor_rank(np.linspace(0, 1, 9)[:, None, None] * pattern, ())
    assert ranks.multilinear_rank == (20, 20, 1)
    assert ranks.slice_rank == 1


def test_what_the_history_left_out_counts_as_not_explained():
    step, post, pre = planted()
    whole = factored(step, post, pre)
    part = WeightChanges(whole.left[:, :, :2], whole.right[:, :, :2], whole.norm)
    ranks = tensor_rank(part, [2])
    held = np.sum(part.singular_values() ** 2) / np.sum(whole.norm**2)
    assert ranks.recorded == pytest.approx(held)
    assert ranks.variance_explained[2] == pytest.approx(held, abs=1e-4)


def test_more_neurons_than_a_dense_tensor_has_room_for():
    # As an array, 512 x 512 x 300 in double precision is 600 MiB.
    learned = factored(*planted(neurons=512, steps=300))
    tracemalloc.start()
    ranks = tensor_rank(learned, [3], starts=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert ranks.multilinear_rank == (3, 3, 3)
    assert ranks.variance_explained[3] > 1 - 1e-5
    assert peak < 100 * 2**20


def test_histories_of_training_and_of_checkpoints(gated):
    rnn = initial_network(gated.task, 40, rank=2, seed=0)
    training = train(
        rnn, gated.task, updates=6, batch_size=4, n_trials=10, evaluate_every=1,
        snapshots=["m", "n"],
    )  # fmt: skip
    changes = training.history.changes
    ranks = tensor_rank(training.history, [1])
    dense = tensor_rank(np.stack([changes.dense(k) for k in range(len(changes))]), [1])
    assert ranks.multilinear_rank == dense.multilinear_rank
    assert ranks.variance_explained[1] == pytest.approx(dense.variance_explained[1], abs=1e-4)
    step, post, pre = planted(steps=5)
    matrices = np.eye(30) + np.einsum("kr,ir,jr->kij", step, post, pre)
    assert tensor_rank(history_of(matrices), (), tolerance=1e-9).multilinear_rank == (3, 3, 3)


def test_wrong_arguments():
    learned = factored(*planted())
    with pytest.raises(InputError, match="learned has not changed"):
        tensor_rank(np.zeros((3, 4, 4)))
    m = np.random.default_rng(0).standard_normal((3, 10, 2))
    unchanged = WeightChanges(np.concatenate([m, -m], 2), np.concatenate([m, m], 2), np.zeros(3))
    with pytest.raises(InputError, match="learned has not changed"):
        tensor_rank(unchanged)
    with pytest.raises(InputError, match="tolerance is 1"):
        tensor_rank(learned, tolerance=1)
    with pytest.raises(InputError, match="rank is 0"):
        tensor_rank(learned, [0])
