"""Stationary states of rank-one networks: where there are any, and their spectra (H1, H3 to H5)."""

from collections.abc import Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from lowrnn.reproduce.claim import Claim

if TYPE_CHECKING:
    from lowrnn.theory import MeanField, State
    from lowrnn.theory.bifurcations import Bifurcation

#: Figure 1: overlap 2.2 by means, and the unstable states beyond the onset of chaos.
GAINS = (0.0, 0.1, 0.2, 0.5, 0.8, 1.0, 1.2, 1.5, 1.7, 1.9, 2.0)
KAPPA = (1.2686, 1.2668, 1.2616, 1.2245, 1.1544, 1.0879, 1.0033, 0.8343, 0.6801, 0.4596, 0.2823)
PSI = (0.0, 0.0066, 0.0263, 0.1624, 0.4074, 0.6251, 0.8812, 1.3277, 1.6603, 2.0160, 2.2012)
RADIUS = (0.0, 0.0481, 0.0964, 0.2444, 0.4003, 0.5102, 0.6254, 0.8083, 0.9367, 1.0700, 1.1383)
OUTLIER = (
    0.2334, 0.2334, 0.2332, 0.2306, 0.1914 + 0.0215j, 0.2352 + 0.0697j, 0.2902 + 0.0781j, 0.4651,
    0.6435, 0.8339, 0.9366,
)  # fmt: skip
FIGURE_1: dict[str, Any] = {"by": "means", "mean_m": 1.1, "overlap": 2.2}
#: Overlap by covariance: overlap, g, kappa, psi, radius, outlier.
BY_COVARIANCE = (
    (1.2, 0.0, 0.4863, 0.0, 0.0, 0.7086),
    (1.2, 0.5, 0.4414, 0.0417, 0.4262, 0.7066),
    (1.5, 0.5, 0.7925, 0.0833, 0.3628, 0.4653),
    (2.0, 0.0, 1.3371, 0.0, 0.0, 0.2829),
    (2.0, 0.5, 1.2895, 0.1250, 0.3028, 0.2627),
    (2.0, 1.0, 1.1348, 0.5000, 0.6056, 0.2919 + 0.1228j),
    (2.0, 1.4, 0.8988, 0.9800, 0.8478, 0.4363 + 0.0788j),
    (3.0, 1.5, 1.8544, 1.5000, 0.7224, 0.2313 + 0.1108j),
)


def figure_1(g: float) -> "MeanField":
    """The network of figure 1."""
    from lowrnn.theory import MeanField
    from lowrnn.theory.families import rank_one

    return MeanField(rank_one(mean_m=1.1, mean_n=2.0, sigma_n=1.0), g)


def find_bifurcation(
    kind: str, name: str, start: float, stop: float, *, chaotic: bool = False, **fixed: Any
) -> "Bifurcation":
    """The first bifurcation of a kind of rank-one networks between two values of a parameter."""
    from lowrnn.theory.bifurcations import bifurcations
    from lowrnn.theory.continuation import branches
    from lowrnn.theory.families import rank_one_family

    family = rank_one_family(**fixed)
    curves = branches(family, name, start, stop, chaotic=chaotic, probes=2, resolution=8)
    return next(b for b in bifurcations(curves) if b.kind == kind and b.state.chaotic == chaotic)


@cache
def _by_overlap(overlap: float) -> "list[State]":
    """The states without a random part, by falling kappa."""
    from lowrnn.theory import MeanField
    from lowrnn.theory.families import rank_one

    return MeanField(rank_one(overlap=overlap)).stationary()


@cache
def _deviations() -> dict[str, float]:
    """How far states are from the tables, at most."""
    from lowrnn.theory import MeanField
    from lowrnn.theory.families import rank_one

    rows = list(zip(GAINS, KAPPA, PSI, RADIUS, OUTLIER, strict=True))
    cases: list[tuple[MeanField, Sequence[complex]]]
    cases = [(figure_1(g), wanted) for g, *wanted in rows]
    cases += [(MeanField(rank_one(overlap=s), g), wanted) for s, g, *wanted in BY_COVARIANCE]
    found: dict[str, list[float]] = {"kappa": [], "psi": [], "radius": [], "outlier": []}
    for theory, (kappa, psi, radius, outlier) in cases:
        state = theory.stationary()[0]
        leading = complex(state.outlier.real, abs(state.outlier.imag))
        found["kappa"].append(abs(state.kappa[0] - kappa))
        found["psi"].append(abs(state.psi0 - psi))
        found["radius"].append(abs(state.bulk_radius - radius))
        found["outlier"].append(abs(leading - outlier))
    return {name: max(values) for name, values in found.items()}


def _deviation(name: str, full: bool) -> float:
    return _deviations()[name]


@cache
def _networks(g: float, full: bool) -> dict[str, float]:
    from lowrnn.reproduce.networks import settled

    return settled(figure_1(g), 0, full)


def _simulated(g: float, name: str, full: bool) -> float:
    return _networks(g, full)[name]


@cache
def _eigenvalues(full: bool) -> tuple[float, float]:
    """The largest moduli of eigenvalues around a structured state: the first and the second."""
    import numpy as np

    from lowrnn.theory import MeanField, jacobian_eigenvalues
    from lowrnn.theory.families import rank_one

    theory = MeanField(rank_one(overlap=1.3), 0.3)
    state = theory.stationary()[0]
    pairs = []
    for seed in range(5 if full else 2):
        rnn = theory.mixture.sample(600 if full else 400, seed, exact=True, g=theory.g)
        pairs.append(np.abs(jacobian_eigenvalues(rnn, state, [0.0])[:2]))
    return float(np.mean(pairs, axis=0)[0]), float(np.max(pairs, axis=0)[1])


