"""`lowrnn bench`: speed, side by side with what the papers' public code runs."""

from pathlib import Path
from typing import Annotated, Any

import typer

from lowrnn.cli.common import JsonOption, progress_bar
from lowrnn.errors import InputError


def bench(
    full: Annotated[
        bool, typer.Option("--full", help="All sizes; with --fit, 1024 neurons.")
    ] = False,
    fit: Annotated[
        bool, typer.Option("--fit", help="Time to fit a network, in place of a training step.")
    ] = False,
    train: Annotated[
        bool,
        typer.Option("--train", help="Whole updates of a training on every task, in its place."),
    ] = False,
    tensor: Annotated[
        bool,
        typer.Option("--tensor", help="A step of a network of low tensor rank, in its place."),
    ] = False,
    students: Annotated[
        bool, typer.Option("--students", help="Networks that learn by a rule, in its place.")
    ] = False,
    updates: Annotated[
        int, typer.Option(min=1, help="With --fit: updates of the plain recipe.")
    ] = 1250,
    teacher: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="With --fit: a saved network to record; by default one is trained."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the JSON object here too.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Time a training step against eager PyTorch, JAX and the tanh floor.

    With --train, time whole updates, from the choice of trials to Adam, against the eager loop.
    With --tensor, time a step that fits connectivity of low tensor rank to all trials of a session.
    With --students, time networks that learn by a plasticity rule, against loops in PyTorch.
    With --fit, time a fit of rank 1 until it is as good as the published recipe makes it. Give it
    an idle machine: everything is measured in turns, but two cores are soon busy.
    """
    import json

    from lowrnn.files import write_json

    if teacher is not None and not fit:
        raise InputError(f"--teacher is {teacher}, but nothing is fitted: add --fit")
    given = {"--train": train, "--tensor": tensor, "--students": students}
    given |= {"--fit": fit, "--full": full}
    chosen = [name for name, is_given in given.items() if is_given]
    if len(chosen) > 1 and chosen != ["--fit", "--full"]:
        raise InputError(f"{chosen[0]} and {chosen[1]} are both given: choose one")
    if fit:
        found = _time_to_fit(full, updates, teacher)
    elif tensor:
        found = _tensor_steps()
    elif students:
        found = _student_times()
    else:
        found = _training_updates() if train else _training_steps(full)
    if out is not None:
        write_json(out, found)
    if as_json:
        typer.echo(json.dumps(found, allow_nan=False))
    elif fit:
        _print_fit(found)
    elif train:
        _print_updates(found)
    elif tensor:
        _print_tensor(found)
    elif students:
        _print_students(found)
    else:
        _print_steps(found)


def _training_steps(full: bool) -> dict[str, Any]:
    from lowrnn.bench import FULL, QUICK, training_steps

    cells = FULL if full else QUICK
    with progress_bar("training step", len(cells)) as advance:
        return training_steps(cells, progress=advance)


def _training_updates() -> dict[str, Any]:
    from lowrnn.bench import CASES, training_updates

    with progress_bar("update", len(CASES)) as advance:
        return training_updates(CASES, progress=advance)


def _tensor_steps() -> dict[str, Any]:
    from lowrnn.bench import TENSOR_CELLS, tensor_steps

    with progress_bar("tensor step", len(TENSOR_CELLS)) as advance:
        return tensor_steps(TENSOR_CELLS, progress=advance)


def _student_times() -> dict[str, Any]:
    from lowrnn.bench import STUDENT_CELLS, student_times

    with progress_bar("students", len(STUDENT_CELLS)) as advance:
        return student_times(STUDENT_CELLS, progress=advance)


def _time_to_fit(full: bool, updates: int, teacher: Path | None) -> dict[str, Any]:
    from lowrnn.bench import context_teacher, fit_problem, time_to_fit
    from lowrnn.networks import RNN

    with progress_bar("time to fit", updates) as advance:
        if teacher is None:
            advance(0, "training a full-rank network")
            network = context_teacher(1024 if full else 256)
        else:
            network = RNN.load(teacher)
        return time_to_fit(fit_problem(network), updates=updates, progress=advance)


def _print_steps(found: dict[str, Any]) -> None:
    """A table of the cells, and what it comes to."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    # Narrow enough for 80 columns.
    table = Table(
        title="Training step (forward and backward) in ms, and quotients to lowrnn",
        title_justify="left",
        box=SIMPLE_HEAD,
        padding=0,
    )
    for heading in ("N", "rank", "trials", "noise", "lowrnn", "eager", "JAX", "floor"):
        table.add_column(heading, justify="right")
    for heading in ("eager", "JAX", "floor", "error"):
        table.add_column(heading, justify="right")
    for row in found["rows"]:
        table.add_row(
            str(row["neurons"]),
            str(row["rank"]),
            f"{row['batch']}x{row['steps']}",
            "yes" if row["noise"] else "no",
            *(
                _number(row[f"{name}_ms"], "{:.3g}")
                for name in ("lowrnn", "eager", "jax", "tanh_floor")
            ),
            *(_number(row[f"ratio_{name}"], "{:.1f}") for name in ("eager", "jax", "floor")),
            f"{row['max_grad_error']:.0e}",
        )
    console = Console()
    console.print(table)
    for label, part in (
        ("all", found),
        ("no noise", found["noise_off"]),
        ("noise", found["noise_on"]),
    ):
        mean, worst = (
            [_number(part[f"{kind}_ratio_{name}"], "{:.1f}") for name in ("eager", "jax", "floor")]
            for kind in ("geomean", "worst")
        )
        console.print(
            f"{label}: {mean[0]} times faster than eager (least {worst[0]}),"
            f" {mean[1]} than JAX (least {worst[1]}); {mean[2]} floors (most {worst[2]})",
            highlight=False,
            soft_wrap=True,
        )
    console.print("Means over cells are geometric.", highlight=False)
    console.print(_machine(found["machine"]), highlight=False, soft_wrap=True)


def _print_updates(found: dict[str, Any]) -> None:
    """A table of the trainings, and what it comes to."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(
        title="Update of a training in ms, and how many times longer eager takes",
        title_justify="left",
        box=SIMPLE_HEAD,
    )
    table.add_column("task")
    for heading in ("N", "rank", "trials", "lowrnn", "eager", "ratio"):
        table.add_column(heading, justify="right")
    for row in found["rows"]:
        table.add_row(
            row["task"],
            str(row["neurons"]),
            "full" if row["rank"] is None else str(row["rank"]),
            f"{row['batch']}x{row['steps']}",
            *(_number(row[f"{name}_ms"], "{:.3g}") for name in ("lowrnn", "eager")),
            f"{row['ratio_eager']:.1f}",
        )
    console = Console()
    console.print(table)
    console.print(
        f"{found['geomean_ratio_eager']:.1f} times faster than eager in the geometric mean"
        f" (least {found['worst_ratio_eager']:.1f}).",
        highlight=False,
    )
    console.print(_machine(found["machine"]), highlight=False, soft_wrap=True)


def _print_tensor(found: dict[str, Any]) -> None:
    """A line for each size."""
    for row in found["rows"]:
        typer.echo(
            f"{row['neurons']} neurons, rank {row['rank']}, {row['trials']} trials of"
            f" {row['steps']} steps: {row['lowrnn_ms']:.3g} ms a step; eager PyTorch"
            f" {row['reduced_ms']:.3g} ms, {row['ratio_reduced']:.1f} times longer; with the matrix"
            f" of every trial {row['matrices_ms']:.3g} ms, {row['ratio_matrices']:.0f} times;"
            f" error of the gradient {row['max_grad_error']:.0e}"
        )
    typer.echo(_machine(found["machine"]))


def _print_students(found: dict[str, Any]) -> None:
    """A line for each size."""
    for row in found["rows"]:
        typer.echo(
            f"{row['neurons']} neurons, {row['epochs']} epochs of 2 x {row['steps']} steps:"
            f" {row['lowrnn_ms']:.3g} ms a student; one at a time in PyTorch"
            f" {row['plain_ms']:.3g} ms, {row['ratio_plain']:.1f} times longer; batched"
            f" {row['batched_ms']:.3g} ms, {row['ratio_batched']:.1f} times; error"
            f" {row['max_error']:.0e}"
        )
    typer.echo(_machine(found["machine"]))


def _print_fit(found: dict[str, Any]) -> None:
    """Both times, and how they compare."""
    plain, ours = found["plain"], found["lowrnn"]
    typer.echo(
        f"Rank 1, {found['neurons']} neurons, {found['trials']} trials of {found['steps']} steps;"
        f" R² on other trials can be {found['ceiling']:.3f} at most.\n"
        f"plain recipe: R² {found['goal']:.4f} after {found['plain_seconds']:.1f} s"
        f" ({plain['ms_per_update']:.1f} ms an update, {plain['updates']} updates)\n"
        f"lowrnn: R² {ours['r2']:.4f} after {ours['seconds']:.3f} s ({ours['updates']} updates;"
        f" {ours['seconds_in_all']:.3f} s with all that fit does)"
    )
    if found["ratio"] is None:
        typer.echo("lowrnn did not reach the R² of the plain recipe.")
    else:
        typer.echo(f"lowrnn is there {found['ratio']:.0f} times sooner.")
    typer.echo(_machine(found["machine"]))


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def _machine(found: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    load = "" if found["load"] is None else f", load {found['load']:.1f} at the start"
    return f"{found['cpu']}, {found['cores']} cores{load}; {versions}"
