"""The distribution that the loadings of a low-rank network are drawn from."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.errors import InputError, check_array, check_number
from lowrnn.networks.connectivity import Connectivity, LowRank, RandomPlusLowRank
from lowrnn.networks.rnn import RNN

Array = NDArray[np.float64]

#: Relative size of the negative eigenvalues that rounding may leave in a covariance.
ROUNDING = 1e-9


class GaussianMixture:
    """A mixture of Gaussians over the loadings of one neuron: networks of any size follow from it.

    The loadings of a neuron are `(m_1 … m_R, n_1 … n_R, B_1 … B_K, w_1 … w_O)`, in this order. They
    are drawn independently for each neuron from one of P populations (Beiran et al. 2021; Dubreuil
    et al. 2022). `from_moments` builds a mixture from named blocks.

    Parameters
    ----------
    weights : array (population,)
        Shares of the populations, above 0; they sum to 1.
    means : array (population, loading)
        Mean loadings.
    covariances : array (population, loading, loading)
        Their covariances, positive semidefinite.
    rank : int
        Number R of latents.
    inputs, outputs : int
        Numbers of input and readout loadings.

    Raises
    ------
    InputError
        If shapes disagree, the weights do not sum to 1, or a covariance is not symmetric and
        positive semidefinite.
    """

    def __init__(
        self,
        weights: ArrayLike,
        means: ArrayLike,
        covariances: ArrayLike,
        *,
        rank: int,
        inputs: int = 0,
        outputs: int = 0,
    ) -> None:
        if rank < 1 or inputs < 0 or outputs < 0:
            raise InputError(
                f"rank is {rank}, inputs {inputs} and outputs {outputs}:"
                " give a rank of at least 1 and no negative number"
            )
        self.rank, self.inputs, self.outputs = int(rank), int(inputs), int(outputs)
        size = 2 * rank + inputs + outputs
        self.weights: Array = check_array("weights", weights, ("population",), dtype=np.float64)
        populations = len(self.weights)
        self.means: Array = check_array("means", means, (populations, size), dtype=np.float64)
        self.covariances: Array = check_array(
            "covariances", covariances, (populations, size, size), dtype=np.float64
        )
        if (self.weights <= 0).any() or abs(self.weights.sum() - 1) > 1e-6:
            raise InputError(
                f"weights are {self.weights.tolist()}: give shares above 0 that sum to 1"
            )
        for population, covariance in enumerate(self.covariances):
            _check_covariance(population, covariance)

    def __repr__(self) -> str:
        return (
            f"GaussianMixture(populations={self.populations}, rank={self.rank},"
            f" inputs={self.inputs}, outputs={self.outputs})"
        )

    @classmethod
    def from_moments(
        cls,
        nm: ArrayLike,
        *,
        mm: ArrayLike = 1.0,
        nn: ArrayLike | None = None,
        mB: ArrayLike = 0.0,
        nB: ArrayLike = 0.0,
        BB: ArrayLike | None = None,
        mean_m: ArrayLike = 0.0,
        mean_n: ArrayLike = 0.0,
        mean_B: ArrayLike = 0.0,
        mean_w: ArrayLike = 0.0,
        wm: ArrayLike = 0.0,
        wn: ArrayLike = 0.0,
        wB: ArrayLike = 0.0,
        ww: ArrayLike | None = None,
        weights: ArrayLike = 1.0,
        rank: int = 1,
        inputs: int = 0,
        outputs: int = 0,
    ) -> "GaussianMixture":
        """A mixture from the blocks of its covariance.

        Blocks that are scalars stand for every population: `mm`, `nn`, `BB` and `ww` for that
        multiple of the identity, the others for every entry. Blocks of shape (row, column) are
        shared by all populations; of shape (population, row, column), their own.

        Parameters
        ----------
        nm : array (rank, rank)
            Overlap by covariance: entry (r, s) is `cov(n_r, m_s)`. A scalar multiplies the
            identity.
        mm, nn, BB, ww : array
            Covariances of the loadings of one kind. Each of `nn`, `BB`, `ww` that is not given is
            the smallest that the other blocks allow plus the identity: it does not enter the
            equations of infinite networks, except for `BB`, but sets the noise of finite ones.
        mB, nB, wm, wn, wB : array
            `cov(m_r, B_k)`, `cov(n_r, B_k)`, `cov(w_o, m_r)`, `cov(w_o, n_r)`, `cov(w_o, B_k)`.
        mean_m, mean_n, mean_B, mean_w : array (loading,) or (population, loading)
            Means.
        weights : array (population,)
            Shares of the populations.
        rank, inputs, outputs : int
            Numbers of loadings of each kind.
        """
        shares = np.atleast_1d(np.asarray(weights, np.float64))
        p, sizes = len(shares), {"m": rank, "n": rank, "B": inputs, "w": outputs}
        edges = np.cumsum([0, *sizes.values()])
        at = {kind: slice(edges[i], edges[i + 1]) for i, kind in enumerate(sizes)}
        covariance = np.zeros((p, edges[-1], edges[-1]))
        cross = {"nm": nm, "mB": mB, "nB": nB, "wm": wm, "wn": wn, "wB": wB}
        for name, value in cross.items():
            one, other = name[0], name[1]
            block = _block(name, value, (p, sizes[one], sizes[other]), diagonal=name == "nm")
            covariance[:, at[one], at[other]] = block
            covariance[:, at[other], at[one]] = block.swapaxes(1, 2)
        known: list[int] = []
        own: dict[str, ArrayLike | None] = {"m": mm, "B": BB, "w": ww, "n": nn}
        for kind, within in own.items():
            size, here = sizes[kind], list(range(at[kind].start, at[kind].stop))
            if within is None:
                mixed = covariance[:, here][:, :, known]
                inner = np.linalg.pinv(covariance[:, known][:, :, known], hermitian=True)
                block = mixed @ inner @ mixed.swapaxes(1, 2) + np.eye(size)
            else:
                block = _block(2 * kind, within, (p, size, size), diagonal=True)
            covariance[:, at[kind], at[kind]] = block
            known += here
        given = {"m": mean_m, "n": mean_n, "B": mean_B, "w": mean_w}
        means = np.concatenate(
            [_block(f"mean_{k}", v, (p, sizes[k]), diagonal=False) for k, v in given.items()], 1
        )
        return cls(shares, means, covariance, rank=rank, inputs=inputs, outputs=outputs)

    @classmethod
    def estimate(cls, rnn: RNN, labels: ArrayLike | None = None) -> "GaussianMixture":
        """The mixture with the sample moments of a network's loadings.

        Parameters
        ----------
        rnn : RNN
            A network with low-rank connectivity, with or without a random part.
        labels : array (neuron,) of int, optional
            The population of each neuron, numbered from 0; one population by default. With
            `range(neurons)`, each neuron its own, theory is exact for this network.

        Raises
        ------
        InputError
            If the connectivity has no loadings, the network has a bias, or the labels leave a
            population empty.
        """
        if not isinstance(rnn.connectivity, LowRank | RandomPlusLowRank):
            raise InputError(
                f"connectivity is {rnn.connectivity.kind}: give a network with loadings m and n"
            )
        if rnn.bias.any():
            raise InputError(
                "bias is not zero, and a mixture has none: replace it by a column of inputs and"
                " give that the constant input 1"
            )
        m, n = rnn.connectivity.m, rnn.connectivity.n
        loadings = np.concatenate([m, n, rnn.inputs, rnn.readout], axis=1).astype(np.float64)
        found = np.zeros(len(m), int) if labels is None else np.asarray(labels)
        counts = np.bincount(found) if found.shape == (len(m),) and found.min() >= 0 else [0]
        if min(counts) == 0:
            raise InputError(
                f"labels have shape {found.shape}: give each of the {len(m)} neurons one of the"
                " populations 0, 1, … and no population without neurons"
            )
        groups = [loadings[found == p] for p in range(len(counts))]
        return cls(
            np.asarray(counts) / len(m),
            np.array([group.mean(axis=0) for group in groups]),
            np.array([np.cov(group.T, bias=True) for group in groups]),
            rank=rnn.rank,
            inputs=rnn.inputs.shape[1],
            outputs=rnn.readout.shape[1],
        )

    @staticmethod
    def load(path: str | Path) -> "GaussianMixture":
        """Read a mixture that `save` wrote.

        Raises
        ------
        InputError
            If there is no such file, or it is damaged or something else.
        """
        from lowrnn.networks.mixture_storage import load

        return load(path)

    def save(self, path: str | Path) -> None:
        """Write the mixture to `path` (safetensors), atomically; `load` reads it."""
        from lowrnn.networks.mixture_storage import save

        save(self, path)

    @property
    def populations(self) -> int:
        """Number of populations."""
        return len(self.weights)

    def mean(self, kind: str) -> Array:
        """Mean loadings of one kind, "m", "n", "B" or "w": (population, loading)."""
        return self.means[:, self._at(kind)]

    def covariance(self, one: str, other: str) -> Array:
        """Covariance of two kinds of loadings: (population, loading, loading)."""
        return self.covariances[:, self._at(one), self._at(other)]

    @property
    def overlap(self) -> Array:
        """`E[n mᵀ]`, (rank, rank): its eigenvalues are the outliers of the spectrum of J."""
        second = self.covariance("n", "m") + self.mean("n")[:, :, None] * self.mean("m")[:, None]
        overlap: Array = np.einsum("p,prs->rs", self.weights, second)
        return overlap

    def labels(self, neurons: int) -> NDArray[np.intp]:
        """The population of each neuron of a sample: consecutive, shares as exact as can be."""
        if neurons < self.populations:
            raise InputError(
                f"neurons is {neurons}: give at least one for each of the {self.populations}"
                " populations"
            )
        edges = np.rint(np.cumsum(self.weights) * neurons).astype(int)
        counts = np.diff(edges, prepend=0)
        if counts.min() < 1:
            raise InputError(
                f"neurons is {neurons}: a share of {self.weights.min():g} is less than one neuron"
            )
        return np.repeat(np.arange(self.populations), counts)

    def sample(
        self,
        neurons: int,
        seed: int,
        *,
        exact: bool = False,
        g: float = 0.0,
        dt: float = 0.1,
        tau: float = 1.0,
        dtype: Any = np.float64,
        **settings: Any,
    ) -> RNN:
        """A finite network.

        Parameters
        ----------
        neurons : int
            Number of neurons; `labels` says which population each belongs to.
        seed : int
            Determines the loadings and, by itself, the random part.
        exact : bool
            Shift and stretch each population's sample so that its mean and covariance are those of
            the mixture: this removes the leading finite-size error. Needs more neurons in a
            population than there are loadings.
        g : float
            Strength of a random part of the connectivity.
        dt, tau, **settings
            As for `RNN`.
        dtype : float64 or float32
            Of the network. float32 simulates twice as fast.

        Returns
        -------
        RNN
            Low-rank, or random plus low-rank if g > 0.
        """
        loadings = np.empty((neurons, self.means.shape[1]))
        labels = self.labels(neurons)
        rng = np.random.default_rng([seed, 1])
        for p in range(self.populations):
            here = labels == p
            noise = rng.standard_normal((int(here.sum()), self.means.shape[1]))
            if exact:
                noise = _whiten(noise)
            loadings[here] = self.means[p] + noise @ _root(self.covariances[p]).T
        m, n, B, w = (loadings[:, self._at(kind)].astype(dtype) for kind in "mnBw")
        connectivity: Connectivity = LowRank(m, n)
        if check_number("g", g, at_least=0) > 0:
            connectivity = RandomPlusLowRank(g, m, n, seed)
        return RNN(
            connectivity,
            B if self.inputs else None,
            w if self.outputs else None,
            dt=dt,
            tau=tau,
            **settings,
        )

    def _at(self, kind: str) -> slice:
        sizes = {"m": self.rank, "n": self.rank, "B": self.inputs, "w": self.outputs}
        start = sum(list(sizes.values())[: list(sizes).index(kind)])
        return slice(start, start + sizes[kind])


def _block(field: str, value: ArrayLike, shape: tuple[int, ...], *, diagonal: bool) -> Array:
    """A block for every population, from a scalar, one block, or one for each."""
    array = np.asarray(value, np.float64)
    if array.ndim == 0:
        return np.broadcast_to(array * np.eye(shape[-1]) if diagonal else array, shape)
    if array.shape not in (shape, shape[1:]):
        raise InputError(
            f"{field} has shape {array.shape}: give a number, {shape[1:]} or {shape} entries"
        )
    return np.broadcast_to(check_array(field, array, array.shape), shape)


def _check_covariance(population: int, covariance: Array) -> None:
    where = f"covariances[{population}]"
    scale = max(np.abs(covariance).max(initial=0.0), 1e-300)
    if np.abs(covariance - covariance.T).max(initial=0.0) > ROUNDING * scale:
        raise InputError(f"{where} is not symmetric: give a covariance matrix")
    lowest = np.linalg.eigvalsh(covariance)[0] if covariance.size else 0.0
    if lowest < -ROUNDING * scale * len(covariance):
        raise InputError(
            f"{where} has the negative eigenvalue {lowest:.4g}, so no loadings have it:"
            " give larger variances or smaller covariances"
        )


def _root(covariance: Array) -> Array:
    """A square root that serves singular covariances too."""
    values, vectors = np.linalg.eigh(covariance)
    root: Array = vectors * np.sqrt(np.maximum(values, 0))
    return root


def _whiten(noise: Array) -> Array:
    """The sample, shifted and stretched to mean 0 and covariance 1."""
    count, size = noise.shape
    if count <= size:
        raise InputError(
            f"a population has {count} neurons for {size} loadings: exact sampling needs more"
            " neurons than loadings, so give more or use exact=False"
        )
    centred = noise - noise.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred / count)
    whitened: Array = centred @ (vectors / np.sqrt(values)) @ vectors.T
    return whitened
