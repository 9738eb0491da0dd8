"""What the latents did: in time, and against each other."""

from typing import Any

import numpy as np

from lowrnn.report.conditions import Conditions
from lowrnn.report.data import add_lines
from lowrnn.report.page import Figure, Section
from lowrnn.report.run import Array, Run
from lowrnn.report.style import DASHES, label, panels

MOST_LATENTS = 6


def latents_section(run: Run, groups: Conditions) -> Section:
    """Latents against time for each condition, and against each other from rank 2 on."""
    kappa = run.array("kappa", "trial", "time", "latent")
    if kappa is None:
        return Section("Latents", ["A network of full rank has no latents of its own."])
    share = latent_share(run, kappa)
    text = [
        "κ is the coordinate of the state along m, in units of the root mean square that it adds to"
        " the state of a neuron. Latents are sorted by the strength of their connectivity; their"
        " signs are arbitrary. " + groups.sentence()
    ]
    if len(share) > 1:
        listed = ", ".join(f"κ{_sub(i)} {100 * s:.0f} %" for i, s in enumerate(share))
        text.append(f"Share of the variance over conditions and time: {listed}.")
    figures = [_courses(run, groups, kappa)]
    figures += [_plane(groups, kappa, 0, other) for other in range(1, min(kappa.shape[2], 3))]
    return Section("Latents", text, figures=figures)


def latent_share(run: Run, kappa: Array) -> Array:
    """The share of each latent in the variance of all, over trials and time."""
    variance = np.nanvar(kappa.reshape(-1, kappa.shape[2]), axis=0)
    share: Array = variance / max(variance.sum(), 1e-300)
    return share


def _sub(i: int) -> str:
    return str(i + 1).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def _courses(run: Run, groups: Conditions, kappa: Array) -> Figure:
    shown = min(kappa.shape[2], MOST_LATENTS)
    columns = min(shown, 3)
    rows = -(-shown // columns)
    figure = panels(
        rows,
        columns,
        height=60 + 240 * rows,
        titles=[f"κ{_sub(i)}" for i in range(shown)] if shown > 1 else None,
        horizontal_spacing=0.07,
        vertical_spacing=0.25 / rows,
    )
    for i in range(shown):
        place = {"row": i // columns + 1, "col": i % columns + 1}
        add_lines(figure, run.time, groups, kappa[..., i], 2.2, **place)
    figure.update_xaxes(title_text="time (s)")
    figure.update_yaxes(title_text="κ", col=1)
    more = f" (the first {shown} of {kappa.shape[2]})" if shown < kappa.shape[2] else ""
    return Figure(figure, f"Latents of the model against time{more}.", narrow=shown == 1)


def add_plane(figure: Any, groups: Conditions, plane: Array, opacity: float, **place: int) -> None:
    """The path of each group in the plane of two latents, (trial, time, 2)."""
    for i, group in enumerate(groups.groups):
        path = group.mean(plane).astype(np.float32)
        figure.add_scatter(
            x=path[:, 0],
            y=path[:, 1],
            mode="lines",
            line={"color": group.colour, "dash": DASHES[group.dash][0], "width": 1 + opacity},
            opacity=opacity,
            name=label(group.label),
            legendgroup=f"group{i}",
            hovertemplate="%{x:.3g}, %{y:.3g}",
            **place,
        )


def _plane(groups: Conditions, kappa: Array, first: int, second: int) -> Figure:
    figure = panels(height=460)
    plane = kappa[..., [first, second]]
    add_plane(figure, groups, plane, 1.0)
    for i, group in enumerate(groups.groups):
        ends = group.mean(plane)[[0, -1]]
        figure.add_scatter(
            x=ends[:, 0],
            y=ends[:, 1],
            mode="markers",
            marker={
                "size": 9,
                "color": ["white", group.colour],
                "line": {"color": group.colour, "width": 2},
            },
            legendgroup=f"group{i}",
            hoverinfo="skip",
        )
    figure.update_xaxes(title_text=f"κ{_sub(first)}")
    figure.update_yaxes(title_text=f"κ{_sub(second)}")
    return Figure(figure, "Open circle: start of the trial; filled: its end.", narrow=True)
