"""Families of rules: the same terms, with coefficients that vary."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array
from lowrnn.learning.plasticity.rule import PlasticityRule
from lowrnn.learning.plasticity.terms import Term, format_terms, parse_terms


@dataclass(frozen=True, kw_only=True)
class RuleFamily:
    """Two-factor rules that are sums of given terms.

    Parameters
    ----------
    terms : tuple of str
        One term for each coefficient, such as `"X1Y1"`; all of the default are those of the
        family of Crespo, Maoutsa & Getz 2024. A term may hold a number, which multiplies θ.
    low, high : float
        Bounds of every coefficient.
    rate, decay, threshold
        As of `PlasticityRule`.

    Raises
    ------
    InputError
        If a term cannot be read or needs a modulator, or bounds are not in order.
    """

    terms: tuple[str, ...] = ("1", "Y1", "X1", "Y2", "X2", "X1Y1")
    low: float = -1.0
    high: float = 1.0
    rate: float = 1.5
    decay: float = 0.05
    threshold: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "terms", tuple(self.terms))
        if not self.low < self.high:
            raise InputError(f"low is {self.low} and high {self.high}: give the lower one first")
        for text in self.terms:
            found = parse_terms(text)
            if len(found) != 1 or found[0].modulator:
                raise InputError(
                    f"terms hold {text!r}: give one term for each coefficient, without R"
                )
        self.rule(np.zeros(len(self.terms)))

    @property
    def parsed(self) -> tuple[Term, ...]:
        """The terms."""
        return tuple(parse_terms(text)[0] for text in self.terms)

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each coefficient: the term that it belongs to."""
        return tuple(format_terms([term]).partition("*")[2] for term in self.parsed)

    def rule(self, theta: ArrayLike) -> PlasticityRule:
        """The rule with these coefficients (term,)."""
        theta = check_array("theta", theta, (len(self.terms),), dtype=np.float64)
        terms = tuple(
            replace(term, coefficient=term.coefficient * float(value))
            for term, value in zip(self.parsed, theta, strict=True)
        )
        return PlasticityRule(
            terms=terms, rate=self.rate, decay=self.decay, threshold=self.threshold
        )

    def sample(self, count: int, seed: int = 0) -> NDArray[Any]:
        """Coefficients drawn evenly between the bounds, (rule, term)."""
        rng = np.random.default_rng(seed)
        return rng.uniform(self.low, self.high, (count, len(self.terms)))
