"""Produced intervals in the report: what is drawn of known answers."""

import numpy as np
import pytest

from lowrnn.report.intervals import produced_intervals
from lowrnn.tasks import task

QUIET = task("cue_set_go", jitter=0.0, after=1.5)


def ramps(trials, stretch):
    """The outputs of a network whose ramps take `stretch` times as long as they should."""
    time = np.arange(trials.targets.shape[1]) * trials.dt
    since = time - trials.conditions[["set"]].to_numpy()
    lasts = trials.conditions[["interval"]].to_numpy() * np.reshape(stretch, (-1, 1))
    return (np.clip(since / lasts, 0, 1) - 0.5)[:, :, None]


def points(figure):
    """The lines of the network: the tolerance and the diagonal come first."""
    return figure.plot.data[2:]


def test_perfect_answers_lie_on_the_diagonal() -> None:
    trials = QUIET.psychometric_trials(3)
    text, figure = produced_intervals(QUIET, trials, trials.targets)
    (line,) = points(figure)
    np.testing.assert_array_equal(line.x, QUIET.intervals)
    np.testing.assert_allclose(line.y, QUIET.intervals, atol=1e-9)
    np.testing.assert_allclose(line.error_y.array, 0, atol=1e-9)
    assert "100.0 % of the intervals are right" in text[0]
    assert len(text) == 1


def test_mean_and_spread_are_those_of_the_trials() -> None:
    trials = QUIET.psychometric_trials(2)
    stretch = np.tile([0.8, 1.2], 4)
    text, figure = produced_intervals(QUIET, trials, ramps(trials, stretch))
    (line,) = points(figure)
    np.testing.assert_allclose(line.y, QUIET.intervals, rtol=1e-6)
    np.testing.assert_allclose(line.error_y.array, 0.2 * np.array(QUIET.intervals), rtol=1e-6)
    assert text[0].endswith("0.0 % of the intervals are right.")


def test_trials_without_an_answer_are_counted_and_left_out() -> None:
    trials = QUIET.psychometric_trials(2)
    z = trials.targets.copy()
    z[-1] = -0.5
    text, figure = produced_intervals(QUIET, trials, z)
    (line,) = points(figure)
    np.testing.assert_array_equal(line.customdata, [2, 2, 2, 1])
    np.testing.assert_allclose(line.y, QUIET.intervals, atol=1e-9)
    assert text[1] == "On 1 of 8 trials the output never came so far: 1 at 1.55 s."


@pytest.mark.parametrize(
    ("scales", "names"), [((1.0,), [""]), ((1.0, 1.5), ["context 1", "context 2"])]
)
def test_contexts_have_a_line_each(scales, names) -> None:
    asked = task("measure_wait_go", scales=scales)
    trials = asked.psychometric_trials(2)
    _, figure = produced_intervals(asked, trials, trials.targets)
    drawn = points(figure)
    assert figure.plot.layout.showlegend == (len(scales) > 1)
    if len(scales) > 1:
        assert [line.name for line in drawn] == names
    for line, scale in zip(drawn, scales, strict=True):
        np.testing.assert_allclose(line.x, scale * np.array(asked.intervals))
        np.testing.assert_allclose(line.y, line.x, atol=asked.dt)