_DERIVED = "Derived by this project and checked numerically; the paper shows curves."
_TABLE = (
    "Derived by this project, and equal to the curves of the released code to 2e-5; a table of"
    " eleven values of g with overlap by means, and eight states with overlap by covariance."
)
_NETWORKS = (
    "Five networks of 1000 neurons, in the full form of 2000, with exact moments; the value is that"
    " of the mean field, derived by this project."
)

_SPECTRUM = (
    "Derived by this project. Overlap 1.3 by covariance, g = .3; two networks of 400 neurons, in"
    " the full form five of 600, with exact moments."
)

CLAIMS = (
    Claim(
        id="mastrogiuseppe2018.H1a",
        figure="Fig. 1",
        statement="Without a random part, structured activity appears in a pitchfork at this"
        " overlap of m and n.",
        published=1.0,
        tolerance=1e-6,
        relation="equal",
        measure=lambda full: find_bifurcation("pitchfork", "overlap", 0.7, 1.6).value,
        remark=_DERIVED,
    ),
    Claim(
        id="mastrogiuseppe2018.H1b",
        figure="Fig. 1",
        statement="The outlier of the silent state is the overlap of m and n, here 1.3.",
        published=1.3,
        tolerance=1e-6,
        relation="equal",
        measure=lambda full: next(s for s in _by_overlap(1.3) if s.homogeneous).outlier.real,
        remark=_DERIVED,
    ),
    Claim(
        id="mastrogiuseppe2018.H1c",
        figure="Fig. 1",
        statement="Below the pitchfork, at overlap .99, activity has no structure: largest kappa.",
        published=0.0,
        tolerance=1e-6,
        relation="at most",
        measure=lambda full: _by_overlap(0.99)[0].kappa[0],
        remark=_DERIVED,
    ),
    Claim(
        id="mastrogiuseppe2018.H1d",
        figure="Fig. 1",
        statement="Just above the pitchfork, at overlap 1.01, the variance along m is"
        " 1 - 1/overlap: their ratio.",
        published=1.0,
        tolerance=0.03,
        relation="equal",
        measure=lambda full: _by_overlap(1.01)[0].kappa[0] ** 2 / (1 - 1 / 1.01),
        remark=_DERIVED,
    ),
    Claim(
        id="mastrogiuseppe2018.H3a",
        figure="Fig. 1",
        statement="Structured activity with overlap 2.2 becomes chaotic at this strength of the"
        " random part.",
        published=1.7959,
        tolerance=5e-4,
        relation="equal",
        measure=lambda full: find_bifurcation("chaos-onset", "g", 1.75, 1.85, **FIGURE_1).value,
        remark="A constant of the released code, 1.796, with a fourth decimal by this project.",
    ),
    Claim(
        id="mastrogiuseppe2018.H3b",
        figure="Fig. 1",
        statement="Structured chaos with overlap 2.2 ends at this strength of the random part.",
        published=2.1358,
        tolerance=5e-4,
        relation="equal",
        measure=lambda full: (
            find_bifurcation("pitchfork", "g", 2.1, 2.15, chaotic=True, **FIGURE_1).value
        ),
        remark="A constant of the released code, 2.136, with a fourth decimal by this project.",
    ),
    *(
        Claim(
            id=f"mastrogiuseppe2018.{label}",
            figure=figure,
            statement=f"The {what} of structured states for many strengths of the random part:"
            " largest difference from the table.",
            published=0.0,
            tolerance=1e-4,
            relation="at most",
            measure=partial(_deviation, name),
            remark=_TABLE,
        )
        for label, figure, name, what in (
            ("H4a", "Fig. 1C", "kappa", "latent kappa"),
            ("H4b", "Fig. 1C", "psi", "variance that the random part gives a neuron"),
            ("H5a", "Fig. S", "radius", "radius of the bulk of the linearised dynamics"),
            ("H5b", "Fig. S", "outlier", "leading outlier of the linearised dynamics"),
        )
    ),
    *(
        Claim(
            id=f"mastrogiuseppe2018.{label}",
            figure="Fig. 1C",
            statement=f"Networks of finite size have the {what} of the mean field at g = {g:g}.",
            published=published,
            tolerance=0.05,
            relation="equal",
            measure=partial(_simulated, g, name),
            remark=_NETWORKS,
        )
        for label, g, name, what, published in (
            ("H4c", 0.5, "kappa_1", "latent kappa", 1.2245),
            ("H4d", 0.5, "psi0", "random variance", 0.1624),
            ("H4e", 1.0, "kappa_1", "latent kappa", 1.0879),
            ("H4f", 1.0, "psi0", "random variance", 0.6251),
        )
    ),
    Claim(
        id="mastrogiuseppe2018.H5c",
        figure="Fig. S",
        statement="The leading eigenvalue around a structured state of a network of finite size.",
        published=0.6118,
        tolerance=0.05,
        relation="equal",
        measure=lambda full: _eigenvalues(full)[0],
        remark=_SPECTRUM,
    ),
    Claim(
        id="mastrogiuseppe2018.H5d",
        figure="Fig. S",
        statement="It is the only outlier: largest modulus of all other eigenvalues.",
        published=0.3,
        tolerance=0.0,
        relation="at most",
        measure=lambda full: _eigenvalues(full)[1],
        remark=_SPECTRUM,
    ),
)
