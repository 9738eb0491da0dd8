"""What held-out entries say: does connectivity change over trials, and in an order?"""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lowrnn.report.style import number

Array = NDArray[np.float64]

#: A difference counts beyond so many standard errors; of a single split, beyond this much R².
_ERRORS, _SINGLE = 2.0, 0.01


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


def verdict(results: xr.Dataset, rank: int) -> list[str]:
    """The answer in plain words."""
    gain, order = (difference(results, model, rank) for model in ("static", "shuffled"))
    if gain is None or order is None:
        return ["Static connectivity was not fitted beside it, so nothing can be said of change."]
    numbers = (
        f"Its R² on held-out entries is {gain} above that of the best static network and {order}"
        " above that of the same network fitted to shuffled trials"
        + (" (mean ± standard error over splits)." if gain.splits > 1 else " (one split).")
    )
    if not gain.better:
        answer = (
            "No: connectivity that changes over trials does not predict held-out entries better"
            " than static connectivity."
        )
        rest = "What the trial factors below show is not supported by held-out data."
    elif not order.better:
        answer = (
            "Trials differ, but not in an order: connectivity that changes from trial to trial"
            " predicts held-out entries better than static connectivity, and just as well when the"
            " trials of each condition are shuffled."
        )
        rest = (
            "That is variability from trial to trial, such as a gain that fluctuates. It is no sign"
            " of a change over the course of the session."
        )
    else:
        answer, rest = _ordered(results, rank, order.mean / gain.mean)
    return [answer, numbers, rest, *_without_dynamics(results, rank)]


def _ordered(results: xr.Dataset, rank: int, share: float) -> tuple[str, str]:
    """What is said of a change in an order over trials, and what may be behind it."""
    better = (
        "connectivity that changes over trials predicts held-out entries better than static"
        " connectivity, and better than the same network fitted to the trials of each condition in"
        " a random order"
    )
    parts = (
        f"The order of trials accounts for {100 * min(share, 1.0):.0f} % of what is gained over"
        " static connectivity; the rest is variability from trial to trial."
    )
    steady = difference(results, "shuffled", rank, "r2_heldout_steady")
    if steady is not None and not steady.better:
        return (
            f"Only as far as rates drift: {better}, but that goes away once each neuron's slow"
            " drift of rate is taken out.",
            f"{parts} Without the drift the difference to shuffled trials is {steady}. Units that"
            " are slowly lost, or excitabilities that change, explain it as well as connectivity.",
        )
    kept = "" if steady is None else f" Without each neuron's slow drift of rate it is {steady}."
    return (
        f"Yes: {better}.",
        f"{parts}{kept} So activity changed in an order over trials. That connectivity changed is"
        " one reading of it: inputs that change can look the same.",
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
