"""What a trained network answers, beside what it should."""

from lowrnn.report.conditions import Conditions
from lowrnn.report.data import add_lines, inputs_figures
from lowrnn.report.page import Figure, Section
from lowrnn.report.run import Run
from lowrnn.report.style import number, panels


def outputs_section(run: Run, groups: Conditions) -> Section:
    """Inputs, outputs and targets by condition."""
    z = run.need("z", "trial", "time", "output")
    target = run.array("target", "trial", "time", "output")
    text = [f"{z.shape[0]} trials of {z.shape[1]} steps. " + groups.sentence()]
    figures = inputs_figures(run, groups)
    for i in range(min(z.shape[2], 4)):
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
        if target is not None:
            add_lines(figure, run.time, groups, target[..., i], 2.2, row=1, col=2)
        figure.update_xaxes(title_text="time (s)")
        figure.update_yaxes(title_text="output z", row=1, col=1)
        which = f" {i + 1}" if z.shape[2] > 1 else ""
        figures.append(
            Figure(
                figure,
                f"Output{which} of the network, and its target, which counts only where the task"
                " asks for an answer.",
            )
        )
    if run.metrics.get("accuracy") is not None:
        text.append(f"{number(100 * run.metrics['accuracy'], 1)} % of the answers are right.")
    return Section("The task at a glance", text, figures=figures)
