"""What lies on disk survives kills and damage, and is read fast."""

import re
import time
import warnings
from pathlib import Path
from types import ModuleType

import pytest

from lowrnn.compute import run_jobs
from lowrnn.compute.store import Store
from lowrnn.errors import InputError

RECORDS = {f"{number:032x}": '{"text": "two words"}' + " " * number for number in range(5)}


def filled(folder: Path) -> Path:
    with Store(folder) as store:
        for key, record in RECORDS.items():
            store.append(key, record)
    return folder / "results.txt"


def stored(folder: Path) -> dict[str, str]:
    with Store(folder) as store:
        return {key: record.removesuffix("\n") for key, record in store.read(RECORDS).items()}


def test_round_trip_of_the_wanted_keys(tmp_path: Path) -> None:
    filled(tmp_path)
    assert stored(tmp_path) == RECORDS
    first = next(iter(RECORDS))
    with Store(tmp_path) as store:
        assert store.read({first, "other"}).keys() == {first}
        store.append(first, '"newer"')
    assert stored(tmp_path)[first] == '"newer"'


def test_every_cut_of_the_last_line_loses_only_that_line(tmp_path: Path) -> None:
    path = filled(tmp_path)
    whole = path.read_bytes()
    last = whole[: whole[:-1].rindex(b"\n") + 1]
    *before, lost = RECORDS
    for length in range(len(last) + 1, len(whole)):
        path.write_bytes(whole[:length])
        with pytest.warns(UserWarning, match=r"cut off or damaged .* \(1\)"):
            assert stored(tmp_path).keys() == set(before)
        assert path.read_bytes() == last
        with Store(tmp_path) as store:
            store.append(lost, RECORDS[lost])
        assert path.read_bytes() == whole


def test_every_damaged_byte_loses_only_its_line_and_is_said_once(tmp_path: Path) -> None:
    path = filled(tmp_path)
    whole = bytearray(path.read_bytes())
    start = whole.index(b"\n") + 1
    end = whole.index(b"\n", start)
    for place in range(start, end):
        damaged = whole.copy()
        damaged[place] ^= 4
        path.write_bytes(damaged)
        with pytest.warns(UserWarning, match=r"\(1\); their jobs run again"):
            assert stored(tmp_path).keys() == set(list(RECORDS)[1:])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert len(stored(tmp_path)) == len(RECORDS) - 1


def test_damaged_job_runs_again(tmp_path: Path, campaign: ModuleType) -> None:
    notes = tmp_path / "notes"
    jobs = [{"seed": seed, "notes": str(notes)} for seed in range(4)]
    first = run_jobs(campaign.noted, jobs, store=tmp_path / "store", workers=1)
    path = tmp_path / "store" / "results.txt"
    path.write_bytes(path.read_bytes().replace(b'"seed": 2', b'"seed": 9'))
    with pytest.warns(UserWarning, match=r"cut off or damaged .* \(1\)"):
        again = run_jobs(campaign.noted, jobs, store=tmp_path / "store", workers=1)
    assert notes.read_text().split() == ["0", "1", "2", "3", "2"]
    for one, other in zip(first, again, strict=True):
        assert one.values["value"].tobytes() == other.values["value"].tobytes()


def test_file_of_another_kind_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "results.txt"
    path.write_text("my own results\n", encoding="utf-8")
    with pytest.raises(
        InputError, match=re.escape(f"store {tmp_path} holds a results.txt that is")
    ):
        stored(tmp_path)
    assert path.read_text(encoding="utf-8") == "my own results\n"


def test_store_is_open_for_one_at_a_time(tmp_path: Path) -> None:
    with (
        Store(tmp_path),
        pytest.raises(InputError, match=r"is in use by process \d+ on .*: wait for its end"),
    ):
        Store(tmp_path)
    Store(tmp_path).__exit__(None, None, None)


def test_many_small_results_are_read_fast(tmp_path: Path, campaign: ModuleType) -> None:
    jobs = [{"seed": seed} for seed in range(20_000)]
    written = run_jobs(campaign.small, jobs, store=tmp_path, workers=1)
    start = time.perf_counter()
    read = run_jobs(campaign.small, jobs, store=tmp_path, workers=1)
    seconds = time.perf_counter() - start
    assert [result.values["loss"] for result in read] == [seed / 7 for seed in range(20_000)]
    assert read[-1].values["weights"].tolist() == written[-1].values["weights"].tolist()
    assert seconds < 5
    assert len(list(tmp_path.iterdir())) == 2
