"""Training of mixtures: its gradient, its limit of large networks, and what it leads to."""

import importlib
from dataclasses import replace

import numpy as np
import pytest
import torch

from lowrnn import GaussianMixture, InputError
from lowrnn.learning import evaluate
from lowrnn.learning.mixture import train_mixture
from lowrnn.learning.mixture_parameters import (
    Basis,
    Layout,
    initial_tensors,
    loadings,
    mixture_of,
    moments,
    tensors_of,
)
from lowrnn.learning.mixture_training import Dynamics, MixtureTraining
from lowrnn.learning.score import task_loss
from lowrnn.tasks import ContextDecision, MatchToSample

QUICK = {"updates": 12, "batch_size": 8, "n_trials": 40, "evaluate_every": 4, "seed": 3}
LAYOUT = Layout(rank=2, inputs=1, outputs=1)
DYNAMICS = Dynamics(dt=0.02, tau=0.1, nonlinearity="tanh", noise_std=0.6)


def training_of(short, *, method="mean-field", neurons=None, populations=2):
    """A training of everything, not yet begun."""
    tensors = initial_tensors(short, populations, 2, 5, means=True)
    settings = {
        "seed": 1, "n_trials": 12, "batch_size": 6, "method": method, "neurons": neurons,
        "trained": ("factors", "means", "shares"), "learning_rate": 0.1, "schedule": "constant",
        "updates": 1, "clip": None,
    }  # fmt: skip
    return MixtureTraining(tensors, LAYOUT, short, DYNAMICS, settings)


@pytest.mark.parametrize("neurons", [None, 50])
def test_the_gradient_is_that_of_the_loss(short, neurons):
    training = training_of(short, neurons=neurons)
    batch = torch.arange(3)

    def loss(factors, means, shares):
        training.tensors = {"factors": factors, "means": means, "shares": shares}
        return training.objective(batch, np.random.default_rng(0))

    leaves = [value.detach().clone().requires_grad_() for value in training.tensors.values()]
    assert torch.autograd.gradcheck(loss, leaves, fast_mode=True)


def test_both_methods_follow_one_gradient_in_large_networks(short):
    """Shares too, though a network cannot differentiate its numbers of neurons."""
    batch, gradients = torch.arange(12), []
    for method, neurons in (("mean-field", None), ("resampling", 40_000)):
        training = training_of(short, method=method, neurons=neurons)
        training.objective(batch, np.random.default_rng(0)).backward()
        gradients.append({name: value.grad.numpy() for name, value in training.tensors.items()})
    for name, wanted in gradients[0].items():
        error = np.linalg.norm(gradients[1][name] - wanted)
        assert error < 0.1 * np.linalg.norm(wanted), name


def test_the_loss_is_that_of_large_networks(short):
    tensors = initial_tensors(short, 2, 2, 5, means=True)
    tensors["factors"] *= 1.5
    mixture = mixture_of(tensors, LAYOUT)
    trials = short.sample(50, 0)
    theory = DYNAMICS.score(mixture, short, trials).loss
    networks = [DYNAMICS.sample(mixture, 8000, seed, exact=True) for seed in range(6)]
    losses = [task_loss(rnn.simulate(trials.inputs).z, trials) for rnn in networks]
    scatter = np.std(losses, ddof=1) / np.sqrt(6)
    assert abs(np.mean(losses) - theory) < 4 * scatter < 0.04 * theory
    quiet = replace(DYNAMICS, noise_std=0.0).score(mixture, short, trials).loss
    assert abs(quiet - theory) > 0.05 * theory


def test_moments_of_a_sample_are_those_of_its_loadings(short):
    tensors = initial_tensors(short, 2, 2, 5, means=True)
    tensors["shares"] = torch.tensor([0.0, 0.5], dtype=torch.float64)
    basis = Basis.draw(tensors, 60, np.random.default_rng(1))
    parts = loadings(tensors, LAYOUT, basis)
    rows = torch.cat([parts[kind] for kind in "mnBw"], dim=1).numpy()
    counts = [len(g) for g in basis.g]
    weights, means, covariances = moments(tensors, basis)
    np.testing.assert_allclose(weights, np.array(counts) / 60, atol=1 / 60)
    for p, part in enumerate(np.split(rows, counts[:1])):
        # What reads the rates carries the weight that rounding took from the population.
        ratio = np.repeat(
            [1, weights[p] * 60 / counts[p], 1, weights[p] * 60 / counts[p]], [2, 2, 1, 1]
        )
        np.testing.assert_allclose(part.mean(axis=0) / ratio, means[p], atol=1e-6)
        np.testing.assert_allclose(
            np.cov(part.T, bias=True) / np.outer(ratio, ratio), covariances[p], atol=1e-6
        )


def test_a_given_mixture_is_the_start(short):
    given = GaussianMixture.from_moments(
        nm=[[[1.3]], [[0.2]]], mean_m=0.3, nB=0.4, wm=1.0, weights=[0.3, 0.7], inputs=1, outputs=1
    )
    found = mixture_of(tensors_of(given), Layout(1, 1, 1))
    for name in ("weights", "means", "covariances"):
        np.testing.assert_allclose(getattr(found, name), getattr(given, name), atol=1e-12)
    trained = train_mixture(short, start=given, **QUICK).mixture
    np.testing.assert_allclose(trained.means, given.means)
    np.testing.assert_allclose(trained.weights, given.weights)
    assert np.abs(trained.covariances - given.covariances).max() > 0.1


