"""The benchmark of a training step: its arithmetic, its shape and its clock."""

import json
import time

import pytest
import torch

from lowrnn.bench import FULL, QUICK, Cell, measure, training_steps
from lowrnn.bench import training_step as module
from lowrnn.bench.clock import interleave
from lowrnn.bench.floor import seconds_per_tanh

TINY = [Cell(32, 1, 4, 29, noise) for noise in (False, True)]
FIELDS = {
    "neurons", "rank", "batch", "steps", "noise", "lowrnn_ms", "eager_ms", "jax_ms",
    "tanh_floor_ms", "ratio_eager", "ratio_jax", "ratio_floor", "max_grad_error",
}  # fmt: skip


@pytest.fixture
def without_jax(monkeypatch):
    monkeypatch.setattr(module.jax_scan, "available", lambda: False)


def test_rows_and_their_quotients(without_jax):
    threads = torch.get_num_threads()
    seen = []
    found = training_steps(TINY, seconds=0.01, progress=lambda done, remark: seen.append(done))
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert seen == [0, 1, 2]
    assert torch.get_num_threads() == threads
    for row, cell in zip(found["rows"], TINY, strict=True):
        assert set(row) == FIELDS
        assert row["noise"] is cell.noise
        assert row["jax_ms"] is None
        assert row["ratio_jax"] is None
        assert row["ratio_eager"] == pytest.approx(row["eager_ms"] / row["lowrnn_ms"])
        assert row["ratio_floor"] == pytest.approx(row["lowrnn_ms"] / row["tanh_floor_ms"])
        assert row["max_grad_error"] < 1e-5
    off, on = (row["ratio_eager"] for row in found["rows"])
    assert found["geomean_ratio_eager"] == pytest.approx((off * on) ** 0.5)
    assert found["noise_off"]["geomean_ratio_eager"] == pytest.approx(off)
    assert found["noise_on"]["worst_ratio_eager"] == pytest.approx(on)
    assert found["geomean_ratio_jax"] is None
    assert found["machine"]["versions"]["torch"] == torch.__version__


def test_jax_is_measured_where_it_is_installed():
    pytest.importorskip("jax")
    row = measure(TINY[0], seconds=0.01)
    assert row["ratio_jax"] == pytest.approx(row["jax_ms"] / row["lowrnn_ms"])


def test_worst_is_the_least_gain_and_the_most_above_the_floor():
    rows = [
        {"ratio_eager": e, "ratio_jax": None, "ratio_floor": f, "max_grad_error": g}
        for e, f, g in ((10.0, 2.0, 1e-7), (40.0, 8.0, 1e-6))
    ]
    found = module.summary(rows)
    assert found["geomean_ratio_eager"] == pytest.approx(20)
    assert found["worst_ratio_eager"] == 10
    assert found["geomean_ratio_floor"] == pytest.approx(4)
    assert found["worst_ratio_floor"] == 8
    assert found["max_grad_error"] == 1e-6
    assert found["worst_ratio_jax"] is None


@pytest.mark.parametrize("grid", [QUICK, FULL])
def test_grids_span_every_size(grid):
    assert len(set(grid)) == len(grid)
    for field, least, most in (("neurons", 128, 4096), ("rank", 1, 5), ("batch", 32, 128)):
        sizes = [getattr(cell, field) for cell in grid]
        assert (min(sizes), max(sizes)) == (least, most)
    quiet = {(c.neurons, c.rank, c.batch, c.steps) for c in grid if not c.noise}
    assert quiet == {(c.neurons, c.rank, c.batch, c.steps) for c in grid if c.noise}


def test_contenders_take_turns_and_medians_are_theirs():
    order = []

    def contender(name, seconds):
        def call():
            order.append(name)
            time.sleep(seconds)

        return call

    times = interleave(
        {"a": contender("a", 0.004), "b": contender("b", 0.012)}, seconds=0.0, turn=0.01
    )
    assert 0.004 <= times["a"] < 0.012 <= times["b"]
    runs = [name for name, before in zip(order, [None, *order], strict=False) if name != before]
    assert runs == ["a", "b"] * 4


def test_first_call_of_a_turn_is_left_out():
    pauses = iter([0.0, *[0.03, 0.002, 0.002] * 3])
    times = interleave({"a": lambda: time.sleep(next(pauses))}, seconds=0.0, turn=0.033)
    assert times["a"] < 0.02


def test_tanh_floor_is_below_the_time_of_an_eager_tanh():
    x = torch.linspace(-3, 3, 2048)
    out = torch.empty_like(x)
    start = time.perf_counter()
    for _ in range(2000):
        torch.tanh(x, out=out)
    eager = (time.perf_counter() - start) / 2000 / len(x)
    assert 0 < seconds_per_tanh() < eager
