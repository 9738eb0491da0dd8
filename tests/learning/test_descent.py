"""The gradient that training follows, and the steps that it takes."""

import numpy as np
import pytest
import torch

from lowrnn.errors import InputError
from lowrnn.learning import descent, initial_network
from lowrnn.learning.descent import Descent
from lowrnn.learning.seeds import generator
from lowrnn.learning.training import Training
from lowrnn.networks import Noise


def loss_by_hand(rnn, trials, batch, noise):
    """Simulation and loss, one trial, step and output at a time, from their definitions."""
    J, N = rnn.connectivity.dense(), rnn.neurons
    total = 0.0
    for position, trial in enumerate(batch):
        x, squares, counted = np.zeros(N), 0.0, 0
        for step in range(trials.inputs.shape[1]):
            xi = noise.normal(len(batch), step, N)[position]
            drift = -x + J @ np.tanh(x + rnn.bias) + rnn.inputs @ trials.inputs[trial, step]
            x = x + rnn.alpha * drift + np.sqrt(2 * rnn.alpha) * rnn.noise_std * xi
            z = rnn.readout.T @ np.tanh(x + rnn.bias) / N
            if trials.mask[trial, step]:
                squares += np.mean((z - trials.targets[trial, step]) ** 2)
                counted += 1
        total += squares / counted
    return total / len(batch)


def training_of(rnn, task, trained, **changes):
    """A training of one update, on batches of 3 out of 12 trials."""
    settings = {
        "seed": 2, "n_trials": 12, "batch_size": 3, "trained": trained, "learning_rate": 0.1,
        "schedule": "constant", "updates": 1, "clip": None, "snapshots": (), "rate_exponents": {},
        "rate_penalty": 0.0, "weight_penalty": 0.0,
    }  # fmt: skip
    return Training(rnn, task, settings | changes)


@pytest.mark.parametrize("rank", [2, None])
def test_the_gradient_is_that_of_the_published_loss(short, rank):
    rnn = initial_network(short, 6, rank, seed=1, g=0.8, dtype=np.float64)
    names = (*rnn.connectivity.parameters, "B", "w")
    training = training_of(rnn, short, names)
    start = {name: training.tensors[name].detach().clone() for name in names}
    training.update()
    rng = generator(2, "update", 0)
    batch = rng.choice(12, 3, replace=False)
    noise = Noise(rnn.noise_std, int(rng.integers(2**63)))

    def by_hand(name, entry, shift):
        values = {key: value.clone() for key, value in start.items()}
        values[name][entry] += shift
        return loss_by_hand(training.network(values), training.trials, batch, noise)

    assert training.loss[0] == pytest.approx(by_hand("w", (0, 0), 0.0), rel=1e-10)
    for name in names:
        entry = (3, start[name].shape[1] - 1)
        difference = (by_hand(name, entry, 1e-6) - by_hand(name, entry, -1e-6)) / 2e-6
        assert training.descent.gradients[name][entry] == pytest.approx(difference, rel=1e-6)


@pytest.mark.parametrize("rank", [2, None])
def test_gradients_of_penalties_and_gains(short, rank):
    """Against finite differences of the penalties' definitions, on simulated rates."""
    rnn = initial_network(short, 6, rank, seed=1, g=0.8, dtype=np.float64)
    own = tuple(rnn.connectivity.parameters)
    training = training_of(
        rnn, short, (*own, "s_in", "s_out", "bias"), rate_penalty=0.7, weight_penalty=0.3
    )
    batch, noise = torch.tensor([4, 0, 9]), Noise(rnn.noise_std, 5)
    training.objective([array[batch] for array in training.data], noise).backward()
    start = {name: value.detach().clone() for name, value in training.tensors.items()}

    def by_hand(name, entry, shift):
        values = {key: value.clone() for key, value in start.items()}
        values[name][entry] += shift
        moved = training.network(values)
        loss = loss_by_hand(moved, training.trials, batch.numpy(), noise)
        rates = moved.simulate(training.trials.inputs[batch.numpy()], noise.seed).rates
        weights = np.sum([np.sum(values[one].numpy() ** 2) for one in own])
        columns = [moved.inputs, moved.readout, moved.bias]
        rest = np.sum([np.sum(array**2) for array in columns]) / 6
        norm = rest + weights / (1 if rank is None else 6)
        return loss + 0.7 * np.mean(rates**2) + 0.3 * norm

    for name in (*own, "s_in", "s_out", "bias"):
        entry = (1,) * start[name].ndim if name not in ("s_in", "s_out") else (0,)
        difference = (by_hand(name, entry, 1e-6) - by_hand(name, entry, -1e-6)) / 2e-6
        assert float(training.tensors[name].grad[entry]) == pytest.approx(difference, rel=1e-5)


