"""Kinds of run folders, and their pages."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

from lowrnn.errors import InputError
from lowrnn.files import write_text
from lowrnn.recordings.schema import validate
from lowrnn.report.conditions import Conditions
from lowrnn.report.metrics import RunMetrics
from lowrnn.report.page import Section, Table, render
from lowrnn.report.provenance import provenance_rows


@dataclass(frozen=True)
class Page:
    """What one page says.

    Attributes
    ----------
    title : str
        Its heading.
    about : sequence of str
        What was done, in a few words; the date follows.
    sections : sequence of Section
        Its content, without the provenance.
    groups : Conditions, optional
        Conditions that its figures can show or hide.
    """

    title: str
    about: Sequence[str]
    sections: Sequence[Section]
    groups: Conditions | None = None


@dataclass(frozen=True)
class Kind:
    """A kind of run folder.

    Attributes
    ----------
    name : str
        What `metrics.json` has as its `kind`.
    command : str
        What writes such folders.
    metrics : type
        What must be in `metrics.json` for a page to be made.
    page : callable
        Makes the page of the folder, the metrics as they are and as they were checked.
    """

    name: str
    command: str
    metrics: type[RunMetrics]
    page: Callable[[Path, dict[str, Any], Any], Page]

    def wrote(self, folder: Path) -> bool:
        """Whether a folder is of this kind."""
        try:
            metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        return isinstance(metrics, dict) and metrics.get("kind") == self.name

    def write(self, folder: Path) -> Path:
        """Write `report.html` into a folder of this kind.

        Raises
        ------
        InputError
            If a file is missing, damaged, or not as the command wrote it.
        """
        path = folder / "metrics.json"
        metrics = json.loads(path.read_text(encoding="utf-8"))
        checked = validate(self.metrics, metrics, str(path))
        try:
            config = (folder / "config.yaml").read_text(encoding="utf-8")
            page = self.page(folder, metrics, checked)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            raise InputError(
                f"run folder {folder} is not as {self.command} wrote it ({type(error).__name__}:"
                f" {error}): run the command again"
            ) from None
        provenance = metrics.get("provenance") or {}
        repeat = Section(
            "Provenance",
            ["The configuration below and these versions repeat the run."],
            table=Table(["", ""], provenance_rows(provenance)),
            listing=config,
        )
        about = [*page.about, str(provenance.get("date", ""))]
        subtitle = " · ".join(part for part in about if part)
        text = render(page.title, subtitle, [*page.sections, repeat], page.groups)
        written = folder / "report.html"
        write_text(written, text)
        return written


def results_of(folder: Path) -> xr.Dataset:
    """`results.nc` of a run folder."""
    return xr.load_dataset(folder / "results.nc", engine="h5netcdf")
