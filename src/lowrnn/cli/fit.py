"""`lowrnn fit`: from a recording to the low-rank network that explains it."""

import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lowrnn.cli.common import (
    JsonOption,
    OutOption,
    print_result,
    progress_bar,
    provenance,
    run_folder,
)
from lowrnn.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

    from lowrnn.fitting import RankSelection
    from lowrnn.recordings import Recording

_MOST_RANKS = 1000


def fit(
    recording: Annotated[
        Path,
        typer.Argument(help="YAML that says what to read, or a data file with the default names."),
    ],
    rank: Annotated[
        str, typer.Option(metavar="R|A:B|A,B,..", help="Rank, or ranks to compare.")
    ] = "1:5",
    file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Data file, in place of the YAML's.")
    ] = None,
    on: Annotated[
        str | None,
        typer.Option(help="What the data are: states x, or rates phi(x), as over trials."),
    ] = None,
    nonlinearity: Annotated[str, typer.Option(help="Transfer function of the network.")] = "tanh",
    tau: Annotated[float, typer.Option(help="Time constant in seconds.")] = 0.1,
    bias: Annotated[
        bool | None,
        typer.Option("--bias/--no-bias", help="Fit neurons' offsets, as over trials."),
    ] = None,
    initial_state: Annotated[
        str,
        typer.Option(help="State before the first bin: zero, shared, trial (condition)."),
    ] = "shared",
    updates: Annotated[
        int | None, typer.Option(help="Gradient updates: 300, over trials 1200.")
    ] = None,
    penalty: Annotated[
        float | None, typer.Option(help="Ridge penalty in units of the estimated noise: 3.")
    ] = None,
    folds: Annotated[int | None, typer.Option(help="Folds of held-out conditions: 5.")] = None,
    seeds: Annotated[
        int | None, typer.Option(help="Repetitions of what is held out: 1, over trials 3.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Determines partitions and starts.")] = 0,
    over_trials: Annotated[
        bool, typer.Option("--over-trials", help="Let connectivity change from trial to trial.")
    ] = False,
    condition: Annotated[
        str | None,
        typer.Option(metavar="COLUMN[,COLUMN]", help="Trials of equal value share their inputs."),
    ] = None,
    epochs: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Epochs between which changes may jump.")
    ] = None,
    trial: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Numbers of the trials: 'trial', or their order."),
    ] = None,
    smoothness: Annotated[
        float | None, typer.Option(help="Over how many trials changes are alike: 15.")
    ] = None,
    prior: Annotated[
        float | None, typer.Option(help="Weight of smoothness over trials in the fit: 1.")
    ] = None,
    observation: Annotated[
        str | None, typer.Option(help="Noise over trials: gaussian, or poisson for counts.")
    ] = None,
    learned_inputs: Annotated[
        int | None,
        typer.Option(help="Time courses of learned inputs; by default 1 where there is no input."),
    ] = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fit low-rank networks to a recording, choose the rank, and report.

    Ranks are compared on conditions and neurons that took no part in a fit. The run folder holds
    the network of the chosen rank, those of all ranks, the data and the model's, and report.html.
    An interrupted fit resumes with the same command.

    With --over-trials the recording has single trials in their order, connectivity is a sum of
    fixed components whose strengths change over trials, and ranks are compared on blocks of entries
    (trials x bins x neurons), beside networks that do not change.
    """
    from lowrnn.fitting import LINT
    from lowrnn.recordings import read

    ranks = parse_ranks(rank)
    static = {"penalty": penalty, "folds": folds}
    changing = {
        "condition": condition, "epochs": epochs, "trial": trial, "smoothness": smoothness,
        "prior": prior, "observation": observation, "learned-inputs": learned_inputs,
    }  # fmt: skip
    _refuse(static if over_trials else changing, over_trials)
    data = read(recording, file=file)
    source = recording if file is None else file
    name = f"{recording.stem}-rank-{rank.replace(':', '-').replace(',', '-')}"
    if over_trials:
        from lowrnn.cli import fit_over_trials as changes

        trials = changes.ordered(data, condition, epochs, trial)
        network = changes.estimator(
            trials.recording, on=on, nonlinearity=nonlinearity, tau=tau, bias=bias,
            initial_state=initial_state, updates=updates, smoothness=smoothness, prior=prior,
            observation=observation, learned_inputs=learned_inputs,
        )  # fmt: skip
        folder = run_folder(out, f"{name}-over-trials")
        metrics = changes.run(
            trials, ranks, network, folder, splits=3 if seeds is None else seeds, seed=seed,
            source=source,
        )  # fmt: skip
        print_result(metrics, changes.sentence(metrics), as_json=as_json)
        return
    estimator = LINT(
        on=on or "states", nonlinearity=nonlinearity, tau=tau, bias=bool(bias),
        initial_state=initial_state, updates=300 if updates is None else updates,
        penalty=3.0 if penalty is None else penalty,
    )  # fmt: skip
    metrics = run(
        data, ranks, estimator, run_folder(out, name), folds=5 if folds is None else folds,
        seeds=1 if seeds is None else seeds, seed=seed, source=source,
    )  # fmt: skip
    print_result(metrics, sentence(metrics), as_json=as_json)


def _refuse(options: dict[str, Any], over_trials: bool) -> None:
    """Options of the other kind of fit, which would be ignored."""
    for name, value in options.items():
        if value is not None:
            mend = "leave it out, or --over-trials" if over_trials else "add --over-trials"
            given = "with" if over_trials else "without"
            raise InputError(f"--{name} is {value!r} {given} --over-trials: {mend}")


def parse_ranks(given: str) -> list[int]:
    """`3`, `1:5` (both ends included) or `1,2,4`."""
    try:
        if ":" in given:
            first, last = (int(part) for part in given.split(":"))
            ranks = list(range(first, min(last, first + _MOST_RANKS) + 1))
        else:
            ranks = [int(part) for part in given.split(",")]
    except ValueError:
        ranks = []
    if len(ranks) > _MOST_RANKS:
        raise InputError(f"rank is {given!r}: give at most {_MOST_RANKS} ranks to compare")
    if not ranks or min(ranks) < 1:
        raise InputError(
            f"rank is {given!r}: give a rank, a range such as 1:5, or a list such as 1,2,4"
        )
    return ranks


def run(
    data: "Recording", ranks: list[int], estimator: Any, folder: Path, *, folds: int, seeds: int,
    seed: int, source: Path,
) -> dict[str, Any]:  # fmt: skip
    """Fit, choose and write the run folder; returns the metrics."""
    import shutil

    from lowrnn.fitting import select_rank
    from lowrnn.report.folder import write_run

    started = time.perf_counter()
    store = folder / "unfinished"
    with progress_bar("fitting", 1) as advance:
        selection = select_rank(
            data, ranks, estimator=estimator, groups=_groups(data), folds=folds, seeds=seeds,
            seed=seed, store=store,
            progress=lambda done, total, what: advance(done, what, total),
        )  # fmt: skip
    ceiling, ceiling_neuron = _ceiling(data)
    seconds = time.perf_counter() - started
    chosen = selection.fits[selection.rank]
    metrics = {
        "kind": "fit",
        "rank_selected": selection.rank,
        "ranks": [
            {"rank": rank, "r2_train": fit.r2_, **_means(selection, rank)}
            for rank, fit in selection.fits.items()
        ],
        "noise_ceiling": _number(ceiling),
        "baselines": {
            "condition_mean": _number(selection.condition_mean),
            "linear": _number(selection.linear),
        },
        "neurons": data.rates.shape[2],
        "conditions": data.rates.shape[0],
        "seconds": seconds,
        "out": str(folder),
        "provenance": provenance(seed=seed, data=source),
    }
    skipped = ("rank", "seed", "dt", "checkpoint", "progress")
    settings = {k: v for k, v in estimator.get_params().items() if k not in skipped}
    config = {
        "command": "fit",
        "recording": str(source),
        "data_checksum": data.checksum(),
        "ranks": ranks,
        "folds": folds,
        "seeds": seeds,
        "seed": seed,
        "lint": settings,
    }
    for rank, fit in selection.fits.items():
        fit.rnn_.save(folder / f"rank-{rank}.safetensors")
    results = _results(data, selection, ceiling_neuron)
    write_run(folder, config=config, rnn=chosen.rnn_, results=results, metrics=metrics)
    shutil.rmtree(store, ignore_errors=True)
    return metrics


def sentence(metrics: dict[str, Any]) -> str:
    """The outcome in words, and where the report is."""
    chosen = next(row for row in metrics["ranks"] if row["rank"] == metrics["rank_selected"])
    ceiling = metrics["noise_ceiling"]
    held_out = chosen["r2_heldout_conditions"]
    parts = [f"Rank {chosen['rank']}: R² {chosen['r2_train']:.3f} on all data"]
    if held_out is not None:
        parts.append(f"{held_out:.3f} on held-out conditions")
    if ceiling is not None:
        parts.append(f"noise ceiling {ceiling:.3f}")
    return f"{', '.join(parts)}.\n{Path(metrics['out']) / 'report.html'}"


def _groups(data: "Recording") -> Any:
    """Trials of one condition are held out together."""
    conditions = data.conditions.drop(columns="n_trials", errors="ignore")
    if conditions.shape[1] == 0:
        return None
    return (
        conditions.groupby(list(conditions.columns), dropna=False, sort=False).ngroup().to_numpy()
    )


def _ceiling(data: "Recording") -> tuple[float, Any]:
    """The R² that a perfect model would reach, if the noise is known."""
    from lowrnn.recordings import r2_ceiling

    return (math.nan, None) if data.sem is None else r2_ceiling(data)


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _means(selection: "RankSelection", rank: int) -> dict[str, float | None]:
    """Mean scores of a rank over the splits, None where nothing was held out."""
    table = selection.splits[selection.splits["rank"] == rank]
    columns = ("r2_heldout_conditions", "r2_heldout_neurons")
    means = {name: _number(float(table[name].mean())) for name in columns}
    return means | {"seconds": float(table["seconds"].sum() + selection.fits[rank].seconds_)}


def _results(data: "Recording", selection: "RankSelection", ceiling: Any) -> "xr.Dataset":
    """Data and model side by side, with the labels of conditions and neurons."""
    import numpy as np
    import xarray as xr

    from lowrnn.fitting import neuron_r2
    from lowrnn.report.labels import label_coordinates

    chosen = selection.fits[selection.rank]
    inputs = np.zeros((*data.rates.shape[:2], 0)) if data.inputs is None else data.inputs
    model = chosen.predict(inputs, chosen.initial_states_)
    axes = ("trial", "time")
    variables: dict[str, Any] = {
        "data": ((*axes, "neuron"), data.rates.astype(np.float32)),
        "model": ((*axes, "neuron"), model),
        "kappa": ((*axes, "latent"), chosen.kappa_),
        "inputs": ((*axes, "input"), inputs),
        "r2_neuron": ("neuron", neuron_r2(data.rates, model)),
        "loss": ("update", chosen.history_.loss),
    }
    if ceiling is not None:
        variables["ceiling_neuron"] = ("neuron", ceiling)
    for score in ("r2_train", "r2_heldout_conditions", "r2_heldout_neurons"):
        table = selection.splits.pivot(index="rank", columns="split", values=score)
        table = table.reindex(list(selection.fits))
        variables[score] = (("rank", "split"), table.to_numpy(np.float64))
    coords: dict[str, Any] = {
        "time": ("time", data.time, {"units": "s"}),
        "rank": list(selection.fits),
        "input": list(data.input_names),
    }
    dimensions = {dimension for dims, *_ in variables.values() for dimension in np.atleast_1d(dims)}
    coords |= label_coordinates(data, dimensions | coords.keys() | variables.keys())
    return xr.Dataset(variables, coords, {"unit": data.unit})
