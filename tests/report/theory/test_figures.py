"""Figures of the theory: axes have labels, and what is drawn is what was computed."""

import io

import numpy as np
import pandas as pd
import pytest

from lowrnn import GaussianMixture, MeanField
from lowrnn.report.theory import (
    comparison_figure,
    design_figure,
    flow_design_figure,
    phase_diagram_figure,
    spectrum_figure,
    states_figure,
)
from lowrnn.theory import compare, design, phase_diagram, rank_one_family


def saved(figure):
    """The figure, once it could be drawn."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=40)
    assert stream.tell() > 0
    return figure


def legend(figure):
    boxes = [*figure.legends, *(a.get_legend() for a in figure.axes if a.get_legend())]
    return {text.get_text() for box in boxes for text in box.get_texts()}


@pytest.mark.parametrize(("mixture", "panels"), [
    (GaussianMixture.from_moments(2.0), 2),
    (GaussianMixture.from_moments([[1.6, -0.8], [0.8, 1.6]], rank=2), 2),
    (GaussianMixture.from_moments(1.5, rank=3), 1),
])  # fmt: skip
def test_states(mixture, panels):
    theory = MeanField(mixture, 0.5)
    figure = saved(states_figure(theory, theory.states()))
    assert len(figure.axes) == panels
    for axes in figure.axes:
        assert axes.get_xlabel()
        assert axes.get_ylabel()
    assert "trivial, unstable" in legend(figure)


def test_flow_vanishes_at_the_states_that_are_marked():
    theory = MeanField(GaussianMixture.from_moments(2.0), 0.5)
    states = theory.states()
    line, *marks = states_figure(theory, states).axes[0].get_lines()[1:]
    x, y = line.get_data()
    for mark, state in zip(marks, states, strict=True):
        assert mark.get_xdata()[0] == state.kappa[0]
        assert abs(np.interp(state.kappa[0], x, y)) < 1e-3


def test_phase_diagram():
    diagram = phase_diagram(
        rank_one_family(by="means", mean_m=1.1, u=0.0),
        {"g": np.linspace(0.05, 2.95, 9), "overlap": np.linspace(0.1, 3.9, 8)},
    )
    labels = {"g": "random strength g (dimensionless)"}
    figure = saved(phase_diagram_figure(diagram, labels))
    left, right, *_ = figure.axes
    assert left.get_xlabel() == labels["g"]
    assert right.get_ylabel() == "overlap (dimensionless)"
    expected = {"trivial", "structured stationary, 2 states", "unstructured chaotic"}
    assert expected <= legend(figure)


def test_spectrum():
    outliers = np.array([1.4 + 0.8j, 1.4 - 0.8j])
    figure = saved(spectrum_figure(0.5, outliers, np.array([0.1 + 0.2j])))
    (disc,) = figure.axes[0].patches
    assert disc.radius == 0.5
    assert "outliers, theory" in legend(figure)


def test_comparison():
    table = compare(MeanField(GaussianMixture.from_moments(2.0)), neurons=[50, 100], draws=2)
    figure = saved(comparison_figure(table))
    assert figure.axes[0].get_ylabel() == "κ"
    assert {"networks, mean ± s.e.m.", "theory, leading order"} <= legend(figure)


def test_designs():
    chosen = design.detection()
    rnn = chosen.sample(60, 0, exact=True)
    curves = {"reduced model": design.psychometric(chosen, 10)}
    figure = saved(design_figure(chosen, rnn, curves))
    assert isinstance(curves["reduced model"], pd.DataFrame)
    assert figure.axes[0].get_xlabel() == "time (τ)"
    assert "coherence 0.2" in legend(figure)


@pytest.mark.parametrize("rank", [1, 2])
def test_flow_designs(rank):
    points = np.random.default_rng(0).uniform(-1.5, 1.5, (60, rank))
    found = design.design_flow(
        (points, points - points**3), rank=rank, populations=3, neurons=300, steps=20
    )
    figure = saved(flow_design_figure(found, found.sample(0), points, points - points**3))
    assert figure.axes[0].get_xlabel() == ("κ" if rank == 1 else "κ₁")
