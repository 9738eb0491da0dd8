"""Families of rules: the same terms, with coefficients that vary."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array
from lowrnn.learning.plasticity.rule import PlasticityRule
from lowrnn.learning.plasticity.terms import Term, format_terms, parse_terms

#: What X and Y may be, of all that `PlasticityRule` knows.
SIGNALS = ("rate", "centred")


@dataclass(frozen=True, kw_only=True)
class RuleFamily:
    """Two-factor rules that are sums of given terms.

    Parameters
    ----------
    terms : tuple of str
        What each coefficient multiplies: a term such as `"X1Y1"`, or several, such as those of
        Oja's rule, `"X1Y1 - Y2W1"`. Those of the default are the family of Crespo, Maoutsa & Getz
        2024. A term may hold a number, which multiplies θ.
    pre, post : {"rate", "centred"}
        X and Y: the rates, or these without their mean over the conditions and steps of the epoch,
        as in the covariance rule.
    low, high : float
        Bounds of every coefficient.
    rate, decay, threshold
        As of `PlasticityRule`.

    Raises
    ------
    InputError
        If a term cannot be read or needs a modulator, X or Y is something else, or bounds are not
        in order.
    """

    terms: tuple[str, ...] = ("1", "Y1", "X1", "Y2", "X2", "X1Y1")
    pre: str = "rate"
    post: str = "rate"
    low: float = -1.0
    high: float = 1.0
    rate: float = 1.5
    decay: float = 0.05
    threshold: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "terms", tuple(self.terms))
        if not self.low < self.high:
            raise InputError(f"low is {self.low} and high {self.high}: give the lower one first")
        for field in ("pre", "post"):
            if getattr(self, field) not in SIGNALS:
                raise InputError(
                    f"{field} is {getattr(self, field)!r} in a family: choose among"
                    f" {', '.join(SIGNALS)}"
                )
        for text, found in zip(self.terms, self.parsed, strict=True):
            if any(term.modulator for term in found):
                raise InputError(f"terms hold {text!r}: give terms without R")
        self.rule(np.zeros(len(self.terms)))

    @property
    def parsed(self) -> tuple[tuple[Term, ...], ...]:
        """The terms that each coefficient multiplies."""
        return tuple(parse_terms(text) for text in self.terms)

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each coefficient: the term that it belongs to, or all of several."""
        return tuple(
            format_terms(terms) if len(terms) > 1 else format_terms(terms).partition("*")[2]
            for terms in self.parsed
        )

    def rule(self, theta: ArrayLike) -> PlasticityRule:
        """The rule with these coefficients (term,)."""
        theta = check_array("theta", theta, (len(self.terms),), dtype=np.float64)
        terms = tuple(
            replace(term, coefficient=term.coefficient * float(value))
            for owned, value in zip(self.parsed, theta, strict=True)
            for term in owned
        )
        return PlasticityRule(
            terms=terms, pre=self.pre, post=self.post, rate=self.rate, decay=self.decay,
            threshold=self.threshold,
        )  # fmt: skip

    def sample(self, count: int, seed: int = 0) -> NDArray[Any]:
        """Coefficients drawn evenly between the bounds, (rule, term)."""
        rng = np.random.default_rng(seed)
        return rng.uniform(self.low, self.high, (count, len(self.terms)))
