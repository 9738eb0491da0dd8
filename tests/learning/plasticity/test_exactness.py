"""Rules against what defines them: dense traces, automatic differentiation, the kernels."""

import numpy as np
import pytest
import torch

from lowrnn.errors import InputError
from lowrnn.learning import RULES, PlasticityRule
from lowrnn.learning.plasticity import latent_gradient
from lowrnn.learning.plasticity.course import Course
from lowrnn.learning.plasticity.synapses import DenseSynapses, FactoredSynapses, VectorSynapses
from lowrnn.learning.plasticity.update import Part
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


def influences(rnn, trials, hop_gain):
    """Gradient for J, of products of each synapse that are carried forward in time."""
    J, w, alpha = rnn.connectivity.J, rnn.readout, rnn.alpha
    activity = rnn.simulate(trials.inputs)
    weight = step_weights(trials)[:, :, None] / len(trials)
    direct = 2 * weight * (activity.z - trials.targets) @ w.T / N
    gradient = np.zeros((N, N))
    for k in range(len(trials)):
        own = np.zeros((N, N))
        # How each neuron (first axis) depends on J by way of others.
        hops = np.zeros((N, N, N))
        before = np.tanh(rnn.initial_state + rnn.bias)
        for t in range(direct.shape[1]):
            through = J[:, :, None] * ((1 - before**2)[:, None] * own)
            further = hop_gain * np.einsum("kj,jpq->kpq", J, hops)
            hops = (1 - alpha) * hops + alpha * (through + further)
            own = (1 - alpha) * own + alpha * before
            before = np.tanh(activity.x[k, t] + rnn.bias)
            on_state = direct[k, t] * (1 - before**2)
            gradient += on_state[:, None] * own + np.einsum("k,kpq->pq", on_state, hops)
    return gradient


@pytest.mark.parametrize(("rule", "hop_gain"), [("one_hop", 0.0), ("modprop", 0.6)])
def test_errors_over_few_hops_are_the_influences_of_synapses(rule, hop_gain):
    rnn = network()
    course = learnt(rule, rnn, DenseSynapses)
    change = course.synapses.J - rnn.connectivity.J
    expected = -RATE * influences(rnn, course.drawn[:TRIALS], hop_gain)
    np.testing.assert_allclose(change, expected, rtol=0, atol=1e-14)


def test_true_gains_make_the_gradient_exact():
    rnn = network().replace(nonlinearity="identity", initial_state=np.zeros(N))
    exact, mean, one = (
        learnt(rule, rnn, DenseSynapses).synapses.J - rnn.connectivity.J
        for rule in (
            "bptt",
            RULES["modprop"].replace(hop_gain=1.0, norm_clip=None, momentum=0.0, rate=RATE),
            "one_hop",
        )
    )
    np.testing.assert_allclose(mean, exact, rtol=0, atol=1e-12 * np.abs(exact).max())
    assert np.abs(one - exact).max() > 1e-3 * np.abs(exact).max()


def test_each_hop_comes_nearer_to_the_gradient():
    for seed in range(3):
        rnn, updates = network(rank=3, neurons=60, seed=seed), {}
        for rule in ("bptt", "modprop", "one_hop", "eprop"):
            synapses = learnt(rule, rnn, VectorSynapses).synapses
            updates[rule] = np.stack(
                [synapses.m - rnn.connectivity.m, synapses.n - rnn.connectivity.n]
            )
        exact = updates.pop("bptt")
        cosines = [
            float(np.sum(one * exact) / np.linalg.norm(one) / np.linalg.norm(exact))
            for one in updates.values()
        ]
        assert 1 > cosines[0] > cosines[1] > cosines[2] > 0


@pytest.mark.parametrize("rank", [None, 2])
def test_feedback_alignment_is_backpropagation_from_other_weights(rank):
    rnn, kind = network(rank), DenseSynapses if rank is None else VectorSynapses
    rule = RULES["feedback_alignment"].replace(norm_clip=None, momentum=0.0, rate=RATE)
    course = Course(rule, rnn, TASK, kind(rnn), TRIALS, seed=1)
    feedback = course.feedback.copy()
    trials = TASK.sample(TRIALS, 0)
    course.learn_from(trials, np.random.default_rng(0))
    np.testing.assert_array_equal(course.feedback, feedback)
    # The error of the readout, and all else as if the feedback were the readout.
    error = 2 * step_weights(trials)[:, :, None] * (rnn.simulate(trials.inputs).z - trials.targets)
    tensors = {name: value.requires_grad_() for name, value in rnn.tensors().items()}
    J = tensors["J"] if rank is None else tensors["m"] @ tensors["n"].T / N
    x = torch.from_numpy(np.tile(rnn.initial_state, (TRIALS, 1)))
    drive, outputs = torch.from_numpy(trials.inputs @ rnn.inputs.T), []
    for step in range(drive.shape[1]):
        x = x + rnn.alpha * (torch.tanh(x + tensors["bias"]) @ J.T + drive[:, step] - x)
        outputs.append(torch.tanh(x + tensors["bias"]) @ torch.from_numpy(feedback) / N)
    sent = (torch.stack(outputs, 1) * torch.from_numpy(error)).sum() / TRIALS
    name = "J" if rank is None else "n"
    (gradient,) = torch.autograd.grad(sent, tensors[name])
    change = getattr(course.synapses, name) - getattr(rnn.connectivity, name)
    scale = RATE * (1 if rank is None else N)
    np.testing.assert_allclose(change, -scale * gradient.numpy(), rtol=0, atol=1e-13)


