"""H12: what adaptation does to the leading eigenvalues of the connectivity."""

from functools import cache
from typing import TYPE_CHECKING

from lowrnn.reproduce.claim import Claim
from lowrnn.reproduce.pellegrino2023.motor import SEEDS, fitted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_EPOCHS = ("baseline",) * 50 + ("adaptation",) * 100 + ("washout",) * 100


@cache
def _leading(seed: int) -> "NDArray[np.complex128]":
    """The eigenvalue of largest modulus in the first trial, followed over trials."""
    import numpy as np

    from lowrnn.analysis import eigenvalues_over_trials, overlaps_over_trials

    values = eigenvalues_over_trials(overlaps_over_trials(fitted(seed).rnn_))
    return np.asarray(values[:, np.argmax(np.abs(values[0]))])


def _separation(full: bool) -> float:
    """Of the adaptation from what is before and after it, the least over seeds."""
    import numpy as np

    from lowrnn.analysis import epoch_separation

    def least(seed: int) -> float:
        value = _leading(seed)
        apart = epoch_separation(np.column_stack([value.real, value.imag]), _EPOCHS)
        return float(min(apart[0, 1], apart[1, 2]))

    return min(least(seed) for seed in SEEDS)


def _distance_from_real(full: bool) -> float:
    """The least imaginary part in the adaptation, in size, over seeds."""
    import numpy as np

    return min(float(np.abs(_leading(seed)[50:150].imag).min()) for seed in SEEDS)


_SMALL = (
    "Fits of rank 6 to the activity of three networks of 60 units that adapt to a rotation by 45"
    " degrees (as in H4); the released notebook has one of 200 units and a fit of rank 5."
)

CLAIMS = (
    Claim(
        id="pellegrino2023.H12a",
        figure="released notebook",
        statement="Adaptation moves the leading pair of eigenvalues, and washout moves it back"
        " (distance of the means of epochs over the standard deviation within them).",
        published=3.0,
        tolerance=0.0,
        relation="at least",
        measure=_separation,
        quick=False,
        remark=f"The threshold is this project's: the notebook only shows a picture. {_SMALL}",
    ),
    Claim(
        id="pellegrino2023.H12b",
        figure="released notebook",
        statement="In the adaptation the pair meets on the real axis (least imaginary part).",
        published=0.0,
        tolerance=0.05,
        relation="at most",
        measure=_distance_from_real,
        quick=False,
        reproduces=False,
        remark="Read off a picture. Here the pair turns faster in the adaptation, as that of the"
        f" true weights does: which way a pair moves depends on the network. {_SMALL}",
    ),
)
