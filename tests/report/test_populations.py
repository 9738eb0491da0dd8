"""Populations, gains and inactivations in the report, of a network whose mechanism is known."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
import yaml

from lowrnn import RNN, FullRank, InputError
from lowrnn.networks import GaussianMixture
from lowrnn.report import write_report
from lowrnn.report.conditions import conditions
from lowrnn.report.dynamics import dynamics_section
from lowrnn.report.gains import gains_section, stimulus_window
from lowrnn.report.inactivation import inactivation_section
from lowrnn.report.page import Section, Table
from lowrnn.report.populations import Populations, _ellipse, find_populations, populations_section
from lowrnn.report.run import Run
from lowrnn.tasks import task

WriteRun = Callable[..., Path]
TASK = task("context_decision", context_amplitude=0.5, coherences=(-4.0, 4.0))


def gated(neurons: int = 300) -> RNN:
    """Population A passes on stimulus A unless cue 2 saturates it, and B stimulus B unless cue 1.

    The published mechanism of the task, by hand.
    """
    nB = np.zeros((2, 1, 4))
    nB[0, 0, 0] = nB[1, 0, 1] = 3.0
    BB = np.tile(np.diag([1.0, 1.0, 0.05, 0.05]), (2, 1, 1))
    BB[0, 3, 3] = BB[1, 2, 2] = 60.0
    mixture = GaussianMixture.from_moments(
        nm=1.2, nB=nB, BB=BB, wm=4.0, weights=[0.6, 0.4], inputs=4, outputs=1
    )
    return mixture.sample(neurons, 0, exact=True, dt=TASK.dt, tau=0.1)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return trained(tmp_path_factory.mktemp("gated"), gated())


def trained(folder: Path, rnn: RNN) -> Run:
    """The run folder of a network that was trained on the task."""
    trials = TASK.conditions()
    axes = ("trial", "time")
    trajectory = rnn.simulate(trials.inputs)
    results = xr.Dataset(
        {
            "z": ((*axes, "output"), trajectory.z),
            "inputs": ((*axes, "input"), trials.inputs),
            "kappa": ((*axes, "latent"), trajectory.kappa),
        },
        {str(name): ("trial", column) for name, column in trials.conditions.items()}
        | {"time": trajectory.time, "input": list(TASK.input_names)},
    )
    results.to_netcdf(folder / "results.nc", engine="h5netcdf")
    (folder / "config.yaml").write_text(yaml.safe_dump({"task": TASK.to_dict()}))
    (folder / "metrics.json").write_text('{"kind": "train", "task": "context_decision"}')
    rnn.save(folder / "network.safetensors")
    return Run.load(folder)


@pytest.fixture(scope="module")
def found(run: Run) -> Populations:
    return find_populations(run)


@pytest.fixture(scope="module")
def silenced(run: Run, found: Populations) -> Section:
    return inactivation_section(run, found)


def column(table: Table | None, name: str) -> list[float]:
    """The first number in each cell of a column."""
    assert table is not None
    index = list(table.header).index(name)
    cells = [row[index].replace("\N{MINUS SIGN}", "-") for row in table.rows]
    return [float(re.split(r"\s", cell)[0]) for cell in cells]


def test_the_mechanism_is_told(run: Run, found: Populations, silenced: Section) -> None:
    truth = np.repeat([0, 1], [180, 120])
    assert (found.labels == truth).mean() > 0.9
    section = populations_section(run, found)
    assert "2 populations are enough" in section.text[0]
    assert column(section.table, "populations") == [1, 2, 3]
    accuracy = column(section.table, "accuracy of 5 resampled networks (range)")
    assert accuracy[0] < 0.85 < 0.9 < accuracy[1]

    table = gains_section(run, found).table
    # Onset, then the mean of the shaded steps, in either context.
    first, second = column(table, "gain 1 (theory)"), column(table, "gain 2 (theory)")
    assert first[0] > 0.85 > 0.6 > second[0]
    assert second[2] > 0.85 > 0.6 > first[2]
    a, b = column(table, "n ← stimulus_a"), column(table, "n ← stimulus_b")
    assert a[0] > 1.5 * b[0] > 0
    assert b[2] > 1.5 * a[2] > 0

    table = silenced.table
    without, intact = column(table, "accuracy"), column(table, "intact")
    assert min(intact) > 0.9
    # Context 1 needs the first population alone, context 2 the second.
    assert without[0] < 0.75 < without[1]
    assert without[3] < 0.75 < without[2]


def test_what_is_drawn_is_what_was_found(run: Run, found: Populations) -> None:
    figure = populations_section(run, found).figures[0].plot
    titles = {axis.title.text for axis in figure.select_xaxes()} - {None}
    assert titles == {"m", *(f"B {name}" for name in TASK.input_names)}
    assert {axis.title.text for axis in figure.select_yaxes()} - {None} == {"n", "w"}
    shown = [t for t in figure.data if t.mode == "markers" and t.xaxis == "x"]
    np.testing.assert_array_equal([len(t.x) for t in shown], np.bincount(found.labels))
    assert len({t.marker.symbol for t in shown}) == 2
    # The panel of n against stimulus A: its covariance in each population, in the key's order.
    said = re.findall(r"<b>(.*?)</b>", figure.layout.annotations[1].text)
    sigma = [float(value.replace("\N{MINUS SIGN}", "-")) for value in said]
    own = found.rnn.connectivity.parameters["n"][:, 0]
    for p in range(2):
        here = found.labels == p
        wanted = np.cov(own[here], found.rnn.inputs[here, 0], bias=True)[0, 1]
        assert sigma[p] == pytest.approx(wanted, abs=0.006)


def test_bars_stand_beside_random_groups(silenced: Section) -> None:
    bars = [t for t in silenced.figures[0].plot.data if t.type == "bar"]
    drawn = np.concatenate([bar.y for bar in bars])
    np.testing.assert_allclose(drawn, column(silenced.table, "accuracy"), atol=0.006)
    random = [t for t in silenced.figures[0].plot.data if t.type == "scatter"]
    for bar, null in zip(bars, random, strict=True):
        assert (np.array(null.y) - null.error_y.arrayminus <= null.y).all()
        assert (null.x > bar.x).all()


def test_the_report_is_the_same_again(run_folder: WriteRun) -> None:
    folder = run_folder(kind="train")
    page = write_report(folder).read_bytes()
    assert write_report(folder).read_bytes() == page
    for title in ("Psychometrics", "Populations", "Gains", "Inactivation"):
        assert f"<h2>{title}</h2>".encode() in page


def test_an_ellipse_has_the_covariance_that_it_stands_for() -> None:
    covariance = np.array([[2.0, 0.8], [0.8, 0.5]])
    points = _ellipse(covariance)
    form = np.einsum("pi,ij,pj->p", points, np.linalg.inv(covariance), points)
    np.testing.assert_allclose(form, 4)


def test_stimuli_are_on_where_trials_differ() -> None:
    inputs = np.zeros((3, 10, 2))
    inputs[:, 2:8, 1] = 0.5
    inputs[:, 4:6, 0] = np.array([-1.0, 0.0, 1.0])[:, None]
    np.testing.assert_array_equal(np.flatnonzero(stimulus_window(inputs)), [4, 5])
    assert stimulus_window(inputs[:1]).all()


def test_a_page_of_full_rank_says_where_its_mechanism_is(run_folder: WriteRun) -> None:
    folder = run_folder(kind="train")
    rnn = RNN.load(folder / "network.safetensors")
    dense = FullRank(rnn.connectivity.dense())
    RNN(dense, rnn.inputs, rnn.readout, dt=rnn.dt, tau=rnn.tau).save(folder / "network.safetensors")
    page = write_report(folder).read_text()
    assert "low_rank_equivalent finds the low-rank network that does the same" in page
    assert "<h2>Psychometrics</h2>" in page
    assert "<h2>Gains</h2>" not in page
    assert "<h2>Inactivation</h2>" not in page


def test_populations_of_a_network_with_a_bias_are_not_sought(run: Run) -> None:
    rnn = run.rnn.replace(bias=np.ones(run.rnn.neurons))
    with pytest.raises(InputError, match="bias is not zero"):
        find_populations(Run(run.folder, run.config, run.metrics, run.results, rnn))


def test_one_population_is_not_taken_apart(run: Run, found: Populations) -> None:
    alone = Populations(found.rnn, found.task, found.selection, 1)
    assert "there is no part to silence" in inactivation_section(run, alone).text[0]
    header: Any = gains_section(run, alone).table
    assert "gain 2 (theory)" not in header.header


def test_each_context_has_its_flow(run: Run) -> None:
    (figure,) = dynamics_section(run, conditions(run)).figures
    plot = figure.plot
    titles = [annotation.text for annotation in plot.layout.annotations]
    assert titles == [
        "context 1: context_1 0.50",
        "context 2: context_2 0.50",
    ]
    named = [t.name for t in plot.data if t.showlegend is not False and t.mode == "lines"]
    assert len(named) == len(set(named))
    assert {"no input", "no stimulus"} < set(named)
    # The cued stimulus alone decides where the latent rests.
    for axis, cued in (("x", "stimulus_a"), ("x2", "stimulus_b")):
        ends = {
            trace.legendgroup: trace.y[120]
            for trace in plot.data
            if trace.xaxis == axis and trace.mode == "lines" and trace.line.width < 2
        }
        driven = {name: speed for name, speed in ends.items() if cued in name}
        assert len(driven) == 4
        for name, speed in driven.items():
            assert (speed < 0) == (f"{cued} \N{MINUS SIGN}" in name)


def test_function_decides_nothing_where_there_is_none(run: Run) -> None:
    wrong = run.rnn.replace(readout=-run.rnn.readout)
    found = find_populations(Run(run.folder, run.config, run.metrics, run.results, wrong))
    assert found.selection.by_function == 1
    assert found.number == found.selection.by_bic > 1
    said = populations_section(run, found).text[0]
    assert "it hardly does the task" in said
    assert "enough" not in said
