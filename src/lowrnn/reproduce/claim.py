"""A published statement with its number, and the verdict on it."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from lowrnn import __version__

Relation = Literal["equal", "at least", "at most"]


@dataclass(frozen=True)
class Claim:
    """One published number, and the code that measures it here.

    Parameters
    ----------
    id : str
        `paper.label`, such as `valente2022.H6a`; it never changes once it is published.
    figure : str
        Where the paper shows it: a figure, a table, an equation.
    statement : str
        The claim in one sentence.
    published : float
        The number that the paper gives.
    tolerance : float
        How far the measured number may lie on the wrong side of the published one.
    relation : {"equal", "at least", "at most"}
        Which side is wrong: either, below, or above.
    measure : callable (bool) -> float
        The number as it comes out here, in the full form if the argument is true, and otherwise
        in the quick one. The same numbers in every run: seeds are fixed, and no clock is read.
    quick : bool
        Whether there is a quick form, of some seconds; continuous integration runs it.
    reproduces : bool
        False for a claim that is known not to hold here. Tests expect it not to, so that a change
        is noticed.
    remark : str
        Where the number comes from (the paper, its released code, or derived by this project), what
        is smaller here than there, and why a claim does not hold.
    """

    id: str
    figure: str
    statement: str
    published: float
    tolerance: float
    relation: Relation
    measure: Callable[[bool], float]
    quick: bool = True
    reproduces: bool = True
    remark: str = ""

    @property
    def paper(self) -> str:
        """The name of the paper, which is that of its file."""
        return self.id.partition(".")[0]

    @property
    def label(self) -> str:
        """The name of the claim within its paper."""
        return self.id.partition(".")[2]

    def agrees(self, measured: float) -> bool:
        """Whether a measured number bears the claim out."""
        above, below = measured - self.published, self.published - measured
        error = {"equal": abs(above), "at least": below, "at most": above}[self.relation]
        return error <= self.tolerance

    def as_dict(self) -> dict[str, Any]:
        """All that is known before a measurement, for JSON."""
        return {
            "id": self.id,
            "paper": self.paper,
            "figure": self.figure,
            "statement": self.statement,
            "published": self.published,
            "tolerance": self.tolerance,
            "relation": self.relation,
            "quick": self.quick,
            "reproduces": self.reproduces,
            "remark": self.remark,
        }


@dataclass(frozen=True)
class Verdict:
    """What became of a claim.

    Attributes
    ----------
    claim : Claim
    measured : float or None
        The number found here; None where there is none.
    seconds : float
        How long that took. Claims that share one run leave all of it to the first.
    quick : bool
        Whether the quick form was measured.
    error : str
        Why there is no number; empty where there is one.
    """

    claim: Claim
    measured: float | None
    seconds: float
    quick: bool
    error: str = ""

    @property
    def holds(self) -> bool:
        """Whether the claim holds here. Without a number it does not."""
        return self.measured is not None and self.claim.agrees(self.measured)

    def as_dict(self) -> dict[str, Any]:
        """Claim and verdict, for JSON; `quick` then tells which form was measured."""
        return self.claim.as_dict() | {
            "measured": self.measured,
            "holds": self.holds,
            "seconds": self.seconds,
            "quick": self.quick,
            "error": self.error,
            "version": __version__,
        }


def measure_claim(claim: Claim, *, full: bool = False) -> Verdict:
    """Measure one claim.

    A measurement that raises, or gives no finite number, is a claim that does not hold: the verdict
    says why in `error`.

    Parameters
    ----------
    claim : Claim
    full : bool
        Measure the full form in place of the quick one. A claim without a quick form
        (`claim.quick` is False) is always measured in full.

    Returns
    -------
    Verdict
    """
    full = full or not claim.quick
    measured, error = None, ""
    start = time.perf_counter()
    try:
        measured = float(claim.measure(full))
    except Exception as reason:
        # One line, whatever was raised: it stands in a table.
        error = " ".join(f"{type(reason).__name__}: {reason}".split())
    seconds = time.perf_counter() - start
    if measured is not None and not math.isfinite(measured):
        measured, error = None, f"the measurement gave {measured}"
    return Verdict(claim, measured, seconds, not full, error)
