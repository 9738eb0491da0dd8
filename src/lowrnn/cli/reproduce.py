"""`lowrnn reproduce`: what papers claim, and whether it comes out here."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lowrnn.cli.common import INTERRUPTED, progress_bar, run_folder
from lowrnn.errors import InputError

if TYPE_CHECKING:
    from lowrnn.reproduce import Claim, Verdict


def reproduce(
    claim: Annotated[
        str | None,
        typer.Argument(
            metavar="CLAIM|PAPER|all",
            help="A claim, such as valente2022.H6a, all of a paper, or all there are.",
        ),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="The full forms: larger and more networks.")
    ] = False,
    listing: Annotated[bool, typer.Option("--list", help="Show claims, measure nothing.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Keep verdicts in DIR/claims.json; the same command measures only what it lacks.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON list on stdout, and nothing else there.")
    ] = False,
) -> None:
    """Measure what papers claim: published number, number here, and whether the claim holds.

    Each claim has a tolerance, and a remark on where its number comes from. A measurement that
    fails is a claim that does not hold. The exit code is 0 whenever the claims could be measured,
    whether or not they hold.
    """
    from lowrnn.reproduce import find_claims, measure_claims

    if listing:
        _print_claims(find_claims(claim or "all"), as_json)
        return
    if claim is None:
        raise InputError("claim is missing: give a claim, a paper or all, or see --list")
    asked = find_claims(claim)
    claims = [each for each in asked if full or each.quick]
    if not claims:
        raise InputError(f"claim is {claim!r}, which has no quick form: add --full")
    if len(claims) < len(asked):
        left_out = f"{len(asked) - len(claims)} of {len(asked)} claims"
        typer.echo(f"Left out: {left_out}, which have no quick form; add --full.", err=True)
    path = None if out is None else run_folder(out, "reproduce") / "claims.json"
    verdicts: list[Verdict] = []
    try:
        with progress_bar("measuring", len(claims)) as advance:
            for verdict in measure_claims(claims, full=full, path=path, progress=advance):
                verdicts.append(verdict)
    except KeyboardInterrupt:
        _print_verdicts(verdicts, as_json)
        if path is not None:
            raise
        # The sentence of all commands would promise what cannot be.
        typer.echo("Interrupted: with --out, the same command would resume.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    _print_verdicts(verdicts, as_json)


def _print_claims(claims: "Sequence[Claim]", as_json: bool) -> None:
    """What there is to measure."""
    if as_json:
        _print_json([claim.as_dict() for claim in claims])
    else:
        rows = [(claim, [_number(claim.tolerance)]) for claim in claims]
        _print_tables(["tolerance"], rows)


def _print_verdicts(verdicts: "Sequence[Verdict]", as_json: bool) -> None:
    """What was measured, why claims do not hold, and how many do."""
    if as_json:
        _print_json([verdict.as_dict() for verdict in verdicts])
        return
    rows = [
        (
            verdict.claim,
            [
                "-" if verdict.measured is None else _number(verdict.measured),
                _number(verdict.claim.tolerance),
                "yes" if verdict.holds else "no",
            ],
        )
        for verdict in verdicts
    ]
    _print_tables(["measured", "tolerance", "holds"], rows)
    for verdict in verdicts:
        if not verdict.holds:
            typer.echo(f"{verdict.claim.id}: {verdict.error or verdict.claim.remark}")
    typer.echo(f"{sum(verdict.holds for verdict in verdicts)} of {len(verdicts)} claims hold")


def _print_tables(headings: list[str], rows: "Sequence[tuple[Claim, list[str]]]") -> None:
    """A table a paper, narrow enough for 80 columns."""
    from itertools import groupby

    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from lowrnn.reproduce import PAPERS

    signs = {"equal": "", "at least": "≥ ", "at most": "≤ "}
    for paper, group in groupby(rows, lambda row: row[0].paper):
        table = Table(
            title=Text(f"{paper}: {PAPERS[paper]}"),
            title_justify="left",
            box=SIMPLE_HEAD,
            padding=(0, 1, 0, 0),
        )
        table.add_column("claim", no_wrap=True)
        table.add_column("statement")
        for heading in ("published", *headings):
            table.add_column(heading, justify="right")
        for claim, numbers in group:
            words = Text(f"{claim.statement.rstrip('.')} ({claim.figure}).")
            published = signs[claim.relation] + _number(claim.published)
            table.add_row(claim.label, words, published, *numbers)
        Console().print(table)


def _number(value: float) -> str:
    return f"{value:.5g}"


def _print_json(found: list[dict[str, object]]) -> None:
    import json

    typer.echo(json.dumps(found, allow_nan=False))
