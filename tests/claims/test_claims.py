"""Every claim of the registry: it holds, or is known not to. The full forms are slow."""

import pytest

from lowrnn.reproduce import find_claims, measure_claim

FORMS = [
    pytest.param(claim, full, id=f"{claim.id}-{'full' if full else 'quick'}", marks=marks)
    for full, marks in ((False, ()), (True, pytest.mark.slow))
    for claim in find_claims("all")
    if full or claim.quick
]


@pytest.mark.parametrize(("claim", "full"), FORMS)
def test_claim(claim, full):
    verdict = measure_claim(claim, full=full)
    assert verdict.error == ""
    assert verdict.holds == claim.reproduces, (
        f"{verdict.measured} was measured, {claim.relation} {claim.published} ± {claim.tolerance}"
        " is claimed"
    )
