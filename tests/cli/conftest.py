"""The command line, called in this process."""

from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from lowrnn.cli import app

Call = Callable[..., Result]


@pytest.fixture
def call() -> Call:
    """Runs `lowrnn` with these arguments."""

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return run
