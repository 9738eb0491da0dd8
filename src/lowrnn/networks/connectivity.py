"""How neurons are connected: a part of an `RNN`, interchangeable."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lowrnn.errors import InputError, check_array

Array = NDArray[np.floating]


class Connectivity(ABC):
    """The recurrent matrix `J` of a network, in whichever form it is known."""

    kind: ClassVar[str]

    @property
    @abstractmethod
    def neurons(self) -> int:
        """Number of neurons."""

    @property
    @abstractmethod
    def rank(self) -> int:
        """Number of latents: the rank of the structured part, 0 for a full-rank matrix."""

    @property
    @abstractmethod
    def parameters(self) -> dict[str, Array]:
        """The arrays that gradient descent may move, by name."""

    @abstractmethod
    def dense(self) -> Array:
        """The matrix `J`, (neuron, neuron)."""


@dataclass(frozen=True, eq=False)
class FullRank(Connectivity):
    """An arbitrary recurrent matrix.

    Parameters
    ----------
    J : array (neuron, neuron)
        Entry `J[i, j]` is the weight from neuron `j` to neuron `i`.
    J0 : array (neuron, neuron), optional
        The matrix before learning, if it is known: `lowrnn.learning.train` keeps it.
    """

    J: Array
    J0: Array | None = None
    kind: ClassVar[str] = "full-rank"

    def __post_init__(self) -> None:
        J = check_array("J", self.J, ("neuron", "neuron"))
        if J.shape[0] != J.shape[1]:
            raise InputError(f"J has shape {J.shape}: give a square matrix")
        object.__setattr__(self, "J", J)
        if self.J0 is not None:
            object.__setattr__(self, "J0", check_array("J0", self.J0, J.shape, dtype=J.dtype))

    @property
    def neurons(self) -> int:
        return len(self.J)

    @property
    def rank(self) -> int:
        return 0

    @property
    def parameters(self) -> dict[str, Array]:
        return {"J": self.J}

    @property
    def change(self) -> Array:
        """What learning changed, `J - J0`, (neuron, neuron).

        Raises
        ------
        InputError
            If the matrix before learning is not known.
        """
        if self.J0 is None:
            raise InputError("J0 of the network is not known: give FullRank(J, J0)")
        change: Array = self.J - self.J0
        return change

    def dense(self) -> Array:
        return self.J


@dataclass(frozen=True, eq=False)
class LowRank(Connectivity):
    """`J = (1/N) m nᵀ`.

    Parameters
    ----------
    m, n : array (neuron, rank)
        Output and input-selection vectors, entries of order 1. `(m A, n A⁻ᵀ)` is the same network
        for any invertible `A`; `canonical` chooses one representative.
    """

    m: Array
    n: Array
    kind: ClassVar[str] = "low-rank"

    def __post_init__(self) -> None:
        m = check_array("m", self.m, ("neuron", "rank"))
        n = check_array("n", self.n, m.shape, dtype=m.dtype)
        if m.shape[1] > m.shape[0]:
            raise InputError(f"m has shape {m.shape}: the rank cannot exceed the number of neurons")
        object.__setattr__(self, "m", m)
        object.__setattr__(self, "n", n)

    @property
    def neurons(self) -> int:
        return len(self.m)

    @property
    def rank(self) -> int:
        return int(self.m.shape[1])

    @property
    def parameters(self) -> dict[str, Array]:
        return {"m": self.m, "n": self.n}

    def dense(self) -> Array:
        return self.m @ self.n.T / self.neurons

    def canonical(self) -> "LowRank":
        """The same network in the gauge of the singular value decomposition.

        The columns of `m` are orthogonal with `mᵀm = N`, those of `n` are orthogonal and sorted by
        falling norm, so `J = Σ_r s_r U_r V_rᵀ` with `s_r = |n_r| / √N`. Latents are then in units
        of the root mean square that they contribute to the state of a neuron. Signs follow the
        given `m`: each new column overlaps positively with the old column that it resembles most.

        Costs O(N R²); the dense matrix is never formed.
        """
        qm, rm = np.linalg.qr(self.m)
        qn, rn = np.linalg.qr(self.n)
        u, s, vt = np.linalg.svd(rm @ rn.T / self.neurons)
        left, right = qm @ u, qn @ vt.T
        overlap = left.T @ self.m
        resembles = overlap[np.arange(self.rank), np.abs(overlap).argmax(axis=1)]
        sign = np.where(resembles < 0, -1.0, 1.0).astype(self.m.dtype)
        root = self.m.dtype.type(np.sqrt(self.neurons))
        return LowRank(left * (sign * root), right * (sign * s * root))


@dataclass(frozen=True, eq=False)
class RandomPlusLowRank(Connectivity):
    """`J = g χ + (1/N) m nᵀ`, with `χ_ij ~ N(0, 1/N)` drawn from `seed`.

    Mastrogiuseppe & Ostojic 2018, eq. 1. The random part is never trained.

    Parameters
    ----------
    g : float
        Strength of the random part: the spectral radius of `g χ` for large N.
    m, n : array (neuron, rank)
        The structured part, as in `LowRank`.
    seed : int
        Determines `χ`.
    """

    g: float
    m: Array
    n: Array
    seed: int
    kind: ClassVar[str] = "random-plus-low-rank"

    def __post_init__(self) -> None:
        structured = LowRank(self.m, self.n)
        if not (np.isfinite(self.g) and self.g >= 0):
            raise InputError(f"g is {self.g}: give a strength of at least 0")
        if int(self.seed) < 0:
            raise InputError(f"seed is {self.seed}: give an integer of at least 0")
        object.__setattr__(self, "g", float(self.g))
        object.__setattr__(self, "seed", int(self.seed))
        object.__setattr__(self, "m", structured.m)
        object.__setattr__(self, "n", structured.n)

    @property
    def structured(self) -> LowRank:
        """The low-rank part alone."""
        return LowRank(self.m, self.n)

    @property
    def neurons(self) -> int:
        return len(self.m)

    @property
    def rank(self) -> int:
        return int(self.m.shape[1])

    @property
    def parameters(self) -> dict[str, Array]:
        return {"m": self.m, "n": self.n}

    @cached_property
    def random(self) -> Array:
        """The random part `g χ`, (neuron, neuron)."""
        chi = np.random.default_rng(self.seed).standard_normal((self.neurons, self.neurons))
        scaled: Array = (chi * (self.g / np.sqrt(self.neurons))).astype(self.m.dtype)
        return scaled

    def dense(self) -> Array:
        return self.random + self.structured.dense()


@dataclass(frozen=True, eq=False)
class LowTensorRank(Connectivity):
    """A matrix for each trial, `J_k = (1/N) Σ_r c_kr a_r b_rᵀ`: together a tensor of low rank.

    Pellegrino, Cayco-Gajic & Chadwick 2023: over learning, the same patterns of connectivity change
    in strength. A network with it simulates as many trials as `c` has rows, trial `k` with `J_k`.
    The paper's factors have norm 1 and no 1/N: its trial factors are `canonical().c`.

    Parameters
    ----------
    a, b : array (neuron, rank)
        Output and input-selection vectors of the components, shared by all trials; entries of
        order 1.
    c : array (trial, rank)
        Trial factors: the strength of each component in each trial.
    """

    a: Array
    b: Array
    c: Array
    kind: ClassVar[str] = "low-tensor-rank"

    def __post_init__(self) -> None:
        a = check_array("a", self.a, ("neuron", "rank"))
        b = check_array("b", self.b, a.shape, dtype=a.dtype)
        c = check_array("c", self.c, ("trial", a.shape[1]), dtype=a.dtype)
        if a.shape[1] > a.shape[0]:
            raise InputError(f"a has shape {a.shape}: the rank cannot exceed the number of neurons")
        object.__setattr__(self, "a", a)
        object.__setattr__(self, "b", b)
        object.__setattr__(self, "c", c)

    @property
    def neurons(self) -> int:
        return len(self.a)

    @property
    def rank(self) -> int:
        """Number of components."""
        return int(self.a.shape[1])

    @property
    def trials(self) -> int:
        """Number of trials."""
        return len(self.c)

    @property
    def parameters(self) -> dict[str, Array]:
        return {"a": self.a, "b": self.b, "c": self.c}

    def at(self, trial: int) -> LowRank:
        """The connectivity of one trial; -1 is the last.

        Raises
        ------
        InputError
            If there is no such trial.
        """
        if not -self.trials <= trial < self.trials:
            raise InputError(f"trial is {trial}: give one from 0 to {self.trials - 1}")
        return LowRank(self.a * self.c[trial], self.b)

    def dense(self) -> Array:
        """Never a matrix: there is one for each trial, `at(trial).dense()`.

        Raises
        ------
        InputError
            Always.
        """
        raise InputError(
            f"connectivity is of {self.trials} trials, with a matrix each: give a trial,"
            " connectivity.at(trial)"
        )

    def canonical(self) -> "LowTensorRank":
        """The same network with all scale in `c`: `|a_r|² = |b_r|² = N`.

        Components are sorted by falling `Σ_k c_kr²`. The largest entry of each `a_r` is positive,
        and so is the mean of each `c_r`. This is the only freedom there is where the decomposition
        is unique: where trial factors are not proportional (Kruskal 1977).
        """
        root = self.a.dtype.type(np.sqrt(self.neurons))
        a, scale_a = _normalised(self.a, root)
        b, scale_b = _normalised(self.b, root)
        c = self.c * (scale_a * scale_b)
        largest = np.abs(a).argmax(axis=0)
        sign_a = np.where(a[largest, np.arange(self.rank)] < 0, -1, 1).astype(a.dtype)
        sign_c = np.where(c.mean(axis=0) < 0, -1, 1).astype(a.dtype)
        order = np.argsort(-(c**2).sum(axis=0), kind="stable")
        a, b, c = a * sign_a, b * (sign_a * sign_c), c * sign_c
        return LowTensorRank(a[:, order], b[:, order], c[:, order])


def _normalised(columns: Array, norm: np.floating) -> tuple[Array, Array]:
    """Columns of this norm, and what they were multiples of; a column of zeros stays."""
    scale = np.linalg.norm(columns, axis=0) / norm
    return columns / np.where(scale > 0, scale, 1), scale


def structured_part(connectivity: Connectivity) -> LowRank | None:
    """The low-rank part that defines a network's latents in all trials, or None if it has none."""
    if isinstance(connectivity, LowRank):
        return connectivity
    if isinstance(connectivity, RandomPlusLowRank):
        return connectivity.structured
    return None
