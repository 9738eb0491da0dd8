"""`lowrnn tasks`: what networks can be trained on."""

from typing import TYPE_CHECKING, Any

import typer

from lowrnn.cli.common import JsonOption

if TYPE_CHECKING:
    from lowrnn.tasks import Task


def tasks(as_json: JsonOption = False) -> None:
    """List the tasks, their published variants, and with --json every parameter."""
    from lowrnn.tasks import TASKS

    if as_json:
        import json

        found = {"tasks": [_described(kind()) for kind in TASKS.values()]}
        typer.echo(json.dumps(found, allow_nan=False))
        return
    _print_table([kind() for kind in TASKS.values()])


def _described(task: "Task") -> dict[str, Any]:
    """A task with its defaults, as an object of JSON."""
    parameters = task.to_dict()
    return {
        "name": parameters.pop("name"),
        "summary": _summary(task),
        "inputs": task.input_names,
        "outputs": task.output_names,
        "presets": sorted(task.presets),
        "parameters": parameters,
    }


def _summary(task: "Task") -> str:
    """The first sentence of what a task says of itself."""
    return (type(task).__doc__ or "").split("\n")[0].rstrip(".")


def _print_table(tasks: "list[Task]") -> None:
    """A line a task, narrow enough for 80 columns."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("task", no_wrap=True)
    table.add_column("what it asks")
    table.add_column("presets", no_wrap=True)
    for task in tasks:
        table.add_row(task.name, Text(f"{_summary(task)}."), "\n".join(sorted(task.presets)))
    Console().print(table)
