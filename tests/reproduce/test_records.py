"""Runs of many claims: what is kept, what is measured again."""

import json
from dataclasses import replace

import pytest

from lowrnn import InputError
from lowrnn.reproduce import Claim, measure_claims, records


@pytest.fixture
def calls():
    return []


@pytest.fixture
def claims(calls):
    """Three claims, each with its own number."""

    def measure(number):
        def measured(full):
            calls.append((number, full))
            return number

        return measured

    return [
        Claim(f"toy2000.A{i}", "Fig. 1", "A number.", 1.0, 0.1, "at least", measure(float(i)))
        for i in range(3)
    ]


def test_verdicts_come_in_order_with_their_progress(claims):
    told = []
    found = list(measure_claims(claims, progress=lambda done, what: told.append((done, what))))
    assert [verdict.measured for verdict in found] == [0.0, 1.0, 2.0]
    assert [verdict.holds for verdict in found] == [False, True, True]
    assert told == [(0, "toy2000.A0"), (1, "toy2000.A1"), (2, "toy2000.A2")]


def test_an_interrupt_leaves_what_was_measured_and_the_same_call_continues(claims, calls, tmp_path):
    path = tmp_path / "claims.json"

    def interrupt(full):
        raise KeyboardInterrupt

    broken = [*claims[:2], replace(claims[2], measure=interrupt)]
    with pytest.raises(KeyboardInterrupt):
        list(measure_claims(broken, path=path))
    assert [one["measured"] for one in json.loads(path.read_text("utf-8"))] == [0.0, 1.0]
    first = calls.copy()
    found = list(measure_claims(claims, path=path))
    assert calls == [*first, (2.0, False)]
    assert [one.as_dict() for one in found] == json.loads(path.read_text("utf-8"))


def test_errors_are_measured_again(claims, tmp_path):
    path = tmp_path / "claims.json"
    broken = replace(claims[1], measure=lambda full: 1 / 0)
    assert next(measure_claims([broken], path=path)).error.startswith("ZeroDivisionError")
    assert next(measure_claims(claims[1:2], path=path)).holds
    assert len(json.loads(path.read_text("utf-8"))) == 1


def test_both_forms_and_other_claims_are_kept(claims, calls, tmp_path):
    path = tmp_path / "claims.json"
    list(measure_claims(claims[:1], path=path))
    list(measure_claims(claims[:2], full=True, path=path))
    assert calls == [(0.0, False), (0.0, True), (1.0, True)]
    list(measure_claims(claims[:1], path=path))
    list(measure_claims(claims[1:2], full=True, path=path))
    assert len(calls) == 3
    kept = {(one["id"], one["quick"]) for one in json.loads(path.read_text("utf-8"))}
    assert kept == {("toy2000.A0", True), ("toy2000.A0", False), ("toy2000.A1", False)}


def test_a_claim_that_has_changed_is_measured_again(claims, calls, tmp_path):
    path = tmp_path / "claims.json"
    list(measure_claims(claims[:1], path=path))
    changed = replace(claims[0], published=0.05)
    assert next(measure_claims([changed], path=path)).holds
    assert len(calls) == 2


def test_another_version_measures_again(claims, calls, tmp_path):
    path = tmp_path / "claims.json"
    list(measure_claims(claims[:1], path=path))
    path.write_text(path.read_text("utf-8").replace('"version": "', '"version": "0'), "utf-8")
    list(measure_claims(claims[:1], path=path))
    assert len(calls) == 2


@pytest.mark.parametrize("text", ["", "{}}", "[1]", '{"a": 1}', "3", '[{"id": []}]', "\x80"])
def test_another_file_is_refused(claims, calls, tmp_path, text):
    path = tmp_path / "claims.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=r"claims\.json does not hold verdicts"):
        list(measure_claims(claims, path=path))
    assert calls == []


@pytest.mark.parametrize("change", [{"measured": "1"}, {"measured": None}, {"holds": True}])
def test_a_record_that_contradicts_itself_is_measured_again(claims, calls, tmp_path, change):
    path = tmp_path / "claims.json"
    list(measure_claims(claims[:1], path=path))
    record = json.loads(path.read_text("utf-8"))[0] | change
    path.write_text(json.dumps([record]), "utf-8")
    assert next(measure_claims(claims[:1], path=path)).measured == 0.0
    assert len(calls) == 2


def test_nothing_is_written_unasked(claims, monkeypatch):
    monkeypatch.setattr(records, "write_json", lambda *_: pytest.fail("nobody asked for a file"))
    assert len(list(measure_claims(claims))) == 3
