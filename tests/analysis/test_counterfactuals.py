"""Networks in which one thing changes, exchanged for what it was."""

import numpy as np
import pytest

from lowrnn import RNN, InputError
from lowrnn.analysis import counterfactuals, fit_prediction, network_prediction
from lowrnn.fitting.ltrnn import LTRNN
from lowrnn.networks import LowTensorRank

TRIALS, STEPS = 24, 15
CONDITIONS = np.tile(["left", "right"], 12)
EPOCHS = np.repeat(["base", "adapt", "wash"], 8)
STEP = np.repeat([0.0, 1.0, 0.3], 8)


def session(factors=True, inputs=False):
    """Component 0 is static; component 1, and the inputs, change between epochs if told to."""
    rng = np.random.default_rng(0)
    a = np.linalg.qr(rng.standard_normal((30, 2)))[0] * np.sqrt(30)
    c = np.column_stack([np.full(TRIALS, 1.4), 1.2 + (0.8 * STEP if factors else 0 * STEP)])
    u = np.zeros((TRIALS, STEPS, 2))
    u[:, :6] = np.where(CONDITIONS == "left", 1.0, -0.6)[:, None, None] * [1.0, 0.7]
    if inputs:
        u[:, :6, 0] += STEP[:, None]
    rnn = RNN(LowTensorRank(a, a, c), a.copy(), dt=0.02, tau=0.1)
    return rnn, u


def of(rnn, u, **changes):
    c = rnn.connectivity.c
    given = {"activity": rnn.simulate(u).rates, "conditions": CONDITIONS, "epochs": EPOCHS}
    given |= changes
    return counterfactuals(network_prediction(rnn), c, u, **given)


def test_learning_in_one_component():
    found = of(*session())
    assert list(found.epochs) == ["base", "adapt", "wash"]
    assert found.intact == found.weights_only == 1
    assert found.inputs_only == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(found.knocked_out, [1, 0], atol=1e-12)
    np.testing.assert_allclose(found.alone, [0, 1], atol=1e-12)
    # Factors are constant within epochs, and inputs throughout.
    np.testing.assert_allclose(np.diag(found.swapped_factors), 1)
    np.testing.assert_allclose(found.swapped_inputs, 1)
    assert (found.swapped_factors[~np.eye(3, dtype=bool)] < 0.9).all()


def test_learning_in_the_inputs():
    found = of(*session(factors=False, inputs=True))
    assert found.intact == found.inputs_only == 1
    assert found.weights_only == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(found.swapped_factors, 1)
    np.testing.assert_allclose(np.diag(found.swapped_inputs), 1)
    assert found.swapped_inputs[1, 0] < 0.5


def test_both_contribute_where_both_change():
    found = of(*session(inputs=True))
    assert found.intact == 1
    assert 0 < found.inputs_only < 1
    assert 0 < found.weights_only < 1


def test_the_baseline_can_be_chosen_and_entries_can_be_missing():
    rnn, u = session()
    activity = rnn.simulate(u).rates.copy()
    activity[3, 4:] = np.nan
    activity[:, :, 7] = np.nan
    found = of(rnn, u, activity=activity, baseline="wash")
    assert found.intact == pytest.approx(1)
    np.testing.assert_allclose(found.knocked_out, [1, 0], atol=1e-9)
    np.testing.assert_allclose(np.diag(found.swapped_factors), 1)


def test_order_of_neurons_and_sign_of_components_do_not_matter():
    rnn, u = session(inputs=True)
    parts, order = rnn.connectivity, np.random.default_rng(1).permutation(30)
    sign = np.array([-1.0, 1.0])
    turned = LowTensorRank(parts.a[order] * sign, parts.b[order] * sign, parts.c)
    other = rnn.replace(connectivity=turned, inputs=rnn.inputs[order])
    one, two = of(rnn, u), of(other, u)
    np.testing.assert_allclose(one.swapped_factors, two.swapped_factors)
    np.testing.assert_allclose(one.knocked_out, two.knocked_out, atol=1e-10)


def test_of_a_fit():
    rnn, u = session()
    rates = rnn.simulate(u).rates
    model = LTRNN(2, updates=(30, 30), readout="identity", bias=False).fit(rates, u, CONDITIONS)
    predict = fit_prediction(model)
    np.testing.assert_array_equal(predict(model.trial_factors_, model.inputs_), model.predict())
    assert not np.array_equal(predict(model.trial_factors_, 0 * model.inputs_), model.predict())
    np.testing.assert_array_equal(model.inputs_, u.astype(np.float32))
    found = counterfactuals(predict, model.trial_factors_, model.inputs_, rates, CONDITIONS, EPOCHS)
    assert found.intact == pytest.approx(model.learning_r2_, abs=1e-6)
    assert found.weights_only == pytest.approx(found.intact, abs=1e-6)
    assert found.inputs_only == pytest.approx(0, abs=1e-6)


def test_what_cannot_be_exchanged():
    rnn, u = session()
    with pytest.raises(InputError, match="baseline is 'rest'"):
        of(rnn, u, baseline="rest")
    with pytest.raises(InputError, match="epoch base has no trials of condition right"):
        of(rnn, u, conditions=np.where(EPOCHS == "base", "left", CONDITIONS))
    with pytest.raises(InputError, match="u has shape"):
        counterfactuals(network_prediction(rnn), rnn.connectivity.c, u[:3], u, CONDITIONS, EPOCHS)
