"""Whether learning in one epoch moves the weights in the same directions as in another."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.analysis.over_trials import as_labels, in_order
from lowrnn.analysis.tensor_rank import series_of
from lowrnn.analysis.unfoldings import unfolded
from lowrnn.errors import InputError
from lowrnn.learning import History, WeightChanges

Array = NDArray[np.float64]

#: Share of the largest singular value below which directions of the changes are rounding.
_TOLERANCE = 1e-6

#: Share of all changes, squared, below which a change is rounding.
_ROUNDING = 1e-18


@dataclass(frozen=True, eq=False)
class ChangeSubspaces:
    """The subspaces that weights change in, epoch by epoch.

    Attributes
    ----------
    epochs : array (epoch,)
        Labels in the order of their first trials.
    explained : array (epoch, epoch)
        Entry `[e, f]`: share of the change within epoch e that the leading subspace of epoch f
        holds. On the diagonal its own, which is the most that any of this dimension can.
    cosines : array (epoch, epoch, dimension)
        Of the principal angles between these subspaces, falling.
    explained_null : array (shuffle, epoch, epoch)
        The same as `explained` with steps of learning dealt to epochs at random: what it is if all
        epochs change the same weights.
    p : array (epoch, epoch)
        Share of shuffles, and the data, with at most `explained`. Small where the subspaces differ.
    chance : float
        Expected share in a random subspace of all neurons.
    """

    epochs: NDArray[Any]
    explained: Array
    cosines: Array
    explained_null: Array
    p: Array
    chance: float


def change_subspaces(
    learned: History | WeightChanges | ArrayLike,
    epochs: ArrayLike,
    *,
    side: Literal["post", "pre"] = "post",
    dimensions: int = 4,
    shuffles: int = 200,
    seed: int = 0,
) -> ChangeSubspaces:
    """Compare the directions in which recurrent weights changed in the epochs of learning.

    The change within an epoch is taken against its first trial. The matrices themselves must be
    known: those of one network of low tensor rank stay in fixed subspaces by construction, and show
    nothing. Of such networks fitted to each epoch separately, compare the spans of `a` with
    `scipy.linalg.subspace_angles`.

    Parameters
    ----------
    learned : History, WeightChanges or array (trial, neuron, presynaptic)
        Changes of the recurrent matrix since any one time, such as `Adaptation.history`.
    epochs : array (trial,)
        Labels; each epoch is a run of successive trials.
    side : {"post", "pre"}
        Directions among neurons that receive the change (column space), or that it reads from.
    dimensions : int
        Of the subspaces.
    shuffles : int
        Of the steps from trial to trial, for the null; 0 for none. Each takes O(K N³) for K trials,
        or less where all changes lie in fewer than N dimensions.
    seed : int
        Determines them.

    Raises
    ------
    InputError
        If labels come back after another epoch, an epoch changes nothing, or a number is out of
        range.
    """
    series, _ = series_of(learned)
    label = as_labels("epochs", epochs, len(series))
    names = in_order(label)
    place = np.array([int(np.flatnonzero(names == each)[0]) for each in label])
    if (np.diff(place) < 0).any():
        raise InputError("epochs come back after others: give each run of trials its own label")
    if side not in ("post", "pre"):
        raise InputError(f"side is {side!r}: give 'post' or 'pre'")
    parts = unfolded(series, _TOLERANCE)
    # Orthonormal coordinates, in which lengths and angles are those of the weights.
    small = np.tensordot(parts.step, parts.core, axes=1)
    steps = np.diff(small if side == "post" else small.transpose(0, 2, 1), axis=0)
    room = steps.shape[1]
    if not 1 <= dimensions <= room:
        raise InputError(f"dimensions is {dimensions}: give 1 to {room}, those of the changes")
    # The step from a trial to the next belongs to the epoch of the next; the first of an epoch, to
    # none, as it is where the change begins.
    within = np.flatnonzero(place[1:] == place[:-1])
    owner = place[1:][within]
    steps = steps[within]
    bases, grams = _leading(steps, owner, names, dimensions)
    explained = _explained(bases, grams)
    cosines = np.linalg.svd(
        np.einsum("eid,fig->efdg", bases, bases), compute_uv=False
    ).clip(max=1.0)  # fmt: skip
    rng = np.random.default_rng(seed)
    null = np.array(
        [
            _explained(*_leading(steps, rng.permutation(owner), names, dimensions))
            for _ in range(shuffles)
        ]
    ).reshape(shuffles, len(names), len(names))
    p = (1 + (null <= explained).sum(axis=0)) / (1 + shuffles)
    neurons = len(parts.post if side == "post" else parts.pre)
    return ChangeSubspaces(names, explained, cosines, null, p, dimensions / neurons)


def _leading(
    steps: Array, owner: NDArray[np.intp], names: NDArray[Any], dimensions: int
) -> tuple[Array, Array]:
    """Of each epoch the leading directions, and the Gram matrix of the changes since it began."""
    bases, grams = [], []
    for e, name in enumerate(names):
        own = steps[owner == e]
        change = np.cumsum(own, axis=0)
        gram = np.tensordot(change, change, axes=([0, 2], [0, 2]))
        if np.trace(gram) <= _ROUNDING * np.sum(steps**2):
            raise InputError(f"learned has not changed within epoch {name}: leave it out")
        bases.append(np.linalg.eigh(gram)[1][:, : -dimensions - 1 : -1])
        grams.append(gram)
    return np.stack(bases), np.stack(grams)


def _explained(bases: Array, grams: Array) -> Array:
    held = np.einsum("fid,eij,fjd->ef", bases, grams, bases)
    return np.asarray(held / np.trace(grams, axis1=1, axis2=2)[:, None])
