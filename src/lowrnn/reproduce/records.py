"""Many claims in one run, which an interrupt does not undo."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from lowrnn.errors import InputError
from lowrnn.files import write_json
from lowrnn.reproduce.claim import Claim, Verdict, measure_claim


def measure_claims(
    claims: Sequence[Claim],
    *,
    full: bool = False,
    path: str | Path | None = None,
    progress: Callable[[int, str], None] | None = None,
) -> Iterator[Verdict]:
    """Measure claims one after the other.

    Parameters
    ----------
    claims : sequence of Claim
    full : bool
        Measure the full forms in place of the quick ones.
    path : path, optional
        A JSON file that gets each verdict as soon as it stands. Claims that it already has are not
        measured again, if the same form was measured by the same version without an error. Verdicts
        on other claims stay in it.
    progress : callable (int, str), optional
        Told before each claim how many are done, and which one is next.

    Yields
    ------
    Verdict
        In the order of `claims`.

    Raises
    ------
    InputError
        If the file at `path` holds something else.
    """
    records = {} if path is None else _read(Path(path))
    for done, claim in enumerate(claims):
        if progress is not None:
            progress(done, claim.id)
        key = claim.id, claim.quick and not full
        verdict = _recall(records.get(key), claim)
        if verdict is None:
            verdict = measure_claim(claim, full=full)
            records[key] = verdict.as_dict()
            if path is not None:
                write_json(path, list(records.values()))
        yield verdict


def _read(path: Path) -> dict[tuple[str, bool], dict[str, Any]]:
    """Records by claim and form."""
    if not path.exists():
        return {}
    try:
        return {
            (record["id"], record["quick"]): record
            for record in json.loads(path.read_text(encoding="utf-8"))
        }
    except (ValueError, TypeError, KeyError):
        raise InputError(
            f"{path} does not hold verdicts on claims: remove it, or give another folder"
        ) from None


def _recall(record: dict[str, Any] | None, claim: Claim) -> Verdict | None:
    """The verdict of a record that has a number and of which nothing has changed since."""
    if record is None or not isinstance(record.get("measured"), float):
        return None
    verdict = Verdict(claim, record["measured"], record.get("seconds", 0.0), record["quick"])
    return verdict if verdict.as_dict() == record else None
