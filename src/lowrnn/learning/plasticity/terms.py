"""The terms that plasticity rules are sums of, and the text that they are written in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lowrnn.errors import InputError, check_number

#: The factors of a term, by the letter that stands for them.
LETTERS = {"X": "pre", "Y": "post", "W": "weight", "T": "threshold", "R": "modulator"}
_HIGHEST = {"X": 3, "Y": 3, "W": 2, "T": 1, "R": 1}
_FACTOR = re.compile(r"([XYWTR])([0-9])")
_NUMBER = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
_TERM = re.compile(rf"([-+]?)({_NUMBER})?(\*?)((?:[XYWTR][0-9])*)")


@dataclass(frozen=True)
class Term:
    """`coefficient X^pre Y^post W^weight T^threshold R^modulator`, for one pair of neurons.

    Parameters
    ----------
    coefficient : float
        θ of the term.
    pre, post : int
        Exponents of the presynaptic signal X_j and the postsynaptic one Y_i, 0 to 3.
    weight : int
        Exponent of the weight `W_ij = N J_ij`, which is of order 1 in a low-rank network; 0 to 2.
    threshold : int
        Exponent of the sliding threshold T_i, the mean of `r_i²` over the past; 0 or 1.
    modulator : int
        Whether the term is multiplied by the third factor R; 0 or 1.

    Raises
    ------
    InputError
        If an exponent is out of range or the coefficient is not finite.
    """

    coefficient: float
    pre: int = 0
    post: int = 0
    weight: int = 0
    threshold: int = 0
    modulator: int = 0

    def __post_init__(self) -> None:
        check_number("coefficient", self.coefficient)
        for letter, name in LETTERS.items():
            exponent = getattr(self, name)
            if exponent not in range(_HIGHEST[letter] + 1):
                raise InputError(
                    f"exponent of {letter} is {exponent}: give 0 to {_HIGHEST[letter]}"
                )


def parse_terms(text: str) -> tuple[Term, ...]:
    """The terms that a text stands for, such as `"0.5*X1Y1W0 - 0.5*X0Y2W1"`.

    Each term is a coefficient (1 if left out), `*`, and letters with exponents: X pre, Y post, W
    weight, T threshold, R modulator. Those that are left out have exponent 0.

    Raises
    ------
    InputError
        If the text is none, or an exponent is out of range.
    """
    compact = "".join(text.split())
    terms, position = [], 0
    while position < len(compact):
        found = _TERM.match(compact, position)
        assert found is not None
        sign, number, star, factors = found.groups()
        starred = bool(star) == (number is not None and bool(factors))
        if not (number or factors) or not starred or (position and not sign):
            raise InputError(
                f"terms are {text!r}, which cannot be read from {compact[position:]!r} on: write"
                " them like 0.5*X1Y1W0 - 0.5*X0Y2W1"
            )
        exponents = [(LETTERS[letter], int(power)) for letter, power in _FACTOR.findall(factors)]
        if len(dict(exponents)) < len(exponents):
            raise InputError(f"terms are {text!r}: name each letter once in {factors}")
        coefficient = float(sign + (number or "1"))
        terms.append(Term(coefficient, **dict(exponents)))
        position = found.end()
    if not terms:
        raise InputError("terms are empty: write them like 0.5*X1Y1W0 - 0.5*X0Y2W1")
    return tuple(terms)


def format_terms(terms: Sequence[Term]) -> str:
    """The text that `parse_terms` reads back to the same terms."""
    text = ""
    for term in terms:
        powers = {letter: getattr(term, name) for letter, name in LETTERS.items()}
        shown = "".join(
            f"{letter}{power}" for letter, power in powers.items() if power or letter in "XYW"
        )
        sign = "-" if term.coefficient < 0 else "+"
        text += f" {sign} {abs(term.coefficient)!r}*{shown}"
    return text[3:] if text.startswith(" +") else "-" + text[3:]
