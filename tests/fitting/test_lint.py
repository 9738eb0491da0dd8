"""Fits of networks whose activity comes from a network that is known."""

import numpy as np
import pytest
from sklearn.base import clone

from lowrnn import LINT, RNN, InputError, LowRank, Recording
from lowrnn.analysis import current_correlation
from lowrnn.fitting import descent, neuron_r2, r2

NEURONS, TRIALS, STEPS = 40, 24, 40


def teacher(rank=1, **changes):
    g = np.random.default_rng(3)
    m = g.standard_normal((NEURONS, rank))
    n = 1.5 * m + 0.5 * g.standard_normal((NEURONS, rank))
    B = g.standard_normal((NEURONS, 2))
    n = n + B[:, :1]
    return RNN(LowRank(m, n), B, dt=0.02, tau=0.1, **changes)


def inputs(seed=0, trials=TRIALS):
    g = np.random.default_rng(seed)
    level = g.uniform(-1, 1, (trials, 1, 2)) * (np.arange(STEPS)[:, None] > 4)
    # Inputs that only step up leave open what the recurrence does and what B does.
    return level + g.standard_normal((trials, STEPS, 2))


def activity(rnn, u, on="rates"):
    run = rnn.simulate(u)
    return run.rates if on == "rates" else run.x


@pytest.mark.parametrize("rank", [1, 2])
@pytest.mark.parametrize(("on", "nonlinearity"), [("rates", "tanh"), ("states", "tanh")])
def test_recovers_a_known_network(rank, on, nonlinearity):
    truth = teacher(rank, nonlinearity=nonlinearity)
    fit = LINT(rank, on=on, nonlinearity=nonlinearity, updates=200)
    fit.fit(activity(truth, inputs(), on), inputs())
    new = inputs(seed=9)
    assert fit.r2_ > 0.995
    assert fit.score(activity(truth, new, on), new) > 0.99
    assert current_correlation(fit.rnn_, truth, truth.simulate(new).rates) > 0.95


@pytest.mark.parametrize("nonlinearity", ["relu", "softplus", "identity", "erf"])
def test_every_nonlinearity(nonlinearity):
    truth = teacher(nonlinearity=nonlinearity)
    stable = truth.replace(connectivity=LowRank(truth.connectivity.m, 0.4 * truth.connectivity.n))
    fit = LINT(1, nonlinearity=nonlinearity, updates=300)
    fit.fit(activity(stable, inputs()), inputs())
    assert fit.r2_ > 0.97


def test_missing_values_are_left_out():
    truth, u = teacher(), inputs()
    y = activity(truth, u)
    seen = y.copy()
    seen[np.random.default_rng(0).random(y.shape) < 0.3] = np.nan
    seen[:12, :, :10] = np.nan
    fit = LINT(1).fit(seen, u)
    assert r2(y, fit.predict(u)) > 0.99


def test_bias_and_initial_states_are_found():
    g = np.random.default_rng(5)
    truth = teacher(bias=0.5 * g.standard_normal(NEURONS), initial_state=g.standard_normal(NEURONS))
    y = activity(truth, inputs())
    plain = LINT(1).fit(y, inputs())
    full = LINT(1, bias=True, initial_state="shared").fit(y, inputs())
    assert full.r2_ > 0.99
    assert full.r2_ > plain.r2_ + 0.01


def test_initial_states_by_trial():
    truth, u = teacher(), inputs()
    start = np.random.default_rng(1).choice([-2.0, 2.0], (TRIALS, 1)) * truth.connectivity.m[:, 0]
    y = truth.simulate(u, initial_state=start).rates
    shared = LINT(1, initial_state="shared").fit(y, u)
    own = LINT(1, initial_state="trial", updates=600, learning_rate=0.03).fit(y, u)
    assert own.r2_ > shared.r2_ + 0.01
    assert r2(y, own.predict(u, own.initial_states_)) == pytest.approx(own.r2_, abs=3e-3)


def test_n_is_the_shortest_that_does_it():
    # Small inputs to a stable network visit few dimensions of the rates.
    truth, u = teacher(), 0.05 * inputs()
    truth = truth.replace(connectivity=LowRank(truth.connectivity.m, 0.3 * truth.connectivity.n))
    fit = LINT(1, start="random", updates=200).fit(activity(truth, u), u)
    m, n = fit.rnn_.connectivity.m, fit.rnn_.connectivity.n
    _, s, vt = np.linalg.svd(fit.predict(u).reshape(-1, NEURONS), full_matrices=False)
    unseen = vt[s < 5e-4 * s[0]]
    assert len(unseen) > 10
    assert np.linalg.norm(unseen @ n) < 1e-2 * np.linalg.norm(n)
    np.testing.assert_allclose(m.T @ m, NEURONS, rtol=1e-5)


