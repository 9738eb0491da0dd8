"""Truncated changes and other starts, on a flip-flop network that is trained here."""

from dataclasses import dataclass

import numpy as np
import pytest

from lowrnn import RNN, FullRank, InputError
from lowrnn.analysis import (
    TruncationCurve,
    alignment,
    convergence_time,
    functional_rank,
    propagated_inputs,
    propagated_readout,
    redrawn_start_loss,
    shuffled_start_loss,
    truncation_curve,
    weight_change,
)
from lowrnn.analysis.other_starts import redrawn, shuffled
from lowrnn.learning import History, evaluate, initial_network, train
from lowrnn.tasks import FlipFlop

task = FlipFlop()
rng = np.random.default_rng(0)


@dataclass(frozen=True)
class Learned:
    before: RNN
    after: RNN
    history: History


@pytest.fixture(scope="module")
def learned() -> Learned:
    before = initial_network(task, 64, g=0.9, noise_std=0.0, seed=1)
    after = train(
        before,
        task,
        updates=150,
        learning_rate=0.05,
        rate_exponents={"J": -1, "B": -1},
        schedule="constant",
        clip=None,
        n_trials=3200,
    )
    return Learned(before, after.rnn, after.history)


def test_a_few_components_of_the_change_do_the_task(learned) -> None:
    curve = truncation_curve(learned.after, learned.before, task, n_trials=200)
    found = functional_rank(curve)
    assert found is not None
    # Published for N = 64: 4.5 in the mean.
    assert 3 <= found <= 6
    assert curve.accuracy[found] > 0.9 > curve.accuracy[0]
    # What only the change has: the matrix itself cannot be cut so far.
    control = truncation_curve(learned.after, np.zeros((64, 64)), task, n_trials=200)
    assert control.loss[found] > 3 * curve.loss[found]
    assert weight_change(learned.after, learned.before).participation_ratio < 5


def test_the_change_needs_its_own_start(learned) -> None:
    for measure in (shuffled_start_loss, redrawn_start_loss):
        found = measure(learned.after, learned.before, task, draws=3, n_trials=200)
        assert found.relative.shape == (3,)
        assert len(set(found.loss)) == 3
        assert (found.relative > 0.5).all()
        assert found.intact < 0.05 * found.without_change


def test_learning_goes_along_what_the_initial_network_propagates(learned) -> None:
    W0, net = learned.before, learned.after
    change = weight_change(net, W0)
    left, right = change.left[:, :2], change.right[:, :2]
    assert (alignment(left, propagated_readout(W0, net.readout)) > 0.4).all()
    assert (alignment(right, propagated_inputs(W0, net.inputs)) > 0.4).all()
    assert (alignment(left, net.readout) < 0.4).all()
    assert (alignment(right, net.inputs) < 0.4).all()


def test_learning_took_a_while(learned) -> None:
    # Published for g = 0.9: 45 updates; the network is small and its batches are noisy.
    raw, smooth = (convergence_time(learned.history.loss, window=w) for w in (1, 10))
    assert raw is not None
    assert smooth is not None
    assert 20 < raw <= smooth < 100


