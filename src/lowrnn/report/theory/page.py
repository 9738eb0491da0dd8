"""The report of a theory: what was asked, the figure, the numbers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from lowrnn.report.kind import Kind, Page
from lowrnn.report.metrics import RunMetrics
from lowrnn.report.page import Picture, Section, Table
from lowrnn.report.style import number, short

FIGURE = "figure.png"


class TheoryMetrics(RunMetrics):
    """Of `lowrnn theory`."""

    command: str
    result: dict[str, Any]


def _page(folder: Path, metrics: dict[str, Any], checked: TheoryMetrics) -> Page:
    title, describe = _PAGES[checked.command]
    sections = [describe(checked.result)]
    figure = folder / FIGURE
    if figure.is_file():
        picture = Picture(figure.read_bytes(), _CAPTIONS[checked.command])
        sections.insert(0, Section("Figure", pictures=[picture]))
    return Page(title, [], sections)


#: A folder of a command of `lowrnn theory`.
THEORY = Kind("theory", "lowrnn theory", TheoryMetrics, _page)


def _fixed_points(result: dict[str, Any]) -> Section:
    branches = result["branches"]
    stable = [branch for branch in branches if branch["stable"]]
    rows = [
        [
            _several(branch["kappa"]),
            number(branch["psi0"], 4),
            number(branch["psi_inf"], 4),
            _several(branch["delta0"]),
            number(branch["bulk_radius"], 4),
            ", ".join(_complex(real, imag) for real, imag in branch["outliers"]),
            branch["kind"] + ("" if branch["stable"] else ", unstable"),
        ]
        for branch in branches
    ]
    return Section(
        "States",
        [
            "κ are the latents; Ψ₀ and Ψ∞ the variance that the random connections and noise give"
            " a neuron, and the part of it that does not change in time; Δ₀ the variance of the"
            " state over a population. A stationary state is stable if disc and outliers have real"
            " parts below 1; of a chaotic one with κ ≠ 0, stable says only that κ returns."
        ],
        tiles=[
            (str(len(branches)), "states"),
            (str(len(stable)), "stable"),
            (f"{result['residual']:.1e}", "largest residual"),
        ],
        table=Table(["κ", "Ψ₀", "Ψ∞", "Δ₀", "disc radius", "outliers", "state"], rows),
    )


def _spectrum(result: dict[str, Any]) -> Section:
    rows = [
        [
            _complex(outlier["real"], outlier["imag"]),
            "unknown" if outlier["sd"] is None else number(outlier["sd"], 4),
            "yes" if outlier["visible"] else "no, within the disc",
        ]
        for outlier in result["outliers"]
    ]
    largest = ", ".join(_complex(*value) for value in result["largest_eigenvalues"])
    return Section(
        "Eigenvalues",
        [
            f"Of {result['of']}, for infinitely many neurons, and in a network of"
            f" {result['neurons']} neurons, whose eigenvalues of largest modulus are {largest}."
        ],
        tiles=[(number(result["bulk_radius"], 4), "radius of the disc")],
        table=Table(["outlier", "s.d. at this size", "visible"], rows),
    )


def _compare(result: dict[str, Any]) -> Section:
    names = [
        "state", "network", "neurons", "quantity", "theory", "simulated", "sem", "sd",
        "expected_sd", "kept", "draws",
    ]  # fmt: skip
    rows = [
        ["" if row[name] is None else short(row[name]) for name in names] for row in result["rows"]
    ]
    return Section(
        "Theory and networks",
        [
            "Each network starts in the state; those that left its branch are not kept. The"
            " expected scatter is of leading order, without the correlations among neurons that"
            " random connections make."
        ],
        table=Table([name.replace("_", " ") for name in names], rows),
    )


def _phase_diagram(result: dict[str, Any]) -> Section:
    rows = [[name, str(count)] for name, count in result["points"].items()]
    return Section(
        "Points",
        ["How many points of the grid have a stable state of each kind; several may be stable."],
        tiles=[
            (str(result["total"]), "points"),
            (str(result["unsolved"]), "unsolved"),
            (f"{result['seconds']:.1f} s", "duration"),
        ],
        table=Table(["stable state", "points"], rows),
    )


def _design(result: dict[str, Any]) -> Section:
    if result["design"] == "flow":
        return Section(
            "Design",
            ["Errors are root mean squares over the points, relative to the wanted flow."],
            tiles=[
                (str(result["populations"]), "populations"),
                (short(result["error"]), "error, infinite network"),
                (short(result["expected_network_error"]), "error expected of the network"),
                (short(result["network_error"]), "error of the network"),
            ],
        )
    names = list(result["conditions"][0])
    rows = [[short(row[name]) for name in names] for row in result["conditions"]]
    return Section(
        "Conditions",
        [
            "κ, ψ and z are what theory expects of the infinite network were the answering epoch to"
            " last for ever; z network is the readout of a network of"
            f" {result['neurons']} neurons at the end of that epoch."
        ],
        table=Table([name.replace("_", " ") for name in names], rows),
    )


def _several(value: Any) -> str:
    """A number, or several."""
    return ", ".join(number(each, 4) for each in (value if isinstance(value, list) else [value]))


def _complex(real: float, imag: float) -> str:
    return number(real, 4) + (f" {'+' if imag > 0 else '−'} {abs(imag):.4f}i" if imag else "")


_PAGES: dict[str, tuple[str, Callable[[dict[str, Any]], Section]]] = {
    "fixed-points": ("States of the mean field", _fixed_points),
    "spectrum": ("Spectrum", _spectrum),
    "compare": ("Theory beside networks of finite size", _compare),
    "phase-diagram": ("Phase diagram", _phase_diagram),
    "design": ("A designed network", _design),
}
_CAPTIONS = {
    "fixed-points": "Flow of the latents with all states, filled where stable, diamonds where"
    " activity fluctuates; and disc and outliers of the spectrum around each state at rest.",
    "spectrum": "Eigenvalues of one network beside the disc and the outliers that theory expects.",
    "compare": "Left, means over networks with their standard errors beside the infinite network."
    " Right, the scatter from network to network beside what theory expects.",
    "phase-diagram": "Kinds of the stable states, and the curves on which they change.",
    "design": "The network beside what was wanted of it.",
}
