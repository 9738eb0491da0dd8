"""The race to the plain recipe's R²: who is timed for what."""

import importlib
import json

import numpy as np
import pytest
import torch

from lowrnn.bench import fit_problem, time_to_fit
from lowrnn.bench import plain_recipe as plain
from lowrnn.bench.time_to_fit import Fit, lint
from lowrnn.errors import InputError
from lowrnn.learning import initial_network
from lowrnn.networks import LowRank
from lowrnn.tasks import ContextDecision

TASK = ContextDecision()


@pytest.fixture(scope="module")
def teacher():
    """A network of rank 1, so that a fit of rank 1 can be as good as the ceiling."""
    return initial_network(TASK, 24, 1, seed=3)


@pytest.fixture(scope="module")
def recorded(teacher):
    return fit_problem(teacher, trials=64)


def test_problem_records_the_teacher_with_its_noise(teacher, recorded):
    assert recorded.rates.shape == (64, 68, 24)
    assert recorded.validation_rates.shape == (200, 68, 24)
    assert not np.array_equal(recorded.inputs, recorded.validation_inputs[:64])
    assert recorded.validate(teacher) == recorded.ceiling
    assert 0.8 < recorded.ceiling < 1
    silent = teacher.replace(noise_std=0.0)
    assert fit_problem(silent, trials=8).ceiling == pytest.approx(1)


def test_plain_recipe_reads_out_the_rates_themselves(recorded):
    fit = plain.PlainFit(recorded)
    with torch.no_grad():
        z = plain.eager.readout(fit.tensors, fit.inputs[:4], alpha=0.2, noise=None)
    rates = fit.network().simulate(recorded.inputs[:4]).rates
    np.testing.assert_allclose(z.numpy(), rates, atol=1e-5)


def test_plain_recipe_learns_and_repeats(recorded):
    seconds, scores = plain.plain_curve(recorded, updates=60, evaluate_every=20)
    assert len(seconds) == len(scores) == 3
    assert seconds == sorted(seconds)
    assert scores[-1] > scores[0]
    assert plain.plain_curve(recorded, updates=60, evaluate_every=20)[1] == scores


@pytest.fixture
def plain_curve(monkeypatch):
    """A plain recipe that is best in the middle of its run."""
    curve = ([1.0, 2.0, 3.0], [0.2, 0.6, 0.5])
    module = importlib.import_module("lowrnn.bench.time_to_fit")
    monkeypatch.setattr(module, "plain_curve", lambda *_, **__: curve)


def fits_with_a_gap(teacher, recorded, gap):
    """A fit that finds R² `goal - gap` on the validation trials, by diluting the teacher."""

    def fit(problem, goal):
        asked.append(goal)
        low, high = 0.0, 1.0
        for _ in range(14):
            share = (low + high) / 2
            parts = teacher.connectivity
            diluted = teacher.replace(
                connectivity=LowRank(share * parts.m, parts.n), inputs=share * teacher.inputs
            )
            if problem.validate(diluted) < goal - gap:
                low = share
            else:
                high = share
        return Fit(diluted, 0.01 * len(asked), 1.0, 7)

    asked = []
    return fit, asked


def test_time_of_the_goal_and_of_the_fit_that_gets_there(teacher, recorded, plain_curve):
    fit, asked = fits_with_a_gap(teacher, recorded, 0.05)
    found = time_to_fit(recorded, fit, repeats=3)
    assert found["goal"] == 0.6
    assert found["plain_seconds"] == 2.0
    # Asked for the goal, then for the missing 0.05 more (and perhaps a rounding error), then timed.
    assert asked[0] == 0.6
    assert asked[-3:] == [pytest.approx(0.65, abs=1e-2)] * 3
    assert found["lowrnn"]["r2"] >= 0.6
    assert found["lowrnn_seconds"] == pytest.approx(0.01 * (len(asked) - 1))
    assert found["ratio"] == pytest.approx(2.0 / found["lowrnn_seconds"])
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_fit_that_never_gets_there_has_no_ratio(teacher, recorded, plain_curve):
    poor = teacher.replace(inputs=0.1 * teacher.inputs)
    found = time_to_fit(recorded, lambda problem, goal: Fit(poor, 0.1, 0.1, 3))
    assert found["ratio"] is None
    assert found["lowrnn_seconds"] is None
    assert found["lowrnn"]["r2"] < 0.6


def test_lint_stops_at_the_goal(recorded):
    fit = lint(recorded, 0.5)
    assert recorded.validate(fit.rnn) > 0.45
    assert 0 < fit.seconds <= fit.seconds_in_all


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"nonlinearity": "relu"}, "nonlinearity of the teacher is relu: give a network with tanh"),
        ({"dt": 0.01}, "dt of the teacher is 0.01: give a network with 0.02"),
        ({"inputs": np.ones((24, 3))}, "inputs of the teacher is 3: give a network with 4"),
        ({"bias": np.full(24, -0.5)}, "largest bias of the teacher is 0.5"),
    ],
)
def test_teachers_that_do_not_fit_are_refused(teacher, changes, message):
    with pytest.raises(InputError, match=message):
        fit_problem(teacher.replace(**changes))