def test_the_seed_determines_the_fit_and_permuted_neurons_are_the_same_problem():
    truth, u = teacher(), inputs()
    y = activity(truth, u)
    one, two = LINT(1, seed=4).fit(y, u), LINT(1, seed=4).fit(y, u)
    np.testing.assert_array_equal(one.rnn_.connectivity.n, two.rnn_.connectivity.n)
    order = np.random.default_rng(0).permutation(NEURONS)
    moved = LINT(1, seed=4).fit(y[:, :, order], u)
    np.testing.assert_allclose(moved.predict(u), one.predict(u)[:, :, order], atol=0.02)


def test_an_interrupted_fit_ends_as_if_it_had_not_been(tmp_path):
    truth, u = teacher(), inputs()
    y = activity(truth, u) + 0.05 * np.random.default_rng(0).standard_normal(
        (TRIALS, STEPS, NEURONS)
    )
    y = np.clip(y, -1, 1)
    whole = LINT(1, updates=100).fit(y, u)

    class StopError(Exception):
        pass

    def stop(done, loss, score):
        if done >= 50:
            raise StopError

    path = tmp_path / "fit.safetensors"
    always = pytest.MonkeyPatch()
    always.setattr(descent, "CHECKPOINT_SECONDS", 0.0)
    with pytest.raises(StopError):
        LINT(1, updates=100, checkpoint=path, progress=stop).fit(y, u)
    again = LINT(1, updates=100, checkpoint=path).fit(y, u)
    always.undo()
    np.testing.assert_array_equal(again.rnn_.connectivity.n, whole.rnn_.connectivity.n)
    np.testing.assert_array_equal(again.history_.loss, whole.history_.loss)
    with pytest.raises(InputError, match=r"checkpoint .* rank 1, not 2"):
        LINT(2, updates=100, checkpoint=path).fit(y, u)


def test_takes_a_recording_and_its_time_step():
    truth, u = teacher(), inputs()
    recording = Recording(activity(truth, u), 0.02, inputs=u)
    fit = clone(LINT(1, dt=0.5)).fit(recording)
    assert fit.rnn_.dt == pytest.approx(0.02)
    assert fit.score(recording) == pytest.approx(fit.r2_, abs=1e-3)
    assert fit.kappa_.shape == (TRIALS, STEPS, 1)


def test_a_network_without_inputs():
    truth = teacher()
    free = RNN(truth.connectivity, dt=0.02, tau=0.1, initial_state=truth.connectivity.m[:, 0])
    y = free.simulate(np.zeros((3, STEPS, 0))).rates
    assert LINT(1, initial_state="shared").fit(y).r2_ > 0.98


def test_constant_and_silent_neurons_do_no_harm():
    truth, u = teacher(), inputs()
    y = activity(truth, u)
    y[:, :, 0], y[:, :, 1], y[:, :, 2] = 0.0, 0.3, np.nan
    fit = LINT(1).fit(y, u)
    scores = neuron_r2(y, fit.predict(u))
    assert np.isnan(scores[:3]).all()
    assert np.nanmedian(scores) > 0.99


def test_scores_what_could_not_be_fitted():
    truth, u = teacher(), inputs()
    y = activity(truth, u)
    fit = LINT(1).fit(y, u)
    assert np.isnan(fit.score(np.full_like(y[:1], 0.3), u[:1]))
    assert np.isnan(fit.score(np.full_like(y[:1], np.nan), u[:1]))
    assert fit.score(y[:, :1], u[:, :1]) == pytest.approx(r2(y[:, :1], fit.predict(u)[:, :1]))
    with pytest.raises(InputError, match=r"rates are 0\.3 throughout"):
        LINT(1).fit(np.full_like(y, 0.3), u)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rank": 0}, "rank is 0: give 1 to 40"),
        ({"rank": 41}, "rank is 41"),
        ({"on": "spikes"}, "on is 'spikes'"),
        ({"nonlinearity": "sigmoid"}, "sigmoid"),
        ({"start": "warm"}, "start is 'warm'"),
        ({"tau": 0.01}, "tau is 0.01"),
        ({"tau": float("nan")}, "tau is nan"),
        ({"seed": -1}, "seed is -1"),
        ({"learning_rate": 0.0}, "learning_rate is 0"),
        ({"updates": -1}, "updates is -1"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(InputError, match=message):
        LINT(**settings).fit(activity(teacher(), inputs()), inputs())


def test_bad_data():
    y, u = activity(teacher(), inputs()), inputs()
    with pytest.raises(InputError, match=r"rates go from .* but tanh gives -1 to 1"):
        LINT(1).fit(30 * y, u)
    with pytest.raises(InputError, match="inputs has 23 entries along axis 0: give 24"):
        LINT(1).fit(y, u[1:])
    bad = u.copy()
    bad[0, 0, 0] = np.nan
    with pytest.raises(InputError, match="inputs holds 1 values that are not finite"):
        LINT(1).fit(y, bad)
    with pytest.raises(InputError, match="NaN throughout"):
        LINT(1).fit(np.full_like(y, np.nan), u)
    with pytest.raises(InputError, match="rates has no trial"):
        LINT(1).fit(y[:0], u[:0])
    with pytest.raises(InputError, match="not been fitted"):
        LINT(1).predict(u)
