"""Valente, Pillow & Ostojic 2022: what LINT finds in networks that are known, and in data.

Networks of low rank (H6), full-rank networks for context-dependent decisions (H8, H10, H11) and for
delayed match to sample (H9), and activity like that of prefrontal cortex (H16).
"""

from lowrnn.reproduce.valente2022 import (
    inactivation,
    matching,
    recordings,
    recovery,
    subsampling,
    truncation,
)

CLAIMS = (
    *recovery.CLAIMS,
    *truncation.CLAIMS,
    *matching.CLAIMS,
    *subsampling.CLAIMS,
    *inactivation.CLAIMS,
    *recordings.CLAIMS,
)
