"""What activity shows of connectivity, against closed forms and networks."""

import numpy as np
import pytest

from lowrnn.errors import InputError
from lowrnn.theory.design import (
    detection,
    expected_pc1_correlation,
    go_nogo,
    pc1_correlation,
    pc1_correlation_bound,
    regression_axes,
)


@pytest.mark.parametrize("neurons", [500, 2500])
def test_bound_closed_form(neurons):
    task = go_nogo(g=0.2, stimulus_std=1.5, readout_std=0.8)
    expected = np.sqrt(0.5) / np.sqrt(1 + neurons * 0.2**2 / (1.5 * 0.8) ** 2)
    assert pc1_correlation_bound(task, neurons) == pytest.approx(expected, rel=1e-12)


def test_published_value():
    """Figure 3: 0.44 for Go and -0.01 for Nogo at N = 2500."""
    task = go_nogo()
    assert expected_pc1_correlation(task, 0, 2500) == pytest.approx(0.44, abs=0.005)
    assert expected_pc1_correlation(task, 1, 2500) == pytest.approx(0, abs=1e-9)
    assert expected_pc1_correlation(task, 0, 2500) < pc1_correlation_bound(task, 2500)


def test_network():
    task = go_nogo()
    rnn = task.sample(600, 0)
    x = rnn.simulate(task.trials().inputs).x[:, task.steps()[0] :]
    found = [pc1_correlation(rnn, each) for each in x]
    expected = [expected_pc1_correlation(task, i, 600) for i in range(2)]
    assert found == pytest.approx(expected, abs=0.03)


def test_rank_one_overlap_of_a_detection_network():
    """m and n overlap: the bound mixes them, `(|m||n| + m·n) / 2` in place of `|m||n| / 2`."""
    task = detection(g=0.0)
    mm, nn, nm = 5.44, 5.44, 4.0
    expected = 0.5 * (np.sqrt(mm * nn) + nm) / np.sqrt(0.5 * (mm * nn + nm**2))
    assert pc1_correlation_bound(task, 100) == pytest.approx(expected, rel=1e-9)


def test_constant_activity_has_no_component():
    with pytest.raises(InputError, match="x does not change in time"):
        pc1_correlation(go_nogo().sample(20, 0), np.ones((5, 20)))


def test_regression_recovers_axes():
    rng = np.random.default_rng(0)
    choice, c = rng.choice([-1.0, 1.0], 40), rng.uniform(0, 1, 40)
    axes = rng.standard_normal((2, 30))
    x = 3 + np.outer(choice, axes[0]) + np.outer(c, axes[1])
    found = regression_axes(x, {"choice": choice, "coherence": c})
    np.testing.assert_allclose(found["choice"], axes[0], atol=1e-12)
    np.testing.assert_allclose(found["coherence"], axes[1], atol=1e-12)


def test_detection_network_axes():
    """The choice lies along m, the stimulus mostly along I."""
    task = detection()
    rnn, trials = task.sample(500, 0, exact=True), task.trials(8, 5)
    run, end = rnn.simulate(trials.inputs), task.answer_step()
    variables = {"choice": run.z[:, end, 0], "coherence": trials.conditions["coherence"]}
    axes = regression_axes(run.x[:, end], variables)
    m, stimulus = rnn.connectivity.m[:, 0], rnn.inputs[:, 0]
    assert np.corrcoef(axes["choice"], m)[0, 1] > 0.95
    assert abs(np.corrcoef(axes["choice"], stimulus)[0, 1]) < 0.1
    # The state within a branch also depends on the stimulus, which mixes m in.
    assert np.corrcoef(axes["coherence"], stimulus)[0, 1] > 0.65


def test_variables_that_cannot_be_told_apart():
    with pytest.raises(InputError, match="variables a, b are linearly dependent over 4 trials"):
        regression_axes(np.zeros((4, 3)), {"a": np.arange(4), "b": np.ones(4)})
