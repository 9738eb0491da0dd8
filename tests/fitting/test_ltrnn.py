"""Fits over trials to networks of low tensor rank that are known."""

import numba
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from lowrnn import LTRNN, RNN, InputError, LowTensorRank, Recording
from lowrnn.fitting import ltrnn_fit, r2

NEURONS, TRIALS, STEPS, CONDITIONS = 40, 60, 15, np.arange(60) % 4
TRIAL = np.arange(TRIALS)
#: One component falls while another rises.
C = np.stack([1.6 - 0.8 / (1 + np.exp(-(TRIAL - 30) / 4)), 1.1 + 0.7 * TRIAL / TRIALS], axis=1)


def teacher():
    g = np.random.default_rng(5)
    a = g.standard_normal((NEURONS, 2))
    b = a @ np.array([[0.9, 0.5], [-0.4, 0.9]]) + 0.5 * g.standard_normal((NEURONS, 2))
    return RNN(LowTensorRank(a, b, C), dt=0.1, tau=1.0)


def starts(rnn):
    angle = 2 * np.pi * np.arange(4) / 4
    z = 0.5 * np.stack([np.cos(angle + 0.3), np.sin(angle + 0.3)], axis=1)
    return z[CONDITIONS] @ rnn.connectivity.a.T


def simulated(rnn):
    return rnn.simulate(np.zeros((TRIALS, STEPS, 0)), initial_state=starts(rnn))


@pytest.fixture(scope="module")
def rates():
    return simulated(teacher()).rates


def student(**changes):
    settings = {
        "tau": 1.0, "dt": 0.1, "readout": "identity", "initial_state": "condition", "bias": False,
        "smoothness": 8.0, "amplitude": 0.3, "jitter": 0.05, "updates": (150, 300),
    }  # fmt: skip
    return LTRNN(2, **(settings | changes))


@pytest.fixture(scope="module")
def fitted(rates):
    noisy = rates + 0.1 * rates.std() * np.random.default_rng(0).standard_normal(rates.shape)
    return student().fit(noisy, conditions=CONDITIONS)


def drive(rnn, before):
    parts = rnn.connectivity
    return (before @ parts.b * parts.c[:, None]) @ parts.a.T / NEURONS


def factor_correlations(fit):
    found = np.corrcoef(fit.trial_factors_.T, C.T)[:2, 2:]
    return max(
        min(abs(found[0, 0]), abs(found[1, 1])),
        min(abs(found[0, 1]), abs(found[1, 0])),
    )


def test_recovers_what_is_identifiable(fitted):
    truth = teacher()
    run = simulated(truth)
    q, _ = np.linalg.qr(truth.connectivity.a)
    p, _ = np.linalg.qr(fitted.a_)
    assert np.linalg.svd(q.T @ p)[1].min() > 0.999
    assert factor_correlations(fitted) > 0.95
    before = truth.rates(np.concatenate([starts(truth)[:, None], run.x[:, :-1]], axis=1))
    assert r2(drive(truth, before), drive(fitted.rnn_, before)) > 0.99
    assert r2(run.rates, fitted.predict()) > 0.998
    assert fitted.static_r2_ < fitted.r2_ - 0.01


def test_canonical_gauge(fitted):
    assert (fitted.a_**2).sum(axis=0) == pytest.approx(NEURONS, rel=1e-5)
    assert (fitted.b_**2).sum(axis=0) == pytest.approx(NEURONS, rel=1e-5)
    size = (fitted.trial_factors_**2).sum(axis=0)
    assert size[0] >= size[1]
    assert (fitted.trial_factors_.mean(axis=0) > 0).all()


def test_scale_of_factors_is_that_of_what_reads_the_visited_rates(fitted):
    truth = teacher()
    rates = simulated(truth).rates.reshape(-1, NEURONS)
    vt = np.linalg.svd(rates, full_matrices=False)[2]
    visible = vt[:8].T @ (vt[:8] @ truth.connectivity.b)
    a, b = truth.connectivity.a, visible
    scale = np.linalg.norm(a, axis=0) * np.linalg.norm(b, axis=0) / NEURONS
    expected = np.sort((C * scale).mean(axis=0))
    assert np.sort(fitted.trial_factors_.mean(axis=0)) == pytest.approx(expected, rel=0.5)


def test_smooth_factors_and_their_uncertainty(fitted):
    jitter = fitted.trial_factors_ - fitted.smooth_factors_
    rough = np.diff(fitted.trial_factors_, axis=0).std()
    assert np.diff(fitted.smooth_factors_, axis=0).std() < rough
    assert 0 < jitter.std() < 0.1
    assert (fitted.smooth_factors_sd_ > 0).all()
    assert (fitted.smooth_factors_sd_ < 0.3).all()


