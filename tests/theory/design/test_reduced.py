"""The reduced model against the mean-field equations that it abbreviates."""

import numpy as np
import pytest

from lowrnn.errors import InputError
from lowrnn.networks import GaussianMixture
from lowrnn.theory import MeanField
from lowrnn.theory.design import ReducedModel, context_go_nogo, detection


@pytest.fixture(scope="module")
def model():
    return context_go_nogo().reduced


def test_the_random_part_solves_its_equation(model):
    rng = np.random.default_rng(0)
    kappa, v = rng.standard_normal((6, 2)), rng.standard_normal((6, 4))
    psi, gain = model.psi(kappa, v), model.gain(kappa, v)
    for i in range(len(v)):
        equations = MeanField(model.mixture, model.g).equations(v[i])
        np.testing.assert_allclose(equations.variance(kappa[i], psi[i]), psi[i], atol=2e-5)
        drive = model.mixture.covariance("n", "m")[0] @ kappa[i]
        drive = drive + model.mixture.covariance("n", "B")[0] @ v[i]
        np.testing.assert_allclose(equations.latents(kappa[i], psi[i]), gain[i] * drive, atol=1e-4)
        np.testing.assert_allclose(
            equations.readout(kappa[i], psi[i]), model.readout(kappa[i], v[i]), atol=1e-4
        )


def test_inputs_are_filtered_and_latents_settle(model):
    u = np.tile([0.3, 0.0, 0.08, -0.14], (1, 2000, 1))
    kappa, v = model.run(u, -1.0, 0.1)
    np.testing.assert_allclose(v[0, :, 0], 0.3 * (1 - 0.9 ** np.arange(1, 2001)), atol=1e-12)
    states = MeanField(model.mixture, model.g).stationary(u[0, 0])
    distance = min(np.abs(state.kappa - kappa[0, -1]).max() for state in states if state.stable)
    assert distance < 1e-3
    last = model.final(u, -1.0, 0.1)
    np.testing.assert_array_equal(last[0], kappa[:, -1])


def test_without_random_part_a_network_agrees():
    """Many neurons, exact moments: the coordinates of the state along m and B are κ and v."""
    task = detection((0.9,), g=0.0)
    rnn, u = task.sample(20000, 0, exact=True), task.inputs(0)
    x = rnn.simulate(u).x[0, -1]
    kappa, v = task.reduced.final(u, task.start)
    basis = np.column_stack([rnn.connectivity.m, rnn.inputs])
    expected = np.concatenate([kappa[0], v[0]])
    np.testing.assert_allclose(np.linalg.lstsq(basis, x)[0], expected, atol=0.02)


def test_what_it_cannot_treat_is_refused():
    with pytest.raises(InputError, match=r"g is 1\.2"):
        ReducedModel(GaussianMixture.from_moments(0.5), 1.2)
    with pytest.raises(InputError, match="give one population with zero means"):
        ReducedModel(GaussianMixture.from_moments(0.5, mean_m=1.0))
    with pytest.raises(InputError, match="the variance along m and B reaches"):
        ReducedModel(GaussianMixture.from_moments(0.5)).gain(
            np.full((1, 1), 99.0), np.zeros((1, 0))
        )