@pytest.mark.parametrize(
    ("method", "neurons"), [("mean-field", None), ("mean-field", 200), ("resampling", 200)]
)
def test_networks_of_a_trained_mixture_do_the_task(short, method, neurons):
    trained = train_mixture(
        short, method=method, neurons=neurons, updates=60, n_trials=100, evaluate_every=10
    )
    assert trained.history.loss[-10:].mean() < 0.3 * trained.history.loss[0]
    assert trained.score.accuracy > 0.9
    before = initial_tensors(short, 1, 1, 0, means=False)
    first = mixture_of(before, Layout(1, 1, 1)).sample(500, 0, dt=0.02, tau=0.1)
    assert evaluate(first, short).accuracy < 0.8
    scores = trained.scores(short, 500, networks=3)
    assert min(score.accuracy for score in scores) > 0.85


def test_shares_and_means_stay_unless_they_are_trained(short):
    still = train_mixture(short, populations=2, **QUICK).mixture
    np.testing.assert_array_equal(still.weights, [0.5, 0.5])
    np.testing.assert_array_equal(still.means, np.zeros((2, 4)))
    everything = ("factors", "means", "shares")
    moved = train_mixture(short, populations=2, trained=everything, **QUICK).mixture
    assert abs(moved.weights[0] - 0.5) > 0.01
    assert (moved.means != 0).all()


@pytest.mark.parametrize("method", ["mean-field", "resampling"])
def test_an_interrupted_training_ends_as_if_it_had_never_stopped(
    short, method, tmp_path, monkeypatch
):
    module = importlib.import_module("lowrnn.learning.mixture")
    monkeypatch.setattr(module, "_CHECKPOINT_SECONDS", 0.0)
    settings = QUICK | {"populations": 2, "method": method, "neurons": 50}
    whole = train_mixture(short, **settings)
    path = tmp_path / "state.safetensors"

    def stop(done, *_):
        if done == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_mixture(short, **settings, checkpoint=path, progress=stop)
    seen = []
    resumed = train_mixture(
        short, **settings, checkpoint=path, progress=lambda done, *_: seen.append(done)
    )
    assert seen == [12]
    np.testing.assert_array_equal(resumed.mixture.covariances, whole.mixture.covariances)
    np.testing.assert_array_equal(resumed.history.loss, whole.history.loss)
    assert resumed.score == whole.score
    with pytest.raises(InputError, match="with seed 3, not 4"):
        train_mixture(short, **settings | {"seed": 4}, checkpoint=path)


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"method": "exact"}, "method is 'exact': choose among mean-field, resampling"),
        ({"populations": 0}, "populations is 0: give at least 1"),
        ({"rank": 0}, "rank is 0: give at least 1"),
        ({"neurons": None, "method": "resampling"}, "neurons is None: give the size"),
        ({"neurons": 1, "populations": 2}, "neurons is 1: give at least 2"),
        ({"trained": ("m",)}, r"trained is \('m',\): name one or more of factors, means, shares"),
        ({"trained": ()}, r"trained is \(\)"),
        ({"tau": 0.01}, r"tau is 0\.01: give at least the task's time step, 0\.02 s"),
        ({"noise_std": -1}, "noise_std is -1"),
        ({"batch_size": 41}, "batch_size is 41: give 1 to 40"),
        ({"schedule": "linear"}, "schedule is 'linear'"),
    ],
)
def test_settings_out_of_range(short, setting, sentence):
    with pytest.raises(InputError, match=sentence):
        train_mixture(short, **QUICK | setting)


def test_a_start_of_another_task_is_refused(short):
    start = train_mixture(short, **QUICK).mixture
    with pytest.raises(InputError, match="start has 1 inputs and 1 outputs, the task 4 and 1"):
        train_mixture(ContextDecision(), start=start)


@pytest.mark.slow
def test_two_populations_learn_context_dependent_decisions():
    task = ContextDecision(context_amplitude=0.5)
    found = train_mixture(task, populations=2)
    assert found.score.loss < 0.05
    assert min(score.accuracy for score in found.scores(task, 512)) > 0.95


@pytest.mark.slow
def test_a_sketch_of_a_mechanism_learns_to_match_to_sample_at_any_size():
    """A memory of the first stimulus, read out with a sign that the second one sets by gains."""
    task = MatchToSample(delay=(0.2, 0.4), decision=0.2)
    sketch = GaussianMixture.from_moments(
        nm=[[[1.5, 0.0], [-1.0, 1.1]], [[1.5, 0.0], [1.0, 1.1]]],
        nB=[[1.0, -1.0], [0.0, 0.0]],
        BB=[np.diag([9.0, 0.1]), np.diag([0.1, 9.0])],
        wm=[[0.0, 3.0]], weights=[0.5, 0.5], rank=2, inputs=2, outputs=1,
    )  # fmt: skip
    settings = {"start": sketch, "updates": 100, "learning_rate": 0.03}
    fragile = train_mixture(task, **settings, neurons=None)
    robust = train_mixture(task, **settings, neurons=1024)
    assert fragile.score.accuracy > 0.98
    accuracies = [
        min(score.accuracy for score in found.scores(task, 1024, networks=5))
        for found in (fragile, robust)
    ]
    assert accuracies[0] < 0.9 < 0.97 < accuracies[1]
