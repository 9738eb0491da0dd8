"""The pages of the documentation: their Python runs, prints and draws what they show."""

import re
import runpy
import shlex
from pathlib import Path

import pytest
import typer
import yaml

from lowrnn.cli import app

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = {str(page.relative_to(DOCS)): page for page in sorted(DOCS.rglob("*.md"))}
#: Pages whose Python reads recordings that are no part of this project.
NEED_DATA = {"steinmetz.md"}
LARGEST_FIGURE = 100_000

figures = runpy.run_path(str(DOCS / "figures.py"))


def commands(page: Path) -> list[str]:
    """The lines of a page's code that call lowrnn."""
    return re.findall(r"^(?: {4})?(lowrnn .*)$", page.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("name", [name for name, page in PAGES.items() if figures["program"](page)])
def test_python_runs_and_gives_what_the_page_shows(name: str, tmp_path: Path) -> None:
    page = PAGES[name]
    if name in NEED_DATA:
        compile(figures["program"](page), name, "exec")
        return
    answer = figures["run"](page, tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout == "".join(block for _, block in figures["blocks"](page, "output"))
    assert {path.name for path in figures["images"](page)} == {f.name for f in tmp_path.iterdir()}


@pytest.mark.parametrize("name", PAGES)
def test_links_and_images_exist(name: str) -> None:
    page = PAGES[name]
    links = re.findall(r"\[[^\]]*\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).is_file()] == []


@pytest.mark.parametrize(
    "line", [line for page in PAGES.values() for line in commands(page)], ids=lambda line: line[:60]
)
def test_commands_parse(line: str) -> None:
    command, context = typer.main.get_command(app), None
    name, *arguments = shlex.split(line, comments=True)
    while hasattr(command, "commands"):
        context = typer.Context(command, info_name=name, parent=context)
        name, *arguments = arguments
        command = command.commands[name]
    command.make_context(name, arguments, parent=context)


def test_figures_are_small_and_shown() -> None:
    drawn = set((DOCS / "theory" / "figures").iterdir())
    shown = {page.parent / path for page in PAGES.values() for path in figures["images"](page)}
    assert drawn == shown
    assert {path.name for path in drawn if path.stat().st_size > LARGEST_FIGURE} == set()


def test_site_has_every_page() -> None:
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    assert set(re.findall(r"[\w/-]+\.md", str(nav))) == set(PAGES)
