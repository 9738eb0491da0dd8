"""Tensor rank of what learning changed: how few patterns of connectivity it moved along."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.analysis.unfoldings import DenseSeries, FactoredSeries, Series, unfolded
from lowrnn.errors import InputError, check_array, check_number
from lowrnn.fitting.components import canonical
from lowrnn.fitting.cp import cp
from lowrnn.learning import History, WeightChanges

Array = NDArray[np.float64]

#: Relative size of a change below which it is rounding.
_ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class LearningComponents:
    """`ΔJ_k = Σ_r step_kr post_r pre_rᵀ`: fixed patterns of connectivity that learning scales.

    Components come by falling norm. Columns of `post` and `pre` have unit length, those of `post` a
    positive largest entry, and those of `step` a mean of at least 0.

    Attributes
    ----------
    step : array (evaluation, component)
        How far learning went along each pattern.
    post : array (neuron, component)
        What a pattern adds to the input of each neuron.
    pre : array (presynaptic, component)
        What it reads from the rates.
    variance_explained : float
        `1 - ‖ΔJ - Σ‖² / ‖ΔJ‖²` over all evaluations, of the whole change.
    similarity : array (start,)
        Mean similarity of each start of the decomposition to the best, from best to worst fit.
        Components mean something if it is near 1, above 0.9 as a rule.
    degenerate : bool
        Whether two components larger than the change nearly cancel: then take a lower rank.
    """

    step: Array
    post: Array
    pre: Array
    variance_explained: float
    similarity: Array
    degenerate: bool


@dataclass(frozen=True, eq=False)
class TensorRank:
    """How many dimensions `ΔJ` has over the course of learning, as an (evaluation, N, N) array.

    A numerical rank says where singular values end, the explained variance how many matter: give
    both. `ΔJ` may be nearly of rank 2 where its exact rank is 9 (Pellegrino et al. 2023).

    Attributes
    ----------
    post_values, pre_values, step_values : array (component,)
        Singular values of the three unfoldings, falling: of all changes side by side, of all
        stacked, and of all flattened.
    tolerance : float
        Share of the largest singular value above which one counts.
    resolution : float
        Singular values of the steps are exact up to this share of `‖ΔJ‖`.
    recorded : float
        Share of `‖ΔJ‖²` that the history's factors hold; the rest is in no spectrum.
    core_shape : tuple of int
        (step, post, pre) dimensions of the Tucker core that was decomposed.
    core_energy : float
        Share of `‖ΔJ‖²` in it: no CP rank explains more.
    components : mapping from int to LearningComponents
        The decomposition of each CP rank that was asked for.
    """

    post_values: Array
    pre_values: Array
    step_values: Array
    tolerance: float
    resolution: float
    recorded: float
    core_shape: tuple[int, int, int]
    core_energy: float
    components: Mapping[int, LearningComponents]

    @property
    def multilinear_rank(self) -> tuple[int, int, int]:
        """Numerical ranks of the (post, pre, step) unfoldings.

        The first two count the dimensions of the fixed subspaces that all changes stay in. That of
        the steps is a lower bound where `resolution` is above `tolerance`.
        """
        spectra = (self.post_values, self.pre_values, self.step_values)
        post, pre, step = (int(np.sum(s > self.tolerance * s[0])) for s in spectra)
        return post, pre, step

    @property
    def slice_rank(self) -> int:
        """How many numbers per step say where learning stands: the rank of the step unfolding.

        Each goes with a matrix of any rank, `ΔJ_k = Σ_r c_kr M_r`, as in slice tensor components.
        """
        return self.multilinear_rank[2]

    @property
    def variance_explained(self) -> dict[int, float]:
        """By each CP rank."""
        return {rank: each.variance_explained for rank, each in self.components.items()}


def tensor_rank(
    learned: History | WeightChanges | ArrayLike,
    ranks: Sequence[int] = (1, 2, 3, 4, 5, 6),
    *,
    tolerance: float = 1e-6,
    energy: float = 1 - 1e-6,
    starts: int = 4,
    seed: int = 0,
) -> TensorRank:
    """Multilinear and CP ranks of what learning changed in the recurrent matrix.

    Works from the factors of the changes: the (evaluation, N, N) array is never formed. It is
    reduced to its Tucker core, which is small, and the core decomposed (`lowrnn.fitting.cp`).
    Elementwise optimizers such as Adam, weight decay of a full-rank start, and clipping by value
    destroy the low ranks that gradient descent leaves; `J` itself, with a random start, has none.

    Parameters
    ----------
    learned : History, WeightChanges or array (evaluation, neuron, presynaptic)
        With connectivity, from training or a plasticity rule; an array is taken for the changes:
        subtract the first matrix from checkpoints.
    ranks : sequence of int
        CP ranks; none for the spectra alone.
    tolerance : float
        Singular values count above this share of the largest. Below the default they are rounding
        if weights were in single precision; for weights in double precision give 1e-9.
    energy : float
        Share of `‖ΔJ‖²` that each axis of the Tucker core keeps, between 0 and 1; less where that
        would take more than 50 dimensions. `core_energy` says what is left.
    starts : int
        Of each CP decomposition.
    seed : int
        Of the random ones among them.

    Raises
    ------
    InputError
        If the history holds no connectivity, nothing changed, or a number is out of range.
    """
    tolerance = check_number("tolerance", tolerance, above=0)
    energy = check_number("energy", energy, above=0)
    if tolerance >= 1 or energy >= 1:
        raise InputError(f"tolerance is {tolerance} and energy {energy}: give less than 1")
    series, scale = series_of(learned)
    parts = unfolded(series, tolerance) if scale else None
    # Factors of a change may cancel.
    if parts is None or (held := float(np.sum(parts.post_values**2))) <= _ROUNDING**2 * scale:
        raise InputError("learned has not changed at any evaluation: give a history that learned")
    total = held
    if isinstance(series, FactoredSeries):
        # In single precision the norms may be below what the factors hold.
        total = max(held, float(np.sum(series.changes.norm.astype(np.float64) ** 2)))
    bases, core = parts.truncated((1 - energy) * held)
    core_energy = float(np.sum(core**2)) / total
    components = {}
    for rank in sorted(set(ranks)):
        found = cp(core, rank, starts=starts, seed=seed)
        explained = core_energy * found.variance_explained
        factors = [basis @ factor for basis, factor in zip(bases, found.factors, strict=True)]
        components[rank] = LearningComponents(
            *canonical(factors), explained, found.similarity, found.degenerate
        )
    return TensorRank(
        parts.post_values,
        parts.pre_values,
        parts.step_values,
        tolerance,
        parts.left_out / np.sqrt(held),
        held / total,
        tuple(core.shape),
        core_energy,
        components,
    )


def series_of(learned: History | WeightChanges | ArrayLike) -> tuple[Series, float]:
    """The changes, and what their squared norm would be if no factors cancelled."""
    if isinstance(learned, History):
        learned = learned.changes
    if isinstance(learned, WeightChanges):
        sizes = [
            np.sum(np.square(factor, dtype=np.float64), axis=(1, 2))
            for factor in (learned.left, learned.right)
        ]
        return FactoredSeries(learned), float(sizes[0] @ sizes[1])
    array = check_array("learned", learned, ("evaluation", "neuron", "presynaptic"))
    return DenseSeries(array), float(np.sum(np.square(array, dtype=np.float64)))
