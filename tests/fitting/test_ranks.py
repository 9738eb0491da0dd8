"""Rank selection on networks whose rank is known."""

import numpy as np
import pandas as pd
import pytest

from lowrnn import LINT, RNN, InputError, LowRank, Recording
from lowrnn.fitting import r2, ranks, select_rank, sufficient_rank

NEURONS, TRIALS, STEPS = 25, 20, 30
QUICK = LINT(updates=50)


def network(rank=2):
    """Latents that drive themselves and each other, each by an input of its own."""
    g = np.random.default_rng(3)
    m, B = g.standard_normal((2, NEURONS, 2))
    n = 1.5 * m + np.roll(m, 1, axis=1) * [1, -1] + B + 0.5 * g.standard_normal((NEURONS, 2))
    return RNN(LowRank(m[:, :rank], n[:, :rank]), B, dt=0.02, tau=0.1)


def data(rank=2, trials=TRIALS, noise=0.05):
    """Noisy rates and the inputs that led to them."""
    g = np.random.default_rng(0)
    u = g.uniform(-1, 1, (trials, 1, 2)) * (np.arange(STEPS)[:, None] > 4)
    u = u + 0.5 * g.standard_normal((trials, STEPS, 2))
    y = network(rank).simulate(u).rates
    return y + noise * g.standard_normal(y.shape), u


@pytest.fixture
def fits(monkeypatch):
    """The (rank, trials, neurons) of each fit that is done, in order."""
    done = []
    fit = LINT.fit

    def counted(self, X, inputs=None):
        found = fit(self, X, inputs)
        done.append((self.rank, len(X), X.shape[2]))
        return found

    monkeypatch.setattr(LINT, "fit", counted)
    return done


def test_the_true_rank_is_found():
    y, u = data(rank=2)
    found = select_rank(y, [1, 2, 3], inputs=u, estimator=QUICK, folds=2)
    assert found.rank == 2
    means = found.means().set_index("rank")
    held_out = means["r2_heldout_conditions"]
    assert held_out[2] > held_out[1] + 0.02
    signal = r2(y, network().simulate(u).rates)
    assert held_out[2] == pytest.approx(signal, abs=0.06)
    assert means["r2_heldout_neurons"][2] == pytest.approx(signal, abs=0.06)
    assert found.condition_mean < found.linear < held_out[2]
    assert list(found.fits) == [1, 2, 3]
    assert all(fit.rnn_.rank == rank for rank, fit in found.fits.items())


def test_what_is_held_out(fits):
    y, u = data()
    found = select_rank(y, [2, 1, 2], inputs=u, estimator=LINT(updates=0), folds=4, seeds=2)
    of_splits = [(15, 20)] * 8
    assert [fit[1:] for fit in fits] == 2 * of_splits + of_splits + [(TRIALS, NEURONS)] * 2
    assert found.splits["rank"].tolist() == [1] * 8 + [2] * 8
    assert found.splits["split"].tolist() == 2 * list(range(8))
    every = select_rank(y, [1], inputs=u, estimator=LINT(updates=0), folds=2, held_out_neurons=0)
    assert every.splits["r2_heldout_neurons"].isna().all()


