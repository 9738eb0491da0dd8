"""The front door of the command line: quick help, errors in one sentence."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import lowrnn.report
from lowrnn import InputError
from lowrnn.cli.common import provenance, run_folder


def test_help_imports_nothing_heavy():
    program = (
        "import sys; from lowrnn.cli import main; sys.argv[1:] = ['--help']\n"
        "try: main()\n"
        "finally: print(*{m.split('.')[0] for m in sys.modules}, file=sys.stderr)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "train" in answer.stdout
    heavy = {"torch", "numba", "scipy", "pandas", "xarray", "sklearn"}
    assert not heavy & set(answer.stderr.split())


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (InputError("rank is 0: give 1"), 2, "Error: rank is 0: give 1\n"),
        (
            OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
            2,
            "Error: No space left on device: make room and run the same command again, finished"
            " work is kept\n",
        ),
        (
            NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), "a/b"),
            2,
            "Error: Not a directory (a/b): give a path that can be used\n",
        ),
        (MemoryError(), 2, "Error: memory is short: give fewer neurons or trials\n"),
        (KeyboardInterrupt(), 130, "Interrupted: run the same command again to resume.\n"),
    ],
)
def test_what_a_user_can_cause_is_one_sentence(call, monkeypatch, error, code, sentence):
    def fail(folder):
        raise error

    monkeypatch.setattr(lowrnn.report, "write_report", fail)
    answer = call("report", "somewhere", "--json")
    assert (answer.exit_code, answer.stdout, answer.stderr) == (code, "", sentence)


def test_a_bug_is_not_hidden(call, monkeypatch):
    def fail(folder):
        raise ZeroDivisionError

    monkeypatch.setattr(lowrnn.report, "write_report", fail)
    assert isinstance(call("report", "somewhere").exception, ZeroDivisionError)


def test_an_unknown_option_is_refused(call):
    answer = call("train", "context_decision", "--ranks", "1")
    assert answer.exit_code == 2
    assert "--ranks" in answer.stderr


def test_report_says_where_it_is(call, monkeypatch):
    monkeypatch.setattr(lowrnn.report, "write_report", lambda folder: Path(folder) / "report.html")
    assert json.loads(call("report", "some", "--json").stdout) == {"report": "some/report.html"}
    assert call("report", "some").stdout == "some/report.html\n"


def test_a_folder_that_is_no_run_is_refused(call, tmp_path):
    answer = call("report", tmp_path)
    assert answer.exit_code == 2
    assert "config.yaml" in answer.stderr


def test_provenance_identifies_versions_and_data(tmp_path):
    path = tmp_path / "data.npz"
    path.write_bytes(b"abc")
    found = provenance(seed=3, data=path)
    assert found["seed"] == 3
    assert found["version"] == lowrnn.__version__
    assert {"python", "numpy", "torch"} <= found["versions"].keys()
    assert found["data_checksum"].startswith("ba7816bf8f01cfea")


def test_results_of_another_command_are_not_replaced(tmp_path, monkeypatch):
    def as_if(*arguments):
        monkeypatch.setattr(sys, "argv", ["lowrnn", *arguments])

    monkeypatch.chdir(tmp_path)
    as_if("train", "cosine", "--rank", "2", "--out", "runs/a")
    folder = run_folder(Path("runs/a"), "cosine")
    written = json.dumps({"provenance": provenance(seed=0)})
    (folder / "metrics.json").write_text(written)
    as_if("train", "cosine", "--json", "--out=runs/a", "--rank", "2")
    assert run_folder(Path("runs/a"), "cosine") == folder
    as_if("train", "cosine", "--rank", "3", "--out", "runs/a")
    with pytest.raises(InputError, match=r"results of `lowrnn train cosine --rank 2 .*another"):
        run_folder(Path("runs/a"), "cosine")
    assert (folder / "metrics.json").read_text() == written


def test_a_folder_of_its_own_for_each_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = []
    for rank in "232":
        monkeypatch.setattr(sys, "argv", ["lowrnn", "train", "cosine", "--rank", rank])
        folder = run_folder(None, "cosine")
        (folder / "metrics.json").write_text(json.dumps({"provenance": provenance(seed=0)}))
        found.append(folder.name)
    assert found == ["cosine", "cosine-2", "cosine"]
