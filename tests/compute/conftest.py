"""The module of the jobs, importable here and in worker processes."""

import importlib
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def campaign(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(Path(__file__).parent)
    return importlib.import_module("campaign")
