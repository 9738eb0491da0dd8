import warnings
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from lowrnn import InputError
from lowrnn.inference import (
    FlowPosterior,
    FlowSettings,
    Simulations,
    calibrate,
    fit_flows,
    load_posterior,
    save_posterior,
)

pytest.importorskip("sbi")

SMALL = FlowSettings(members=2, transforms=2, hidden=16, embedding=4, learning_rate=5e-3, epochs=25)
TINY = FlowSettings(members=1, transforms=1, hidden=8, embedding=4, epochs=1)
X = np.array([[0.1, 2.0], [-0.5, 1.0], [0.9, 3.9]])


@pytest.fixture(scope="module")
def posterior() -> FlowPosterior:
    import importlib
    import sys

    sys.path.insert(0, str(Path(__file__).parent))
    exact = importlib.import_module("exact")
    sys.path.pop(0)
    with pytest.warns(UserWarning, match="still improved after 25 passes: raise epochs"):
        return fit_flows(exact.simulations(1000), exact.PRIOR, SMALL)


def test_posterior_is_near_the_exact_one(posterior: FlowPosterior, exact: ModuleType) -> None:
    truth = exact.Exact().sample(X, 4000)
    draws = posterior.sample(X, 4000)
    np.testing.assert_allclose(draws.mean(axis=1), truth.mean(axis=1), atol=0.2)
    np.testing.assert_allclose(draws.std(axis=1), truth.std(axis=1), rtol=0.35)
    tests = exact.simulations(200, seed=9)
    found = calibrate(tests.theta, posterior.sample(tests.x, 200), exact.PRIOR)
    assert found.coverage_error < 0.12
    assert (found.r2 > [0.6, 0.6]).all()


def test_no_draw_leaves_the_box_and_the_density_adds_up(posterior: FlowPosterior) -> None:
    prior = posterior.prior
    draws = posterior.sample(np.array([[9.0, -9.0]]), 1000)
    assert prior.contains(draws).all()
    faces = (prior.low, prior.high)
    axes = [np.linspace(a, b, 121)[:-1] + (b - a) / 240 for a, b in zip(*faces, strict=True)]
    grid = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    mass = np.exp(posterior.log_prob(grid, X[0])).sum() * np.prod(prior.high - prior.low) / 120**2
    assert mass == pytest.approx(1, abs=0.02)
    assert posterior.log_prob(np.array([[3.0, 0.0]]), X[0]) == -np.inf


def test_draws_are_repeatable_and_leave_torch_alone(posterior: FlowPosterior) -> None:
    torch.manual_seed(5)
    wanted = torch.rand(1)
    torch.manual_seed(5)
    draws = posterior.sample(X, 50, seed=3)
    assert torch.rand(1) == wanted
    np.testing.assert_array_equal(posterior.sample(X, 50, seed=3), draws)
    assert (posterior.sample(X, 50, seed=4) != draws).any()


@pytest.mark.filterwarnings("ignore:a flow still improved")
def test_courses_are_embedded_by_convolutions(
    exact: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    known = exact.simulations(100)
    x = np.repeat(known.x, 12, axis=1)
    tiny = FlowSettings(**{**TINY.__dict__, "course": (2, 12)})
    found = fit_flows(Simulations(known.theta, x, known.status), exact.PRIOR, tiny, seed=1)
    again = fit_flows(Simulations(known.theta, x, known.status), exact.PRIOR, tiny, seed=1)
    np.testing.assert_array_equal(found.sample(x[:3], 20), again.sample(x[:3], 20))
    assert list(tmp_path.iterdir()) == []
    save_posterior(found, tmp_path / "course.safetensors")
    loaded = load_posterior(tmp_path / "course.safetensors")
    np.testing.assert_array_equal(loaded.sample(x[:3], 20), found.sample(x[:3], 20))


def test_only_what_a_user_must_know_is_said(exact: ModuleType) -> None:
    known = exact.simulations(100)
    x = np.column_stack([known.x, np.zeros(100)])
    x[0, 0] = 1e4
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        fit_flows(Simulations(known.theta, x, known.status), exact.PRIOR, TINY)
        fit_flows(Simulations(known.theta, x[:, :2], known.status), exact.PRIOR, TINY)
    mine = "a flow still improved after 1 passes: raise epochs"
    assert {str(each.message) for each in said if each.category is UserWarning} == {mine}


def test_bad_settings_are_refused(exact: ModuleType) -> None:
    known = exact.simulations(60)
    lost = Simulations(known.theta, known.x, np.where(np.arange(60) < 20, "blow-up", "ok"))
    with pytest.raises(InputError, match=r"40 that are ok \(\{'blow-up': 20, 'ok': 40\}\)"):
        fit_flows(lost, exact.PRIOR, TINY)
    with pytest.raises(InputError, match="course is 2 channels of 3 steps, and x has 2 features"):
        fit_flows(known, exact.PRIOR, FlowSettings(course=(2, 3)))
    with pytest.raises(InputError, match="members is 0"):
        FlowSettings(members=0)
