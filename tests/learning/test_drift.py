"""Training that goes on: an exact identity, plain gradients, noise; and the Hessian's trace."""

import numpy as np
import pandas as pd
import pytest
import torch

from lowrnn import RNN, FullRank, InputError, LowRank, RandomPlusLowRank, Trials
from lowrnn.learning import continue_training, hessian_trace
from lowrnn.networks import Noise
from lowrnn.networks.kernels import reference


def trials_of(inputs, targets):
    table = pd.DataFrame({"trial": np.arange(len(inputs))})
    return Trials(inputs, targets, np.ones(inputs.shape[:2]), table, 1.0)


def feed_forward(inputs, readout, nonlinearity="relu", **settings):
    zero = np.zeros((len(inputs), 1))
    return RNN(
        LowRank(zero, zero), inputs, readout, dt=1.0, tau=1.0, nonlinearity=nonlinearity, **settings
    )


def scalar(a, b):
    """The output is `a b`, wanted is 1."""
    return feed_forward([[a]], [[b]], "identity"), trials_of(np.ones((1, 1, 1)), np.ones((1, 1, 1)))


def recurrent(connectivity, seed=0):
    rng = np.random.default_rng(seed)
    n = connectivity.neurons
    rnn = RNN(connectivity, rng.normal(size=(n, 2)), rng.normal(size=(n, 1)), dt=0.2, tau=1.0)
    return rnn, trials_of(rng.normal(size=(6, 5, 2)), rng.normal(size=(6, 5, 1)))


def test_imbalance_of_a_scalar_model_shrinks_by_an_exact_factor():
    rate = 0.1
    rnn, trials = scalar(1.7, 0.4)
    run = continue_training(
        rnn, trials, noise="label", sigma=0.8, learning_rate=rate, updates=50, checkpoints=50
    )
    a = np.array([net.inputs[0, 0] for net in run.networks])
    b = np.array([net.readout[0, 0] for net in run.networks])
    residual = (a[:-1] - a[1:]) / (2 * rate * b[:-1])
    noise = a[:-1] * b[:-1] - 1 - residual
    assert 0.5 < noise.std() < 1.1
    np.testing.assert_allclose(b[:-1] - b[1:], 2 * rate * residual * a[:-1], atol=1e-13)
    # The gradient of a squared error without the factor 1/2 is twice the residual.
    factor = 1 - (2 * rate * residual) ** 2
    np.testing.assert_allclose(a[1:] ** 2 - b[1:] ** 2, (a**2 - b**2)[:-1] * factor, atol=1e-13)
    np.testing.assert_allclose(run.loss, (a * b - 1) ** 2, atol=1e-14)


def test_without_noise_it_is_gradient_descent():
    rng = np.random.default_rng(0)
    B, w = rng.normal(size=(2, 7, 2))
    w = w[:, :1]
    u, y = rng.normal(size=(5, 1, 2)), rng.normal(size=(5, 1, 1))
    run = continue_training(
        feed_forward(B, w), trials_of(u, y), noise="update", sigma=0.0, learning_rate=0.3,
        updates=1, checkpoints=1,
    )  # fmt: skip
    rates = np.maximum(u[:, 0] @ B.T, 0)
    error = rates @ w / 7 - y[:, 0]
    to_w = 2 * rates.T @ error / 7 / 5
    to_B = 2 * ((error @ w.T) * (rates > 0)).T @ u[:, 0] / 7 / 5
    np.testing.assert_allclose(run.networks[1].readout, w - 0.3 * 7 * to_w, atol=1e-13)
    np.testing.assert_allclose(run.networks[1].inputs, B - 0.3 * 7 * to_B, atol=1e-13)
    assert run.networks[1].connectivity.m.any() == 0


def test_noise_of_updates_has_the_asked_size():
    rng = np.random.default_rng(0)
    rnn = feed_forward(rng.normal(size=(4000, 1)), np.zeros((4000, 1)))
    run = continue_training(
        rnn, trials_of(np.ones((1, 1, 1)), np.ones((1, 1, 1))), noise="update", sigma=0.5,
        learning_rate=0.1, updates=9, checkpoints=1, trained=["B"],
    )  # fmt: skip
    # No output, so no gradient.
    moved = run.networks[1].inputs - rnn.inputs
    assert moved.std() == pytest.approx(0.5 * 0.1 * 3, rel=0.05)


