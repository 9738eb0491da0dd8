"""Which of several families of rules made a network, and which of them cannot be told apart."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array
from lowrnn.inference.classifier import Classifier, calibration_error, fit_classifier
from lowrnn.inference.simulations import Simulations

Array = NDArray[np.float64]

#: Two rules are told apart by fewer than this share of their students: chance is 0.5.
APART = 0.6


@dataclass(frozen=True, eq=False)
class RuleComparison:
    """A posterior over rule families for every observation, and how far it can be trusted.

    Attributes
    ----------
    rules : tuple of str
        Names of the families.
    classifier : Classifier
        Gives the posterior.
    confusion : array (rule, rule)
        Row: true family of held-out students; column: share of them that each family was most
        probable for. Rows add up to 1.
    pairwise : array (rule, rule)
        Share of the students of two families that are assigned to the right one of these two, the
        families given equal weight; 0.5 on the diagonal.
    calibration_error : float
        Expected calibration error of the posterior.
    success : array (rule,)
        Share of the simulations of each family that ended well.
    """

    rules: tuple[str, ...]
    classifier: Classifier
    confusion: Array
    pairwise: Array
    calibration_error: float
    success: Array

    @property
    def accuracy(self) -> float:
        """Mean over families of the share of students that are assigned to their own."""
        return float(np.diag(self.confusion).mean())

    def posterior(self, x: ArrayLike) -> Array:
        """`p(rule | x)` under equal priors, (observation, rule); see `compare_rules`."""
        return self.classifier.probabilities(x)

    def equivalence_classes(self, apart: float = APART) -> tuple[tuple[str, ...], ...]:
        """Sets of families that these summaries do not tell apart.

        Families belong together if a chain of pairs links them of which each is told apart in less
        than the share `apart` of its students.
        """
        left, found = list(range(len(self.rules))), []
        while left:
            group = [left.pop(0)]
            for member in group:
                near = [other for other in left if self.pairwise[member, other] < apart]
                group += near
                left = [other for other in left if other not in near]
            found.append(tuple(self.rules[member] for member in sorted(group)))
        return tuple(found)


def compare_rules(
    simulations: Mapping[str, Simulations], *, held_out: float = 0.25, seed: int = 0
) -> RuleComparison:
    """Learn to tell families of rules apart from the summaries of their students.

    Parameters
    ----------
    simulations : mapping from str to Simulations
        Of each family, with parameters from its prior; the same number of each, as their prior
        probabilities are equal. Failed ones count: the posterior is that of "ok and x", in which a
        family that fails often is less probable.
    held_out : float
        Share of the simulations that judges the classifier.
    seed : int
        Determines the split and the training.

    Raises
    ------
    InputError
        If there are fewer than two families, numbers or summaries differ, or next to none are ok.
    """
    rules = tuple(simulations)
    sizes = {name: len(part) for name, part in simulations.items()}
    if len(rules) < 2 or len(set(sizes.values())) > 1:
        raise InputError(
            f"simulations has {sizes} students: give at least two families, equally many of each"
        )
    if not 0 < held_out < 1:
        raise InputError(f"held_out is {held_out}: give a share between 0 and 1")
    features = {part.x.shape[1] for part in simulations.values()}
    if len(features) > 1:
        raise InputError(f"x has {sorted(features)} features: give the same summaries of all rules")
    for name, part in simulations.items():
        if part.ok.sum() < 20:
            raise InputError(
                f"{name} has {int(part.ok.sum())} students that are ok: give 20 or more"
            )
    x = np.concatenate([part.x[part.ok] for part in simulations.values()])
    label = np.repeat(range(len(rules)), [int(part.ok.sum()) for part in simulations.values()])
    test = np.random.default_rng([seed, 8]).random(len(x)) < held_out
    classifier = fit_classifier(x[~test], label[~test], rules, seed=seed)
    p, truth = classifier.probabilities(x[test]), label[test]
    if len(np.unique(truth)) < len(rules):
        raise InputError(f"held_out is {held_out}: too few students of some rule, give more")
    chosen = p.argmax(axis=1)
    confusion = np.array(
        [np.bincount(chosen[truth == r], minlength=len(rules)) for r in range(len(rules))], float
    )
    return RuleComparison(
        rules,
        classifier,
        confusion / confusion.sum(axis=1, keepdims=True),
        _pairwise(p, truth),
        calibration_error(p, truth),
        np.array([part.ok.mean() for part in simulations.values()]),
    )


def flow_change_correlation(before: ArrayLike, after: ArrayLike, prediction: ArrayLike) -> float:
    """Correlation of the change of a flow field with the change that a hypothesis predicts.

    Parameters
    ----------
    before, after : arrays of one shape
        The flow on a grid, before and after learning.
    prediction : array of that shape
        Its predicted change; its size does not matter.

    Returns
    -------
    float
        Cosine of the two changes, from -1 to 1: a mean change counts.

    References
    ----------
    Portes, Schmid & Murray 2022.
    """
    early, late, wanted = (np.asarray(each, float).ravel() for each in (before, after, prediction))
    if not len(early) == len(late) == len(wanted):
        raise InputError("before, after and prediction differ in shape: give one grid")
    change = check_array("change", late - early, ("point",), dtype=np.float64)
    size = np.linalg.norm(change) * np.linalg.norm(wanted)
    if size == 0:
        raise InputError("the flow or its prediction does not change: there is no direction")
    return float(change @ wanted / size)


def _pairwise(p: Array, truth: NDArray[np.intp]) -> Array:
    """Balanced accuracy between each two classes."""
    count = p.shape[1]
    found = np.full((count, count), 0.5)
    for i in range(count):
        for j in range(i):
            # The threshold that the two classes' own prior odds would set is moved to equal odds.
            odds = np.log(p[:, i] + 1e-300) - np.log(p[:, j] + 1e-300)
            prior = np.log((truth == i).sum() / (truth == j).sum())
            right = [(odds > prior)[truth == i].mean(), (odds <= prior)[truth == j].mean()]
            found[i, j] = found[j, i] = np.mean(right)
    return found
