"""The benchmark of whole updates: that both sides compute the same, and its arithmetic."""

import json

import pytest
import torch

from lowrnn.bench import CASES, Case, training_updates
from lowrnn.bench.eager import EagerTraining
from lowrnn.bench.training_update import training_of
from lowrnn.tasks import TASKS

TINY = (
    Case("context_decision", 1, neurons=8, batch=4),
    Case("flip_flop", neurons=8, batch=4, preset="schuessler2020"),
)


@pytest.mark.parametrize("case", TINY)
def test_eager_follows_the_same_gradient(case, monkeypatch):
    training = training_of(case)
    training.rnn = training.rnn.replace(noise_std=0.0)
    eager = EagerTraining(training)
    batch = training.batch(eager.random)
    monkeypatch.setattr(training, "batch", lambda rng: batch)
    training.update()
    eager.update()
    for name in training.settings["trained"]:
        own = torch.from_numpy(training.descent.gradients[name])
        torch.testing.assert_close(eager.tensors[name].grad, own)
        assert not torch.equal(eager.tensors[name], training.start[name])


def test_rows_and_their_ratios():
    threads = torch.get_num_threads()
    seen = []
    found = training_updates(TINY, seconds=0.01, progress=lambda done, remark: seen.append(done))
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert seen == [0, 1, 2]
    assert torch.get_num_threads() == threads
    for row, case in zip(found["rows"], TINY, strict=True):
        assert (row["task"], row["rank"], row["neurons"]) == (case.task, case.rank, 8)
        assert row["ratio_eager"] == pytest.approx(row["eager_ms"] / row["lowrnn_ms"])
    one, two = (row["ratio_eager"] for row in found["rows"])
    assert found["geomean_ratio_eager"] == pytest.approx((one * two) ** 0.5)
    assert found["worst_ratio_eager"] == min(one, two)


def test_every_task_is_trained():
    assert {case.task for case in CASES if case.rank} == set(TASKS)
    full = training_of(CASES[-1])
    assert full.settings["n_trials"] is None
    assert full.rnn.noise_std == 0
