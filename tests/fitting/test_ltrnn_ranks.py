"""Rank selection over trials, on networks whose rank is known."""

import numpy as np
import pytest
from sklearn.base import clone

from lowrnn import LTRNN, RNN, InputError, LowTensorRank
from lowrnn.fitting import r2, select_tensor_rank

NEURONS, TRIALS, STEPS, CONDITIONS = 24, 48, 12, np.arange(48) % 3
TRIAL = np.arange(TRIALS)
FACTORS = np.stack([1.8 - 1.2 * TRIAL / TRIALS, 0.9 + 0.9 * np.sin(TRIAL / 8) ** 2], axis=1)
ESTIMATOR = LTRNN(
    tau=1.0, dt=0.1, readout="identity", initial_state="condition", bias=False, smoothness=8.0,
    amplitude=0.3, jitter=0.05, updates=(60, 120),
)  # fmt: skip
SETTINGS = {
    "conditions": CONDITIONS, "estimator": ESTIMATOR, "splits": 2, "test": (1, 1, 1),
    "margin": (3, 2, 1), "fraction": 0.15,
}  # fmt: skip


def activity(factors=FACTORS):
    g = np.random.default_rng(5)
    a = g.standard_normal((NEURONS, 2))
    b = a @ np.array([[1.0, 0.7], [-0.7, 1.0]]) + 0.4 * g.standard_normal((NEURONS, 2))
    angle = 2 * np.pi * CONDITIONS / 3
    start = 0.6 * np.stack([np.cos(angle), np.sin(angle)], axis=1) @ a.T
    rnn = RNN(LowTensorRank(a, b, factors), dt=0.1, tau=1.0)
    rates = rnn.simulate(np.zeros((TRIALS, STEPS, 0)), initial_state=start).rates
    return rates, rates + 0.2 * rates.std() * g.standard_normal(rates.shape)


@pytest.fixture(scope="module")
def found():
    return select_tensor_rank(activity()[1], [1, 2, 3], **SETTINGS)


def test_the_true_rank_is_found(found):
    assert found.selected == 2
    assert found.fit.rnn_.rank == 2
    rates, noisy = activity()
    held_out = [row["r2_heldout"] for row in found.rows]
    assert [row["rank"] for row in found.rows] == [1, 2, 3]
    assert held_out[1] == pytest.approx(r2(noisy, rates), abs=0.03)
    assert held_out[1] > held_out[0] + 0.1


def test_change_is_told_from_none(found):
    varying = found.rows[1]["r2_heldout"]
    assert varying > found.static_r2_heldout + 0.005
    assert varying > found.shuffle_r2_heldout
    means = found.means().set_index(["model", "rank"])
    assert means.loc[("static", 2), "learning_r2_heldout"] == pytest.approx(0, abs=1e-4)
    assert set(found.splits["model"]) == {"varying", "static", "cp", "shuffled", "free", "blocks"}


def test_without_change_nothing_is_gained():
    noisy = activity(np.tile(FACTORS.mean(axis=0), (TRIALS, 1)))[1]
    found = select_tensor_rank(noisy, [2], **SETTINGS | {"splits": 1})
    assert found.rows[0]["r2_heldout"] < found.static_r2_heldout + 0.005


def test_an_interrupted_selection_goes_on(tmp_path):
    noisy = activity()[1]
    settings = SETTINGS | {
        "estimator": clone(ESTIMATOR).set_params(updates=(3, 3)),
        "store": tmp_path,
    }

    def stop(done, total, what):
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        select_tensor_rank(noisy, [1, 2], progress=stop, **settings)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")}
    assert len(before) == 5
    resumed = select_tensor_rank(noisy, [1, 2], **settings)
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())
    whole = select_tensor_rank(noisy, [1, 2], **settings | {"store": None})
    scores = ["r2_train", "r2_heldout", "learning_r2_heldout"]
    assert np.array_equal(resumed.splits[scores], whole.splits[scores])


def test_a_trial_without_data_leaves_no_cp():
    noisy = activity()[1]
    noisy[7] = np.nan
    short = clone(ESTIMATOR).set_params(updates=(3, 3))
    found = select_tensor_rank(noisy, [1], **SETTINGS | {"estimator": short})
    scores = found.means().set_index("model")["r2_heldout"]
    assert np.isnan(scores["cp"])
    assert np.isfinite(scores.drop("cp")).all()


def test_refuses():
    noisy = activity()[1]
    with pytest.raises(InputError, match="ranks are"):
        select_tensor_rank(noisy, [0], **SETTINGS)
    with pytest.raises(InputError, match="splits is 0"):
        select_tensor_rank(noisy, [1], **SETTINGS | {"splits": 0})
