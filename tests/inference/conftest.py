"""The module of the simulators, importable here and in worker processes."""

import importlib
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def simulators(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(Path(__file__).parent)
    return importlib.import_module("simulators")


@pytest.fixture
def exact(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(Path(__file__).parent)
    return importlib.import_module("exact")
