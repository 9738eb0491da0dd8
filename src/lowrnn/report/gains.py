"""The gains of populations in each context, and the couplings that they leave."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lowrnn.analysis import effective_coupling, filtered_inputs, gains, mean_field_gains
from lowrnn.report.contexts import contexts
from lowrnn.report.page import Figure, Section, Table
from lowrnn.report.populations import COLOURS, Populations
from lowrnn.report.run import Array, Run
from lowrnn.report.style import label, number, panels, rgba, shade

MOST_PANELS, MOST_COUPLINGS = 4, 12
DASHES = ("solid", "dash", "dot")


def gains_section(run: Run, found: Populations) -> Section:
    """Gain against time by population, one panel a context, and effective couplings."""
    inputs = run.need("inputs", "trial", "time", "input")
    rnn = found.rnn.replace(noise_std=0.0)
    trajectory = rnn.simulate(inputs)
    course = np.stack(
        [gains(rnn, trajectory.x[:, [t]], found.labels) for t in range(inputs.shape[1])], axis=1
    )
    told = contexts(run)
    windows = [stimulus_window(inputs[trials]) for _, trials in told]
    mixture, filtered = found.mixture, filtered_inputs(rnn, inputs)
    pairs = _pairs(run, found)
    header = ["context", "steps", *(f"gain {p + 1} (theory)" for p in range(mixture.populations))]
    header += [name for name, *_ in pairs]
    rows = []
    for (name, trials), window in zip(told, windows, strict=True):
        onset = max(int(window.argmax()) - 1, 0)
        shown: dict[str, Any] = {"onset": slice(onset, onset + 1), "shaded": window}
        for when, steps in ({"all": window} if window.all() else shown).items():
            gain = course[trials][:, steps].mean(axis=(0, 1))
            kappa, v = (a[trials][:, steps] for a in (trajectory.kappa, filtered))
            theory = mean_field_gains(mixture, kappa, v, nonlinearity=rnn.nonlinearity)
            cells = [
                f"{number(here)} ({number(there)})"
                for here, there in zip(gain, theory.mean(axis=(0, 1)), strict=True)
            ]
            coupling = {other: effective_coupling(mixture, gain, "n", other) for other in "mB"}
            cells += [number(coupling[other][r, s]) for _, other, r, s in pairs]
            rows.append([name, when, *cells])
    text = [
        "The gain of a neuron is the slope φ′ of its nonlinearity at its state: 1 where it passes"
        " on small changes in full, 0 where it is saturated. An input on which a population has"
        " large weights lowers its gain, and with it what the population contributes. Once the"
        " latents are large, they saturate every population that they reach.",
        (
            "The table has the means of the gains over all steps"
            if all(window.all() for window in windows)
            else "Shaded: the steps at which the inputs of trials of the same context differ. The"
            " table has the gains just before these, which the stimuli meet, and their means over"
            " them"
        )
        + "; in brackets, what the mean-field theory gives for infinitely many neurons with these"
        " covariances."
        + (
            " n ← is the effective coupling of a latent or an input into a latent: the covariances"
            " of all populations, weighted by share and gain."
            if pairs
            else ""
        ),
    ]
    figure = _courses(run.time, course, told, windows, found)
    caption = (
        "Mean gain of each population on noise-free trials; bands: standard deviation over the"
        " trials of the context."
    )
    return Section("Gains", text, figures=[Figure(figure, caption)], table=Table(header, rows))


def stimulus_window(inputs: Array) -> NDArray[np.bool_]:
    """The steps (time,) at which inputs (trial, time, input) tell trials apart; else all steps."""
    differ: NDArray[np.bool_] = (np.ptp(inputs, axis=0) > 1e-9).any(axis=1)
    return differ if differ.any() else np.ones_like(differ)


def _pairs(run: Run, found: Populations) -> list[tuple[str, str, int, int]]:
    """Name, kind and indices of each coupling into a latent; none if they are too many."""
    rank, names = found.rnn.rank, run.input_names()
    index = (lambda r: str(r + 1)) if rank > 1 else (lambda r: "")
    pairs = []
    for r in range(rank):
        pairs += [(f"n{index(r)} ← m{index(s)}", "m", r, s) for s in range(rank)]
        pairs += [(f"n{index(r)} ← {name}", "B", r, s) for s, name in enumerate(names)]
    return pairs if len(pairs) <= MOST_COUPLINGS else []


def _courses(
    time: Array,
    course: Array,
    told: list[tuple[str, NDArray[np.intp]]],
    windows: list[NDArray[np.bool_]],
    found: Populations,
) -> Any:
    told = told[:MOST_PANELS]
    figure = panels(
        1,
        len(told),
        height=320,
        titles=[label(name) for name, _ in told],
        shared_yaxes=True,
        horizontal_spacing=0.04,
    )
    for column, ((_, trials), window) in enumerate(zip(told, windows, strict=False), start=1):
        place = {"row": 1, "col": column}
        for p, name in enumerate(found.names):
            mean, spread = course[trials, :, p].mean(axis=0), course[trials, :, p].std(axis=0)
            style = {"legendgroup": f"population{p}", "name": name, **place}
            figure.add_scatter(
                x=np.concatenate([time, time[::-1]]),
                y=np.concatenate([mean + spread, (mean - spread)[::-1]]).astype(np.float32),
                mode="lines",
                line={"width": 0},
                fill="toself",
                fillcolor=rgba(COLOURS[p], 0.25),
                showlegend=False,
                hoverinfo="skip",
                **style,
            )
            figure.add_scatter(
                x=time,
                y=mean.astype(np.float32),
                mode="lines",
                line={"color": COLOURS[p], "width": 2.5, "dash": DASHES[p]},
                showlegend=column == 1,
                hovertemplate="%{x:.3g} s: %{y:.3f}",
                **style,
            )
        if not window.all():
            shade(figure, time, window, **place)
    figure.update_layout(showlegend=True)
    figure.update_xaxes(title_text="time (s)")
    figure.update_yaxes(title_text="gain ⟨φ′⟩", col=1)
    return figure
