"""The benchmark of networks of low tensor rank: that all sides compute the same."""

import json

import pytest
import torch

from lowrnn.bench import TensorCell, tensor_steps
from lowrnn.bench.tensor_step import tensor_gradients, tensor_problem

TINY = TensorCell(neurons=12, rank=2, trials=5, steps=7)


def test_all_follow_the_same_gradient():
    tensors, target = tensor_problem(TINY)
    tensors = {name: value.double() for name, value in tensors.items()}
    wanted = tensor_gradients("reduced", tensors, target.double())
    assert set(wanted) == {"m", "n", "c", "B", "u"}
    for name in ("lowrnn", "matrices"):
        found = tensor_gradients(name, tensors, target.double())
        for parameter, gradient in wanted.items():
            torch.testing.assert_close(found[parameter], gradient)


def test_rows_and_their_ratios():
    threads = torch.get_num_threads()
    seen = []
    found = tensor_steps([TINY], seconds=0.01, progress=lambda done, remark: seen.append(done))
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert seen == [0, 1]
    assert torch.get_num_threads() == threads
    (row,) = found["rows"]
    for name in ("reduced", "matrices"):
        assert row[f"ratio_{name}"] == pytest.approx(row[f"{name}_ms"] / row["lowrnn_ms"])
        assert found[f"worst_ratio_{name}"] == row[f"ratio_{name}"]
    assert row["max_grad_error"] < 1e-5