def test_the_readout_follows_its_gradient_with_momentum():
    rnn = network()
    rule = RULES["bptt"].replace(norm_clip=None, momentum=0.5, rate=0.0, readout_rate=RATE)
    course = Course(rule, rnn, TASK, DenseSynapses(rnn), TRIALS, seed=1)
    trials, expected, velocity = TASK.sample(TRIALS, 0), rnn.readout, 0.0
    for _ in range(3):
        (gradient,) = loss_gradient(rnn.replace(readout=expected), trials, ["w"])
        velocity = 0.5 * velocity + N * gradient
        expected = expected - RATE * velocity
        course.learn_from(trials, np.random.default_rng(0))
    np.testing.assert_allclose(course.readout, expected, rtol=0, atol=1e-13)


def test_adaptive_feedback_becomes_the_readout():
    rnn = network(neurons=30)
    rule = RULES["eprop_adaptive"].replace(readout_decay=0.05)
    course = Course(rule, rnn, TASK, DenseSynapses(rnn), TRIALS, seed=1)
    apart = course.feedback - course.readout
    for _ in range(40):
        course.update()
    left = 0.95**40 * apart
    np.testing.assert_allclose(course.feedback - course.readout, left, rtol=0, atol=1e-12)
    assert np.linalg.norm(left) < 0.2 * np.linalg.norm(apart)


def test_a_bounded_rank_forgets_nothing():
    rnn, rng = network(), np.random.default_rng(0)
    strong, weak = rng.standard_normal((2, N, 1))
    synapses = DenseSynapses(rnn)
    rule = PlasticityRule(terms="X1Y1", rate=1.0, max_rank=1)
    for _ in range(5):
        synapses.learn([Part(strong, strong)], rule)
        # Smaller than the other at every update.
        synapses.learn([Part(0.3 * weak, weak)], rule)
    change = synapses.J - rnn.connectivity.J
    assert np.linalg.matrix_rank(change, tol=1e-10) == 1
    whole = 5 * (strong @ strong.T + 0.3 * weak @ weak.T) / N
    s = np.linalg.svd(whole)[1]
    assert np.linalg.norm(change - whole) == pytest.approx(s[1])
    synapses.learn([], rule.replace(max_rank=2))
    np.testing.assert_allclose(synapses.J - rnn.connectivity.J, whole, rtol=0, atol=1e-13)


def test_weights_keep_their_signs():
    rnn = network()
    J = rnn.connectivity.J.copy()
    J[3] = 0.0
    rnn = rnn.replace(connectivity=FullRank(J))
    free, kept = (
        learnt(PlasticityRule(terms="X1Y1", rate=3.0, keep_signs=k), rnn, DenseSynapses, 3)
        for k in (False, True)
    )
    assert np.any(free.synapses.J * J < 0)
    assert np.all(kept.synapses.J * J >= 0)
    assert np.all(kept.synapses.J[3] == 0)
    assert np.any((kept.synapses.J == 0) & (J != 0))


def test_homeostasis_brings_rates_to_the_target():
    rnn = network(neurons=40).replace(initial_state=np.zeros(40))
    course = Course(RULES["homeostasis"], rnn, TASK, DenseSynapses(rnn), TRIALS, seed=1)
    trials = TASK.sample(TRIALS, 0)
    misses = []
    for _ in range(400):
        activity, _ = course.run(trials, np.random.default_rng(0))
        misses.append(np.abs(np.mean(activity.rates**2, axis=(0, 1)) - 0.2))
        course.learn_from(trials, np.random.default_rng(0))
    assert np.mean(misses[-1]) < 0.5 * np.mean(misses[0])


def loss_of(rnn, trials):
    outputs = rnn.simulate(trials.inputs).z
    return float(np.sum(step_weights(trials)[:, :, None] * (outputs - trials.targets) ** 2))
