"""The command line: one file a command.

A command's file imports only what its signature needs; the rest is imported when the command runs,
so that `lowrnn --help` answers at once.
"""

import typer

from lowrnn.cli.bench import bench
from lowrnn.cli.common import Commands
from lowrnn.cli.demo import demo
from lowrnn.cli.fit import fit
from lowrnn.cli.infer import infer
from lowrnn.cli.learn import learn
from lowrnn.cli.report import report
from lowrnn.cli.reproduce import reproduce
from lowrnn.cli.tasks import tasks
from lowrnn.cli.theory import theory
from lowrnn.cli.train import train

app = typer.Typer(
    cls=Commands,
    help="Low-rank recurrent neural networks: fit them to recordings, train them, take them apart.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

# The order of `lowrnn --help`.
for command in (demo, fit, tasks, train, learn, infer, reproduce, report, bench):
    app.command()(command)
app.add_typer(theory, name="theory")


def main() -> None:
    """Run the command line."""
    app(prog_name="lowrnn")
