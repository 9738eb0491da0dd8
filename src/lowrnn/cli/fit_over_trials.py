"""`lowrnn fit --over-trials`: connectivity that changes from trial to trial."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lowrnn.cli.common import progress_bar, provenance
from lowrnn.errors import InputError

if TYPE_CHECKING:
    from lowrnn.fitting import LTRNN, TensorRankSelection
    from lowrnn.recordings import Recording

#: Share of the updates in which the network is static.
_STATIC = 1 / 3

#: Random starts of the network that is kept, which tell whether its components can be trusted.
_STARTS = 3


@dataclass(frozen=True, eq=False)
class Ordered:
    """Single trials in their order.

    Attributes
    ----------
    recording : Recording
    numbers : array (trial,)
        Numbers of the trials in the session, rising.
    conditions, epochs : array of str (trial,), or None
        None where no column was named.
    """

    recording: "Recording"
    numbers: NDArray[np.float64]
    conditions: NDArray[np.str_] | None
    epochs: NDArray[np.str_] | None


def ordered(
    recording: "Recording", condition: str | None, epochs: str | None, trial: str | None
) -> Ordered:
    """The recording in the order of its trials, with what columns say of them.

    Raises
    ------
    InputError
        If it holds averages, a column is unknown, or trials have no number of their own.
    """
    from lowrnn.recordings.arrays import known

    table = recording.conditions
    if recording.sem is not None or "n_trials" in table:
        raise InputError(
            f"recording holds averages of {len(recording.rates)} conditions: give single trials in"
            " their order, without preprocess.average"
        )
    for field, name in (("epochs", epochs), ("trial", trial)):
        if name is not None:
            known(field, name, table.columns)
    numbers = np.arange(len(recording.rates), dtype=np.float64)
    column = trial or ("trial" if "trial" in table else None)
    if column is not None:
        numbers = pd.to_numeric(table[column], errors="coerce").to_numpy(np.float64)
        wrong = ~np.isfinite(numbers) | pd.Series(numbers).duplicated().to_numpy()
        if wrong.any():
            value = table[column].iloc[int(wrong.argmax())]
            raise InputError(
                f"trial column {column!r} holds {value!r}, which is no number or comes twice: give"
                " each trial a number of its own"
            )
    order = np.argsort(numbers, kind="stable")
    recording = recording.select(order)
    return Ordered(
        recording,
        numbers[order],
        None if condition is None else _joint(recording, condition.split(",")),
        None if epochs is None else _joint(recording, [epochs]),
    )


def _joint(recording: "Recording", columns: list[str]) -> NDArray[np.str_]:
    """The values of some columns as one label a trial."""
    from lowrnn.recordings.arrays import known
    from lowrnn.report.style import short

    for column in columns:
        known("condition", column, recording.conditions.columns)

    def text(row: tuple[Any, ...]) -> str:
        values = ["missing" if pd.isna(value) else short(value) for value in row]
        if len(values) == 1 and isinstance(row[0], str):
            return values[0]
        return ", ".join(f"{c} {v}" for c, v in zip(columns, values, strict=True))

    rows = recording.conditions[columns].itertuples(index=False, name=None)
    return np.array([text(row) for row in rows], np.str_)


def estimator(
    recording: "Recording", *, on: str | None, nonlinearity: str, tau: float, bias: bool | None,
    initial_state: str, updates: int | None, smoothness: float | None, prior: float | None,
    observation: str | None, learned_inputs: int | None,
) -> "LTRNN":  # fmt: skip
    """The settings of all fits: what was not said is as suits noisy single trials."""
    from lowrnn.fitting import LTRNN

    count = 1200 if updates is None else updates
    if count < 2:
        raise InputError(f"updates is {count}: give at least 2, of a static and a varying network")
    static = max(1, round(_STATIC * count))
    functions = int(recording.inputs is None) if learned_inputs is None else learned_inputs
    if functions < 0:
        raise InputError(f"learned-inputs is {functions}: give 0 or more")
    return LTRNN(
        on=on or "rates", nonlinearity=nonlinearity, tau=tau, bias=bias is not False,
        initial_state=initial_state, updates=(static, count - static),
        smoothness=15.0 if smoothness is None else smoothness,
        prior=1.0 if prior is None else prior, observation=observation or "gaussian",
        inputs="conditions" if functions else "none", input_functions=max(functions, 1),
    )  # fmt: skip


def run(
    trials: Ordered, ranks: list[int], network: "LTRNN", folder: Path, *, splits: int, seed: int,
    source: Path,
) -> dict[str, Any]:  # fmt: skip
    """Fit, choose and write the run folder; returns the metrics."""
    import shutil

    from sklearn.base import clone

    from lowrnn.fitting import select_tensor_rank
    from lowrnn.fitting.rate_drift import without_drift
    from lowrnn.report import write_over_trials

    started = time.perf_counter()
    store = folder / "unfinished"
    conditions, numbers, epochs = trials.conditions, trials.numbers, trials.epochs
    with progress_bar("fitting", 1) as advance:

        def select(recording: "Recording", some: list[int]) -> "TensorRankSelection":
            return select_tensor_rank(
                recording, some, conditions=conditions, trial_ids=numbers, epochs=epochs,
                estimator=network, splits=splits, seed=seed, store=store,
                progress=lambda done, total, what: advance(done, what, total),
            )  # fmt: skip

        def fitted(recording: "Recording", what: str, **settings: Any) -> "LTRNN":
            advance(0, what)
            fit: LTRNN = clone(network).set_params(
                rank=selection.selected, seed=seed, checkpoint=store / f"{what}.safetensors",
                **settings,
            )  # fmt: skip
            fit.fit(recording, conditions=conditions, trial_ids=numbers, epochs=epochs)
            return fit

        selection = select(trials.recording, ranks)
        fit = fitted(trials.recording, "starts", starts=_STARTS)
        alone = {"rates": fitted(trials.recording, "alone", smoothness=0.0).trial_factors_}
        steady = None
        if network.observation == "gaussian" and network.smoothness:
            rates = without_drift(trials.recording.rates, numbers, network.smoothness)
            without = replace(trials.recording, rates=rates)
            steady = select(without, [selection.selected])
            alone["steady"] = fitted(without, "alone-steady", smoothness=0.0).trial_factors_
    skipped = ("rank", "seed", "dt", "checkpoint", "progress", "starts")
    config = {
        "command": "fit",
        "over_trials": True,
        "recording": str(source),
        "data_checksum": trials.recording.checksum(),
        "ranks": ranks,
        "splits": splits,
        "seed": seed,
        "starts": _STARTS,
        "ltrnn": {k: v for k, v in network.get_params().items() if k not in skipped},
    }
    metrics = {
        "seconds": time.perf_counter() - started,
        "out": str(folder),
        "provenance": provenance(seed=seed, data=source),
    }
    found = write_over_trials(
        folder, trials.recording, fit, selection, steady=steady, alone=alone, numbers=numbers,
        conditions=conditions, epochs=epochs, config=config, metrics=metrics,
    )  # fmt: skip
    shutil.rmtree(store, ignore_errors=True)
    return found


def sentence(metrics: dict[str, Any]) -> str:
    """The outcome in words, and where the report is."""
    rank = metrics["tensor_rank_selected"]
    chosen = next(row for row in metrics["ranks"] if row["rank"] == rank)
    scores = {
        "changing connectivity": chosen["r2_heldout"],
        "static": metrics["static_r2_heldout"],
        "trials shuffled": metrics["shuffle_r2_heldout"],
    }
    told = ", ".join(
        f"{name} {'unknown' if value is None else format(value, '.3f')}"
        for name, value in scores.items()
    )
    report = Path(metrics["out"]) / "report.html"
    return f"Tensor rank {rank}: R² on held-out entries {told}.\n{report}"
