from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from lowrnn.report.conditions import conditions, repeats
from lowrnn.report.dynamics import portraits, window
from lowrnn.report.epochs import constant_inputs
from lowrnn.report.ranks import _spread, curves, reason
from lowrnn.report.run import Run
from lowrnn.report.style import label, number

WriteRun = Callable[..., Path]


def with_trials(run: Run, table: pd.DataFrame, kappa: np.ndarray) -> Run:
    results = run.results.drop_vars([c for c in run.results.coords if c not in ("time", "input")])
    results = results.drop_dims("trial")
    results["kappa"] = ("trial", "time", "latent"), kappa
    coords = {name: ("trial", table[name]) for name in table}
    return Run(run.folder, run.config, run.metrics, results.assign_coords(coords), run.rnn)


@pytest.fixture
def run(run_folder: WriteRun) -> Run:
    return Run.load(run_folder())


def test_lines_follow_the_variables_that_move_the_latents(run: Run) -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "side": np.repeat(["left", "right"], 40),
            "strength": np.tile([0.1, 0.2, 0.5, 1.0], 20),
            "shirt": rng.choice(["red", "blue", "green"], 80),
            "identity": np.arange(80).astype(str),
        }
    )
    push = np.where(table["side"] == "left", -1, 1) * table["strength"].to_numpy()
    kappa = push[:, None, None] * np.ones((80, 68, 1)) + 0.05 * rng.standard_normal((80, 68, 1))
    found = conditions(with_trials(run, table, kappa))
    assert found.by == ("strength", "side")
    assert len(found.groups) == 8
    assert sorted(np.concatenate([g.trials for g in found.groups])) == list(range(80))
    assert {g.dash for g in found.groups} == {0, 1}
    assert "strength 0.1, side left" in [g.label for g in found.groups]


def test_continuous_variables_are_divided_at_quintiles(run: Run) -> None:
    value = np.linspace(-1, 1, 100)
    kappa = value[:, None, None] * np.ones((100, 68, 1))
    found = conditions(with_trials(run, pd.DataFrame({"stimulus": value}), kappa))
    assert [len(g.trials) for g in found.groups] == [20] * 5


def test_without_variables_there_is_one_line(run: Run) -> None:
    found = conditions(with_trials(run, pd.DataFrame(), np.zeros((7, 68, 1))))
    assert [len(g.trials) for g in found.groups] == [7]


def test_repeats_agree_in_every_variable(run: Run) -> None:
    table = pd.DataFrame({"a": [1, 1, 2, 1], "b": ["x", "y", "x", "x"]})
    same = repeats(with_trials(run, table, np.zeros((4, 68, 1))))
    assert same[0] == same[3]
    assert len(set(same)) == 3
    assert len(set(repeats(with_trials(run, pd.DataFrame(), np.zeros((4, 68, 1)))))) == 4


def test_constant_inputs_are_found_under_noise() -> None:
    rng = np.random.default_rng(0)
    u = np.zeros((6, 100, 2))
    u[:3, 20:80, 0] = 1.0
    u[3:, 20:80, 1] = -0.5
    u[:, 40:80, 0] += 0.6
    epochs = constant_inputs(u + 0.02 * rng.standard_normal(u.shape), ["go", "stay"], 9)
    assert epochs[0].label == "no input"
    assert len(epochs[0].pieces) == 12
    found = {tuple(np.round(epoch.u, 1) + 0.0) for epoch in epochs}
    assert found == {(0, 0), (1, 0), (1.6, 0), (0, -0.5), (0.6, -0.5)}
    assert len(constant_inputs(u, ["go", "stay"], 2)) == 2


def test_portraits_hold_the_latents_of_their_input(run: Run) -> None:
    shown = portraits(run, 4)
    assert [p.epoch.label for p in shown[:3]] == ["no input", "context_1 0.50", "context_2 0.50"]
    ((low, high),) = window(run, shown)
    kappa = run.need("kappa", "trial", "time", "latent")
    assert low < kappa.min() < kappa.max() < high


def test_the_rule_that_chose_the_rank_is_named(run: Run) -> None:
    def chosen(means: list[float], rank: int) -> str:
        # Splits move all ranks alike, by much, and the last but one also on its own, by little.
        split = np.array(means)[:, None] + 0.3 * np.array([-1, 1, 0, -1, 1])
        split[2] += 0.06 * np.array([-1, 1, 0, 1, -1])
        results = run.results.assign(r2_heldout_conditions=(("rank", "split"), split))
        metrics = run.metrics | {"rank_selected": rank}
        return reason(Run(run.folder, run.config, metrics, results, run.rnn))

    assert "smallest whose R² on held-out" in chosen([0.3, 0.50, 0.51, 0.4], 2)
    # The differences vary by 0.06 or 0, so their error is sqrt(4 / 4 / 5) * 0.06 = 0.0268.
    said = chosen([0.3, 0.50, 0.52, 0.4], 2)
    assert "that of rank 3, by no more than one standard error" in said
    assert "it is 0.0200 ± 0.0268 worse" in said
    assert "held-out conditions alone would give 3" in chosen([0.3, 0.48, 0.52, 0.4], 2)
    assert "every smaller rank falls short of it by more" in chosen([0.3, 0.4, 0.51, 0.5], 3)
    assert "no smaller rank was tried" in chosen([0.6, 0.4, 0.3, 0.2], 1)
    assert "held-out conditions alone would give 1" in chosen([0.6, 0.4, 0.3, 0.2], 2)


def test_scores_of_the_metrics_serve_where_splits_are_missing(run: Run) -> None:
    results = run.results.drop_vars("r2_train")
    curve = curves(Run(run.folder, run.config, run.metrics, results, run.rnn))["r2_train"]
    np.testing.assert_allclose(curve.mean, [row["r2_train"] for row in run.metrics["ranks"]])
    assert curve.splits == 1
    assert np.isnan(curve.sem).all()


def test_names_beside_curves_never_touch() -> None:
    wanted = np.array([0.80, 0.81, 0.1, 0.815, 0.99])
    places = _spread(wanted, 0, 1)
    assert np.diff(np.sort(places)).min() >= 0.06 - 1e-12
    assert (np.argsort(places) == np.argsort(wanted)).all()
    assert places.max() <= 1


def test_inconsistent_axes_count_as_absent(run: Run) -> None:
    wrong = xr.Dataset({"kappa": (("trial", "time"), np.zeros((2, 3)))})
    assert Run(run.folder, "", {}, wrong, run.rnn).array("kappa", "trial", "time", "latent") is None


def test_text() -> None:
    assert number(-0.001) == "0.00"
    assert number(-1.234, 1) == "\N{MINUS SIGN}1.2"
    assert number(None) == number(float("nan")) == "unknown"
    assert label("<b>x</b>\n&") == "&lt;b&gt;x&lt;/b&gt; &amp;"
    assert len(label("x" * 100)) == 40