def test_trials_of_a_group_are_held_out_together(monkeypatch):
    y, u = data()
    # Noise free repeats: a trial gives away what another of its group does.
    y[1::2], u[1::2] = y[::2], u[::2]
    seen = []
    fit = LINT.fit

    def noted(self, X, inputs=None):
        seen.append({float(value) for value in inputs[:, 0, 0]})
        return fit(self, X, inputs)

    monkeypatch.setattr(LINT, "fit", noted)
    groups = np.repeat([f"condition {i}" for i in range(TRIALS // 2)], 2)
    settings = {"inputs": u, "estimator": LINT(updates=0), "folds": 2}
    select_rank(y, [1], groups=groups, **settings)
    assert [len(values) for values in seen[:2]] == [TRIALS // 4] * 2
    assert not seen[0] & seen[1]


def test_a_store_spares_all_fits(tmp_path, fits):
    y, u = data()
    settings = {"inputs": u, "estimator": QUICK, "folds": 2, "store": tmp_path}
    first = select_rank(y, [1, 2], **settings)
    updates = len(first.fits[1].history_.loss)
    fits.clear()
    second = select_rank(y, [1, 2], **settings)
    # Those to all data are read from where they ended.
    assert fits == [(1, TRIALS, NEURONS), (2, TRIALS, NEURONS)]
    assert len(second.fits[1].history_.loss) == updates
    pd.testing.assert_frame_equal(first.splits, second.splits)
    assert (first.rank, first.linear) == (second.rank, second.linear)
    for rank, fit in first.fits.items():
        np.testing.assert_array_equal(
            fit.rnn_.connectivity.n, second.fits[rank].rnn_.connectivity.n
        )
    fits.clear()
    select_rank(y, [1], **settings | {"estimator": LINT(updates=10)})
    assert len(fits) == 5, "another setting is another fit"
    fits.clear()
    select_rank(y, [1], **settings | {"seed": 1})
    assert len(fits) == 5, "another seed is another fit"


def test_a_killed_selection_goes_on(tmp_path, fits):
    y, u = data()
    settings = {"inputs": u, "estimator": QUICK, "folds": 2}
    whole = select_rank(y, [1, 2], **settings)
    fits.clear()

    def kill(done, total, what):
        assert total == 8
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        select_rank(y, [1, 2], **settings, store=tmp_path, progress=kill)
    assert len(fits) == 3
    told = []
    again = select_rank(
        y, [1, 2], **settings, store=tmp_path, progress=lambda done, total, what: told.append(done)
    )
    assert len(fits) == 8
    assert told == list(range(1, 9))
    columns = ["rank", "split", *ranks._SCORES]
    pd.testing.assert_frame_equal(again.splits[columns], whole.splits[columns])


def test_a_damaged_store_is_said(tmp_path):
    y, u = data()
    settings = {"inputs": u, "estimator": LINT(updates=0), "folds": 2, "store": tmp_path}
    select_rank(y, [1], **settings)
    next(tmp_path.rglob("rank-1-tanh-*.json")).write_text("{")
    with pytest.raises(InputError, match=r"rank-1-tanh-.*json is damaged: delete it"):
        select_rank(y, [1], **settings)


def test_one_condition():
    y, u = data(trials=3)
    same = {"inputs": u, "estimator": QUICK, "groups": ["one"] * 3}
    with pytest.raises(InputError, match=r"conditions: there is 1, .* give one rank"):
        select_rank(y, [1, 2], **same)
    found = select_rank(y, [2], **same)
    assert found.rank == 2
    assert found.splits.empty
    assert np.isnan([found.linear, found.condition_mean]).all()


def test_a_recording_brings_its_inputs_and_time_step():
    y, u = data(noise=0.0)
    plain = select_rank(y, [1], inputs=u, estimator=LINT(updates=0), folds=2)
    found = select_rank(Recording(y, 0.02, inputs=u), [1], estimator=LINT(updates=0, dt=9), folds=2)
    columns = list(ranks._SCORES)
    pd.testing.assert_frame_equal(found.splits[columns], plain.splits[columns])
    assert found.fits[1].rnn_.dt == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("given", "settings", "message"),
    [
        ([], {}, r"ranks are \[\]: give ranks from 1 to 25"),
        ([0, 1], {}, r"ranks are \[0, 1\]"),
        ([26], {}, r"ranks are \[26\]"),
        ([1], {"groups": [1, 2]}, r"groups has shape \(2,\): give one label for each of 20"),
        ([1], {"folds": 1}, "folds is 1"),
        ([1], {"seeds": 0}, "seeds 0"),
        ([1], {"seed": -1}, "seed is -1"),
        ([1], {"held_out_neurons": 1.0}, "held_out_neurons is 1.0: give a share"),
    ],
)
def test_bad_settings(given, settings, message):
    y, u = data()
    with pytest.raises(InputError, match=message):
        select_rank(y, given, inputs=u, estimator=QUICK, **settings)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda y: np.zeros_like(y), "rates are 0 throughout: give activity that changes"),
        (lambda y: np.full_like(y, 0.5), "rates are 0.5 throughout"),
        (lambda y: y[:, :1], "rates have 1 bin a trial"),
        (lambda y: 1e8 * y, r"rates go up to .*: scale them to below 1e\+06"),
        (lambda y: np.full_like(y, np.nan), "rates are NaN throughout"),
    ],
)
def test_activity_that_says_nothing(change, message):
    y, u = data()
    y = change(y)
    with pytest.raises(InputError, match=message):
        select_rank(y, [1], inputs=u[:, : y.shape[1]], estimator=QUICK)


@pytest.mark.parametrize(
    ("scores", "tolerance", "rank"),
    [
        # Rank 3 is best; rank 2 falls short of it by 0.01 and 0.11: 0.06 with an error of 0.05.
        ([[0.7, 0.7], [0.84, 0.84], [0.85, 0.95]], 0.0, 3),
        ([[0.7, 0.7], [0.86, 0.86], [0.85, 0.95]], 0.0, 2),
        ([[0.7, 0.7], [0.84, 0.84], [0.85, 0.95]], 0.07, 2),
        ([[0.7, 0.7], [0.84, 0.84], [0.85, 0.95]], 0.3, 1),
        # Splits differ more than ranks, but all of them alike: rank 2 is 0.02 or 0.03 worse.
        ([[0.0, 0.4, 0.8], [0.08, 0.47, 0.88], [0.1, 0.5, 0.9]], 0.0, 3),
        ([[0.0, 0.4, 0.8], [0.08, 0.47, 0.88], [0.1, 0.5, 0.9]], 0.025, 2),
        # Here every split has a best rank of its own.
        ([[0.3, 0.9, 0.5], [0.9, 0.5, 0.3], [0.6, 0.4, 0.8]], 0.0, 1),
        # One split has no standard error; NaN is left out.
        ([[0.8, 0.7], [0.9, np.nan], [0.9, 0.9]], 0.0, 2),
        ([[0.7], [0.895], [0.9]], 0.01, 2),
        ([[0.7], [0.895], [0.9]], 0.001, 3),
        ([[0.7, np.nan], [0.895, np.nan], [0.9, np.nan]], 0.001, 3),
        ([[0.9, 0.9], [0.5, 0.5], [0.1, 0.1]], 0.0, 1),
    ],
)
def test_the_sufficient_rank(scores, tolerance, rank):
    assert sufficient_rank([1, 2, 3], scores, tolerance) == rank