@pytest.mark.parametrize(
    "connectivity",
    [
        FullRank(np.eye(8) / 8),
        LowRank(*np.random.default_rng(1).normal(size=(2, 8, 2))),
        RandomPlusLowRank(0.5, *np.random.default_rng(1).normal(size=(2, 8, 2)), seed=3),
    ],
    ids=lambda c: c.kind,
)
def test_every_connectivity_learns_and_repeats(connectivity):
    rnn, trials = recurrent(connectivity)
    rnn = rnn.replace(noise_std=0.1)
    settings = {"sigma": 0.1, "learning_rate": 0.05, "updates": 12, "checkpoints": 3}
    one, two = (
        continue_training(rnn, trials, noise="label", batch_size=4, **settings) for _ in range(2)
    )
    np.testing.assert_array_equal(one.step, [0, 4, 8, 12])
    np.testing.assert_array_equal(one.loss, two.loss)
    first, last = one.networks[0].connectivity, one.networks[-1].connectivity
    np.testing.assert_array_equal(first.dense(), connectivity.dense())
    assert all(np.any(last.parameters[name] != first.parameters[name]) for name in last.parameters)
    other = continue_training(rnn, trials, noise="label", batch_size=4, seed=1, **settings)
    assert other.loss[-1] != one.loss[-1]


def test_small_steps_lower_the_loss():
    rnn, trials = recurrent(LowRank(*np.random.default_rng(1).normal(size=(2, 8, 2))))
    run = continue_training(
        rnn, trials, noise="label", sigma=0.0, learning_rate=0.05, updates=100, checkpoints=10
    )
    assert (np.diff(run.loss) < 0).all()


def test_hessian_of_a_scalar_model():
    # Hutchinson's estimator is exact where the Hessian is diagonal: at a b = 1/2.
    trace, error = hessian_trace(*scalar(2.0, 0.25), trained=["B", "w"])
    assert trace == pytest.approx(2 * (4 + 1 / 16), abs=1e-12)
    assert error == pytest.approx(0, abs=1e-12)
    trace, error = hessian_trace(*scalar(2.0, 0.5), trained=["B", "w"], probes=400)
    assert error > 0
    assert abs(trace - 8.5) < 4 * error


def test_hessian_of_a_recurrent_network():
    rnn, trials = recurrent(LowRank(*np.random.default_rng(1).normal(size=(2, 4, 1))))
    tensors = rnn.tensors()
    u, y = torch.from_numpy(trials.inputs), torch.from_numpy(trials.targets)

    def loss(flat):
        changed = tensors | {"m": flat[:4, None], "w": flat[4:, None]}
        x = reference.integrate(changed, u, alpha=rnn.alpha, nonlinearity="tanh", noise=Noise(0.0))
        return ((torch.tanh(x) @ changed["w"] / 4 - y) ** 2).mean()

    at = torch.cat([tensors["m"][:, 0], tensors["w"][:, 0]])
    exact = torch.autograd.functional.hessian(loss, at).trace().item()
    trace, error = hessian_trace(rnn, trials, trained=["m", "w"], probes=300)
    assert abs(trace - exact) < 4 * error
    assert error < 0.2 * abs(exact)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"noise": "loud"}, "noise is 'loud': choose label or update"),
        ({"sigma": -1.0}, "sigma is -1.0"),
        ({"checkpoints": 3}, "checkpoints is 3: give 1 to 2"),
        ({"batch_size": 2}, "batch_size is 2: give 1 to 1"),
        ({"trained": ["J"]}, "trained holds 'J': choose among m, n, B"),
        ({"trained": []}, "trained is empty"),
        ({"learning_rate": 1e200}, "the network is no longer finite after 2 updates"),
    ],
)
def test_what_cannot_be_used_is_refused(changes, match):
    rnn, trials = scalar(1.5, 0.5)
    settings = {"noise": "label", "sigma": 0.1, "learning_rate": 0.1, "updates": 2}
    with pytest.raises(InputError, match=match):
        continue_training(rnn, trials, **settings | {"checkpoints": 1} | changes)


def test_trials_and_probes_are_checked():
    rnn, trials = scalar(1.5, 0.5)
    two = trials_of(np.ones((1, 1, 2)), np.ones((1, 1, 1)))
    with pytest.raises(InputError, match="trials have 2 inputs and 1 outputs"):
        hessian_trace(rnn, two)
    with pytest.raises(InputError, match="probes is 1"):
        hessian_trace(rnn, trials, probes=1)
