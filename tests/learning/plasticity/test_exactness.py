"""Rules against what defines them: dense traces, automatic differentiation, the kernels."""

import numpy as np
import pytest
import torch

from lowrnn.errors import InputError
from lowrnn.learning import RULES, PlasticityRule
from lowrnn.learning.plasticity import latent_gradient
from lowrnn.learning.plasticity.course import Course
from lowrnn.learning.plasticity.synapses import DenseSynapses, FactoredSynapses, VectorSynapses
from lowrnn.learning.score import step_weights
from lowrnn.networks import RNN, FullRank, LowRank, Noise
from lowrnn.networks.kernels import squared_error
from lowrnn.tasks import FlipFlop

TASK = FlipFlop(duration=2.0, bits=2)
N, TRIALS = 12, 5
RATE = 0.7


def network(rank=None, neurons=N, seed=4):
    rng = np.random.default_rng(seed)
    J = rng.standard_normal((neurons, neurons)) * 1.2 / np.sqrt(neurons)
    low = rng.standard_normal((2, neurons, rank or 1))
    return RNN(
        FullRank(J) if rank is None else LowRank(low[0], low[1] + low[0]),
        inputs=rng.standard_normal((neurons, 2)),
        readout=rng.standard_normal((neurons, 2)),
        bias=0.1 * rng.standard_normal(neurons),
        initial_state=0.3 * rng.standard_normal(neurons),
        dt=TASK.dt,
        tau=0.1,
    )


def learnt(rule, rnn, kind, updates=1, momentum=0.0):
    """The synapses after some updates of a rule, momentum and clips left out."""
    if isinstance(rule, str):
        rule = RULES[rule].replace(momentum=momentum, norm_clip=None, rate=RATE, readout_rate=0.0)
    course = Course(rule, rnn, TASK, kind(rnn), TRIALS, seed=1)
    for _ in range(updates):
        course.update()
    return course


def loss_gradient(rnn, trials, names):
    tensors = {k: v.requires_grad_(k in names) for k, v in rnn.tensors().items()}
    weight = torch.from_numpy(step_weights(trials) / len(trials))
    loss = squared_error(
        tensors, torch.from_numpy(trials.inputs), torch.from_numpy(trials.targets), weight,
        on="output", alpha=rnn.alpha, nonlinearity=rnn.nonlinearity, noise=Noise(0.0),
    )  # fmt: skip
    return [g.numpy() for g in torch.autograd.grad(loss, [tensors[name] for name in names])]


def test_bptt_is_the_gradient_of_the_kernels_for_j():
    rnn = network()
    course = learnt("bptt", rnn, DenseSynapses)
    (gradient,) = loss_gradient(rnn, course.drawn[:TRIALS], ["J"])
    change = course.synapses.J - rnn.connectivity.J
    np.testing.assert_allclose(change, -RATE * gradient, rtol=0, atol=1e-14)


def test_bptt_is_the_gradient_of_the_kernels_for_m_and_n():
    rnn = network(rank=2)
    course = learnt("bptt", rnn, VectorSynapses)
    gradients = loss_gradient(rnn, course.drawn[:TRIALS], ["m", "n"])
    for now, before, gradient in zip(
        (course.synapses.m, course.synapses.n), rnn.connectivity.parameters.values(), gradients,
        strict=True,
    ):  # fmt: skip
        np.testing.assert_allclose(now - before, -RATE * N * gradient, rtol=0, atol=1e-13)


def detached_gradient(rnn, trials, readout):
    """Autograd of the loss where recurrent input takes the rates as given."""
    J = torch.from_numpy(rnn.connectivity.dense()).requires_grad_()
    bias, w = torch.from_numpy(rnn.bias), torch.from_numpy(readout)
    x = torch.from_numpy(np.tile(rnn.initial_state, (len(trials), 1)))
    drive = torch.from_numpy(trials.inputs @ rnn.inputs.T)
    weight = torch.from_numpy(step_weights(trials) / len(trials))
    target = torch.from_numpy(trials.targets)
    loss = 0.0
    for step in range(drive.shape[1]):
        read = torch.tanh(x + bias).detach()
        x = x + rnn.alpha * (read @ J.T + drive[:, step] - x)
        z = torch.tanh(x + bias) @ w / rnn.neurons
        loss = loss + (weight[:, step, None] * (z - target[:, step]) ** 2).sum()
    return torch.autograd.grad(loss, J)[0].numpy()


@pytest.mark.parametrize("rule", ["eprop", "eprop_random"])
def test_eprop_is_the_gradient_with_detached_recurrence(rule):
    rnn = network()
    course = learnt(rule, rnn, DenseSynapses)
    change = course.synapses.J - rnn.connectivity.J
    if rule == "eprop":
        gradient = detached_gradient(rnn, course.drawn[:TRIALS], rnn.readout)
        np.testing.assert_allclose(change, -RATE * gradient, rtol=0, atol=1e-14)
    else:
        # Each row is that of symmetric feedback, where feedback replaces the neuron's readout.
        assert np.abs(change).max() > 1e-4
        course.feedback[:] = rnn.readout
        again = Course(course.rule, rnn, TASK, DenseSynapses(rnn), TRIALS, seed=1)
        again.feedback = rnn.readout
        again.update()
        symmetric = learnt("eprop", rnn, DenseSynapses).synapses.J
        np.testing.assert_allclose(again.synapses.J, symmetric, rtol=0, atol=1e-14)


