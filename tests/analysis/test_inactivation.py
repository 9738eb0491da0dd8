import numpy as np
import pytest

from lowrnn import RNN, FullRank, InputError, LowRank, RandomPlusLowRank
from lowrnn.analysis import inactivation, silence, silence_directions

rng = np.random.default_rng(0)
m, n = rng.standard_normal((2, 30, 2))
B, w = rng.standard_normal((2, 30, 1))
u = rng.standard_normal((3, 20, 1))
CONNECTIVITIES = {
    "low-rank": LowRank(m, n),
    "full-rank": FullRank(rng.standard_normal((30, 30)) / 5),
    "random-plus-low-rank": RandomPlusLowRank(0.8, m, n, seed=1),
}


def network(kind: str, bias: float = 0.3) -> RNN:
    return RNN(CONNECTIVITIES[kind], B, w, dt=0.1, tau=0.5, bias=np.full(30, bias))


@pytest.mark.parametrize("kind", CONNECTIVITIES)
def test_silencing_is_a_rate_of_zero(kind: str) -> None:
    net = network(kind)
    alive = np.ones(30)
    alive[[2, 5, 6]] = 0
    x, J = np.zeros((3, 30)), net.connectivity.dense()
    for t in range(20):
        x = x + 0.2 * (-x + (np.tanh(x + 0.3) * alive) @ J.T + u[:, t] @ B.T)
    run = silence(net, [2, 5, 6]).simulate(u)
    np.testing.assert_allclose(run.x[:, -1], x, atol=1e-12)
    np.testing.assert_allclose(run.z[:, -1], (np.tanh(x + 0.3) * alive) @ w / 30, atol=1e-12)
    same = silence(net, alive == 0).simulate(u)
    np.testing.assert_array_equal(same.z, run.z)


@pytest.mark.parametrize("kind", CONNECTIVITIES)
def test_silencing_the_direction_of_a_neuron_silences_the_neuron(kind: str) -> None:
    net = network(kind)
    by_direction = silence_directions(net, 3 * np.eye(30)[:, [4, 7]])
    np.testing.assert_allclose(
        by_direction.simulate(u).x, silence(net, [4, 7]).simulate(u).x, atol=1e-12
    )
    one = silence_directions(net, np.eye(30)[4])
    np.testing.assert_allclose(one.simulate(u).x, silence(net, [4]).simulate(u).x, atol=1e-12)


def test_rescaled_silencing_is_a_smaller_network() -> None:
    net = network("low-rank")
    kept = np.arange(20)
    smaller = RNN(LowRank(m[:20], n[:20]), B[:20], w[:20], dt=0.1, tau=0.5, bias=np.full(20, 0.3))
    silenced = silence(net, np.arange(20, 30), rescale=True).simulate(u)
    np.testing.assert_allclose(silenced.z, smaller.simulate(u).z, atol=1e-12)
    np.testing.assert_allclose(silenced.x[:, :, kept], smaller.simulate(u).x, atol=1e-12)


def test_each_population_serves_one_context(gated) -> None:
    groups = {"0": gated.labels == 0, "1": gated.labels == 1}
    found = inactivation(
        gated.rnn, gated.task, groups, by=["context"], n_trials=150, size=500, draws=2, null_draws=9
    )
    accuracy = found.set_index(["group", "context"])["accuracy"]
    # Cue 1 saturates population 0, so population 1 works in context 1.
    assert accuracy["0", 1] > 0.85
    assert accuracy["1", 2] > 0.85
    assert accuracy["1", 1] < accuracy["0", 1] - 0.1
    assert accuracy["0", 2] < accuracy["1", 2] - 0.1
    p = found.set_index(["group", "context"])["p_value"]
    assert p["1", 1] == p["0", 2] == 0.1
    assert min(p["0", 1], p["1", 2]) > 0.1
    assert (found["intact"] > 0.9).all()
    assert (found["null_low"] <= found["null_mean"]).all()
    assert (found["size"] == 500).all()


def test_the_latent_is_what_behaviour_needs(gated) -> None:
    # The dense form of the network, to which everything applies as well.
    keep = np.arange(0, 2000, 4)
    part = gated.rnn.connectivity
    small = gated.rnn.replace(
        connectivity=FullRank(part.m[keep] @ part.n[keep].T / len(keep)),
        inputs=gated.rnn.inputs[keep],
        readout=gated.rnn.readout[keep],
        bias=None,
        initial_state=None,
    )
    found = inactivation(
        small,
        gated.task,
        directions={"latent": part.n[keep], "input": small.inputs[:, 0]},
        n_trials=150,
        null_draws=9,
    ).set_index("group")
    assert found.loc["latent", "accuracy"] < 0.65
    assert found.loc["latent", "p_value"] == 0.1
    assert found.loc["latent", "null_mean"] > found.loc["latent", "intact"] - 0.03


def test_the_same_seed_gives_the_same_table_and_given_trials_are_used(gated) -> None:
    trials = gated.task.sample(40, 3)
    settings = {"groups": {"a": [1, 2]}, "trials": trials, "null_draws": 2, "seed": 5}
    one, other = (inactivation(gated.rnn, gated.task, **settings) for _ in range(2))
    assert one.equals(other)
    z = silence(gated.rnn, [1, 2]).simulate(trials.inputs, 5).z
    assert one["accuracy"][0] == gated.task.accuracy(z, trials)


def test_wrong_inputs_are_named(gated) -> None:
    net = network("low-rank")
    with pytest.raises(InputError, match="neurons has shape"):
        silence(net, [30])
    with pytest.raises(InputError, match="neurons has shape"):
        silence(net, [True, False])
    with pytest.raises(InputError, match="all of the network"):
        silence(net, np.arange(30), rescale=True)
    with pytest.raises(InputError, match="linearly dependent"):
        silence_directions(net, np.ones((30, 2)))
    with pytest.raises(InputError, match="both empty"):
        inactivation(gated.rnn, gated.task)
    with pytest.raises(InputError, match="by holds 'colour'"):
        inactivation(gated.rnn, gated.task, {"a": [1]}, by=["colour"])
    with pytest.raises(InputError, match="size is 5"):
        inactivation(gated.rnn, gated.task, {"a": [1, 2]}, size=5)