def test_first_steps_are_of_the_scaled_learning_rate():
    tensors = {"J": torch.zeros(5, 5), "B": torch.zeros(5, 1)}
    moving = Descent(
        tensors, ["J", "B"], learning_rate=0.1, schedule="constant", updates=9, clip=None,
        scales={"J": 0.2},
    )  # fmt: skip
    moving.update(0, (3 * tensors["J"] - 2 * tensors["B"]).sum())
    torch.testing.assert_close(tensors["J"].detach(), torch.full((5, 5), -0.02))
    torch.testing.assert_close(tensors["B"].detach(), torch.full((5, 1), 0.1))


def test_a_long_gradient_is_shortened():
    tensors = {"m": torch.zeros(3, 1), "n": torch.zeros(1, 1)}
    moving = Descent(
        tensors, ["m", "n"], learning_rate=0.1, schedule="constant", updates=9, clip=0.5
    )
    moving.update(0, 3 * tensors["m"][0, 0] + 4 * tensors["n"][0, 0])
    assert moving.gradients["m"][0, 0] == pytest.approx(0.3, rel=1e-5)
    assert moving.gradients["n"][0, 0] == pytest.approx(0.4, rel=1e-5)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
def test_steps_are_those_of_adam(dtype, tolerance):
    """Against torch, over updates of a loss with a curvature, clipped at first."""
    rng = torch.Generator().manual_seed(3)
    start = {"m": (4, 2), "w": (4, 1), "bias": (4,)}
    start = {name: torch.randn(shape, generator=rng, dtype=dtype) for name, shape in start.items()}
    own, other = ({name: value.clone() for name, value in start.items()} for _ in range(2))

    def loss(values):
        return ((values["m"] ** 2).sum(1) * values["bias"] - values["w"][:, 0]).square().sum()

    moving = Descent(
        own, list(own), learning_rate=0.05, schedule="constant", updates=60, clip=2.0,
        scales={"w": 0.3},
    )  # fmt: skip
    theirs = [value.requires_grad_() for value in other.values()]
    adam = torch.optim.Adam(
        [{"params": [theirs[0], theirs[2]]}, {"params": [theirs[1]], "lr": 0.05 * 0.3}], lr=0.05
    )
    for update in range(60):
        moving.update(update, loss(own))
        adam.zero_grad()
        loss(other).backward()
        torch.nn.utils.clip_grad_norm_(theirs, 2.0)
        adam.step()
    assert not torch.allclose(own["m"], start["m"], atol=0.1)
    for name, value in other.items():
        torch.testing.assert_close(own[name], value, rtol=tolerance, atol=tolerance)


def test_a_gradient_that_is_not_finite_moves_nothing():
    tensors = {"m": torch.ones(2, 1)}
    moving = Descent(tensors, ["m"], learning_rate=0.1, schedule="constant", updates=9, clip=None)
    with pytest.raises(InputError, match="after 4 updates the gradient is not finite"):
        moving.follow(4, [np.array([[1.0], [np.nan]])])
    assert float(tensors["m"].detach().sum()) == 2


def test_schedules_start_at_the_learning_rate():
    assert all(schedule(0.0) == 1 for schedule in descent.SCHEDULES.values())
    assert descent.SCHEDULES["cosine"](1.0) == pytest.approx(0, abs=1e-12)
