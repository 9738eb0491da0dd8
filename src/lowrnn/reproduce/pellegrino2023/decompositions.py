"""H7 and H11: when a decomposition gives back the components that a weight tensor was made of."""

from functools import cache, partial
from typing import TYPE_CHECKING

from lowrnn.reproduce.claim import Claim

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lowrnn.fitting import CP

    Array = NDArray[np.float64]


def _planted(collinear: bool, seed: int) -> "tuple[Array, Array, Array]":
    """Three components, (trial, 3), (post, 3), (pre, 3), of 120 trials of 60 units.

    How strong they are moves over trials around 1 with standard deviation 0.5, and a correlation
    of 2/3 at 15 trials; or two of them together.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    lag = np.subtract.outer(np.arange(120), np.arange(120))
    covariance = 1 / (1 + lag**2 / (2 * 15**2)) + 1e-6 * np.eye(120)
    step = 1 + 0.5 * np.linalg.cholesky(covariance) @ rng.standard_normal((120, 3))
    if collinear:
        step[:, 1] = 0.8 * step[:, 0]
    post, pre = rng.standard_normal((2, 60, 3)) / np.sqrt(60)
    return step, post, pre


@cache
def _recovered(noise: float, rank: int, collinear: bool, seed: int) -> "CP":
    """The decomposition with noise of this standard deviation, relative to the tensor's."""
    import numpy as np

    from lowrnn.fitting import cp

    planted = _planted(collinear, seed)
    tensor = np.einsum("kr,ir,jr->kij", *planted)
    tensor += noise * tensor.std() * np.random.default_rng(seed + 1).standard_normal(tensor.shape)
    starts = 2 if noise else 6
    return cp(tensor, rank, starts=starts, tolerance=1e-6 if noise else 1e-12, iterations=1000)


def _congruence(noise: float, full: bool) -> float:
    """The least similarity of a component to the planted one, over draws."""
    from lowrnn.fitting import match_components

    return min(
        float(
            match_components(_recovered(noise, 3, False, seed).factors, _planted(False, seed))
            .similarity.min()
        )
        for seed in _seeds(full)
    )  # fmt: skip


def _elbow(full: bool) -> float:
    """What a fourth component adds to the variance explained: the most over draws."""
    return max(
        _recovered(1.0, 4, False, seed).variance_explained
        - _recovered(1.0, 3, False, seed).variance_explained
        for seed in _seeds(full)
    )


def _least_similarity(collinear: bool, full: bool) -> float:
    """Of a start to the best one, over starts and draws."""
    return min(float(_recovered(0.0, 3, collinear, seed).similarity.min()) for seed in _seeds(full))


def _largest_error(full: bool) -> float:
    return max(float(_recovered(0.0, 3, True, seed).errors.max()) for seed in _seeds(full))


def _seeds(full: bool) -> range:
    return range(5 if full else 1)


_PLANTED = (
    "A number of this project, not of the paper: 60 units, 120 trials, three components drawn at"
    " random, strengths 1 ± 0.5 from a Gaussian process. One draw, in the full form five."
)

CLAIMS = (
    Claim(
        id="pellegrino2023.H7a",
        figure="methods",
        statement="CP gives back the components of a planted weight tensor (congruence).",
        published=0.999,
        tolerance=0.0,
        relation="at least",
        measure=partial(_congruence, 0.0),
        remark=_PLANTED,
    ),
    Claim(
        id="pellegrino2023.H7b",
        figure="methods",
        statement="It does under noise as strong as the weights.",
        published=0.99,
        tolerance=0.0,
        relation="at least",
        measure=partial(_congruence, 1.0),
        remark=_PLANTED,
    ),
    Claim(
        id="pellegrino2023.H7c",
        figure="methods",
        statement="Under this noise a component more than planted explains almost nothing.",
        published=0.002,
        tolerance=0.0,
        relation="at most",
        measure=_elbow,
        remark=_PLANTED,
    ),
    Claim(
        id="pellegrino2023.H11a",
        figure="methods",
        statement="Where the strengths of components move apart, all starts find the same ones.",
        published=0.999,
        tolerance=0.0,
        relation="at least",
        measure=partial(_least_similarity, False),
        remark=_PLANTED,
    ),
    Claim(
        id="pellegrino2023.H11b",
        figure="methods",
        statement="Where two move together, starts find different ones.",
        published=0.9,
        tolerance=0.0,
        relation="at most",
        measure=partial(_least_similarity, True),
        remark=_PLANTED,
    ),
    Claim(
        id="pellegrino2023.H11c",
        figure="methods",
        statement="All these fit the tensor exactly (largest relative error).",
        published=1e-6,
        tolerance=0.0,
        relation="at most",
        measure=_largest_error,
        remark=_PLANTED,
    ),
)
