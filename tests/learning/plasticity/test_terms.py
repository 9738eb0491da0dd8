"""Terms, their text, and rules as compositions of them."""

import math

import pytest

from lowrnn.errors import InputError
from lowrnn.learning import RULES, PlasticityRule
from lowrnn.learning.plasticity import Force, Term, format_terms, parse_terms


def test_text_is_read():
    assert parse_terms("0.5*X1Y1W0 - 0.5*X0Y2W1") == (
        Term(0.5, pre=1, post=1),
        Term(-0.5, post=2, weight=1),
    )
    assert parse_terms("-X3Y3R1+2e-3") == (Term(-1.0, pre=3, post=3, modulator=1), Term(0.002))


@pytest.mark.parametrize(
    "text", ["X1Y1 - Y2W1", "-0.25*X3Y3R1 + 1e-05*W2", "3", "X1Y2 - X1Y1T1", "-1 - 0.1*X1"]
)
def test_text_and_back(text):
    terms = parse_terms(text)
    assert parse_terms(format_terms(terms)) == terms


@pytest.mark.parametrize(
    "text", ["", "X1Z1", "0.5X1", "X1Y1 Y2", "X1X2", "0.5*", "*X1", "X1 -", "1.2.3", "X1Y1 + + Y2"]
)
def test_what_cannot_be_read_is_refused(text):
    with pytest.raises(InputError, match="terms are"):
        parse_terms(text)


def test_high_powers_are_refused():
    with pytest.raises(InputError, match="exponent of W is 3: give 0 to 2"):
        parse_terms("W3")


def test_locality():
    assert RULES["oja"].locality == "two-factor"
    assert RULES["node_perturbation"].locality == "three-factor scalar"
    assert RULES["eprop_random"].locality == "three-factor vector"
    assert RULES["bptt"].locality == RULES["force"].locality == "non-local"


def test_which_updates_are_of_low_rank():
    rules = {n: r for n, r in RULES.items() if not isinstance(r, Force)}
    assert [name for name, rule in rules.items() if not rule.factorable] == ["reward_hebb"]
    assert PlasticityRule(terms="X1Y1W1").factorable is False
    assert PlasticityRule(terms="X1Y1", max_rank=3).factorable is False
    assert PlasticityRule(terms="X1Y1", keep_signs=True).factorable is False
    assert PlasticityRule(terms="X1Y1 + X2Y1 + X1Y3 - Y2W1").rank_per_step == 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"terms": "X1", "pre": "spikes"}, "pre is 'spikes': choose among"),
        ({"terms": "X1R1"}, "modulator is 'none'"),
        ({"terms": "X1", "modulator": "reward", "trace": math.inf}, "modulator is 'reward'"),
        ({"terms": "X1R1", "modulator": "reward"}, "trace is 0"),
        ({"terms": "X1Y1", "post": "noise"}, "kick is 0"),
        ({"terms": "X1Y1", "decay": 1.5}, "decay is 1.5"),
        ({"terms": "X1Y1", "post": "gain"}, "post is 'gain'"),
        ({"terms": "X1Y1", "feedback": "random"}, "feedback is 'random' with modulator 'none'"),
        ({"terms": "X1R1", "modulator": "error", "hop_gain": 0.5}, "hop_gain is 0.5"),
        ({"terms": "X1Y1", "max_rank": 0}, "max_rank is 0"),
        ({"terms": "X1Y1", "max_rank": 2, "keep_signs": True}, "max_rank is 2 and keep_signs"),
    ],
)
def test_parts_that_do_not_fit(settings, message):
    with pytest.raises(InputError, match=message):
        PlasticityRule(**settings)
