"""Summaries of what a network became: overlaps, the change of its weights, its flow."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lowrnn.analysis import fixed_points
from lowrnn.analysis.flow import LatentFlow
from lowrnn.errors import InputError, check_array, check_number
from lowrnn.inference.activity_summaries import padded
from lowrnn.inference.summary import Summary
from lowrnn.networks import NONLINEARITIES, RNN

Array = NDArray[np.float64]


def overlaps(
    m: ArrayLike,
    n: ArrayLike,
    J: ArrayLike | None = None,
    *,
    inputs: ArrayLike | None = None,
    readout: ArrayLike | None = None,
) -> Summary:
    """Scalar products of connectivity vectors, divided by the number of neurons.

    `nᵀ m`, `nᵀ J m`, `nᵀ B` and `wᵀ m`, of those that are given. All but the last decide what the
    latents do; the last decides what a loss sees of them (Ger & Barak 2026 distinguish the two).

    Parameters
    ----------
    m, n : array (..., neuron, rank)
        Vectors that all students share, so that the numbers have the same meaning in each.
    J : array (..., neuron, neuron), optional
        Recurrent matrix of the student.
    inputs : array (..., neuron, input), optional
        Input weights `B`.
    readout : array (..., neuron, output), optional
        Output weights `w`.
    """
    M, N = np.asarray(m, float), np.asarray(n, float)
    neurons = M.shape[-2]
    pairs = {"nm": (N, M)}
    if J is not None:
        pairs["nJm"] = (N, np.asarray(J, float) @ M)
    if inputs is not None:
        pairs["nB"] = (N, np.asarray(inputs, float))
    if readout is not None:
        pairs["wm"] = (np.asarray(readout, float), M)
    blocks, labels = [], []
    for name, (left, right) in pairs.items():
        if left.shape[-2] != neurons or right.shape[-2] != neurons:
            raise InputError(
                f"{name} pairs vectors of other lengths than {neurons}: give (neuron,)"
            )
        block = np.swapaxes(left, -1, -2) @ right / neurons
        blocks.append(block.reshape(*block.shape[:-2], -1))
        labels += [f"{name}.{i}{j}" for i in range(block.shape[-2]) for j in range(block.shape[-1])]
    leading = np.broadcast_shapes(*(block.shape[:-1] for block in blocks))
    values = [np.broadcast_to(block, (*leading, block.shape[-1])) for block in blocks]
    return Summary("overlaps", 1, tuple(labels), np.concatenate(values, axis=-1))


def change_spectrum(
    left: ArrayLike, right: ArrayLike, *, norm0: ArrayLike, leading: int = 3
) -> Summary:
    """Eigenvalues and singular values of a change of weights `left rightᵀ`.

    Parameters
    ----------
    left, right : array (..., neuron, factor)
        Factors of `ΔJ = J - J0`, such as of `WeightChanges`.
    norm0 : array (...)
        Frobenius norm of `J0`.
    leading : int
        How many of each: eigenvalues by falling modulus (real part, and modulus of the imaginary
        part, whose sign is that of either of a pair), and singular values by their share of the
        norm. Beside them the participation ratio `(Σ s²)² / Σ s⁴` (0 if nothing changed) and
        `|ΔJ| / |J0|`.

    Notes
    -----
    The eigenvalues of `left rightᵀ` other than 0 are those of the small matrix `rightᵀ left`.
    """
    A, C = np.asarray(left, float), np.asarray(right, float)
    if A.shape != C.shape or A.ndim < 2:
        raise InputError(
            f"left has shape {A.shape} and right {C.shape}: give (..., neuron, factor) in both"
        )
    eigenvalues = np.linalg.eigvals(np.swapaxes(C, -1, -2) @ A)
    # Those of a pair have the same modulus up to rounding: the sign is dropped below.
    order = np.argsort(-np.abs(eigenvalues).round(12), axis=-1, kind="stable")
    eigenvalues = np.take_along_axis(eigenvalues, order, axis=-1)
    s = np.linalg.svd(_triangle(A) @ np.swapaxes(_triangle(C), -1, -2), compute_uv=False)
    power = (s**2).sum(axis=-1)
    norm = np.sqrt(power)
    shares = np.divide(s, norm[..., None], out=np.zeros_like(s), where=norm[..., None] > 0)
    ratio = np.divide(power**2, (s**4).sum(axis=-1), out=np.zeros_like(power), where=power > 0)
    values = [
        padded(eigenvalues.real, leading),
        padded(np.abs(eigenvalues.imag), leading),
        padded(shares, leading),
        ratio[..., None],
        (norm / np.asarray(norm0, float))[..., None],
    ]
    labels = [f"{kind}{k + 1}" for kind in ("real", "imag", "share") for k in range(leading)]
    return Summary(
        "change_spectrum", 1, (*labels, "participation_ratio", "relative_norm"),
        np.concatenate(values, axis=-1),
    )  # fmt: skip


def change_directions(left: ArrayLike, right: ArrayLike, count: int) -> tuple[Array, Array]:
    """The leading left and right singular vectors of `left rightᵀ`, (..., neuron, count) each."""
    qa, ra = np.linalg.qr(np.asarray(left, float))
    qc, rc = np.linalg.qr(np.asarray(right, float))
    u, _, vt = np.linalg.svd(ra @ np.swapaxes(rc, -1, -2))
    if count > u.shape[-1]:
        raise InputError(f"count is {count}: a change of {u.shape[-1]} factors has no more")
    return qa @ u[..., :count], qc @ np.swapaxes(vt, -1, -2)[..., :count]


def principal_angles(one: ArrayLike, other: ArrayLike, name: str = "principal_angles") -> Summary:
    """Angles between two subspaces in radians, from smallest to largest.

    Parameters
    ----------
    one, other : array (..., neuron, direction)
        Any vectors that span them, linearly independent.
    name : str
        Of the summary: such as "change_rows_and_n".

    Notes
    -----
    Cosines are the singular values of `Q1ᵀ Q2` (Björck & Golub 1973); angles below 1e-8 come out
    as up to 1e-8.
    """
    a, _ = np.linalg.qr(np.asarray(one, float))
    b, _ = np.linalg.qr(np.asarray(other, float))
    cosines = np.linalg.svd(np.swapaxes(a, -1, -2) @ b, compute_uv=False)
    angles = np.arccos(np.clip(cosines, 0, 1))
    return Summary(name, 1, tuple(f"angle{k + 1}" for k in range(angles.shape[-1])), angles)


def flow_on_grid(
    m: ArrayLike,
    n: ArrayLike,
    drive: ArrayLike,
    grid: ArrayLike,
    *,
    nonlinearity: str = "tanh",
) -> Summary:
    """The flow of the latents `-kappa + nᵀ phi(m kappa + drive) / N` at fixed points of a grid.

    Parameters
    ----------
    m, n : array (..., neuron, rank)
        Connectivity in the gauge that all students share, in which `kappa` multiplies `m`.
    drive : array (..., neuron)
        `B u + bias`.
    grid : array (point, rank)
        Latents.
    nonlinearity : str
        Name of phi.
    """
    M, N = np.asarray(m, float), np.asarray(n, float)
    kappa = check_array("grid", grid, ("point", M.shape[-1]), dtype=np.float64)
    import torch

    state = kappa @ np.swapaxes(M, -1, -2) + np.asarray(drive, float)[..., None, :]
    rates = NONLINEARITIES[nonlinearity](torch.from_numpy(state)).numpy()
    flow = rates @ N / M.shape[-2] - kappa
    labels = tuple(f"point{p}.{r}" for p in range(len(kappa)) for r in range(kappa.shape[1]))
    return Summary("flow_on_grid", 1, labels, flow.reshape(*flow.shape[:-2], -1))


def resting_points(
    rnn: RNN, frame: ArrayLike, u: ArrayLike | None = None, count: int = 2
) -> Summary:
    """How many fixed points there are, and where the stable ones lie in a fixed frame.

    Parameters
    ----------
    rnn : RNN
        A network with `LowRank` connectivity.
    frame : array (neuron, direction)
        From `fixed_frame`; coordinates are `frameᵀ x / √N` of the state `x`, the same in every
        gauge of `m` and `n`.
    u : array (input,), optional
        Constant input; none by default.
    count : int
        Stable points to describe, in ascending order of their coordinates, each with the largest
        real part of its eigenvalues (per `1/tau`); 0 for those that do not exist.
    """
    check_number("count", count, at_least=0)
    axes = check_array("frame", frame, (rnn.neurons, "direction"), dtype=np.float64)
    flow, found = LatentFlow.of(rnn, u), fixed_points(rnn, u)
    numbers = [float(found.kind.count(kind)) for kind in ("stable", "saddle", "unstable")]
    stable = np.array([kind == "stable" for kind in found.kind], bool)
    states = found.kappa[stable] @ flow.m.T + flow.drive
    places = states @ axes / np.sqrt(rnn.neurons)
    rows = np.hstack([places, found.eigenvalues[stable].real.max(axis=1, keepdims=True)])
    # Rounded for the order only: coordinates that are equal shall not be told apart by rounding.
    rows = rows[np.lexsort(places.round(6).T[::-1])]
    width = rows.shape[1]
    labels = [
        f"stable{k + 1}.{part}" for k in range(count) for part in (*range(width - 1), "eigenvalue")
    ]
    values = np.concatenate([numbers, padded(rows.ravel(), count * width)])
    return Summary("resting_points", 1, ("stable", "saddle", "unstable", *labels), values)


def _triangle(factors: Array) -> Array:
    """The triangular part of the QR decomposition, (..., factor, factor)."""
    return np.asarray(np.linalg.qr(factors, mode="r"))
