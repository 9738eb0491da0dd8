import numpy as np
import pandas as pd
import pytest

from lowrnn import RNN, InputError, LowRank
from lowrnn.analysis import selectivity, targeted_axes
from lowrnn.tasks import PerceptualDecision

rng = np.random.default_rng(0)
GRID = pd.DataFrame(
    [(a, b, c) for a in (-2.0, -1, 1, 2) for b in (-1.0, 1) for c in (-1, 1)],
    columns=["a", "b", "context"],
)


def encoded(times: dict[str, slice], neurons: int = 30) -> tuple[np.ndarray, np.ndarray]:
    """Activity in which each variable moves along a direction of its own while it is on."""
    directions = rng.standard_normal((neurons, len(times)))
    activity = np.full((len(GRID), 20, neurons), 0.7)
    for (name, when), direction in zip(times.items(), directions.T, strict=True):
        activity[:, when] += GRID[name].to_numpy()[:, None, None] * direction
    return activity, directions


def test_each_variable_in_its_own_window() -> None:
    windows = {"a": slice(2, 6), "b": slice(10, 14), "context": slice(10, 14)}
    activity, directions = encoded(windows)
    np.testing.assert_allclose(selectivity(activity, GRID, windows), directions, atol=1e-12)
    # A wrong window finds nothing.
    wrong = selectivity(activity, GRID, {"a": slice(10, 14)})
    np.testing.assert_allclose(wrong, 0, atol=1e-12)
    scaled = selectivity(activity, GRID, windows, standardise=True)
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(scaled.std(axis=0), 1)


def test_an_offset_needs_an_intercept_where_a_variable_is_not_centred() -> None:
    activity, directions = encoded({"a": slice(0, 20)})
    up = (GRID["a"] > 0).to_numpy()
    windows = {"a": slice(0, 20)}
    np.testing.assert_allclose(selectivity(activity[up], GRID[up], windows), directions, atol=1e-12)
    without = selectivity(activity[up], GRID[up], windows, intercept=False)
    assert np.abs(without - directions).max() > 0.1


def test_coherence_and_choice_of_a_bistable_network() -> None:
    task = PerceptualDecision()
    m = rng.standard_normal((100, 1))
    B = rng.standard_normal((100, 1))
    net = RNN(LowRank(m, 2 * m + 2 * B), B, m, dt=task.dt, tau=0.1)
    trials = task.conditions()
    early = np.flatnonzero(np.abs(trials.inputs[0, :, 0]) > 0)[:2]
    on = np.isin(np.arange(trials.inputs.shape[1]), early)
    found = selectivity(
        net.simulate(trials.inputs).rates,
        trials.conditions,
        {"coherence": on, "choice": slice(-1, None)},
        intercept=False,
    )
    # First only the input speaks, in the end only the latent.
    cosines = np.abs(np.corrcoef(np.column_stack([found, B, m]).T))
    assert cosines[0, 2] > 0.95 > cosines[0, 3]
    assert cosines[1, 3] > 0.9 > cosines[1, 2]


def test_targeted_axes_find_planted_directions_at_their_times() -> None:
    times = {"a": slice(2, 6), "b": slice(8, 12), "context": slice(0, 20)}
    activity, directions = encoded(times)
    activity[:, 10] += 0.5 * (activity[:, 10] - activity[:, 10].mean(axis=0))
    for components in (12, None):
        found = targeted_axes(activity, GRID, ["a", "b", "context"], components=components)
        unit = directions / np.linalg.norm(directions, axis=0)
        np.testing.assert_allclose(found.directions, unit, atol=1e-8)
        np.testing.assert_allclose(found.axes.T @ found.axes, np.eye(3), atol=1e-12)
        np.testing.assert_allclose(found.axes[:, 0], unit[:, 0], atol=1e-8)
        assert found.peak[0] in range(2, 6)
        assert found.peak[1] == 10
        assert found.alignment(directions)[0, 0] == pytest.approx(1)
    # The later axis is the direction less what it shares with the first.
    rest = unit[:, 1] - unit[:, 0] * (unit[:, 0] @ unit[:, 1])
    np.testing.assert_allclose(found.axes[:, 1], rest / np.linalg.norm(rest), atol=1e-8)
    along = found.project(activity)[:, 4, 0]
    assert np.corrcoef(along, GRID["a"])[0, 1] > 0.95


def test_axes_of_a_gated_network_are_its_loadings(gated) -> None:
    trials = gated.task.conditions()
    frame = trials.conditions.assign(cue=3 - 2 * trials.conditions["context"])
    x = gated.rnn.simulate(trials.inputs).x
    found = targeted_axes(x, frame, ["choice", "coherence_a", "coherence_b", "cue"])
    B, m = gated.rnn.inputs, gated.rnn.connectivity.m
    aligned = found.alignment(np.column_stack([m, B[:, 0], B[:, 1], B[:, 2] - B[:, 3]]))
    assert np.diag(aligned).min() > 0.85
    assert (aligned - np.diag(np.diag(aligned))).max() < 0.5


def test_denoising_leaves_out_what_is_not_in_the_components() -> None:
    activity, directions = encoded({"a": slice(0, 20)})
    noisy = activity + 0.05 * rng.standard_normal(activity.shape)
    unit = directions[:, 0] / np.linalg.norm(directions)
    with_all, with_one = (
        targeted_axes(noisy, GRID, ["a"], components=k).axes[:, 0] @ unit for k in (None, 1)
    )
    assert with_all < with_one


def test_wrong_inputs_are_named() -> None:
    activity, _ = encoded({"a": slice(0, 20)})
    frame = GRID.assign(twice=2 * GRID["a"], name="x")
    with pytest.raises(InputError, match="variable 'colour' is no condition"):
        targeted_axes(activity, frame, ["colour"])
    with pytest.raises(InputError, match="variable 'name' is not numeric"):
        selectivity(activity, frame, {"name": None})
    with pytest.raises(InputError, match="a, twice depend on each other"):
        selectivity(activity, frame, {"a": None, "twice": None})
    with pytest.raises(InputError, match="'b' has no effect"):
        targeted_axes(activity.round(12), frame, ["a", "b"])
    with pytest.raises(InputError, match="conditions has 3 rows"):
        targeted_axes(activity, frame[:3], ["a"])
    with pytest.raises(InputError, match="variables are 2 with 1 components"):
        targeted_axes(activity, frame, ["a", "b"], components=1)