@pytest.mark.parametrize("noise_std", [0.0, 0.3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_losses_are_those_of_each_network_by_itself(noise_std: float, dtype: type) -> None:
    net, before = (
        initial_network(task, 30, g=g, seed=s, noise_std=noise_std, dtype=dtype).replace(
            bias=rng.standard_normal(30), initial_state=rng.standard_normal(30)
        )
        for g, s in ((1.2, 0), (0.9, 1))
    )
    W0, change = before.connectivity.dense(), weight_change(net, before)
    curve = truncation_curve(net, before, task, ranks=[3, 1, 30, 99], n_trials=20, seed=4)
    np.testing.assert_array_equal(curve.ranks, [0, 1, 3, 30])
    for rank, loss, accuracy in zip(curve.ranks, curve.loss, curve.accuracy, strict=True):
        alone = net.replace(connectivity=FullRank((W0 + change.truncated(rank)).astype(dtype)))
        score = evaluate(alone, task, n_trials=20, seed=4)
        assert loss == pytest.approx(score.loss, rel=1e-5)
        assert accuracy == pytest.approx(score.accuracy, abs=1e-3)
    found = shuffled_start_loss(net, before, task, n_trials=20, seed=4)
    assert found.intact == pytest.approx(curve.loss[-1])
    assert found.without_change == pytest.approx(curve.loss[0])


def test_the_order_of_neurons_does_not_matter() -> None:
    net, before = (initial_network(task, 20, g=0.8, seed=s, noise_std=0.0) for s in (0, 1))
    order = rng.permutation(20)

    def permuted(rnn: RNN) -> RNN:
        J = rnn.connectivity.dense()[np.ix_(order, order)]
        return RNN(
            FullRank(J), rnn.inputs[order], rnn.readout[order], dt=rnn.dt, tau=rnn.tau
        )  # fmt: skip

    one, other = (
        truncation_curve(*nets, task, ranks=range(5), n_trials=30).loss
        for nets in ((net, before), (permuted(net), permuted(before)))
    )
    np.testing.assert_allclose(one, other, rtol=1e-4)


def test_a_network_that_diverges_has_an_infinite_loss() -> None:
    J = np.zeros((2, 2, 2))
    J[1] = 1e4 * np.eye(2)
    net, before = (
        RNN(FullRank(each), np.ones((2, 2)), np.ones((2, 2)), dt=task.dt, tau=0.1,
            nonlinearity="identity")
        for each in J
    )  # fmt: skip
    curve = truncation_curve(net, before, task, ranks=[0, 2], n_trials=5)
    assert curve.loss[0] == np.inf
    assert np.isnan(curve.accuracy[0])
    assert np.isfinite(curve.loss[1])


def test_functional_rank_is_the_first_below_the_share_of_rank_0() -> None:
    ranks = np.array([0, 1, 2, 4])
    curve = TruncationCurve(ranks, np.array([1.0, 2.0, 0.04, 0.01]), np.zeros(4))
    assert functional_rank(curve) == 2
    assert functional_rank(curve, threshold=0.02) == 4
    assert functional_rank(curve, threshold=0.01) is None


def test_replacements_leave_the_matrix_alone() -> None:
    W0 = rng.standard_normal((12, 12))
    kept = W0.copy()
    new = shuffled(W0, np.random.default_rng(0))
    np.testing.assert_array_equal(np.sort(new, axis=None), np.sort(W0, axis=None))
    assert not np.array_equal(new, W0)
    assert not np.array_equal(np.sort(new, axis=1), np.sort(W0, axis=1))
    np.testing.assert_array_equal(W0, kept)
    large = redrawn(0.7 * rng.standard_normal((300, 300)), rng)
    assert large.std() == pytest.approx(0.7, rel=0.02)
    net = initial_network(task, 12, noise_std=0.0, dtype=np.float64)
    shuffled_start_loss(net, W0, task, n_trials=5)
    np.testing.assert_array_equal(W0, kept)


def test_without_a_start_there_is_nothing_to_replace() -> None:
    net = initial_network(task, 12, g=0.5, noise_std=0.0)
    for measure in (shuffled_start_loss, redrawn_start_loss):
        found = measure(net, np.zeros((12, 12)), task, draws=2, n_trials=10)
        np.testing.assert_array_equal(found.loss, found.intact)


def test_wrong_inputs_are_named() -> None:
    net = initial_network(task, 12, noise_std=0.0)
    with pytest.raises(InputError, match=r"before has shape \(3, 3\)"):
        truncation_curve(net, np.zeros((3, 3)), task)
    with pytest.raises(InputError, match="ranks holds -1"):
        truncation_curve(net, net, task, ranks=[-1])
    with pytest.raises(InputError, match="draws is 0"):
        shuffled_start_loss(net, net, task, draws=0)
