"""Teachers as courses of networks, from before learning to after it, read from files."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lowrnn.errors import InputError
from lowrnn.learning import History
from lowrnn.networks import (
    RNN,
    FullRank,
    LowRank,
    LowTensorRank,
    RandomPlusLowRank,
    structured_part,
)

Array = NDArray[Any]

#: Share of the trials of a fit that are averaged to one network.
_SHARE = 0.1
#: What a run folder must hold.
_FILES = ("network.safetensors", "results.nc")
_WANTED = "of lowrnn train, of lowrnn learn --rule with --rank, or of lowrnn fit --over-trials"


@dataclass(frozen=True, eq=False)
class Course:
    """Networks from before learning to after it, of the same neurons.

    Attributes
    ----------
    networks : tuple of RNN
        At least two. The first is low-rank, with or without a random part, and its `m` and `n` are
        in the canonical gauge; the others are of any connectivity.
    inputs : array (condition, time, input), optional
        What they were shown, where that is known.
    fitted : bool
        Whether they are averages over trials of a fit to recorded activity.
    scores : mapping
        Of a fit, where they are known: `r2`, `learning_r2`, and on held-out entries without drift
        `steady` and, with trials shuffled, `steady_shuffled`.
    """

    networks: tuple[RNN, ...]
    inputs: Array | None = None
    fitted: bool = False
    scores: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.networks) < 2:
            raise InputError("networks has 1 network: give those before and after learning")
        start = self.networks[0]
        for index, network in enumerate(self.networks[1:], 2):
            for what in ("neurons", "dt", "tau", "nonlinearity"):
                one, other = getattr(start, what), getattr(network, what)
                if one != other:
                    raise InputError(
                        f"networks differ in {what}, {one} in the first and {other} in number"
                        f" {index}: give one network at several times"
                    )
            if network.inputs.shape != start.inputs.shape:
                raise InputError(
                    f"networks have {start.inputs.shape[1]} inputs, and number {index} has"
                    f" {network.inputs.shape[1]}: give one network at several times"
                )


def read_course(paths: Sequence[str]) -> Course:
    """The networks of a teacher.

    Parameters
    ----------
    paths : sequence of path
        Saved networks in their order; or a single run folder: of `lowrnn train`, of `lowrnn learn
        --rule` with a low rank, or of `lowrnn fit --over-trials`. The first two give the network
        before and after learning, and one half way where weights were kept in between. Of a fit,
        trial factors are averaged over the first, the middle and the last tenth of the trials:
        those of single trials fluctuate, and within a tenth little is learned.

    Raises
    ------
    InputError
        If a file is missing or something else, the first network has full rank, or networks are not
        of the same neurons.
    """
    return _read(tuple(paths), tuple(stamp(path) for path in paths))


def read_start(path: str) -> tuple[RNN, Array | None]:
    """The network before learning, in the canonical gauge, and its inputs where they are known.

    Raises
    ------
    InputError
        As `read_course`; `path` may be a single network too.
    """
    if Path(path).is_dir():
        course = read_course([path])
        return course.networks[0], course.inputs
    return _low_rank(path), None


def files(path: str) -> list[Path]:
    """The files that a network or a run folder is read from."""
    return [Path(path) / name for name in _FILES] if Path(path).is_dir() else [Path(path)]


def stamp(path: str) -> tuple[tuple[int, int], ...]:
    """What differs once one of the files was written anew."""
    found = [each.stat() for each in files(path) if each.is_file()]
    return tuple((each.st_mtime_ns, each.st_size) for each in found)


@lru_cache(maxsize=4)
def _read(paths: tuple[str, ...], stamps: tuple[Any, ...]) -> Course:
    """The course, read once as long as its files stay."""
    if len(paths) > 1:
        return Course((_low_rank(paths[0]), *(_one(path) for path in paths[1:])))
    folder = Path(paths[0])
    if not folder.is_dir():
        raise InputError(
            f"networks is {folder} alone: give networks before and after learning, or a run folder"
            f" {_WANTED}"
        )
    for name in _FILES:
        if not (folder / name).is_file():
            raise InputError(f"run folder {folder} has no {name}: give one {_WANTED}")
    rnn = RNN.load(folder / _FILES[0])
    if isinstance(rnn.connectivity, LowTensorRank):
        return _fitted(folder, rnn, rnn.connectivity)
    return _trained(folder, rnn)


def _one(path: str) -> RNN:
    """A saved network that has one matrix."""
    rnn = RNN.load(path)
    if isinstance(rnn.connectivity, LowTensorRank):
        raise InputError(
            f"network {path} has a matrix for each trial: give the run folder of the fit as"
            " teacher.fit"
        )
    return rnn


def _low_rank(path: str) -> RNN:
    """A saved network that students can start from."""
    return _canonical(_one(path), f"network {path}")


def _canonical(rnn: RNN, what: str) -> RNN:
    """The same network, its low-rank part in the canonical gauge."""
    low_rank = structured_part(rnn.connectivity)
    if low_rank is None:
        raise InputError(f"{what} has full rank: give a low-rank one")
    gauge = low_rank.canonical()
    return rnn.replace(connectivity=replace(rnn.connectivity, m=gauge.m, n=gauge.n))  # type: ignore[type-var]


def _trained(folder: Path, after: RNN) -> Course:
    """Of `lowrnn train` and `lowrnn learn --rule`."""
    history = History.load(folder / "results.nc")
    start, last = history.start, after.connectivity
    if not {"m", "n"} <= start.keys():
        raise InputError(
            f"run folder {folder} holds no low-rank network before learning: give one {_WANTED}"
        )
    m, n = (np.asarray(start[name], after.dtype) for name in ("m", "n"))
    first: LowRank | RandomPlusLowRank = LowRank(m, n)
    if isinstance(last, RandomPlusLowRank):
        first = replace(last, m=m, n=n)
    names = {"B": "inputs", "bias": "bias", "initial_state": "initial_state"}
    own = {argument: start[name] for name, argument in names.items() if name in start}
    before = after.replace(connectivity=first, **own)
    change = last.dense() - first.dense()
    known = last.J0 if isinstance(last, FullRank) else None
    if known is not None and not np.allclose(known, first.dense(), atol=1e-5):
        raise InputError(
            f"run folder {folder} does not keep the random part that learning began with: give the"
            " networks before and after it"
        )
    networks = [_canonical(before, str(folder)), after]
    if (middle := _halfway(history, change)) is not None:
        kept = FullRank(first.dense() + middle.astype(after.dtype))
        networks.insert(1, before.replace(connectivity=kept))
    with xr.open_dataset(folder / "results.nc", engine="h5netcdf") as results:
        inputs = np.asarray(results["inputs"], np.float64)
    return Course(tuple(networks), inputs)


def _halfway(history: History, change: Array) -> Array | None:
    """The change of J half way to the given one, if a history holds it.

    The network that was kept need not be the last one: it is the evaluation that comes nearest.
    """
    try:
        changes = history.changes
    except InputError:
        return None
    size = range(len(history.evaluated))
    apart = [np.linalg.norm(changes.left[k] @ changes.right[k].T - change) for k in size]
    end = int(np.argmin(apart))
    return None if end < 2 else np.asarray(changes.left[end // 2] @ changes.right[end // 2].T)


def _fitted(folder: Path, rnn: RNN, parts: LowTensorRank) -> Course:
    """Of `lowrnn fit --over-trials`: first, middle and last trials, and the mean inputs."""
    try:
        with xr.open_dataset(folder / "results.nc", engine="h5netcdf") as results:
            inputs = np.asarray(results["inputs"], np.float64)
            starts = np.asarray(results["initial_state"], np.float64)
            labels = np.asarray(results["condition_label"]).astype(str)
        path = folder / "metrics.json"
        metrics = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"run folder {folder} is not as lowrnn fit --over-trials wrote it"
            f" ({type(error).__name__}: {error}): run the command again"
        ) from None
    if np.ptp(starts, axis=0).max() > 1e-6:
        raise InputError(
            f"run folder {folder} is of a fit in which conditions differ in their initial state,"
            " and students have one: fit with --initial-state shared"
        )
    if len(set(labels)) == 1:
        labels = np.unique(inputs.reshape(len(inputs), -1), axis=0, return_inverse=True)[1]
    shown = [inputs[labels == label].mean(axis=0) for label in np.unique(labels)]
    trials = parts.trials
    width = max(1, round(_SHARE * trials))
    networks = []
    for begin in (0, (trials - width) // 2, trials - width):
        c = parts.c[begin : begin + width].mean(axis=0)
        networks.append(rnn.replace(connectivity=LowRank(parts.a * c, parts.b)))
    known = {name: metrics.get(name) for name in ("r2", "learning_r2")}
    if steady := metrics.get("without_drift"):
        known["steady"] = steady.get("r2_heldout")
        known["steady_shuffled"] = steady.get("shuffle_r2_heldout")
    scores = {name: value for name, value in known.items() if isinstance(value, float)}
    first = _canonical(networks[0], str(folder))
    return Course((first, *networks[1:]), np.stack(shown), True, scores)
