"""`lowrnn report`: the report of a run folder."""

from pathlib import Path
from typing import Annotated

import typer

from lowrnn.cli.common import JsonOption, print_result


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What another command wrote.")],
    as_json: JsonOption = False,
) -> None:
    """Write the HTML report of a run folder anew."""
    from lowrnn.report import write_report

    path = write_report(folder)
    print_result({"report": str(path)}, str(path), as_json=as_json)
