"""What held-out entries say: does connectivity change over trials, and in an order?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lowrnn.report.style import number

Array = NDArray[np.float64]

#: A difference counts beyond so many standard errors; of a single split, beyond this much R².
_ERRORS, _SINGLE = 2.0, 0.01

#: Probability below which an order is no chance, and the ratio below which it is worth a word: a
#: quarter of the variance is common to successive trials.
_LEVEL, _RATIO = 0.05, 0.75


@dataclass(frozen=True, eq=False)
class Difference:
    """How much better one model predicts held-out entries, split by split."""

    mean: float
    error: float
    splits: int

    @property
    def better(self) -> bool:
        """Whether by more than chance."""
        least = _ERRORS * self.error if self.splits > 1 else _SINGLE
        return bool(self.mean > least)

    def __str__(self) -> str:
        error = f" ± {number(self.error, 3)}" if self.splits > 1 else ""
        return f"{number(self.mean, 3)}{error}"


def scores(
    results: xr.Dataset, model: str, rank: int | None = None, score: str = "r2_heldout"
) -> Array | None:
    """A score of each split; without a rank, of that at which the model does best."""
    models = np.asarray(results["model_name"]).astype(str).tolist()
    if model not in models or score not in results:
        return None
    cube = np.asarray(results[score], np.float64)[models.index(model)]
    if rank is not None:
        cube = cube[np.asarray(results["rank"]) == rank]
    cube = cube[np.isfinite(cube).any(axis=1)]
    return cube[np.nanmean(cube, axis=1).argmax()] if len(cube) else None


def difference(
    results: xr.Dataset, model: str, rank: int, score: str = "r2_heldout"
) -> Difference | None:
    """How much better the changing network of a rank is than another model."""
    own = scores(results, "varying", rank, score)
    other = scores(results, model, score=score)
    if own is None or other is None:
        return None
    each = (own - other)[np.isfinite(own - other)]
    if not len(each):
        return None
    error = float(each.std(ddof=1) / np.sqrt(len(each))) if len(each) > 1 else 0.0
    return Difference(float(each.mean()), error, len(each))


def verdict(results: xr.Dataset, rank: int, order: Mapping[str, Any] | None = None) -> list[str]:
    """The answer in plain words.

    `order` is that of the metrics: of factors that were fitted to each trial by itself, in "rates"
    and in "steady" ones, the `ratio` and `p` of `factor_smoothness`.
    """
    static, shuffled = (difference(results, model, rank) for model in ("static", "shuffled"))
    if static is None or shuffled is None:
        return ["Static connectivity was not fitted beside it, so nothing can be said of change."]
    numbers = (
        f"Its R² on held-out entries is {static} above that of the best static network and"
        f" {shuffled} above that of the same network fitted to shuffled trials"
        + (" (mean ± standard error over splits)." if static.splits > 1 else " (one split).")
        + " Shuffled trials still have factors of their own, so the second difference is what the"
        " trials around tell, not all that changes in an order."
    )
    alike = dict(order or {})
    if not static.better:
        answer = (
            "No: connectivity that changes over trials does not predict held-out entries better"
            " than static connectivity."
        )
        rest = ["What the trial factors below show is not supported by held-out data."]
    elif not (shuffled.better or _ordered(alike.get("rates"))):
        answer = (
            "Trials differ, but in no order that shows: connectivity that changes from trial to"
            " trial predicts held-out entries better than static connectivity, and just as well"
            " when the trials of each condition are shuffled."
        )
        rest = [
            "That is variability from trial to trial, such as a gain that fluctuates, and no sign"
            " of a change over the course of the session."
        ]
    else:
        steady = difference(results, "shuffled", rank, "r2_heldout_steady")
        stays = steady is None or steady.better or _ordered(alike.get("steady"))
        better = "connectivity that changes predicts held-out entries better than static"
        if not stays:
            answer = (
                f"Only as far as rates drift: {better}, and trials have an order, but not once each"
                " neuron's slow drift of rate is taken out. Units that are slowly lost, or"
                " excitabilities that change, explain that as well as connectivity."
            )
        else:
            answer = (
                f"Yes: {better}, and trials have an order. That connectivity changed is one reading"
                " of it: inputs, or a state of the animal, that change can look the same."
            )
        rest = []
        if steady is not None:
            rest = [f"Without each neuron's slow drift the second difference is {steady}."]
    rest += [_alike(name, alike[name]) for name in ("rates", "steady") if alike.get(name)]
    return [answer, numbers, " ".join(rest), *_without_dynamics(results, rank)]


def _ordered(found: Mapping[str, Any] | None) -> bool:
    """Whether successive trials are alike in some component, with all of them in mind."""
    if not found:
        return False
    each = list(zip(found["ratio"], found["p"], strict=True))
    return any(ratio < _RATIO and p * len(each) < _LEVEL for ratio, p in each)


def _alike(name: str, found: Mapping[str, Any]) -> str:
    """How alike successive trials are, in words."""
    each = ", ".join(
        f"{number(ratio)} (p {number(p, 3)})"
        for ratio, p in zip(found["ratio"], found["p"], strict=True)
    )
    where = " without that drift" if name == "steady" else ""
    return (
        f"Factors fitted to each trial by itself{where} have von Neumann ratios of {each}: 1 is no"
        " order, 0 a smooth curve."
    )


def _without_dynamics(results: xr.Dataset, rank: int) -> list[str]:
    """How a decomposition of the activity compares."""
    other = difference(results, "cp", rank)
    if other is None:
        return []
    if other.better:
        return [
            f"It is {other} above a CP decomposition of the activity, which has no dynamics, at the"
            " rank at which that does best."
        ]
    return [
        "A CP decomposition of the activity, which has no dynamics, predicts held-out entries as"
        f" well or better (difference {other}): the network is an interpretation of these data, not"
        " the only account of them."
    ]
