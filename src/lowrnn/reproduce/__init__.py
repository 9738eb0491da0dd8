"""Claims of published papers, measured here: one file a paper, or one folder if there are many.

A paper's file is named after the paper and holds a tuple `CLAIMS`, and `PAPERS` in `registry.py`
its citation. The file imports nothing but `Claim` and the standard library at its top, so that
claims are listed at once; what it measures with is imported where it measures. Claims that come
from one run share it through `functools.cache`:

    from functools import cache

    from lowrnn.reproduce.claim import Claim

    @cache
    def _fold() -> dict[str, float]:
        from lowrnn.theory import ...
        ...
        return {"input": ..., "kappa": ...}

    CLAIMS = (
        Claim(
            id="author2020.H6a",
            figure="Fig. 2",
            statement="The lower branch ends at this overlap of n and input.",
            published=0.72684,
            tolerance=1e-4,
            relation="equal",
            measure=lambda full: _fold()["input"],
            remark="Derived by this project; the paper gives a curve.",
        ),
    )

`measure` takes whether to measure in full. A claim that cannot be measured in some seconds has
`quick=False`; one that is known not to hold has `reproduces=False`, and a `remark` that says why.
"""

from lowrnn.reproduce.claim import Claim, Verdict, measure_claim
from lowrnn.reproduce.records import measure_claims
from lowrnn.reproduce.registry import PAPERS, find_claims, paper_claims

__all__ = [
    "PAPERS",
    "Claim",
    "Verdict",
    "find_claims",
    "measure_claim",
    "measure_claims",
    "paper_claims",
]
