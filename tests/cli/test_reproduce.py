"""`lowrnn reproduce`, on a paper of its own."""

import json
import sys
from types import ModuleType

import pytest

from lowrnn.reproduce import PAPERS, Claim

FIELDS = {
    "id", "paper", "figure", "statement", "published", "measured", "tolerance", "relation",
    "holds", "seconds", "quick",
}  # fmt: skip


def fail(full):
    raise RuntimeError("no [bold] convergence")


def interrupt(full):
    raise KeyboardInterrupt


def claim(label, measure, **more):
    return Claim(
        f"toy2000.{label}", "Fig. 1", f"Claim {label}.", 1.0, 0.1, "equal", measure, **more
    )


@pytest.fixture
def toy(monkeypatch):
    """A paper with one claim that holds, one that does not, one that fails, one without quick."""
    module = ModuleType("lowrnn.reproduce.toy2000")
    module.CLAIMS = (
        claim("A", lambda full: 1.0),
        claim("B", lambda full: 2.0, reproduces=False, remark="Known to be off."),
        claim("C", fail),
        claim("D", lambda full: 1.0, quick=False),
    )
    for paper in [*PAPERS]:
        monkeypatch.delitem(PAPERS, paper)
    monkeypatch.setitem(PAPERS, "toy2000", "Toy & Toy 2000")
    monkeypatch.setitem(sys.modules, "lowrnn.reproduce.toy2000", module)
    return module


def test_json_is_a_list_and_nothing_else(call, toy):
    answer = call("reproduce", "all", "--full", "--json")
    assert answer.exit_code == 0
    found = json.loads(answer.stdout)
    assert all(one.keys() >= FIELDS for one in found)
    assert [one["measured"] for one in found] == [1.0, 2.0, None, 1.0]
    assert [one["holds"] for one in found] == [True, False, False, True]
    assert not any(one["quick"] for one in found)
    assert found[2]["error"] == "RuntimeError: no [bold] convergence"


def test_table_for_people(call, toy):
    answer = call("reproduce", "toy2000")
    assert answer.exit_code == 0
    assert "Toy & Toy 2000" in answer.stdout
    assert "toy2000.B: Known to be off." in answer.stdout
    assert "toy2000.C: RuntimeError: no [bold] convergence" in answer.stdout
    assert answer.stdout.endswith("\n1 of 3 claims hold\n")
    assert answer.stderr.startswith("Left out: 1 of 4 claims")


def test_list_measures_nothing(call, toy, monkeypatch):
    monkeypatch.setattr(toy, "CLAIMS", tuple(claim(label, interrupt) for label in "AB"))
    found = json.loads(call("reproduce", "--list", "--json").stdout)
    assert [one["id"] for one in found] == ["toy2000.A", "toy2000.B"]
    assert all(FIELDS - one.keys() == {"measured", "holds", "seconds"} for one in found)
    assert "Claim B (Fig. 1)." in call("reproduce", "--list").stdout
    assert "Claim A" not in call("reproduce", "toy2000.B", "--list").stdout


def test_an_interrupt_prints_what_was_measured_and_out_resumes(call, toy, monkeypatch, tmp_path):
    whole = toy.CLAIMS
    monkeypatch.setattr(toy, "CLAIMS", (whole[0], claim("B", interrupt)))
    alone = call("reproduce", "all")
    assert alone.exit_code == 130
    assert "1 of 1 claims hold" in alone.stdout
    assert alone.stderr == "Interrupted: with --out, the same command would resume.\n"
    kept = call("reproduce", "all", "--out", tmp_path / "new", "--json")
    assert kept.exit_code == 130
    assert kept.stderr == "Interrupted: run the same command again to resume.\n"
    assert json.loads(kept.stdout) == json.loads((tmp_path / "new/claims.json").read_text("utf-8"))

    monkeypatch.setattr(toy, "CLAIMS", (claim("A", fail), whole[1]))
    again = json.loads(call("reproduce", "all", "--out", tmp_path / "new", "--json").stdout)
    assert [one["measured"] for one in again] == [1.0, 2.0]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["toy200.A"], "claim is 'toy200.A': give toy2000.A or "),
        (["toy2000.D"], "claim is 'toy2000.D', which has no quick form: add --full"),
        ([], "claim is missing: give a claim, a paper or all, or see --list"),
    ],
)
def test_what_cannot_be_measured_is_refused(call, toy, arguments, sentence):
    answer = call("reproduce", *arguments)
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert answer.stderr.startswith(f"Error: {sentence}")
    assert len(answer.stderr.splitlines()) == 1
