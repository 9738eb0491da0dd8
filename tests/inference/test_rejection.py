from types import ModuleType

import numpy as np
import pytest

from lowrnn import InputError
from lowrnn.inference import Simulations, fit_rejection

X = np.array([[0.1, 2.0], [-0.3, 1.5], [0.95, 2.5]])


def test_adjustment_brings_the_exact_posterior(exact: ModuleType) -> None:
    known = exact.simulations(4000)
    truth = exact.Exact().sample(X, 4000)
    draws = fit_rejection(known, exact.PRIOR, quantile=0.1).sample(X, 4000)
    np.testing.assert_allclose(draws.mean(axis=1), truth.mean(axis=1), atol=0.07)
    np.testing.assert_allclose(draws.std(axis=1), truth.std(axis=1), rtol=0.2)
    plain = fit_rejection(known, exact.PRIOR, quantile=0.1, adjust=False).sample(X, 4000)
    gap = [np.abs(d.std(axis=1) - truth.std(axis=1)).mean() for d in (draws, plain)]
    assert gap[0] < gap[1]


def test_draws_are_repeatable_and_in_the_box(exact: ModuleType) -> None:
    posterior = fit_rejection(exact.simulations(500), exact.PRIOR, quantile=0.05)
    draws = posterior.sample([[3.0, 9.0]], 100, seed=4)
    assert exact.PRIOR.contains(draws).all()
    np.testing.assert_array_equal(draws, posterior.sample([[3.0, 9.0]], 100, seed=4))


def test_failed_students_are_never_accepted(exact: ModuleType) -> None:
    known = exact.simulations(500)
    status = np.where(known.theta[:, 0] > 0, "blow-up", "ok")
    posterior = fit_rejection(Simulations(known.theta, known.x, status), exact.PRIOR, adjust=False)
    assert posterior.sample(X, 50)[..., 0].max() < 0


def test_bad_settings_are_refused(exact: ModuleType) -> None:
    with pytest.raises(InputError, match="quantile is 0: give a share"):
        fit_rejection(exact.simulations(50), exact.PRIOR, quantile=0)
    with pytest.raises(InputError, match="x has 3 entries"):
        fit_rejection(exact.simulations(50), exact.PRIOR).sample(np.zeros((1, 3)), 5)
