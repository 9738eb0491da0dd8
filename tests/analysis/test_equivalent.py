from dataclasses import replace

import numpy as np
import pytest
import torch

from lowrnn import RNN, FullRank, InputError, LowRank
from lowrnn.analysis import (
    connectivity_correlation,
    from_torch,
    from_weights,
    low_rank_equivalent,
    silence,
    silencing_predictions,
    strongest,
    subsampling,
)
from lowrnn.fitting import r2
from lowrnn.learning import evaluate

NEURONS = 400
QUICK = {"n_trials": 100, "updates": 0}


@pytest.fixture(scope="module")
def hidden(gated):
    """A full-rank network in which the gated mechanism is at work, and its task."""
    task = replace(gated.task, stimulus_amplitude=0.6)
    net = gated.mixture.sample(
        NEURONS, 1, exact=True, dt=0.02, tau=0.1, dtype=np.float32, noise_std=0.05
    )
    random = 0.3 / np.sqrt(NEURONS) * np.random.default_rng(0).standard_normal((NEURONS, NEURONS))
    J = net.connectivity.dense() + random.astype(np.float32)
    return net.replace(connectivity=FullRank(J)), task


def test_the_mechanism_of_a_full_rank_network_is_found_and_predicts_silencing(
    hidden, gated
) -> None:
    rnn, task = hidden
    found = low_rank_equivalent(rnn, task, **QUICK)
    assert found.ceiling - 0.01 < found.r2 <= found.ceiling
    # Its matrix is not that of the original, its behaviour is.
    assert connectivity_correlation(found.rnn, rnn) < 0.8
    own, its = (evaluate(net, task, n_trials=200).accuracy for net in (rnn, found.rnn))
    assert abs(own - its) < 0.05

    groups = {1: strongest(found.rnn.inputs[:, 2], 0.4), 2: strongest(found.rnn.inputs[:, 3], 0.4)}
    labels = gated.mixture.labels(NEURONS)
    for cue, group in groups.items():
        assert (labels[group] == cue - 1).mean() > 0.9
    table = silencing_predictions(
        rnn, found.rnn, task, groups, by=["context"], n_trials=150, null_draws=0
    )
    # A cue saturates its population, so the other population carries that context.
    spared = table[table["group"] == table["context"]]
    impaired = table[table["group"] != table["context"]]
    for network in ("original", "equivalent"):
        assert spared[f"accuracy_{network}"].min() > 0.85
        assert impaired[f"accuracy_{network}"].max() < 0.75
    np.testing.assert_allclose(table["accuracy_original"], table["accuracy_equivalent"], atol=0.12)


def test_few_neurons_are_enough(hidden) -> None:
    rnn, task = hidden
    table = subsampling(rnn, task, (1.0, 0.1), repeats=2, **QUICK)
    assert table["neurons"].tolist() == [400, 40, 40]
    assert (table["r2"] > table["ceiling"] - 0.03).all()
    own = evaluate(rnn, task, n_trials=100).accuracy
    assert (table["accuracy"] > own - 0.1).all()
    inputs = task.sample(20, 0).inputs
    assert subsampling(rnn, inputs, (0.1,), repeats=1, updates=0)["accuracy"].isna().all()


def test_random_connectivity_has_no_equivalent_of_rank_1() -> None:
    rng = np.random.default_rng(3)
    rnn = RNN(
        FullRank(1.8 / 10 * rng.standard_normal((100, 100))),
        rng.standard_normal((100, 1)),
        dt=0.02,
        tau=0.1,
    )
    found = low_rank_equivalent(rnn, rng.standard_normal((30, 60, 1)), updates=0)
    assert found.r2 < 0.9 < found.ceiling


def test_neurons_that_never_change_keep_their_rates() -> None:
    rng = np.random.default_rng(4)
    m, n = rng.standard_normal((2, 40, 1))
    W = m @ (n + m).T / 40
    U, b = rng.standard_normal((40, 1)), 0.3 * rng.standard_normal(40)
    W[5], U[5], b[5] = 0, 0, -0.5
    original = from_weights(W, U, m / 40, bias=b, readout_bias=[0.4], dt=0.02, alpha=0.2)
    assert original.neurons == 41
    u = rng.standard_normal((25, 60, 1))
    still = silence(original, [5]).replace(bias=original.bias * (np.arange(41) != 5))
    for rnn in (original, still.replace(initial_state=still.initial_state * (still.bias != 0))):
        found = low_rank_equivalent(rnn, u, updates=0)
        assert isinstance(found.rnn.connectivity, LowRank)
        assert found.r2 > 0.99
        assert found.rnn.connectivity.m[40] == 0
        run, again = rnn.simulate(u), found.rnn.simulate(u)
        np.testing.assert_allclose(again.rates[:, :, 40], run.rates[:, :, 40], atol=1e-6)
        assert r2(run.z, again.z) > 0.9


def test_strongest() -> None:
    np.testing.assert_array_equal(strongest([1.0, -5, 2, 0, 3], 0.4), [1, 4])
    np.testing.assert_array_equal(strongest([1.0, -5], 0.01), [1])
    with pytest.raises(InputError, match="give a share above 0"):
        strongest([1.0], 1.5)


def test_wrong_inputs_are_named(hidden) -> None:
    rnn, task = hidden
    with pytest.raises(InputError, match="on has 4 trials"):
        low_rank_equivalent(rnn, task, n_trials=4)
    with pytest.raises(InputError, match="'tau' is no setting here"):
        low_rank_equivalent(rnn, task, n_trials=10, tau=3)
    with pytest.raises(InputError, match="moves no neuron"):
        low_rank_equivalent(rnn.replace(noise_std=0.0), np.zeros((5, 9, 4)))
    with pytest.raises(InputError, match="original has 400 neurons"):
        silencing_predictions(rnn, RNN(FullRank(np.eye(2)), dt=1, tau=1), task, {"a": [1]})


def test_a_torch_network_is_opened() -> None:
    # Rank 1 beside noise that hardly matters; the defaults of torch: biases, a readout with offset.
    torch.manual_seed(0)
    module, readout = torch.nn.RNN(2, 80), torch.nn.Linear(80, 1)
    rng = np.random.default_rng(5)
    m, n = rng.standard_normal((2, 80))
    J = np.outer(m, n + 1.2 * m) / 80 + 0.1 / np.sqrt(80) * rng.standard_normal((80, 80))
    with torch.no_grad():
        module.weight_hh_l0.copy_(torch.tensor(J))
        module.weight_ih_l0.copy_(torch.tensor(rng.standard_normal((80, 2))))
    u = 0.5 * rng.standard_normal((60, 30, 2))
    rnn = from_torch(module, readout)
    found = low_rank_equivalent(rnn, u, rank=1, updates=50)
    assert found.r2 > 0.97
    z = rnn.simulate(u).z
    assert r2(z, found.rnn.simulate(u).z) > 0.9