def test_rflo_is_the_trace_of_each_synapse():
    rnn = network()
    course = learnt("rflo", rnn, DenseSynapses)
    trials, change = course.drawn[:TRIALS], course.synapses.J - rnn.connectivity.J
    course.synapses.J = rnn.connectivity.J
    activity, _ = course.run(trials, np.random.default_rng(0))
    outputs = activity.rates @ rnn.readout / N
    error = 2 * step_weights(trials)[:, :, None] * (outputs - trials.targets)
    expected = np.zeros((N, N))
    for k in range(TRIALS):
        trace = np.zeros((N, N))
        for t in range(error.shape[1]):
            product = np.outer(activity.gains[k, t], activity.before[k, t])
            trace = (1 - rnn.alpha) * trace + rnn.alpha * product
            expected -= RATE / N / TRIALS * (course.feedback @ error[k, t])[:, None] * trace
    np.testing.assert_allclose(change, expected, rtol=0, atol=1e-12)


RULE_TEXTS = ["X1Y1", "X1Y1 - Y2W1", "X1Y2 - X1Y1T1", "0.3 + X1 - 0.5*X2 - X1W1", "X1Y1 - 0.2*W1"]


@pytest.mark.parametrize("text", RULE_TEXTS)
def test_factors_are_the_dense_matrix(text):
    rnn = network(rank=2, neurons=40)
    rule = PlasticityRule(terms=text, rate=0.02, decay=0.03)
    dense = learnt(rule, rnn, DenseSynapses, 20).synapses.J
    factored = learnt(rule, rnn, FactoredSynapses, 20).synapses
    change = dense - rnn.connectivity.dense()
    assert np.linalg.norm(change) > 1e-3
    np.testing.assert_allclose(factored.factors.dense(), change, rtol=0, atol=1e-10)
    left, right, norm = factored.change()
    np.testing.assert_allclose(left @ right.T, change, rtol=0, atol=1e-10)
    assert norm == pytest.approx(np.linalg.norm(change))


def test_rules_on_vectors_are_the_chain_rule():
    rnn = network(rank=2)
    low = rnn.connectivity
    for text in ("X1Y1", "X3Y2 - 2*X1"):
        rule = PlasticityRule(terms=text, rate=1e-3)
        dJ = learnt(rule, rnn, DenseSynapses).synapses.J - low.dense()
        vectors = learnt(rule, rnn, VectorSynapses).synapses
        np.testing.assert_allclose(vectors.m - low.m, dJ @ low.n, rtol=0, atol=1e-14)
        np.testing.assert_allclose(vectors.n - low.n, dJ.T @ low.m, rtol=0, atol=1e-14)


def test_trace_of_a_reward_at_the_end():
    """A kick counts the less, the longer before the reward it was."""
    rnn = network()
    rule = RULES["node_perturbation"].replace(trace=0.5, rate=1.0)
    course = Course(rule, rnn, TASK, DenseSynapses(rnn), TRIALS, seed=1)
    trials = TASK.sample(TRIALS, 0)
    activity, noise = course.run(trials, np.random.default_rng(5))
    course.baseline.means = dict.fromkeys(range(9), 2.0)
    course.learn_from(trials, np.random.default_rng(5))
    outputs = activity.rates @ rnn.readout / N
    losses = np.sum(step_weights(trials)[:, :, None] * (outputs - trials.targets) ** 2, (1, 2))
    last = trials.mask.shape[1] - 1 - np.argmax(trials.mask[:, ::-1], axis=1)
    expected, share = np.zeros((N, N)), TASK.dt / 0.5
    for k in range(TRIALS):
        for t in range(last[k] + 1):
            weight = share * (1 - share) ** (last[k] - t) * (2.0 - losses[k])
            expected += weight * np.outer(noise.kicks[k, t], activity.before[k, t]) / TRIALS / N
    change = course.synapses.J - rnn.connectivity.J
    np.testing.assert_allclose(change, expected, rtol=0, atol=1e-12)


def test_latent_gradient_is_backpropagation_through_time():
    rnn = network(rank=3)
    trials = TASK.sample(TRIALS, 0)
    outputs = rnn.simulate(trials.inputs).z
    weight = step_weights(trials)[:, :, None] / TRIALS
    found = latent_gradient(rnn, trials.inputs, 2 * weight * (outputs - trials.targets))
    for ours, exact in zip(found, loss_gradient(rnn, trials, ["m", "n"]), strict=True):
        np.testing.assert_allclose(ours, exact, rtol=0, atol=1e-14)
    with pytest.raises(InputError, match="connectivity is full-rank"):
        latent_gradient(network(), trials.inputs, outputs)


def test_weight_perturbation_follows_the_gradient():
    """The mean over many draws is the gradient, up to the variance of the perturbation."""
    rnn = network(neurons=6)
    kick = 0.05
    rule = RULES["weight_perturbation"].replace(kick=kick, rate=1 / kick)
    course = Course(rule, rnn, TASK, DenseSynapses(rnn), 20000, seed=1)
    first = TASK.sample(1, 3)
    trials = first[np.zeros(20000, int)]
    losses = loss_of(rnn, first)
    course.baseline.means = dict.fromkeys(range(9), losses)
    course.learn_from(trials, np.random.default_rng(0))
    (gradient,) = loss_gradient(rnn, first, ["J"])
    change = course.synapses.J - rnn.connectivity.J
    # J moved by kick / N, so that the update is -(kick / N)(1 / kick) / N times the gradient.
    cosine = -np.sum(change * gradient) / np.linalg.norm(change) / np.linalg.norm(gradient)
    assert cosine > 0.97
    assert -np.sum(change * gradient) / np.sum(gradient**2) == pytest.approx(1 / 36, rel=0.1)


def loss_of(rnn, trials):
    outputs = rnn.simulate(trials.inputs).z
    return float(np.sum(step_weights(trials)[:, :, None] * (outputs - trials.targets) ** 2))
