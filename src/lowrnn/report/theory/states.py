"""The flow of the latents, the states at rest in it, and the spectrum around each."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle
from numpy.typing import ArrayLike

from lowrnn.report.style import CATEGORIES, GREY, INK, PALE
from lowrnn.theory import MeanField, State

#: Points along an axis of a flow.
CURVE, GRID = 301, 31
MOST_SPECTRA = 6


def states_figure(theory: MeanField, states: list[State], u: ArrayLike | None = None) -> Figure:
    """Flow of the latents with every state, and the spectra around the states.

    The flow is drawn for rank one and two. With a random part it lets the fluctuations follow the
    latents (`MeanField.flow`), so only the stationary states lie exactly on its zeros.

    Parameters
    ----------
    theory : MeanField
        The network.
    states : list of State
        As `theory.states(u)` gives them.
    u : array (input,), optional
        The constant input.
    """
    rank = theory.mixture.rank
    columns = 2 if rank <= 2 else 1
    figure = Figure(figsize=(5.0 * columns, 4.0), layout="constrained")
    axes = figure.subplots(1, columns, squeeze=False)[0]
    for each in axes:
        each.spines[["top", "right"]].set_visible(False)
    colours = [CATEGORIES[i % len(CATEGORIES)] for i in range(len(states))]
    if rank == 1:
        _curve(axes[0], theory, states, colours, u)
    elif rank == 2:
        _plane(axes[0], theory, states, colours, u)
    _spectra(axes[-1], states, colours)
    # Without a flow to mark them in, the discs alone say which state is which.
    handles = [_marker(state, colour) for state, colour in zip(states, colours, strict=True)]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    return figure


def _marker(state: State, colour: str) -> Line2D:
    """Filled where stable, open where not; a diamond where activity fluctuates."""
    return Line2D(
        [],
        [],
        marker="D" if state.fluctuating else "o",
        color=colour,
        markerfacecolor=colour if state.stable else "white",
        markersize=7,
        linestyle="none",
        label=state.kind + ("" if state.stable else ", unstable"),
    )


def _reach(theory: MeanField, states: list[State], u: ArrayLike | None) -> float:
    """How far the axes go."""
    largest = max((float(np.abs(state.kappa).max()) for state in states), default=0.0)
    if largest < 1e-6:
        largest = float(theory.equations(u).largest_kappa.max(initial=0.0))
    return 1.4 * max(largest, 0.5)


def _curve(
    axes: Any, theory: MeanField, states: list[State], colours: list[str], u: ArrayLike | None
) -> None:
    reach = _reach(theory, states, u)
    kappa = np.linspace(-reach, reach, CURVE)
    velocity = theory.flow(kappa[:, None], _everywhere(u, CURVE))[:, 0]
    axes.axhline(0, color=PALE, linewidth=1, zorder=0)
    axes.plot(kappa, velocity, color=GREY, linewidth=1.8, zorder=1)
    _mark(axes, [(state.kappa[0], 0.0) for state in states], states, colours)
    axes.set(xlabel="κ", ylabel="dκ/dt (1/τ)", xlim=(-reach, reach), title="flow and states")


def _plane(
    axes: Any, theory: MeanField, states: list[State], colours: list[str], u: ArrayLike | None
) -> None:
    reach = _reach(theory, states, u)
    ticks = np.linspace(-reach, reach, GRID)
    grid = np.stack(np.meshgrid(ticks, ticks), axis=-1)
    velocity = theory.flow(
        grid, None if u is None else np.broadcast_to(u, (GRID, GRID, np.size(u)))
    )
    axes.streamplot(
        ticks, ticks, velocity[..., 0], velocity[..., 1],
        color="#b9c4cc", linewidth=0.8, arrowsize=0.8, density=1.0,
    )  # fmt: skip
    _mark(axes, [(state.kappa[0], state.kappa[1]) for state in states], states, colours)
    limits = (-reach, reach)
    axes.set(xlim=limits, ylim=limits, aspect="equal")
    axes.set(xlabel="κ₁", ylabel="κ₂", title="flow and states")


def _mark(
    axes: Any, points: list[tuple[float, float]], states: list[State], colours: list[str]
) -> None:
    for (x, y), state, colour in zip(points, states, colours, strict=True):
        marker = _marker(state, colour)
        marker.set(data=([x], [y]), zorder=3)
        axes.add_line(marker)


def _spectra(axes: Any, states: list[State], colours: list[str]) -> None:
    """Disc and outliers of the dynamics linearised around each state."""
    axes.axvline(1, color=INK, linewidth=1, linestyle=":")
    axes.axhline(0, color=PALE, linewidth=0.8, zorder=0)
    reach = 1.2
    shown = [(s, c) for s, c in zip(states, colours, strict=True) if not s.fluctuating]
    for state, colour in shown[:MOST_SPECTRA]:
        axes.add_patch(Circle((0, 0), state.bulk_radius, fill=False, color=colour, linewidth=1.4))
        axes.plot(
            state.outliers.real, state.outliers.imag, "x", color=colour, markersize=8,
            markeredgewidth=2,
        )  # fmt: skip
        reach = max(reach, 1.1 * state.bulk_radius, 1.1 * float(np.abs(state.outliers).max()))
    axes.set(
        xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal",
        xlabel="real part", ylabel="imaginary part", title="spectrum of J diag(φ′) around each",
    )  # fmt: skip
    axes.annotate("unstable →", (1, -0.95 * reach), textcoords="offset points", xytext=(3, 0),
                  fontsize=8, color=INK)  # fmt: skip


def _everywhere(u: ArrayLike | None, count: int) -> Any:
    """The input at each of some points."""
    return None if u is None else np.broadcast_to(np.asarray(u), (count, np.size(u)))
