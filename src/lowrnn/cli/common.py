"""What every command shares: errors as one sentence, progress, options, provenance."""

import errno
import json
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from lowrnn.errors import ConvergenceError, InputError

NOT_SOLVED = 1
WRONG_INPUT = 2
INTERRUPTED = 130

#: Options with a value that say where a command computes and writes, not what.
_HOW = ("--out", "--workers", "--cluster")

OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Run folder; by default below runs/.")
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on stdout, and nothing else there.")
]


class Commands(TyperGroup):
    """The group of all commands: what a user can cause ends in one sentence on stderr."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except InputError as error:
            _stop(f"Error: {error}", WRONG_INPUT)
        except ConvergenceError as error:
            _stop(f"Error: {error}", NOT_SOLVED)
        except KeyboardInterrupt:
            _stop("Interrupted: run the same command again to resume.", INTERRUPTED)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            _stop(f"Error: {_sentence(error)}", WRONG_INPUT)
        except MemoryError:
            _stop("Error: memory is short: give fewer neurons or trials", WRONG_INPUT)


def _stop(message: str, code: int) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code) from None


def _sentence(error: OSError) -> str:
    """What the operating system refused, and the mend where there is one."""
    said = error.strerror or str(error)
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"{said}{where}: make room and run the same command again, finished work is kept"
    return f"{said}{where}: give a path that can be used"


def run_folder(out: Path | None, name: str) -> Path:
    """The folder that a command writes to, made now: better to fail before the work than after.

    Without `out`, `runs/name`, or the first of `runs/name-2`, ... without another's results.

    Raises
    ------
    InputError
        If `out` holds the results of another command, which would be lost.
    """
    folder, number = Path("runs", name) if out is None else out, 1
    while (finished := _finished(folder)) and _what(finished) != _what(_command()):
        if out is not None:
            raise InputError(
                f"out is {folder}, which holds the results of `{finished}`: give another folder, or"
                " remove this one"
            )
        number += 1
        folder = Path("runs", f"{name}-{number}")
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
    return folder


def _command() -> str:
    """The command line."""
    return shlex.join(["lowrnn", *sys.argv[1:]])


def _finished(folder: Path) -> str | None:
    """The command whose results a folder holds."""
    try:
        metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        command = metrics["provenance"]["command"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return command if isinstance(command, str) else None


def _what(command: str) -> list[str]:
    """The parts of a command that its results depend on, in any order."""
    try:
        words = iter(shlex.split(command))
    except ValueError:
        return [command]
    kept = []
    for word in words:
        if word in _HOW:
            next(words, None)
        elif word != "--json" and word.partition("=")[0] not in _HOW:
            kept.append(word)
    return sorted(kept)


def print_result(metrics: dict[str, Any], sentence: str, *, as_json: bool) -> None:
    """The outcome of a command on stdout: all of it as JSON, or a sentence."""
    typer.echo(json.dumps(metrics, allow_nan=False) if as_json else sentence)


@contextmanager
def progress_bar(what: str, total: int) -> Iterator[Callable[..., None]]:
    """A progress bar on stderr, if that is a terminal.

    The function given moves it to a count, with a remark beside it, and may change the total.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[remark]}"),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task(what, total=total, remark="")
        try:
            yield lambda count, remark, total=None: progress.update(
                bar, completed=count, remark=remark, total=total
            )
        except InputError:
            # The sentence that follows shall stand alone.
            progress.remove_task(bar)
            raise


def provenance(*, seed: int, data: Path | None = None) -> dict[str, Any]:
    """What it takes to repeat a run: versions, command line, seed, and which data."""
    import platform
    from datetime import datetime
    from importlib.metadata import version

    from lowrnn import __version__
    from lowrnn.files import checksum

    found: dict[str, Any] = {
        "version": __version__,
        "versions": {"python": platform.python_version()}
        | {name: version(name) for name in ("numpy", "scipy", "numba", "torch")},
        "command": _command(),
        "seed": seed,
        "date": datetime.now().astimezone().isoformat(timespec="seconds"),
    }
    if data is not None:
        found |= {"data_file": str(data), "data_checksum": checksum(data)}
    return found


def task_parameters(given: list[str]) -> dict[str, Any]:
    """The parameters of the task that differ from its defaults."""
    import yaml

    parameters = {}
    for setting in given:
        name, equals, text = setting.partition("=")
        if not equals:
            raise InputError(f"--set is {setting!r}: give NAME=VALUE, such as delay=0.3")
        if name.strip() in ("name", "preset"):
            raise InputError(
                f"--set is {setting!r}: give a parameter of the task, such as delay=0.3"
            )
        try:
            parameters[name.strip()] = yaml.safe_load(text)
        except yaml.YAMLError:
            raise InputError(
                f"--set {name} is {text!r}: give a number, or a list such as [-1, 1]"
            ) from None
    return parameters
