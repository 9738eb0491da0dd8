"""What a trained network answers, beside what it should."""

import numpy as np

from lowrnn.report.conditions import Conditions
from lowrnn.report.data import add_lines, inputs_figures
from lowrnn.report.page import Figure, Section
from lowrnn.report.run import Run
from lowrnn.report.style import counted, number, panels, shade

MOST_OUTPUTS = 4
#: Where a target counts for so many steps at most, it gets points: it would be no line.
FEW_STEPS = 3


def outputs_section(run: Run, groups: Conditions) -> Section:
    """Inputs, outputs and targets by condition."""
    z = run.need("z", "trial", "time", "output")
    target = run.array("target", "trial", "time", "output")
    mask = run.array("mask", "trial", "time")
    asked = np.ones(z.shape[:2], bool) if mask is None else mask > 0
    trials, steps = counted(z.shape[0], "condition"), counted(z.shape[1], "step")
    text = [f"{trials} of {steps}. {groups.sentence()}"]
    figures = inputs_figures(run, groups)
    names = run.output_names()
    partly = not asked.all()
    briefly = asked.sum(axis=1).min() <= FEW_STEPS
    for i in range(min(z.shape[2], MOST_OUTPUTS)):
        columns = 1 if target is None else 2
        figure = panels(
            1,
            columns,
            height=300,
            titles=["network", "target"][:columns],
            shared_yaxes=True,
            horizontal_spacing=0.04,
        )
        add_lines(figure, run.time, groups, z[..., i], 2.2, row=1, col=1)
        if partly:
            shade(figure, run.time, asked.max(axis=0), row=1, col=1)
        if target is not None:
            wanted = np.where(asked, target[..., i], np.nan)
            add_lines(figure, run.time, groups, wanted, 2.2, row=1, col=2)
            if briefly:
                figure.update_traces(mode="lines+markers", row=1, col=2)
        figure.update_xaxes(title_text="time (s)", range=[0, run.time[-1] * 1.01])
        figure.update_yaxes(title_text="output z", row=1, col=1)
        which = f"Output {names[i]}" if len(names) > 1 else "Output"
        caption = f"{which} of the network" + ("" if target is None else ", and its target")
        if partly:
            caption += ". Shaded: the steps at which the task asks for an answer"
        figures.append(Figure(figure, caption + "."))
    if z.shape[2] > MOST_OUTPUTS:
        text.append(f"The first {MOST_OUTPUTS} of {z.shape[2]} outputs are drawn.")
    if run.metrics.get("accuracy") is not None:
        text.append(f"{number(100 * run.metrics['accuracy'], 1)} % of the answers are right.")
    return Section("The task at a glance", text, figures=figures)
