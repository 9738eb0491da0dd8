"""The benchmark of students: that both sides compute the same, and its arithmetic."""

import json

import pytest
import torch

from lowrnn.bench import StudentCell, student_times

TINY = StudentCell(neurons=12, epochs=3, steps=7)


def test_rows_and_their_ratios():
    threads = torch.get_num_threads()
    seen = []
    found = student_times([TINY], seconds=0.01, progress=lambda done, remark: seen.append(done))
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert seen == [0, 1]
    assert torch.get_num_threads() == threads
    (row,) = found["rows"]
    for name in ("plain", "batched"):
        assert row[f"ratio_{name}"] == pytest.approx(row[f"{name}_ms"] / row["lowrnn_ms"])
        assert found[f"worst_ratio_{name}"] == row[f"ratio_{name}"]
    assert row["max_error"] < 1e-4
