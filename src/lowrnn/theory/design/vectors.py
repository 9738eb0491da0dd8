"""Loadings written as sums of named random vectors, as the papers write them."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lowrnn.errors import InputError, check_number
from lowrnn.networks.mixture import GaussianMixture

Array = NDArray[np.float64]
Sum = Mapping[str, float]


def from_vectors(
    std: Mapping[str, float],
    *,
    m: Sequence[Sum],
    n: Sequence[Sum],
    B: Sequence[Sum] = (),
    w: Sequence[Sum] = (),
) -> GaussianMixture:
    """One zero-mean population whose loadings are weighted sums of independent Gaussian vectors.

    `m=[{"w": 1, "y": 2}]` is the published `m = w + 2 y`; what two loadings share correlates them.

    Parameters
    ----------
    std : mapping of str to float
        The vectors, and the standard deviation of the entries of each.
    m, n, B, w : sequence of mappings
        For each loading of the kind, the weights of the vectors that it sums.

    Raises
    ------
    InputError
        If a sum names an unknown vector, or a number is out of range.
    """
    scale = np.array([check_number(f"std of {k}", v, at_least=0) for k, v in std.items()])
    names = list(std)
    sums = [*m, *n, *B, *w]
    mixing = np.zeros((len(sums), len(names)))
    for row, terms in zip(mixing, sums, strict=True):
        for name, weight in terms.items():
            if name not in std:
                raise InputError(f"a loading sums {name!r}: name one of {', '.join(names)}")
            row[names.index(name)] = check_number(f"weight of {name}", weight)
    root = mixing * scale
    return GaussianMixture(
        [1.0],
        np.zeros((1, len(sums))),
        (root @ root.T)[None],
        rank=len(m),
        inputs=len(B),
        outputs=len(w),
    )
