"""A claim and the verdict on it."""

import json
import math

import pytest

from lowrnn.reproduce import Claim, measure_claim


def claim(measure=lambda full: 1.0, **changes):
    known = {
        "id": "toy2000.A1",
        "figure": "Fig. 1",
        "statement": "One is one.",
        "published": 1.0,
        "tolerance": 0.25,
        "relation": "equal",
    }
    return Claim(**(known | changes), measure=measure)


@pytest.mark.parametrize(
    ("relation", "agreeing", "disagreeing"),
    [
        ("equal", [0.75, 1.0, 1.25], [0.7, 1.3]),
        ("at least", [0.75, 7.0], [0.7, -7.0]),
        ("at most", [1.25, -7.0], [1.3, 7.0]),
    ],
)
def test_tolerance_counts_on_the_wrong_side(relation, agreeing, disagreeing):
    for measured, holds in [(m, True) for m in agreeing] + [(m, False) for m in disagreeing]:
        found = measure_claim(claim(lambda full, m=measured: m, relation=relation))
        assert found.measured == measured
        assert found.holds is holds


def test_id_is_paper_and_label():
    assert (claim().paper, claim().label) == ("toy2000", "A1")


@pytest.mark.parametrize(
    ("full", "has_quick", "measured"), [(False, True, 0.0), (True, True, 1.0), (False, False, 1.0)]
)
def test_form(full, has_quick, measured):
    found = measure_claim(claim(float, quick=has_quick), full=full)
    assert found.measured == measured
    assert found.quick is (measured == 0.0)


def test_a_measurement_that_raises_is_a_claim_that_does_not_hold():
    def fail(full):
        raise RuntimeError("no convergence:\n residual 0.3")

    found = measure_claim(claim(fail))
    assert not found.holds
    assert found.measured is None
    assert found.error == "RuntimeError: no convergence: residual 0.3"


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("relation", ["equal", "at least", "at most"])
def test_no_number_is_a_claim_that_does_not_hold(value, relation):
    found = measure_claim(claim(lambda full: value, relation=relation))
    assert not found.holds
    assert found.error == f"the measurement gave {value}"
    assert json.loads(json.dumps(found.as_dict(), allow_nan=False))["measured"] is None


def test_an_interrupt_is_none():
    def interrupt(full):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure_claim(claim(interrupt))


def test_a_verdict_says_all_that_its_claim_says():
    asked, found = claim(remark="A toy."), measure_claim(claim(remark="A toy."))
    assert asked.as_dict().items() <= found.as_dict().items()
    assert found.as_dict()["holds"] is True
    assert found.seconds >= 0
