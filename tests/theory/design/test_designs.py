"""The published designs: what theory says of them, and what they hand to a simulation."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lowrnn.errors import InputError
from lowrnn.tasks.decisions import correct_choices
from lowrnn.theory import design


def test_go_nogo():
    found = design.go_nogo().predict()
    np.testing.assert_allclose(found["kappa_1"], [1.0507, 0], atol=1e-4)
    np.testing.assert_allclose(found["z"], [1.1041, 0], atol=1e-4)
    after = design.go_nogo().predict("decay")
    np.testing.assert_allclose(after["kappa_1"], 0, atol=1e-9)


def test_go_nogo_closed_form():
    """At g = 0, `kappa = Σ_I² ⟨phi'⟩` and `z = Σ_w² kappa ⟨phi'⟩`: z / kappa² = Σ_w² / Σ_I²."""
    go = design.go_nogo(g=0.0, stimulus_std=1.5, readout_std=0.7, amplitude=2.0).predict().iloc[0]
    assert go["z"] / go["kappa_1"] ** 2 == pytest.approx(0.7**2 / (1.5**2 * 2.0), rel=1e-9)


def test_go_nogo_network():
    task = design.go_nogo()
    z = task.sample(1000, 0, exact=True).simulate(task.trials().inputs).z[:, :, 0]
    assert z[:, task.answer_step()] == pytest.approx([1.1041, 0], abs=0.08)
    assert np.abs(z[:, -1]).max() < 0.02


def test_detection_branches():
    found = design.detection((0.0, 0.2, 0.4, 0.5, 0.9)).predict()
    expected = [-1.2052, -1.0987, -0.9425, -0.8112, 1.4665]
    np.testing.assert_allclose(found["kappa_1"], expected, atol=1e-4)
    positive = design.detection((0.0, 0.2, 0.4, 0.5), start=1.0).predict()
    np.testing.assert_allclose(positive["kappa_1"], [1.2052, 1.2867, 1.3517, 1.3794], atol=1e-4)
    before = design.detection().predict("rest")
    np.testing.assert_allclose(before["kappa_1"], -1.2792, atol=1e-4)
    np.testing.assert_allclose(before["psi"], 0.48, atol=1e-9)


def test_context_go_nogo():
    task = design.context_go_nogo()
    np.testing.assert_allclose(task.mixture.overlap, [[5.4, 0.6], [0.6, 5.4]], atol=1e-12)
    silent = task.predict("settling")
    np.testing.assert_allclose(silent[["kappa_1", "kappa_2"]], -1.5116, atol=1e-4)
    np.testing.assert_allclose(silent["z"], -0.3023, atol=1e-4)
    found = task.predict()
    latents = [[2.1001, 0.8137], [-1.7851, -0.6380], [-0.6380, -1.7851], [0.8137, 2.1001]]
    np.testing.assert_allclose(found[["kappa_1", "kappa_2"]], latents, atol=1e-4)
    np.testing.assert_allclose(found["z"], [0.2718, -0.2653, -0.2653, 0.2718], atol=1e-4)
    assert (np.sign(found["z"]) == found["choice"]).all()


def test_context_go_nogo_with_wider_margins():
    found = design.context_go_nogo(relevant_cue=0.2, irrelevant_cue=-0.4).predict()
    np.testing.assert_allclose(found["z"], [0.2204, -0.2750, -0.2750, 0.2204], atol=1e-4)


def test_context_integration_ring():
    task = design.context_integration((0.1,))
    (in_a, in_b) = task.states("delay")
    for state, r in ((in_a, 1), (in_b, 0)):
        assert state.kappa[r] == pytest.approx(1.2116, abs=1e-4)
        assert state.kappa[1 - r] == pytest.approx(0, abs=1e-6)
        assert state.psi0 == pytest.approx(0.32, abs=1e-9)
        assert state.bulk_radius == pytest.approx(0.4845, abs=1e-4)
        assert state.neutral
        others = sorted(state.outliers[1:], key=lambda each: each.imag)
        np.testing.assert_allclose(others, [0.238 - 0.087j, 0.238 + 0.087j], atol=1e-3)


def test_trials_say_what_is_wanted_and_when():
    task = design.context_integration((-0.2, 0.2))
    trials = task.trials(repeats=2)
    assert trials.inputs.shape == (8, 350, 4)
    step = task.answer_step()
    assert step == 349
    assert trials.mask.sum() == 8
    # Context A answers in the first readout, context B in the second.
    np.testing.assert_array_equal(
        trials.targets[:, step], [[-1, 0]] * 2 + [[1, 0]] * 2 + [[0, -1]] * 2 + [[0, 1]] * 2
    )
    np.testing.assert_allclose(trials.inputs[0, 50], [0, 0, 0.6, 0])
    np.testing.assert_allclose(trials.inputs[-1, 200], [0, 0.2, 0, 0])


def test_detection_network_is_scored_by_the_task_room():
    task = design.detection((0.0, 0.9), noise_std=0.0)
    trials = task.trials()
    rnn = task.sample(600, 1, exact=True)
    np.testing.assert_allclose(rnn.initial_state, -(rnn.connectivity.m + rnn.connectivity.n)[:, 0])
    assert correct_choices(rnn.simulate(trials.inputs).z, trials).all()


@pytest.mark.parametrize("dt", [0.1, 0.05])
def test_noise_is_white(dt):
    """Its integral has variance σ² T, whatever the time step."""
    task = design.detection((0.5,), noise_std=0.4)
    u = task.inputs(0, 3000, 7, dt=dt)
    stimulus = u[:, -task.steps(dt)[2] :, 0].sum(axis=1) * dt
    assert stimulus.mean() == pytest.approx(0.5 * 22, abs=0.15)
    assert stimulus.var() == pytest.approx(0.4**2 * 22, rel=0.1)
    assert not u[:, : -task.steps(dt)[2]].any()
    assert (u[:, -1, 1] == 1).all()


def test_noise_depends_on_seed_and_condition_alone():
    one, two = design.detection((0.2, 0.4)), design.detection((0.2, 0.4, 0.6))
    np.testing.assert_array_equal(one.inputs(1, 3, 5), two.inputs(1, 3, 5))
    assert np.abs(one.inputs(0, 3, 5) - one.inputs(0, 3, 6)).max() > 0.1


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: design.detection(noise_std=-1), "noise_std is -1: give a number of at least 0"),
        (lambda: design.detection(()), "coherences has no coherence"),
        (lambda: design.go_nogo(g=-0.1), "g is -0.1"),
        (lambda: design.go_nogo(stimulus=0.0).trials(), "stimulus is 0.0 s: give at least 1"),
        (lambda: design.go_nogo(rest=-1.0), "duration of rest is -1.0"),
        (lambda: design.go_nogo().states("delay"), "epoch is 'delay': name one of settling"),
        (lambda: design.detection().inputs(0, 1, -3), "seed is -3"),
        (lambda: design.detection().trials(0), "repeats is 0"),
        (
            lambda: replace(design.go_nogo(), conditions=pd.DataFrame({"stimulus": ["a", "b"]})),
            "conditions has columns stimulus: add the wanted answers as choice",
        ),
        (lambda: replace(design.go_nogo(), answer="end"), "answer is 'end'"),
        (lambda: replace(design.go_nogo(), output=np.array([0, 1])), "readouts 0 to 0"),
        (lambda: replace(design.go_nogo(), input_names=("go",)), "input_names holds 1"),
        (lambda: replace(design.go_nogo(), levels=np.zeros((2, 4, 3))), "levels has 3 entries"),
    ],
)
def test_wrong_settings_are_named(build, message):
    with pytest.raises(InputError, match=message):
        build()
