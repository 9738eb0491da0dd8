"""LINT on few of the neurons of a full-rank network (H10).

Published for a network of 1024 neurons and ten subsets of each size. Here the network has 128 and
one subset, in the full form 256 and three. Context amplitude .5 in place of .1, with which a small
network relies on a few of its neurons.
"""

from functools import cache, partial

from lowrnn.reproduce.claim import Claim
from lowrnn.reproduce.valente2022.runs import strong_context


@cache
def _subsets(full: bool) -> dict[float, tuple[float, float]]:
    """Mean R² and accuracy of fits by the fraction of neurons that is observed."""
    from lowrnn.analysis import subsampling

    chosen, teacher = strong_context(256 if full else 128)
    table = subsampling(teacher, chosen, (1.0, 0.1, 0.05), repeats=3 if full else 1)
    means = table.groupby("fraction")[["r2", "accuracy"]].mean()
    return {float(at): (float(r2), float(right)) for at, (r2, right) in
            zip(means.index, means.to_numpy(), strict=True)}  # fmt: skip


def _of(fraction: float, part: int, full: bool) -> float:
    return _subsets(full)[fraction][part]


def _kept(fraction: float, full: bool) -> float:
    return _subsets(full)[fraction][0] - _subsets(full)[1.0][0]


_STORED = (
    "Computed by this project from the results stored in the paper's repository: ten subsets of a"
    " network of 1024 neurons. Quick form: one subset of 128 neurons; full form: mean over three of"
    " 256."
)

CLAIMS = (
    Claim(
        id="valente2022.H10a",
        figure="Fig. 4",
        statement="A network of rank 1 explains all neurons of a full-rank network: R².",
        published=0.912,
        tolerance=0.03,
        relation="at least",
        measure=partial(_of, 1.0, 0),
        remark=_STORED,
    ),
    *(
        Claim(
            id=f"valente2022.{label}",
            figure="Fig. 4",
            statement=f"{percent} % of the neurons are explained as well as all: difference of R².",
            published=published,
            tolerance=tolerance,
            relation="at least",
            measure=partial(_kept, fraction),
            remark=f"{difference}; asked for is -.04. {_STORED}",
        )
        for label, percent, fraction, published, tolerance, difference in (
            ("H10b", 10, 0.1, -0.004, 0.036, ".908 - .912"),
            ("H10c", 5, 0.05, -0.023, 0.017, ".889 - .912"),
        )
    ),
    *(
        Claim(
            id=f"valente2022.{label}",
            figure="Fig. 4",
            statement=f"A fit to {percent} % of the neurons decides, with their readout: accuracy.",
            published=0.998,
            tolerance=0.03,
            relation="at least",
            measure=partial(_of, fraction, 1),
            remark=_STORED,
        )
        for label, percent, fraction in (("H10d", 10, 0.1), ("H10e", 5, 0.05))
    ),
)
