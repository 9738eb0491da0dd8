"""`lowrnn learn`: what learning changes in networks from random matrices of several strengths."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from lowrnn.cli.common import (
    JsonOption,
    OutOption,
    print_result,
    progress_bar,
    provenance,
    run_folder,
    task_parameters,
)
from lowrnn.errors import InputError


def learn(
    task: Annotated[str, typer.Argument(help="Name of the task, such as flip_flop.")],
    g: Annotated[
        str,
        typer.Option(
            "--g",
            metavar="LIST|START:STOP:STEP",
            help="Strengths of the initial matrix, such as 0,0.9 or 0:1.8:0.3.",
        ),
    ] = "0,0.9",
    neurons: Annotated[int, typer.Option(help="Number of neurons.")] = 256,
    seeds: Annotated[int, typer.Option(help="Networks at each strength.")] = 5,
    preset: Annotated[
        str | None,
        typer.Option(help="Variant of task and training; schuessler2020 where there is one."),
    ] = None,
    updates: Annotated[
        int | None, typer.Option(help="Number of gradient updates; by default as published.")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Adam's learning rate; by default as published.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="A parameter of the task; may be repeated."
        ),
    ] = None,
    tensor_rank: Annotated[
        bool,
        typer.Option(
            "--tensor-rank", help="Take the tensor rank of the changes over learning too."
        ),
    ] = False,
    workers: Annotated[
        int | None, typer.Option(help="Trainings at a time; by default one for each core.")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(help="Train on Dask: local, slurm or a scheduler's address.")
    ] = None,
    rule: Annotated[
        str | None,
        typer.Option(help="Learn by this plasticity rule, one network, such as rflo or hebb."),
    ] = None,
    trials: Annotated[int, typer.Option(help="With --rule: trials to show.")] = 6400,
    on: Annotated[str, typer.Option(help="With --rule: what it acts on, J or mn.")] = "J",
    rank: Annotated[
        int | None, typer.Option(help="With --rule: rank of the network; full by default.")
    ] = None,
    seed: Annotated[int, typer.Option(help="With --rule: determines network and trials.")] = 0,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train full-rank networks from random matrices, and report what learning changed.

    The run folder holds the trained networks with their matrices before learning, the measures of
    every change of weights, and report.html. An interrupted sweep resumes with the same command,
    and one with more strengths or seeds trains only what is new.

    With --rule, one network learns by a plasticity rule instead of by gradients; its run folder is
    that of lowrnn train.
    """
    if rule is not None:
        by_rule(
            task, rule, strength=parse_strengths(g)[-1], neurons=neurons, preset=preset,
            settings=settings or [], trials=trials, on=on, rank=rank, seed=seed, out=out,
            as_json=as_json,
        )  # fmt: skip
        return
    from lowrnn import learning, tasks
    from lowrnn.analysis import learning_sweep
    from lowrnn.report import write_sweep

    kind = tasks.TASKS.get(task)
    if preset is None and kind is not None and "schuessler2020" in kind.presets:
        preset = "schuessler2020"
    chosen = tasks.task(task, preset=preset, **task_parameters(settings or []))
    given = {"updates": updates, "learning_rate": learning_rate}
    recipe = learning.recipe_for(chosen.name, preset=preset).replace(
        **{name: value for name, value in given.items() if value is not None}
    )
    strengths = parse_strengths(g)
    if seeds < 1:
        raise InputError(f"seeds is {seeds}: give at least 1")
    folder = run_folder(out, f"learn-{chosen.name}-{neurons}")
    started = time.perf_counter()
    with progress_bar("training", len(strengths) * seeds) as advance:
        sweep = learning_sweep(
            chosen, strengths, neurons=neurons, seeds=range(seeds), recipe=recipe,
            over_time=tensor_rank, store=folder / "trainings", workers=workers, cluster=cluster,
            progress=lambda done, total, failed: advance(
                done, f"{failed} failed" if failed else "", total
            ),
        )  # fmt: skip
    metrics: dict[str, Any] = {
        "task": chosen.name,
        "neurons": neurons,
        "seconds": time.perf_counter() - started,
        "out": str(folder),
        "provenance": provenance(seed=0),
    }
    config = {
        "command": "learn",
        "task": chosen.to_dict(),
        "preset": preset,
        "g": strengths,
        "neurons": neurons,
        "seeds": seeds,
        "tensor_rank": tensor_rank,
        "recipe": recipe.to_dict(),
    }
    found = write_sweep(folder, sweep, config=config, metrics=metrics)
    converged = sum(row["converged_at"] is not None for row in found["rows"])
    sentence = (
        f"{converged} of {len(found['rows'])} networks learned {chosen.name}."
        f"\n{folder / 'report.html'}"
    )
    print_result(found, sentence, as_json=as_json)


def by_rule(
    task: str,
    rule: str,
    *,
    strength: float,
    neurons: int,
    preset: str | None,
    settings: list[str],
    trials: int,
    on: str,
    rank: int | None,
    seed: int,
    out: Path | None,
    as_json: bool,
) -> None:
    """One network that learns by a plasticity rule, and its run folder."""
    import math

    from lowrnn import tasks
    from lowrnn.learning import learn_by_rule
    from lowrnn.report import write_training

    chosen = tasks.task(task, preset=preset, **task_parameters(settings))
    folder = run_folder(out, f"learn-{chosen.name}-{rule}-seed-{seed}")
    batches = max(1, trials // 32)
    with progress_bar("learning", batches) as advance:
        outcome, trained = learn_by_rule(
            rule, chosen, neurons=neurons, rank=rank, on=on, g=strength, seed=seed, trials=trials,
            progress=lambda done, loss, accuracy: advance(
                done, f"loss {loss:.3g}, accuracy {accuracy:.3f}"
            ),
        )  # fmt: skip
    measured = outcome.as_dict()
    if not math.isfinite(measured["participation_ratio"]):
        measured["participation_ratio"] = None
    config = {
        "command": "learn",
        "rule": rule,
        "trials": trials,
        "on": on,
        "g": strength,
        "preset": preset,
    }
    found = write_training(
        folder, trained.rnn, chosen, trained.history, seed=seed, config=config,
        metrics={**measured, "provenance": provenance(seed=seed)},
    )  # fmt: skip
    sentence = (
        f"{100 * outcome.accuracy:.1f} % of 1000 new trials are answered correctly, after"
        f" {outcome.trials} trials and {outcome.seconds:.1f} s.\n{found['out']}/report.html"
    )
    print_result(found, sentence, as_json=as_json)


def parse_strengths(given: str) -> list[float]:
    """The strengths in a list, or from start to stop, both among them.

    Raises
    ------
    InputError
        If it is neither.
    """
    wrong = InputError(f"g is {given!r}: give a list such as 0,0.9 or start:stop:step")
    try:
        if ":" not in given:
            return [float(part) for part in given.split(",")]
        start, stop, step = (float(part) for part in given.split(":"))
    except ValueError:
        raise wrong from None
    if not (step > 0 and stop >= start and (stop - start) / step < 1e4):
        raise wrong
    count = int((stop - start) / step * (1 + 1e-9) + 1e-9) + 1
    return [round(start + index * step, 10) for index in range(count)]
