"""The psychometric curve in the report: what is drawn against what, and of which network."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from lowrnn import RNN, LowRank
from lowrnn.files import write_text
from lowrnn.report.page import Figure
from lowrnn.report.psychometrics import psychometrics_section
from lowrnn.report.run import Run
from lowrnn.tasks import Task, multitask, task

WriteRun = Callable[..., Path]


def run_of(folder: Path, asked: Task, rnn: RNN) -> Run:
    """A run of a network on a task."""
    run = Run.load(folder)
    config = yaml.safe_dump({"task": asked.to_dict()})
    return Run(run.folder, config, run.metrics, run.results, rnn)


def chooser(inputs: int, reads: int, **settings: Any) -> RNN:
    """A linear network without coupling whose output is what input number `reads` was lately."""
    B = np.eye(inputs).repeat(2, axis=0)
    readout = (np.arange(2 * inputs) // 2 == reads)[:, None].astype(float)
    idle = np.zeros((2 * inputs, 1))
    idle[0] = 1.0
    settings = {"dt": 0.02, "tau": 0.3, "nonlinearity": "identity"} | settings
    return RNN(LowRank(idle, 0 * idle), B, readout, **settings)


def traces(figure: Figure) -> list[tuple[str, Any]]:
    """Horizontal axis by its title, and the line drawn on it."""
    layout = figure.plot.layout
    return [
        (layout[(t.xaxis or "x").replace("x", "xaxis")].title.text, t) for t in figure.plot.data
    ]


def test_a_network_that_attends_to_one_stimulus_in_both_contexts(run_folder: WriteRun) -> None:
    asked = task("context_decision", noise_std=0.0)
    run = run_of(run_folder(kind="train"), asked, chooser(4, 0))
    section = psychometrics_section(run)
    lines = traces(section.figures[0])
    assert {(axis, t.name) for axis, t in lines} == {
        (axis, name)
        for axis in ("coherence_a", "coherence_b")
        for name in ("context 1", "context 2")
    }
    for axis, line in lines:
        np.testing.assert_array_equal(line.x, asked.psychometric_coherences)
        wanted = np.array(line.x) > 0 if axis == "coherence_a" else np.full(6, 0.5)
        np.testing.assert_array_equal(line.y, wanted)
        # Shares of 0 and 1 are certain on one side alone.
        high = np.array(line.y) + line.error_y.array
        low = np.array(line.y) - line.error_y.arrayminus
        assert (high <= 1).all()
        assert (low >= 0).all()
        assert (high - low > 0.02).all()
    assert "720 new trials" in section.text[0]
    assert "10 of each of 72 conditions" in section.text[0]


def test_few_conditions_are_repeated_more_often(run_folder: WriteRun) -> None:
    asked = task("perceptual_decision", noise_std=0.3)
    run = run_of(run_folder(kind="train"), asked, chooser(1, 0))
    section = psychometrics_section(run)
    ((axis, line),) = traces(section.figures[0])
    assert axis == "coherence"
    assert "67 of each of 6 conditions" in section.text[0]
    assert (np.diff(line.y) >= 0).all()
    assert 0 < line.y[2] < 0.5 < line.y[3] < 1
    assert not section.figures[0].plot.layout.showlegend


def test_conditions_without_an_axis_stand_side_by_side(run_folder: WriteRun) -> None:
    run = run_of(run_folder(kind="train"), task("match_to_sample"), chooser(2, 0))
    ((axis, points),) = traces(psychometrics_section(run).figures[0])
    assert axis == "condition"
    assert points.x[0] == "stimulus_1 A, stimulus_2 A"
    assert len(points.x) == 4


def test_a_network_that_never_answers_in_time(run_folder: WriteRun) -> None:
    asked = task("cue_set_go")
    silent = chooser(2, 1, dt=asked.dt).replace(readout=np.zeros((4, 1)))
    section = psychometrics_section(run_of(run_folder(kind="train"), asked, silent))
    assert "0.0 % of the intervals are right" in section.text[1]
    assert "On 400 of 400 trials the output never came so far: 100 at 0.8 s, 100" in section.text[2]
    assert len(section.figures) == 1


def test_one_condition_is_a_sentence_rather_than_a_point(run_folder: WriteRun) -> None:
    section = psychometrics_section(
        run_of(run_folder(kind="train"), task("cosine"), chooser(1, 0, dt=0.01))
    )
    assert section.text == [
        "400 new trials with the noise of task and network.", "0.0 % of the answers are right.",
    ]  # fmt: skip
    assert not section.figures


def test_each_of_several_tasks_has_its_curve(run_folder: WriteRun) -> None:
    both = multitask([task("perceptual_decision"), task("working_memory"), task("cue_set_go")])
    network = chooser(both.n_inputs, 0)
    network = network.replace(readout=np.repeat(network.readout, both.n_outputs, axis=1))
    first, second, third = psychometrics_section(
        run_of(run_folder(kind="train"), both, network)
    ).figures
    assert first.caption.startswith("perceptual_decision: Answers")
    ((axis, line),) = traces(first)
    assert axis == "coherence"
    assert (np.diff(line.y) >= 0).all()
    assert line.y[-1] > 0.5
    assert [axis for axis, _ in traces(second)] == ["f1 (Hz)", "f2 (Hz)", "difference (Hz)"]
    assert third.caption.startswith("cue_set_go: Points")


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("rank: 1\n", "task in .* is None: give its name and parameters"),
        ("task: [1\n", "task in .* is None"),
        ("task: {name: juggling}\n", "task is 'juggling'"),
        ("task: {name: perceptual_decision}\n", "not measured: u has 1 entries"),
    ],
)
def test_why_there_is_no_curve_is_said(run_folder: WriteRun, config: str, said: str) -> None:
    folder = run_folder(kind="train")
    write_text(folder / "config.yaml", config)
    (text,) = psychometrics_section(Run.load(folder)).text

    assert re.search(said, text)
