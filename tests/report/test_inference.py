"""The figures of an inference, of any number of parameters."""

from typing import Any

import numpy as np
import pytest
import xarray as xr

from lowrnn.report.inference.courses import courses_figure
from lowrnn.report.inference.figures import (
    coverage_figure,
    failures_figure,
    posterior_figure,
    ranks_figure,
    recovery_figure,
)

RNG = np.random.default_rng(0)


def inference(parameters: int, ranks: np.ndarray | None = None, **changes: Any) -> xr.Dataset:
    """An inference whose posterior is the prior."""
    shape = (200, parameters)
    labels = [
        f"epoch{e}.condition{c}.step{t}.{d}"
        for e in (0, 3, 5) for c in range(2) for t in (4, 9) for d in range(3)
    ]  # fmt: skip
    wide = (200, len(labels) + 1)
    status = np.array(["ok"] * 150 + ["blow-up"] * 50)
    x = RNG.standard_normal(wide)
    x[150:] = np.nan
    return xr.Dataset(
        {
            "theta": (("simulation", "parameter"), RNG.uniform(-1, 1, shape)),
            "x": (("simulation", "feature"), x),
            "status": ("simulation", status),
            "draws": (("draw", "parameter"), RNG.uniform(-1, 1, shape)),
            "observed": ("feature", np.arange(wide[1], dtype=float)),
            "predicted": (("student", "feature"), np.full((10, wide[1]), np.nan)),
            "low": ("parameter", np.full(parameters, -1.0)),
            "high": ("parameter", np.full(parameters, 1.0)),
            "held_out_truth": (("test", "parameter"), RNG.uniform(-1, 1, shape)),
            "held_out_mean": (("test", "parameter"), RNG.uniform(-1, 1, shape)),
            "held_out_sd": (("test", "parameter"), np.ones(shape)),
            "ranks": (("test", "parameter"), RNG.random(shape) if ranks is None else ranks),
            "tarp": ("test", RNG.random(200)),
        },
        {"parameter": [f"p<{k}>" for k in range(parameters)], "feature": [*labels, "overlap.00"]},
    ).assign(**changes)


@pytest.mark.parametrize("parameters", [1, 2, 6, 8])
@pytest.mark.parametrize("known", [False, True])
def test_posterior_of_any_number_of_parameters(parameters: int, known: bool) -> None:
    results = inference(parameters)
    if known:
        results = results.assign(truth=("parameter", np.zeros(parameters)))
    figure = posterior_figure(results)
    bars = [trace for trace in figure.data if trace.type == "bar"]
    assert len(bars) == parameters
    for bar in bars:
        assert (np.asarray(bar.y) * np.asarray(bar.width)).sum() == pytest.approx(1)
    assert len(figure.layout.shapes) == (parameters if known else 0)
    for draw in (ranks_figure, coverage_figure, recovery_figure, failures_figure):
        assert len(draw(results).data) >= parameters
    assert "<0>" not in ranks_figure(results).to_json()


def test_narrow_posteriors_stand_out() -> None:
    bowl = RNG.beta(0.3, 0.3, (200, 1))
    bars = ranks_figure(inference(1, bowl)).data[0]
    colours = list(bars.marker.color)
    assert colours[0] == colours[-1] != colours[len(colours) // 2]
    fair = ranks_figure(inference(1, (np.arange(200)[:, None] + 0.5) / 200)).data[0]
    assert len(set(fair.marker.color)) == 1
    covered = coverage_figure(inference(1, bowl)).data[1]
    assert (np.asarray(covered.y)[5:-5] < np.asarray(covered.x)[5:-5]).all()


def test_courses_show_the_last_epoch_of_the_observation() -> None:
    figure = courses_figure(inference(1))
    observed = [trace for trace in figure.data if trace.name == "observed"]
    assert len(observed) == 2 * 3
    # Feature 24 is the first of the last epoch: condition 0, step 4, direction 0; step 9 is 27.
    assert list(observed[0].y) == [24, 27]
    assert list(observed[0].x) == [5, 10]
    titles = [axis.title.text for axis in figure.select_yaxes() if axis.title.text]
    assert titles == ["along m1", "along input 1", "along the mean"]
