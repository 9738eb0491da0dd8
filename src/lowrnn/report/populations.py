"""The populations of a trained network: how many, and what they read and write."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lowrnn.analysis import PopulationSelection, select_populations
from lowrnn.errors import InputError
from lowrnn.networks import RNN, GaussianMixture, LowRank, RandomPlusLowRank
from lowrnn.report.page import Figure, Section, Table
from lowrnn.report.run import Array, Run
from lowrnn.report.style import PURPLE, label, number, panels, rgba, wrapped
from lowrnn.tasks import Task

NUMBERS, DRAWS, SUBSETS, STARTS, SEED = (1, 2, 3), 5, 10, 10, 0
#: Steps of neurons, over all trials, that scoring the resampled networks may take, and the trials.
BUDGET, TRIALS = 2e8, (50, 200)
#: Of a network that answers less right than this, there is no function to keep.
SOLVED = 0.8
MOST_ROWS, MOST_COLUMNS, MOST_POINTS = 4, 7, 600
#: Neither the colours of choices nor those of contexts.
COLOURS = (PURPLE, "#e69f00", "#56b4e9")
SYMBOLS = ("circle", "diamond", "square")


@dataclass(frozen=True, eq=False)
class Populations:
    """A network in the canonical gauge, sorted into populations."""

    rnn: RNN
    task: Task
    selection: PopulationSelection
    number: int

    @property
    def labels(self) -> NDArray[np.intp]:
        """The population of each neuron, (neuron,)."""
        return self.selection.clusters[self.number].labels

    @property
    def names(self) -> list[str]:
        """Of the populations, with their sizes."""
        return [f"population {p + 1} ({count})" for p, count in enumerate(np.bincount(self.labels))]

    @property
    def mixture(self) -> GaussianMixture:
        """The moments of the loadings in each population."""
        return GaussianMixture.estimate(self.rnn, self.labels)


def find_populations(run: Run) -> Populations:
    """Sort the neurons of a trained network by their loadings.

    Raises
    ------
    InputError
        If the network has no loadings, or what the search needs is missing.
    """
    connectivity = run.rnn.connectivity
    if not isinstance(connectivity, LowRank | RandomPlusLowRank):
        raise InputError(
            f"a {connectivity.kind} network has no loadings, by which neurons could be told apart;"
            " the low-rank equivalent that lowrnn fit finds has them"
        )
    gauge = LowRank(connectivity.m, connectivity.n).canonical()
    rnn = run.rnn.replace(connectivity=replace(connectivity, m=gauge.m, n=gauge.n))
    task = run.task()
    size = 2 * rnn.rank + rnn.inputs.shape[1] + rnn.readout.shape[1]
    # Held-out parts and subsets leave four fifths of the neurons.
    most = max(1, int(0.8 * rnn.neurons) // (size + 1))
    numbers = [k for k in NUMBERS if k <= most]
    selection = select_populations(
        rnn,
        task,
        numbers,
        draws=DRAWS,
        bootstraps=SUBSETS,
        restarts=STARTS,
        n_trials=affordable(run, BUDGET, 1 + DRAWS * len(numbers), TRIALS),
        seed=SEED,
    )
    functional = selection.by_function if selection.accuracy >= SOLVED else None
    found = selection.by_bic if functional is None else functional
    return Populations(rnn, task, selection, found)


def affordable(run: Run, budget: float, networks: int, limits: tuple[int, int]) -> int:
    """How many trials each of so many networks may run."""
    trials = budget / (networks * len(run.time) * run.rnn.neurons)
    return int(np.clip(trials, *limits))


def populations_section(run: Run, found: Populations) -> Section:
    """The evidence for the number of populations, and the covariances of their loadings."""
    text = [
        _verdict(found),
        "Rows are what reads: n, through which activity drives the latents, and the readout w."
        " Columns are what is read: the directions m of the latents and B of the inputs. The"
        " covariance σ of a pair within a population, times the gain of its neurons, is what it"
        " contributes to that coupling; a wide cloud along B of an input means that this input"
        " changes its gain.",
    ]
    return Section(
        "Populations", text, figures=[_couplings(run, found)], table=_evidence(found.selection)
    )


def _verdict(found: Populations) -> str:
    """Which number is shown and why, and what speaks for another."""
    selection, count = found.selection, found.number
    solved = selection.accuracy >= SOLVED
    if not solved:
        said = (
            f"The network answers {number(100 * selection.accuracy, 0)} % right: it hardly does the"
            " task, so that networks resampled from its populations cannot tell how many it needs."
            f" The number with the smallest BIC is shown, {count}."
        )
    elif selection.by_function is None:
        said = (
            "Networks resampled from the populations do not do the task, whatever number was tried:"
            f" the one with the smallest BIC is shown, {count}."
        )
    else:
        drawn = "its Gaussian do" if count == 1 else "their Gaussians do"
        noun = "One population is" if count == 1 else f"{count} populations are"
        said = (
            f"{noun} enough: networks whose loadings are drawn from {drawn} the task with accuracy"
            f" {_accuracy(selection, count)}; the network itself has {number(selection.accuracy)}."
        )
    for rival, who in (
        (selection.by_bic, "The BIC"),
        (selection.by_heldout, "The likelihood of held-out neurons"),
    ):
        if rival != count:
            said += f" {who} prefers {rival}."
    if (
        solved
        and selection.by_function is not None
        and count < max(selection.by_bic, selection.by_heldout)
    ):
        said += (
            " Further populations describe the shape of the clouds better, such as their tails;"
            " the task does not need them."
        )
    if solved and found.rnn.neurons < 2000:
        said += (
            f" With {found.rnn.neurons} neurons, resampled networks miss the covariances by chance:"
            " too few neurons, not only too few populations, lower their accuracy."
        )
    return said


def _accuracy(selection: PopulationSelection, count: int) -> str:
    table = selection.table
    return number(float(table["accuracy"][table["populations"] == count].iloc[0]))


def _evidence(selection: PopulationSelection) -> Table:
    table = selection.table
    best = table["bic"].min()
    rows = [
        [
            str(row["populations"]),
            number(row["bic"] - best, 0),
            number(row["heldout"], 3),
            number(row["stability"]) if row["populations"] > 1 else "",
            f"{number(row['accuracy'])}"
            f" ({number(row['accuracy_min'])} to {number(row['accuracy_max'])})",
        ]
        for row in table.to_dict("records")
    ]
    header = [
        "populations",
        "BIC above the least",
        "held-out log density (nats a neuron)",
        "stability (Rand index)",
        f"accuracy of {DRAWS} resampled networks (range)",
    ]
    return Table(header, rows)


def _couplings(run: Run, found: Populations) -> Figure:
    """What reads against what is read, one point a neuron, with an ellipse for each population."""
    rows, columns = _rows(found.rnn), _columns(run, found.rnn)
    mixture, labels = found.mixture, found.labels
    figure = panels(
        len(rows),
        len(columns),
        height=100 + 200 * len(rows),
        titles=[" "] * (len(rows) * len(columns)),
        shared_xaxes=True,
        shared_yaxes=True,
        horizontal_spacing=0.016,
        vertical_spacing=0.22 / len(rows),
    )
    neurons = len(labels)
    drawn = np.unique(np.linspace(0, neurons - 1, min(neurons, MOST_POINTS)).astype(int))
    for i, (one, r, row_name, y) in enumerate(rows):
        for j, (other, s, column_name, x) in enumerate(columns):
            place = {"row": i + 1, "col": j + 1}
            sigma = mixture.covariance(one, other)[:, r, s]
            figure.layout.annotations[i * len(columns) + j].text = _covariances(sigma)
            for p, name in enumerate(found.names):
                chosen = drawn[labels[drawn] == p]
                colour = COLOURS[p]
                figure.add_scatter(
                    x=x[chosen].astype(np.float32),
                    y=y[chosen].astype(np.float32),
                    mode="markers",
                    marker={"size": 4, "color": rgba(colour, 0.5), "symbol": SYMBOLS[p]},
                    name=name,
                    legendgroup=f"population{p}",
                    showlegend=i == j == 0,
                    hovertemplate="%{x:.2f}, %{y:.2f}",
                    **place,
                )
            for p in range(mixture.populations):
                within = np.array(
                    [
                        [mixture.covariance(other, other)[p, s, s], sigma[p]],
                        [sigma[p], mixture.covariance(one, one)[p, r, r]],
                    ]
                )
                centre = np.array([mixture.mean(other)[p, s], mixture.mean(one)[p, r]])
                outline = centre + _ellipse(within)
                for width, colour in ((3.5, "white"), (2, COLOURS[p])):
                    figure.add_scatter(
                        x=outline[:, 0].astype(np.float32),
                        y=outline[:, 1].astype(np.float32),
                        mode="lines",
                        line={"color": colour, "width": width},
                        legendgroup=f"population{p}",
                        showlegend=False,
                        hoverinfo="skip",
                        **place,
                    )
            if i == len(rows) - 1:
                figure.update_xaxes(title_text=wrapped(column_name, 20), **place)
            if j == 0:
                figure.update_yaxes(title_text=label(row_name, 20), **place)
    figure.update_xaxes(nticks=5)
    figure.update_yaxes(nticks=5)
    figure.update_layout(
        showlegend=True,
        legend={
            "orientation": "h",
            "x": 0,
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "itemsizing": "constant",
        },
        margin={"l": 70, "t": 64},
    )
    few = f" {len(drawn)} of {neurons} neurons are drawn." if len(drawn) < neurons else ""
    caption = (
        "One point a neuron, without unit. Ellipses: the covariance of each population, at two"
        f" standard deviations. σ: its covariance in the order of the key.{few}"
    )
    return Figure(figure, caption)


def _rows(rnn: RNN) -> list[tuple[str, int, str, Array]]:
    """Kind, index, name and entries of what reads."""
    n, w = _column_vectors(rnn, "n"), rnn.readout.astype(np.float64)
    several = len(n) > 1
    found = [("n", r, f"n{r + 1}" if several else "n", entries) for r, entries in enumerate(n)]
    for o in range(w.shape[1]):
        found.append(("w", o, f"w{o + 1}" if w.shape[1] > 1 else "w", w[:, o]))
    return found[:MOST_ROWS]


def _columns(run: Run, rnn: RNN) -> list[tuple[str, int, str, Array]]:
    """Kind, index, name and entries of what is read; inputs in the order of the task."""
    m, B, names = _column_vectors(rnn, "m"), rnn.inputs.astype(np.float64), run.input_names()
    found = [("m", r, f"m{r + 1}" if len(m) > 1 else "m", entries) for r, entries in enumerate(m)]
    found += [("B", s, f"B {names[s]}", B[:, s]) for s in range(B.shape[1])]
    return found[:MOST_COLUMNS]


def _column_vectors(rnn: RNN, name: str) -> list[Array]:
    return list(rnn.connectivity.parameters[name].astype(np.float64).T)


def _covariances(sigma: Array) -> str:
    """Numbers in the colours of their populations."""
    listed = "  ".join(
        f'<span style="color:{COLOURS[p]}"><b>{number(value)}</b></span>'
        for p, value in enumerate(sigma)
    )
    return f"σ  {listed}"


def _ellipse(covariance: Array) -> Array:
    """Two standard deviations of a Gaussian around 0, (point, 2)."""
    values, vectors = np.linalg.eigh(covariance)
    angle = np.linspace(0, 2 * np.pi, 73)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    outline: Array = 2 * circle * np.sqrt(np.maximum(values, 0)) @ vectors.T
    return outline
