"""What a rule acts on: the matrix, its change as factors, or the vectors of a low-rank network."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lowrnn.errors import InputError
from lowrnn.learning.changes import KEPT, leading
from lowrnn.learning.plasticity.factors import FactoredChange
from lowrnn.learning.plasticity.rule import PlasticityRule
from lowrnn.learning.plasticity.update import Part
from lowrnn.networks import RNN, FullRank, LowRank, RandomPlusLowRank, structured_part

Array = NDArray[Any]


class Synapses(ABC):
    """Recurrent weights `J = dense + left rightᵀ` that learn."""

    @property
    @abstractmethod
    def matrices(self) -> tuple[Array | None, Array, Array]:
        """The dense part (neuron, presynaptic), if any, and the factors (neuron, column)."""

    @abstractmethod
    def learn(self, parts: Sequence[Part], rule: PlasticityRule) -> None:
        """One update."""

    @abstractmethod
    def network(self, rnn: RNN) -> RNN:
        """The network `rnn` with these weights."""

    @abstractmethod
    def change(self) -> tuple[Array, Array, Array]:
        """Leading factors of what changed, (neuron, column), and the norm of the whole."""


class DenseSynapses(Synapses):
    """A full matrix, for any rule: one product of matrices an update."""

    def __init__(self, rnn: RNN) -> None:
        self.start = np.array(rnn.connectivity.dense())
        self.J = self.start.copy()
        # All that was learned; J has less of it if its rank is bounded.
        self.learned = np.zeros_like(self.J)
        self.velocity = np.zeros_like(self.J)
        self.none = np.zeros((rnn.neurons, 0), self.J.dtype)

    @property
    def matrices(self) -> tuple[Array | None, Array, Array]:
        return self.J, self.none, self.none

    def learn(self, parts: Sequence[Part], rule: PlasticityRule) -> None:
        neurons = len(self.J)
        direction = np.zeros_like(self.J)
        for part in parts:
            product = _product(part)
            if part.weight:
                product = product * (neurons * self.J) ** part.weight
            direction += product
        direction = limited(direction, rule.norm_clip)
        self.velocity = rule.momentum * self.velocity + direction
        step = rule.rate * self.velocity
        if rule.clip is not None:
            step = np.clip(step, -rule.clip, rule.clip)
        self.learned += step / neurons - rule.decay * self.learned
        if rule.max_rank is None:
            self.J = self.start + self.learned
        else:
            left, right, _ = leading(self.learned, rule.max_rank)
            self.J = self.start + left @ right.T
        if rule.keep_signs:
            self.J = np.where(self.J * self.start > 0, self.J, 0)
            self.learned = self.J - self.start

    def network(self, rnn: RNN) -> RNN:
        return rnn.replace(connectivity=FullRank(self.J.copy(), self.start))

    def change(self) -> tuple[Array, Array, Array]:
        return leading(self.J - self.start)


class FactoredSynapses(Synapses):
    """A low-rank network, with or without a random part, and a change of it as factors.

    Rules that scale rows or columns do so to the low-rank part and the change; the random part
    stays.
    """

    def __init__(self, rnn: RNN) -> None:
        structured = structured_part(rnn.connectivity)
        if structured is None:
            raise InputError("connectivity is full-rank: hold its change as a dense matrix")
        self.random = _random(rnn)
        self.base = structured.m / structured.m.dtype.type(rnn.neurons), structured.n
        self.factors = FactoredChange(rnn.neurons, dtype=rnn.dtype)

    @property
    def matrices(self) -> tuple[Array | None, Array, Array]:
        left = np.concatenate([self.base[0], self.factors.left], axis=1)
        right = np.concatenate([self.base[1], self.factors.right], axis=1)
        return self.random, left, right

    def learn(self, parts: Sequence[Part], rule: PlasticityRule) -> None:
        if not rule.factorable or rule.momentum or rule.norm_clip is not None:
            raise InputError(
                f"terms are '{rule}': hold the change as a dense matrix, for clips, momentum,"
                " bounds and powers of weights"
            )
        left, right = self.base
        neurons, ones = len(left), np.ones((len(left), 1), left.dtype)
        rows, columns = np.zeros((2, neurons, 1), left.dtype)
        added = []
        for part in parts:
            if not part.weight:
                first = ones if part.left is None else part.left
                second = ones if part.right is None else part.right
                added.append((first * (rule.rate / neurons), second))
            elif part.right is None:
                rows += rule.rate * _present(part.left)
            else:
                columns += rule.rate * part.right
        # Rows and columns of all of J, the start included, are scaled by what they were before.
        if columns.any():
            added.append((left, columns * right))
            if self.factors.columns:
                added.append((self.factors.left, columns * self.factors.right))
        if rows.any():
            added.append((rows * left, right))
        self.factors.scale(1 - rule.decay + rows)
        for first, second in added:
            self.factors.add(first, second)

    def network(self, rnn: RNN) -> RNN:
        start = rnn.connectivity.dense()
        return rnn.replace(connectivity=FullRank(start + self.factors.dense(), start))

    def change(self) -> tuple[Array, Array, Array]:
        q_left, r_left = np.linalg.qr(self.factors.left)
        q_right, r_right = np.linalg.qr(self.factors.right)
        u, s, vt = np.linalg.svd(r_left @ r_right.T)
        left, right = (np.zeros((len(q_left), KEPT), q_left.dtype) for _ in range(2))
        kept = min(KEPT, len(s))
        root = np.sqrt(s[:kept])
        left[:, :kept] = q_left @ (u[:, :kept] * root)
        right[:, :kept] = q_right @ (vt[:kept].T * root)
        return left, right, np.asarray(np.linalg.norm(s))


class VectorSynapses(Synapses):
    """The vectors m and n of a low-rank network: its rank never changes."""

    def __init__(self, rnn: RNN) -> None:
        structured = structured_part(rnn.connectivity)
        if structured is None:
            raise InputError("connectivity is full-rank: rules on m and n need a low-rank network")
        self.random = _random(rnn)
        self.start = structured.m.copy(), structured.n.copy()
        self.m, self.n = structured.m.copy(), structured.n.copy()
        self.velocity = np.zeros((2, *self.m.shape), self.m.dtype)

    @property
    def matrices(self) -> tuple[Array | None, Array, Array]:
        return self.random, self.m / self.m.dtype.type(len(self.m)), self.n

    def learn(self, parts: Sequence[Part], rule: PlasticityRule) -> None:
        if not rule.factorable or rule.clip is not None:
            raise InputError(
                f"terms are '{rule}': hold the change as a dense matrix, for clips, bounds and"
                " powers of weights"
            )
        neurons = len(self.m)
        direction = np.zeros_like(self.velocity)
        for part in parts:
            if part.weight:
                if part.right is None:
                    direction[0] += _present(part.left) * self.m
                else:
                    direction[1] += part.right * self.n
                continue
            ones = np.ones((neurons, 1), self.m.dtype)
            left = ones if part.left is None else part.left
            right = ones if part.right is None else part.right
            direction[0] += left @ (right.T @ self.n) / neurons
            direction[1] += right @ (left.T @ self.m) / neurons
        direction = limited(direction, rule.norm_clip)
        self.velocity = rule.momentum * self.velocity + direction
        if rule.decay:
            self.m -= rule.decay * (self.m - self.start[0])
            self.n -= rule.decay * (self.n - self.start[1])
        self.m += rule.rate * self.velocity[0]
        self.n += rule.rate * self.velocity[1]

    def network(self, rnn: RNN) -> RNN:
        connectivity = rnn.connectivity
        if isinstance(connectivity, RandomPlusLowRank):
            learned = RandomPlusLowRank(
                connectivity.g, self.m.copy(), self.n.copy(), connectivity.seed
            )
            return rnn.replace(connectivity=learned)
        return rnn.replace(connectivity=LowRank(self.m.copy(), self.n.copy()))

    def change(self) -> tuple[Array, Array, Array]:
        root = self.m.dtype.type(np.sqrt(len(self.m)))
        left = np.concatenate([self.m, -self.start[0]], axis=1) / root
        right = np.concatenate([self.n, self.start[1]], axis=1) / root
        r_left, r_right = np.linalg.qr(left)[1], np.linalg.qr(right)[1]
        return left, right, np.asarray(np.linalg.norm(r_left @ r_right.T))


def _random(rnn: RNN) -> Array | None:
    """The random part of the connectivity, if there is one."""
    found = rnn.connectivity
    return found.random if isinstance(found, RandomPlusLowRank) else None


def _present(factor: Array | None) -> Array:
    """The one factor of a part that has but one."""
    assert factor is not None
    return factor


def _product(part: Part) -> Array:
    """`left rightᵀ`, to be broadcast."""
    if part.left is None:
        return _present(part.right).T
    return part.left if part.right is None else part.left @ part.right.T


def limited(direction: Array, largest: float | None) -> Array:
    """No longer than a direction whose entries have this root mean square."""
    size = np.sqrt(np.mean(direction**2))
    if largest is None or size <= largest:
        return direction
    return np.asarray(direction * (largest / size))
