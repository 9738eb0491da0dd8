"""Crespo, Maoutsa & Getz 2024: low-rank networks that learn by biological rules.

A poster. Rows R1 to R3 test its own results; the others test rules of the literature in the forms
that it needs.
"""

from lowrnn.reproduce.crespo2024 import (
    dnms,
    families,
    hebbian,
    imprint,
    pattern,
    rate_based,
    recovery,
    rules,
)

CLAIMS = (
    *hebbian.CLAIMS,
    *rules.CLAIMS,
    *rate_based.CLAIMS,
    *dnms.CLAIMS,
    *pattern.CLAIMS,
    *recovery.CLAIMS,
    *imprint.CLAIMS,
    *families.CLAIMS,
)
