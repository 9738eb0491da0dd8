"""Run the Python of the documentation's pages; as a script, renew the figures that they show.

    python docs/figures.py                      # every page of theory
    python docs/figures.py docs/theory/states.md

The blocks marked `python` of a page are one program, which prints what the blocks marked `output`
show and saves the images of the page, by name, in its working directory.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

DOCS = Path(__file__).parent
#: Colours are enough for lines and text, and make small files.
COLOURS = 128


def blocks(page: Path, language: str) -> list[tuple[int, str]]:
    """The fenced blocks of a language, each with the number of lines before its own."""
    text = page.read_text(encoding="utf-8")
    return [
        (text[: found.start(1)].count("\n"), found[1])
        for found in re.finditer(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    ]


def program(page: Path) -> str:
    """The Python of a page, on the lines where it stands there: tracebacks name these."""
    text = ""
    for before, block in blocks(page, "python"):
        text += "\n" * (before - text.count("\n")) + block
    return text


def images(page: Path) -> set[Path]:
    """The images that a page shows, as paths from its folder."""
    return {Path(name) for name in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text("utf-8"))}


def run(page: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a page in a fresh process that works in a folder."""
    return subprocess.run(
        [sys.executable, "-"],
        input=program(page),
        cwd=folder,
        env=os.environ | {"MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
    )


def main() -> None:
    """Renew the figures of some pages."""
    pages = [Path(name) for name in sys.argv[1:]] or sorted((DOCS / "theory").glob("*.md"))
    for page in pages:
        with tempfile.TemporaryDirectory() as folder:
            answer = run(page, Path(folder))
            if answer.returncode:
                sys.exit(f"{page}:\n{answer.stderr}")
            print(f"== {page}\n{answer.stdout}", end="")
            for image in sorted(images(page)):
                drawn = Image.open(Path(folder, image.name)).convert("RGB")
                drawn.quantize(COLOURS).save(page.parent / image, optimize=True)


if __name__ == "__main__":
    main()