def test_latents_are_the_states(fitted):
    x = fitted.rnn_.simulate(fitted.inputs_, initial_state=fitted.initial_states_).x
    assert np.allclose(fitted.kappa_ @ fitted.a_.T, x, atol=1e-4)


def test_a_static_network_explains_no_change(rates):
    fit = student(updates=(200, 0)).fit(rates, conditions=CONDITIONS)
    assert np.ptp(fit.trial_factors_, axis=0) == pytest.approx(0, abs=1e-6)
    assert fit.learning_r2_ == pytest.approx(0, abs=1e-4)
    assert fit.r2_ == pytest.approx(fit.static_r2_, abs=1e-3)


def test_factors_of_other_trials_make_other_activity(fitted, rates):
    early = np.repeat(fitted.trial_factors_[:1], TRIALS, axis=0)
    swapped = fitted.predict(early)
    assert np.allclose(swapped[0], fitted.predict()[0], atol=1e-5)
    assert r2(rates[:4], swapped[:4]) > 0.95 > r2(rates[-4:], swapped[-4:])


def test_lost_neurons_short_trials_and_a_silent_unit(rates):
    shown = 30 + 80 * rates
    shown[:, :, 7] = 0
    shown[TRIALS // 2 :, :, :6] = np.nan
    shown[::5, 9:] = np.nan
    fit = student(readout="affine").fit(shown, conditions=CONDITIONS)
    assert fit.r2_ > 0.99
    assert np.isfinite(fit.trial_factors_).all()
    hidden = np.isnan(shown)
    assert fit.score(30 + 80 * rates, hidden) > 0.9
    assert np.abs(fit.predict()[:, :, 7]).max() < 8


def test_counts(rates):
    g = np.random.default_rng(0)
    expected = np.logaddexp(0, 1 + 2.5 * rates)
    fit = student(observation="poisson", readout="affine", updates=(150, 200))
    counts = g.poisson(expected).astype(float)
    counts[:, :, 3] = 0
    fit.fit(counts, conditions=CONDITIONS)
    others = np.arange(NEURONS) != 3
    assert r2(expected[:, :, others], fit.predict()[:, :, others]) > 0.9
    assert fit.predict()[:, :, 3].max() < 0.1
    assert np.isnan(fit.static_r2_)
    assert np.isfinite(fit.smooth_factors_sd_).all()


def test_a_recording_in_hz_is_counted(rates):
    counts = np.random.default_rng(0).poisson(np.logaddexp(0, 2 * rates)).astype(float)
    table = pd.DataFrame({"target": CONDITIONS, "trial": TRIAL})
    hz = Recording(counts / 0.1, 0.1, conditions=table)
    fit = student(observation="poisson", readout="affine", updates=(20, 20))
    one = clone(fit).fit(hz, conditions="target", trial_ids="trial").predict()
    assert np.allclose(one, fit.fit(counts, conditions=CONDITIONS).predict() / 0.1, rtol=1e-3)


def test_states():
    run = simulated(teacher())
    fit = student(on="states").fit(run.x, conditions=CONDITIONS)
    assert fit.r2_ > 0.995
    assert factor_correlations(fit) > 0.9


def test_learned_inputs_before_movement():
    truth = teacher()
    g = np.random.default_rng(2)
    pulse = (np.arange(STEPS) < 6)[:, None] * g.standard_normal((4, 1, 2))[CONDITIONS]
    driven = truth.replace(inputs=truth.connectivity.a)
    y = driven.simulate(pulse).rates
    table = pd.DataFrame({"target": CONDITIONS})
    recording = Recording(y, 0.1, conditions=table, start=-0.6, unit="a.u.")
    fit = student(initial_state="zero", inputs="conditions").fit(recording, conditions="target")
    assert fit.r2_ > 0.98
    assert fit.inputs_.shape == (TRIALS, STEPS, 2)
    assert not fit.inputs_[:, 6:].any()
    x = fit.rnn_.simulate(fit.inputs_, initial_state=fit.initial_states_).x
    assert np.allclose(fit.kappa_ @ fit.a_.T, x, atol=1e-4)


def test_given_inputs():
    truth = teacher()
    g = np.random.default_rng(2)
    u = g.standard_normal((TRIALS, STEPS, 2))
    driven = truth.replace(inputs=g.standard_normal((NEURONS, 2)))
    fit = student(initial_state="zero").fit(driven.simulate(u).rates, u)
    assert fit.r2_ > 0.97
    assert r2(driven.inputs, fit.rnn_.inputs) > 0.95


def test_epochs_let_factors_jump(rates):
    late = TRIAL >= 30
    jump = np.where(late, 0.5, 1.5)[:, None] * np.ones(2)
    truth = teacher()
    truth = truth.replace(
        connectivity=LowTensorRank(truth.connectivity.a, truth.connectivity.b, jump)
    )
    y = simulated(truth).rates
    fits = [
        student(smoothness=30.0, jitter=0.0).fit(y, conditions=CONDITIONS, epochs=epochs)
        for epochs in (None, late)
    ]
    jumps = [np.abs(fit.trial_factors_[30] - fit.trial_factors_[29]).max() for fit in fits]
    assert jumps[1] > 2 * jumps[0]


def test_a_strong_prior_holds_factors_together(rates):
    noisy = rates + 0.5 * np.random.default_rng(0).standard_normal(rates.shape)
    fits = [
        student(updates=(100, 100), prior=prior).fit(noisy, conditions=CONDITIONS)
        for prior in (0.0, 1.0, 1e4)
    ]
    free, shrunk, held = (np.diff(fit.trial_factors_, axis=0).std() for fit in fits)
    assert shrunk < 0.8 * free
    assert held < 0.1 * free
    assert fits[0].r2_ > fits[2].r2_


def test_starts_are_compared(rates):
    fit = student(starts=3, updates=(60, 60)).fit(rates, conditions=CONDITIONS)
    assert fit.similarity_.shape == (2,)
    assert ((fit.similarity_ > 0) & (fit.similarity_ <= 1)).all()
    single = [student(updates=(60, 60), seed=0).fit(rates, conditions=CONDITIONS).history_.loss[-1]]
    assert fit.history_.loss[-1] <= single[0]


@pytest.mark.parametrize("stop", [25, 50, 100, 125, 150])
def test_a_killed_fit_ends_as_if_it_had_not_been(rates, tmp_path, monkeypatch, stop):
    whole = student(updates=(50, 50), starts=2).fit(rates, conditions=CONDITIONS)
    monkeypatch.setattr(ltrnn_fit, "CHECKPOINT_SECONDS", 0.0)

    def kill(done, total, loss):
        if done == stop:
            raise KeyboardInterrupt

    fit = student(updates=(50, 50), starts=2, checkpoint=tmp_path / "state")
    with pytest.raises(KeyboardInterrupt):
        clone(fit).set_params(progress=kill).fit(rates, conditions=CONDITIONS)
    fit.fit(rates, conditions=CONDITIONS)
    assert np.array_equal(fit.trial_factors_, whole.trial_factors_)
    assert np.array_equal(fit.history_.loss, whole.history_.loss)
    assert np.array_equal(fit.similarity_, whole.similarity_)


def test_a_checkpoint_of_other_data_is_refused(rates, tmp_path):
    fit = student(updates=(5, 5), checkpoint=tmp_path / "state").fit(rates)
    with pytest.raises(InputError, match="is of a training with data"):
        fit.fit(rates[::-1].copy())


@pytest.mark.parametrize("readout", ["identity", "affine"])
def test_same_numbers_whatever_the_number_of_threads(rates, readout):
    # So many that they are shared.
    many, conditions = np.tile(rates, (4, 5, 1)), np.tile(CONDITIONS, 4)
    fit = student(readout=readout, updates=(2, 4))
    before = numba.get_num_threads()
    found = []
    for threads in (1, before):
        numba.set_num_threads(threads)
        found.append(clone(fit).fit(many, conditions=conditions).trial_factors_)
    assert np.array_equal(*found)


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"rank": 41}, "rank is 41"),
        ({"on": "spikes"}, "on is 'spikes'"),
        ({"updates": (0, 0)}, "updates is"),
        ({"starts": 0}, "starts is 0"),
        ({"tau": 0.01}, "tau is 0.01"),
        ({"observation": "poisson"}, "readout is 'identity'"),
        ({"observation": "poisson", "readout": "affine"}, "rates go down to"),
        ({"inputs": "conditions", "input_window": (5.0, 6.0)}, "input_window is"),
    ],
)
def test_refuses_settings(rates, settings, match):
    with pytest.raises(InputError, match=match):
        student().set_params(**settings).fit(rates)


def test_refuses_labels(rates):
    with pytest.raises(InputError, match="conditions has shape"):
        student().fit(rates, conditions=[1, 2])
    with pytest.raises(InputError, match="no Recording"):
        student().fit(rates, conditions="target")
    with pytest.raises(InputError, match="conditions is missing for trial 2"):
        student().fit(rates, conditions=["a", "b", None] * 20)
    with pytest.raises(InputError, match="call fit first"):
        student().predict()
