"""What docs/tasks.md shows is what happens."""

import doctest
from pathlib import Path


def test_the_examples_hold() -> None:
    page = Path(__file__).parents[2] / "docs" / "tasks.md"
    result = doctest.testfile(str(page), module_relative=False)
    assert result.attempted > 15
    assert result.failed == 0
