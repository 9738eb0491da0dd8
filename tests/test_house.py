"""The rules of the house: one-way imports, small files, no code from data, a light front door."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import lowrnn

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "lowrnn"
SOURCES = sorted(PACKAGE.rglob("*.py"))

# A room imports from itself and from rooms of a lower level; tasks and recordings are neighbours.
LEVEL = {
    "tasks": 1,
    "recordings": 1,
    "networks": 2,
    "theory": 3,
    "learning": 4,
    "fitting": 5,
    "analysis": 6,
    "inference": 7,
    "reproduce": 8,
    "report": 9,
    "bench": 10,
    "cli": 11,
}
FOUNDATION = {"errors", "files", "compute"}
LONGEST_FILE = 400
UNSAFE_MODULES = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "marshal", "shelve"}
UNSAFE_CALLS = {"eval", "exec", "torch.load", "torch.save"}


def room_of(path: Path) -> str:
    """The room of a file, or the file's own name where it stands below the rooms."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The line and the room of every import from this package, wherever in the file it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "lowrnn":
            # A public name lives where the front door says; the rest are rooms.
            names = [f"lowrnn.{lowrnn._HOME.get(a.name, a.name)}" for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            continue
        for name in names:
            if name.startswith("lowrnn.") and name != "lowrnn.__version__":
                yield node.lineno, name.split(".")[1]


def against_the_flow(room: str, tree: ast.AST) -> list[str]:
    """The imports of a file of `room` that run against the one-way flow."""
    level = 0 if room in FOUNDATION else LEVEL[room]
    return [
        f"line {line}: {room} imports {other}"
        for line, other in imported_rooms(tree)
        if other not in FOUNDATION and other != room and LEVEL[other] >= level
    ]


def runs_data(tree: ast.AST) -> list[str]:
    """The places where a file could turn data into running code."""
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                modules = {alias.name for alias in names}
            case ast.ImportFrom(module=str(module)):
                modules = {module}
            case ast.Call():
                modules = set()
                if ast.unparse(node.func) in UNSAFE_CALLS:
                    found.append(f"line {node.lineno}: {ast.unparse(node.func)}")
                found += [
                    f"line {node.lineno}: allow_pickle={ast.unparse(k.value)}"
                    for k in node.keywords
                    if k.arg == "allow_pickle" and ast.unparse(k.value) != "False"
                ]
            case _:
                continue
        unsafe = {m for m in modules if m.split(".")[0] in UNSAFE_MODULES}
        found += [f"line {node.lineno}: import {m}" for m in sorted(unsafe)]
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_file_follows_the_house(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert len(text.splitlines()) <= LONGEST_FILE, "usually two ideas: split it"
    assert runs_data(tree) == []
    if path != PACKAGE / "__init__.py":
        assert room_of(path) in FOUNDATION | set(LEVEL), "give the room a level in this test"
        assert against_the_flow(room_of(path), tree) == []


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("networks", "from lowrnn.fitting import LINT"),
        ("networks", "import lowrnn.fitting.lint"),
        ("networks", "from lowrnn import fitting"),
        ("tasks", "from lowrnn import RNN"),
        ("tasks", "from lowrnn.recordings import Recording"),
        ("files", "from lowrnn.tasks import Trials"),
        ("networks", "def later():\n    from lowrnn.cli import main"),
    ],
)
def test_imports_against_the_flow_are_found(room: str, source: str) -> None:
    assert len(against_the_flow(room, ast.parse(source))) == 1


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("cli", "from lowrnn import RNN, Recording, __version__"),
        ("fitting", "from lowrnn.fitting.scores import r2\nimport lowrnn.networks"),
        ("files", "from lowrnn.errors import InputError\nimport numpy"),
    ],
)
def test_imports_with_the_flow_pass(room: str, source: str) -> None:
    assert against_the_flow(room, ast.parse(source)) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "def later():\n    import dill as d",
        "eval('1')",
        "exec(text)",
        "torch.load(path, weights_only=True)",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=flag)",
    ],
)
def test_code_from_data_is_found(source: str) -> None:
    assert len(runs_data(ast.parse(source))) == 1


def test_harmless_namesakes_pass() -> None:
    assert runs_data(ast.parse("model.eval()\nnp.load(path, allow_pickle=False)")) == []


def test_import_is_light() -> None:
    program = (
        "import sys, time; start = time.perf_counter(); import lowrnn;"
        "print(time.perf_counter() - start);"
        "print(*{m.split('.')[0] for m in sys.modules})"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    seconds, modules = answer.stdout.splitlines()
    assert float(seconds) < 1
    assert not {"torch", "numba", "pandas", "sklearn", "plotly"} & set(modules.split())


@pytest.mark.parametrize("name", sorted(lowrnn._HOME))
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(lowrnn, name).__name__ == name
    assert name in dir(lowrnn)


def test_type_checkers_see_the_public_names() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    exported = {
        (node.module, alias.asname)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module != "typing"
        for alias in node.names
    }
    assert exported == {(f"lowrnn.{home}", name) for name, home in lowrnn._HOME.items()}


def test_unknown_public_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'LINTT'"):
        _ = lowrnn.LINTT


def test_every_dependency_is_pinned() -> None:
    pins = [
        line
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.]*", pin) for pin in pins)
    pinned = {canonicalize_name(pin.split("==")[0]) for pin in pins}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    wanted = {
        canonicalize_name(Requirement(line).name) for line in sum(extras, project["dependencies"])
    }
    assert wanted - {"lowrnn"} <= pinned


def test_citation_names_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == lowrnn.__version__
